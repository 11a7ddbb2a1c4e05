"""The command ``toolkit bugs``: let planted bugs loose, and see what finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.checks import BugReport, bugs_frame, find_bugs
from toolkit.cli.common import FOUND, GOOD, console, guarded, plural, write_json
from toolkit.cli.simulate import counting
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol

__all__ = ["bugs", "bugs_command", "bugs_view"]


def bugs_view(reports: list[BugReport]) -> Group:
    """Return reports for people.

    Parameters
    ----------
    reports : list of BugReport

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


def bugs(
    protocol: Annotated[str, typer.Argument(help="A protocol; see 'toolkit protocols'.")],
    bug: Annotated[
        list[str] | None, typer.Option(help="Only this planted bug; may be repeated.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each bug, at least.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of each bug's first run.")] = 1,
    duration: Annotated[float, typer.Option(help="Seconds that a run simulates.")] = 5.0,
    workers: Annotated[
        int | None, typer.Option(help="TLC's worker threads; otherwise one per processor.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table here, as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Let planted bugs loose, and see by what each is found, and in which run first.

    Exit status: 0 each was found, 1 at least one was not.
    """
    plugin = get_protocol(protocol)
    with counting("bugs") as progress:
        reports = find_bugs(
            plugin,
            bug,
            runs=runs,
            seed=seed,
            duration=duration,
            workers=workers,
            progress=progress,
        )
    if out is not None:
        try:
            bugs_frame(reports).to_csv(out, index=False, lineterminator="\n")
        except OSError as error:
            raise SettingError(
                f"the table cannot be written: {error.strerror}", path=out, hint="check the path"
            ) from error
    if as_json:
        write_json(
            {
                "protocol": plugin.name,
                "bugs": [msgspec.to_builtins(one) | {"caught": one.caught} for one in reports],
            }
        )
    else:
        console().print(bugs_view(reports))
    return GOOD if all(one.caught for one in reports) else FOUND


bugs_command = guarded(bugs)
"""The command ``toolkit bugs``."""
