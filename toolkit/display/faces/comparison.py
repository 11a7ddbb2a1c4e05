"""The face of a comparison of protocols."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.checks import CheckReport
from toolkit.display.faces.base import Face, register_face
from toolkit.display.faces.reports import report_view
from toolkit.invocation import Invocation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ComparisonResult", "comparison_view"]


class _Side(Protocol):
    @property
    def faults(self) -> pd.DataFrame: ...


class ComparisonResult(Protocol):
    """The shown parts of a comparison; see :class:`toolkit.comparison.compare.Comparison`."""

    @property
    def seed(self) -> int:
        """The seed."""

    @property
    def replay(self) -> Invocation:
        """The command that repeats the comparison."""

    @property
    def sides(self) -> Sequence[_Side]:
        """The result of each protocol."""

    @property
    def summary(self) -> pd.DataFrame:
        """A table with one row per protocol."""

    @property
    def reports(self) -> Sequence[CheckReport]:
        """The reports of further checks; run k is side k."""


_ROWS: Mapping[str, tuple[str, str]] = {
    "requests": ("requests", "{:,.0f}"),
    "unanswered": ("unanswered requests", "{:,.0f}"),
    "rate": ("answers per second", "{:.1f}"),
    "median": ("latency, median (ms)", "ms"),
    "p99": ("latency, 99th percentile (ms)", "ms"),
    "slowest": ("latency, slowest (ms)", "ms"),
    "undisturbed": ("median without a fault (ms)", "ms"),
    "fault": ("median during a fault, with a leader (ms)", "ms"),
    "no leader": ("median without a leader (ms)", "ms"),
    "messages": ("messages per request", "{:.1f}"),
    "bytes": ("bytes per request (JSON)", "{:,.0f}"),
    "leaderless": ("seconds without a leader", "{:.3f}"),
    "recovery": ("slowest recovery from a fault (ms)", "ms"),
    "entries": ("entries committed", "{:,.0f}"),
    "wasted": ("entries stored and overwritten", "{:,.0f}"),
    "differing": ("most entries that differ between logs", "{:,.0f}"),
    "behind": ("commit lag at the end (entries)", "{:,.0f}"),
}


def _format(value: Any, form: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value * 1000:,.1f}" if form == "ms" else form.format(value)


def _verdict(value: Any, yes: str, no: str, unknown: str) -> Text:
    if value is None:
        return Text(unknown, "yellow")
    return Text(yes, "green") if value else Text(no, "bold red")


def comparison_view(comparison: ComparisonResult) -> Group:
    """Return tables that compare protocols under the same clients and faults.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    rich.console.Group
    """
    rows = comparison.summary.to_dict("records")
    table = Table(
        title=f"The same clients and faults, seed {comparison.seed}", title_justify="left"
    )
    table.add_column("")
    for row in rows:
        table.add_column(str(row["protocol"]), justify="right")
    for name, (title, form) in _ROWS.items():
        table.add_row(title, *(_format(row[name], form) for row in rows))
    table.add_row(
        "client history",
        *(_verdict(row["linearizable"], "linearizable", "NOT LINEARIZABLE", "not decided")
          for row in rows),
    )  # fmt: skip
    table.add_row(
        "trace validation",
        *(_verdict(row["allowed"], "accepted", "NOT ACCEPTED", "not checked")
          for row in rows),
    )  # fmt: skip
    for report in comparison.reports:
        texts = [report.of_run(number) for number in range(len(rows))]
        runs_with_findings = {finding.run for finding in report.findings}
        table.add_row(
            report.check,
            *(
                Text(text, "bold red" if number in runs_with_findings else "")
                for number, text in enumerate(texts)
            ),
        )
    faults = Table(title="Faults: ms to the first answer (ms without a leader), target",
                   title_justify="left")  # fmt: skip
    faults.add_column("fault")
    faults.add_column("at (s)", justify="right")
    for row in rows:
        faults.add_column(str(row["protocol"]), justify="right")
    for number, begin in enumerate(comparison.sides[0].faults["begin"]):
        cells = []
        for side in comparison.sides:
            fault = side.faults.iloc[number]
            target = str(fault["target"]) if fault["led"] else f"{fault['target']}, no leader"
            cells.append(
                f"{_format(fault['recovery'], 'ms')} "
                f"({_format(fault['leaderless'], 'ms')}), {target}"
            )
        faults.add_row(str(comparison.sides[0].faults["kind"].iloc[number]), f"{begin:g}", *cells)
    protocols = [str(row["protocol"]) for row in rows]
    reports = [report_view(report, names=protocols) for report in comparison.reports]
    return Group(table, faults, *reports, Text(f"run it again: {comparison.replay}"))


register_face("comparison", Face(rich=comparison_view))
