"""The face of a reproduced figure: its criteria and their verdicts."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.display.faces.markup import html_of

__all__ = ["FigureResult", "figure_html", "figure_view", "format_number"]

_STYLES = {"met": "green", "missed": "bold red", "not judged": "yellow", "not comparable": "yellow"}
_COLUMNS = ("curve", "criterion", "verdict", "published", "reproduced", "why")


class FigureResult(Protocol):
    """The shown parts of a figure; see :class:`toolkit.reproduction.reproduce.Reproduction`."""

    @property
    def figure(self) -> Any:
        """The figure."""

    @property
    def caveats(self) -> Sequence[str]:
        """Differences between this run and the full run."""

    @property
    def fitted(self) -> Mapping[str, str]:
        """Values of calibrated parameters."""

    @property
    def how(self) -> str:
        """Source of the values of calibrated parameters."""

    @property
    def verdicts(self) -> Sequence[Any]:
        """A verdict for each criterion."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of criteria by verdict."""

    @property
    def ok(self) -> bool:
        """Whether no criterion was missed."""


def format_number(value: float | None, unit: str = "") -> str:
    """Return a number with four digits and its unit; ``-`` for a missing value.

    Parameters
    ----------
    value : float or None
    unit : str

    Returns
    -------
    str

    Examples
    --------
    >>> format_number(0.12345), format_number(12345.6, "ms"), format_number(None)
    ('0.1235', '12,346 ms', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:,.{'4g' if abs(value) < 1000 else '0f'}} {unit}".strip()


def _counts(reproduction: FigureResult) -> Text:
    counts = ", ".join(f"{count} {name}" for name, count in reproduction.counts.items())
    return Text(f"Criteria: {counts}.", "green" if reproduction.ok else "bold red")


def _caveats(reproduction: FigureResult) -> list[str]:
    return [f"Differs from the full run: {text}." for text in reproduction.caveats]


def _rows(reproduction: FigureResult, every: bool) -> list[tuple[str | Text, ...]]:
    return [
        (
            verdict.curve,
            verdict.criterion,
            Text(verdict.outcome, _STYLES[verdict.outcome]),
            format_number(verdict.published),
            format_number(verdict.reproduced, verdict.unit),
            verdict.why,
        )
        for verdict in reproduction.verdicts
        if every or verdict.outcome != "met"
    ]


def figure_view(reproduction: FigureResult, *, every: bool = True) -> Group:
    """Return the text and table of a reproduced figure with its verdicts.

    Parameters
    ----------
    reproduction : Reproduction
    every : bool
        Whether to include criteria that were met.

    Returns
    -------
    rich.console.Group
    """
    figure = reproduction.figure
    head = [
        Text(f"Figure {figure.id}: {figure.title}", "bold"),
        Text(str(figure.paper)),
        *(Text(text, "yellow") for text in _caveats(reproduction)),
    ]
    if reproduction.fitted:
        values = ", ".join(f"{name}={value}" for name, value in reproduction.fitted.items())
        head.append(Text(f"Calibrated ({reproduction.how}): {values}"))
    table = Table()
    for name in _COLUMNS:
        right = name in {"published", "reproduced"}
        table.add_column(
            name,
            overflow="ellipsis" if right or name == "verdict" else "fold",
            no_wrap=name == "verdict",
            justify="right" if right else "left",
        )
    for row in _rows(reproduction, every):
        table.add_row(*row)
    return (
        Group(*head, table, _counts(reproduction))
        if table.row_count
        else Group(*head, _counts(reproduction))
    )


def figure_html(reproduction: FigureResult) -> str:
    """Return a figure's verdicts as HTML in a scrollable box.

    Parameters
    ----------
    reproduction : Reproduction

    Returns
    -------
    str
    """
    table = Table()
    for name in _COLUMNS:
        table.add_column(name)
    for row in _rows(reproduction, every=True):
        table.add_row(*row)
    caveats = "".join(
        f'<div style="background:#fff3cd;color:#333;padding:2px 8px">{html.escape(text)}</div>'
        for text in _caveats(reproduction)
    )
    return (
        f"{html_of(_counts(reproduction))}{caveats}"
        f'<div style="max-height:320px;overflow:auto">{html_of(table)}</div>'
    )


register_face("figure", Face(rich=figure_view, html=figure_html))
