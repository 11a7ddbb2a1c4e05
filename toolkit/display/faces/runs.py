"""Faces of simulated runs: a single run, and a summary of many."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.sim import RunResult, Summary

__all__ = ["run_view", "summary_view"]


def _counts(
    title: str, counts: Mapping[str, int], none: str, medians: Mapping[str, float] | None = None
) -> Table | Text:
    if not counts:
        return Text(none)
    table = Table(title=title, title_justify="left")
    table.add_column("kind", no_wrap=True)
    table.add_column("count", justify="right")
    if medians is not None:
        table.add_column("median per run", justify="right")
    for name, count in counts.items():
        style = "" if count else "yellow"
        row = [Text(name, style), Text(f"{count:,}" if count else "never", style)]
        if medians is not None:
            row.append(Text(f"{medians[name]:g}", style))
        table.add_row(*row)
    return table


def _messages(counted: RunResult | Summary) -> str:
    return (
        f"{counted.sent:,} sent, {counted.duplicated:,} duplicates, {counted.delivered:,} "
        f"delivered, {counted.lost:,} lost"
    )


def summary_view(summary: Summary) -> Group:
    """Return the summary of many runs as tables.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    rich.console.Group
    """
    last = summary.seed + summary.runs - 1
    seeds = f"seed {summary.seed}" if summary.runs == 1 else f"seeds {summary.seed} to {last}"
    grid = Table.grid(padding=(0, 2))
    grid.add_row("runs", f"{summary.runs:,} of {summary.protocol}, {seeds}")
    grid.add_row("steps", f"{summary.steps:,}, median per run {summary.median_steps:g}")
    for reason, count in summary.reasons.items():
        grid.add_row("ended by", f"{reason}: {count:,}")
    grid.add_row("decided", f"{summary.decided:,}; undecided: {summary.undecided:,}")
    grid.add_row("requests", f"{summary.requests:,}; unanswered: {summary.unanswered:,}")
    grid.add_row("messages", _messages(summary))
    tables = Table.grid(padding=(0, 4))
    tables.add_row(
        _counts("actions", summary.actions, "no actions", summary.median_actions),
        _counts("faults", summary.faults, "no faults"),
    )
    return Group(grid, tables)


def run_view(result: RunResult, *, title: str = "") -> Group:
    """Return the result of one run as tables.

    Parameters
    ----------
    result : RunResult
    title : str
        Name of the run.

    Returns
    -------
    rich.console.Group
    """
    grid = Table.grid(padding=(0, 2))
    if title:
        grid.add_row("run", title)
    grid.add_row("seed", str(result.seed))
    grid.add_row("steps", f"{result.steps:,} in {result.time:.3f} s of simulated time")
    grid.add_row("ended by", result.reason)
    grid.add_row("requests", f"{result.requests:,}; unanswered: {result.unanswered:,}")
    grid.add_row("messages", _messages(result))
    if result.final_values:
        values = ", ".join(f"{node}: {value}" for node, value in result.final_values.items())
        grid.add_row("final values", values)
    if result.sink_error is not None:
        grid.add_row("not recorded", Text(result.sink_error, "bold red"))
    tables = Table.grid(padding=(0, 4))
    tables.add_row(
        _counts("actions", result.actions, "no actions"),
        _counts("faults", result.faults, "no faults"),
    )
    return Group(grid, tables)


register_face("run", Face(rich=run_view))
register_face("summary", Face(rich=summary_view))
