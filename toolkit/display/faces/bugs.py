"""The face of a hunt for planted bugs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.checks import BugReport
from toolkit.display.faces.base import Face, plural, register_face

__all__ = ["bugs_view"]


def bugs_view(reports: Sequence[BugReport]) -> Group:
    """Return what found each planted bug.

    Parameters
    ----------
    reports : sequence of BugReport

    Returns
    -------
    rich.console.Group
    """
    table = Table(show_lines=True)
    table.add_column("bug", overflow="fold")
    table.add_column("what it does wrong", overflow="fold")
    table.add_column("runs", justify="right")
    for title in ("validation", "invariants", "clients' history"):
        table.add_column(title, overflow="fold")
    others = list(dict.fromkeys(name for one in reports for name in one.others))
    for name in others:
        table.add_column(name, overflow="fold")

    def told(found: tuple[int, ...]) -> str:
        return f"run {found[0]}; {len(found)} in all" if found else "-"

    for one in reports:
        style = "" if one.caught else "bold red"
        broken = "\n".join(f"{name}: run {at}" for name, at in one.invariants.items())
        table.add_row(
            Text(one.bug, style),
            f"{one.rule}\n({one.stage})",
            f"{one.runs:,}",
            told(one.validation),
            broken or "-",
            told(one.history),
            *(told(one.others.get(name, ())) for name in others),
        )
    missed = [one.bug for one in reports if not one.caught]
    undecided = sum(one.undecided for one in reports)
    end = [
        Text(f"NOT FOUND: {', '.join(missed)}", style="bold red")
        if missed
        else Text(f"Each of {plural(len(reports), 'bug')} was found.", style="bold green")
    ]
    if undecided:
        end.append(Text(f"{plural(undecided, 'run')} could not be judged by every check"))
    return Group(table, *end)


register_face("bugs", Face(rich=bugs_view))
