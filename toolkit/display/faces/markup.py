"""Conversion of rich renderables to HTML."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html import escape
from typing import Any

from rich.console import Console, Group
from rich.style import Style
from rich.table import Table
from rich.text import Text

__all__ = ["html_of"]

_COLOURS = {"green": "#1b7837", "red": "#b2182b", "yellow": "#8a6d00"}
"""Terminal colours to CSS colours that are dark enough for a white page."""

_CELL = "text-align:{align};vertical-align:top;padding:2px 8px;white-space:pre-wrap"
_BORDER = ";border:1px solid #ccc"

# Used for measuring and styles only; nothing is printed.
_CONSOLE = Console(
    file=io.StringIO(),
    width=120,
    markup=False,
    emoji=False,
    highlight=False,
    force_jupyter=False,
)


def html_of(renderable: Any) -> str:
    """Return a rich text, table or group as HTML.

    Parameters
    ----------
    renderable : rich renderable
        :class:`~rich.text.Text`, :class:`~rich.table.Table`, :class:`~rich.console.Group` or
        ``str``; any other renderable is printed to fixed-width text.

    Returns
    -------
    str
    """
    return f'<div class="toolkit-face" style="overflow-x:auto">{"".join(_parts(renderable))}</div>'


def _parts(renderable: Any) -> Iterator[str]:
    if isinstance(renderable, Group):
        for part in renderable.renderables:
            yield from _parts(part)
    elif isinstance(renderable, Table):
        yield _table(renderable)
    elif isinstance(renderable, str | Text):
        yield f'<div style="white-space:pre-wrap">{_inline(renderable) or "&nbsp;"}</div>'
    else:
        with _CONSOLE.capture() as capture:
            _CONSOLE.print(renderable)
        yield f"<pre>{escape(capture.get())}</pre>"


def _css(style: Style | None) -> str:
    if style is None:
        return ""
    rules = []
    if style.bold:
        rules.append("font-weight:600")
    if style.dim:
        rules.append("opacity:0.7")
    if style.color is not None:
        rules.append(f"color:{_COLOURS.get(style.color.name, style.color.name)}")
    return ";".join(rules)


def _inline(renderable: Any, style: str | Style = "") -> str:
    """Return the HTML of a line or a cell."""
    if not isinstance(renderable, str | Text):
        return "".join(_parts(renderable))
    text = Text(renderable) if isinstance(renderable, str) else renderable.copy()
    # Text.render() does not include the style of the whole text.
    for whole in (text.style, style):
        if whole:
            text.stylize_before(whole)
    text.end = ""
    spans = []
    for piece in text.render(_CONSOLE):
        css = _css(piece.style)
        body = escape(piece.text)
        spans.append(f'<span style="{css}">{body}</span>' if css and body else body)
    return "".join(spans)


def _table(table: Table) -> str:
    grid = table.box is None
    cells = [list(column.cells) for column in table.columns]
    aligned = [_CELL.format(align="right" if column.justify == "right" else "left")
               + ("" if grid else _BORDER) for column in table.columns]  # fmt: skip
    head = ""
    if table.show_header:
        head = "".join(
            f'<th style="{css}">{_inline(column.header)}</th>'
            for css, column in zip(aligned, table.columns, strict=True)
        )
        head = f"<tr>{head}</tr>"
    rows = []
    for number, row in enumerate(table.rows):
        style = row.style or ""
        rows.append(
            "<tr>"
            + "".join(
                f'<td style="{css}">{_inline(column[number], style)}</td>'
                for css, column in zip(aligned, cells, strict=True)
            )
            + "</tr>"
        )
    title = ""
    if table.title:
        title = f'<caption style="text-align:left">{_inline(table.title)}</caption>'
    return f'<table style="border-collapse:collapse">{title}{head}{"".join(rows)}</table>'
