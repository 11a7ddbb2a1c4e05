"""The face of a figure that was reproduced: its criteria and their verdicts."""

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
    """What is shown of a figure; see :class:`toolkit.reproduction.reproduce.Reproduction`."""

    @property
    def figure(self) -> Any:
        """The figure."""

    @property
    def caveats(self) -> Sequence[str]:
        """What sets this run apart from the full one."""

    @property
    def fitted(self) -> Mapping[str, str]:
        """Values of calibrated parameters."""

    @property
    def how(self) -> str:
        """Where these come from."""

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
    """Return a number of four digits, with its unit; ``-`` for one that is missing.

    Examples
    --------
    >>> format_number(0.12345), format_number(12345.6, "ms"), format_number(None)
    ('0.1235', '12,346 ms', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:,.{'4g' if abs(value) < 1000 else '0f'}} {unit}".strip()


def _counts(found: FigureResult) -> Text:
    counts = ", ".join(f"{count} {name}" for name, count in found.counts.items())
    return Text(f"Criteria: {counts}.", "green" if found.ok else "bold red")


def _caveats(found: FigureResult) -> list[str]:
    return [f"Not the figure's own run: {text}." for text in found.caveats]


def _rows(found: FigureResult, every: bool) -> list[tuple[str | Text, ...]]:
    return [
        (
            one.curve,
            one.criterion,
            Text(one.outcome, _STYLES[one.outcome]),
            format_number(one.published),
            format_number(one.reproduced, one.unit),
            one.why,
        )
        for one in found.verdicts
        if every or one.outcome != "met"
    ]


def figure_view(found: FigureResult, *, every: bool = True) -> Group:
    """Return a figure that was reproduced, with its verdicts.

    Parameters
    ----------
    found : Reproduction
    every : bool
        Whether to list criteria that were met too.

    Returns
    -------
    rich.console.Group
    """
    figure = found.figure
    head = [
        Text(f"Figure {figure.id}: {figure.title}", "bold"),
        Text(str(figure.paper)),
        *(Text(text, "yellow") for text in _caveats(found)),
    ]
    if found.fitted:
        values = ", ".join(f"{name}={value}" for name, value in found.fitted.items())
        head.append(Text(f"Calibrated ({found.how}): {values}"))
    table = Table()
    for name in _COLUMNS:
        right = name in {"published", "reproduced"}
        table.add_column(
            name,
            overflow="ellipsis" if right or name == "verdict" else "fold",
            no_wrap=name == "verdict",
            justify="right" if right else "left",
        )
    for row in _rows(found, every):
        table.add_row(*row)
    return Group(*head, table, _counts(found)) if table.row_count else Group(*head, _counts(found))


def figure_html(found: FigureResult) -> str:
    """Return a figure's verdicts as HTML, in a box that scrolls.

    Parameters
    ----------
    found : Reproduction
    """
    table = Table()
    for name in _COLUMNS:
        table.add_column(name)
    for row in _rows(found, every=True):
        table.add_row(*row)
    caveats = "".join(
        f'<div style="background:#fff3cd;color:#333;padding:2px 8px">{html.escape(text)}</div>'
        for text in _caveats(found)
    )
    return (
        f"{html_of(_counts(found))}{caveats}"
        f'<div style="max-height:320px;overflow:auto">{html_of(table)}</div>'
    )


register_face("figure", Face(rich=figure_view, html=figure_html))
