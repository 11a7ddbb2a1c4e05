"""The face of reports on seeded bugs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.checks import BugReport
from toolkit.display.faces.base import Face, plural, register_face

__all__ = ["bugs_view"]


def bugs_view(reports: Sequence[BugReport]) -> Group:
    """Return a table of seeded bugs and the checks that found each.

    Parameters
    ----------
    reports : sequence of BugReport

    Returns
    -------
    rich.console.Group
    """
    table = Table(show_lines=True)
    table.add_column("bug", overflow="fold")
    table.add_column("what the bug does", overflow="fold")
    table.add_column("runs", justify="right")
    for title in ("validation", "invariants", "clients' history"):
        table.add_column(title, overflow="fold")
    others = list(dict.fromkeys(name for report in reports for name in report.others))
    for name in others:
        table.add_column(name, overflow="fold")

    def format_runs(runs: tuple[int, ...]) -> str:
        return f"run {runs[0]}; {len(runs)} in all" if runs else "-"

    for report in reports:
        style = "" if report.caught else "bold red"
        broken = "\n".join(f"{name}: run {at}" for name, at in report.invariants.items())
        table.add_row(
            Text(report.bug, style),
            f"{report.rule}\n({report.stage})",
            f"{report.runs:,}",
            format_runs(report.validation),
            broken or "-",
            format_runs(report.history),
            *(format_runs(report.others.get(name, ())) for name in others),
        )
    missed = [report.bug for report in reports if not report.caught]
    undecided = sum(report.undecided for report in reports)
    end = [
        Text(f"NOT FOUND: {', '.join(missed)}", style="bold red")
        if missed
        else Text(f"All {plural(len(reports), 'bug')} found.", style="bold green")
    ]
    if undecided:
        end.append(Text(f"{plural(undecided, 'run')} could not be decided by every check"))
    return Group(table, *end)


register_face("bugs", Face(rich=bugs_view))
