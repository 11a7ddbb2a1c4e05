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
from toolkit.invocation import Invocation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ComparisonResult", "comparison_view"]


class _Side(Protocol):
    @property
    def faults(self) -> pd.DataFrame: ...


class ComparisonResult(Protocol):
    """What is shown of a comparison; see :class:`toolkit.comparison.compare.Comparison`."""

    @property
    def seed(self) -> int:
        """The seed."""

    @property
    def replay(self) -> Invocation:
        """What makes it again."""

    @property
    def sides(self) -> Sequence[_Side]:
        """The protocols' results."""

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each protocol."""

    @property
    def reports(self) -> Sequence[CheckReport]:
        """What further checks found; run k is side k."""


_ROWS: Mapping[str, tuple[str, str]] = {
    "requests": ("requests asked", "{:,.0f}"),
    "unanswered": ("never answered", "{:,.0f}"),
    "rate": ("answers a second", "{:.1f}"),
    "median": ("latency, median (ms)", "ms"),
    "p99": ("latency, 99th percentile (ms)", "ms"),
    "slowest": ("latency, slowest (ms)", "ms"),
    "undisturbed": ("median when undisturbed (ms)", "ms"),
    "fault": ("median at a fault, with a leader (ms)", "ms"),
    "no leader": ("median without a leader (ms)", "ms"),
    "messages": ("messages a request", "{:.1f}"),
    "bytes": ("bytes a request (JSON)", "{:,.0f}"),
    "leaderless": ("seconds without a leader", "{:.3f}"),
    "recovery": ("slowest recovery from a fault (ms)", "ms"),
    "entries": ("entries committed", "{:,.0f}"),
    "wasted": ("entries stored and overwritten", "{:,.0f}"),
    "differing": ("most places where logs differed", "{:,.0f}"),
    "behind": ("entries behind, in the end", "{:,.0f}"),
}


def _shown(value: Any, form: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value * 1000:,.1f}" if form == "ms" else form.format(value)


def _said(value: Any, yes: str, no: str, unknown: str) -> Text:
    if value is None:
        return Text(unknown, "yellow")
    return Text(yes, "green") if value else Text(no, "bold red")


def comparison_view(found: ComparisonResult) -> Group:
    """Return several protocols side by side.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    rich.console.Group
    """
    rows = found.summary.to_dict("records")
    table = Table(title=f"The same clients and faults, seed {found.seed}", title_justify="left")
    table.add_column("")
    for row in rows:
        table.add_column(str(row["protocol"]), justify="right")
    for name, (title, form) in _ROWS.items():
        table.add_row(title, *(_shown(row[name], form) for row in rows))
    table.add_row(
        "clients see one store",
        *(_said(row["linearizable"], "linearizable", "NOT LINEARIZABLE", "not decided")
          for row in rows),
    )  # fmt: skip
    table.add_row(
        "specification",
        *(_said(row["allowed"], "allows it", "DOES NOT ALLOW IT", "not asked")
          for row in rows),
    )  # fmt: skip
    for report in found.reports:
        cells_of = [report.of_run(number) for number in range(len(rows))]
        found_in = {one.run for one in report.findings}
        table.add_row(
            report.check,
            *(
                Text(text, "bold red" if number in found_in else "")
                for number, text in enumerate(cells_of)
            ),
        )
    struck = Table(title="Each fault: ms to the first answer (ms without a leader)",
                   title_justify="left")  # fmt: skip
    struck.add_column("fault")
    struck.add_column("at (s)", justify="right")
    for row in rows:
        struck.add_column(str(row["protocol"]), justify="right")
    for number, begin in enumerate(found.sides[0].faults["begin"]):
        cells = []
        for side in found.sides:
            one = side.faults.iloc[number]
            aimed = str(one["target"]) if one["led"] else f"{one['target']}, nobody led"
            cells.append(
                f"{_shown(one['recovery'], 'ms')} ({_shown(one['leaderless'], 'ms')}), {aimed}"
            )
        struck.add_row(str(found.sides[0].faults["kind"].iloc[number]), f"{begin:g}", *cells)
    return Group(table, struck, Text(f"again: {found.replay}"))


register_face("comparison", Face(rich=comparison_view))
