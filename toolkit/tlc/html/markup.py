"""Self-contained pieces of HTML: escaped text, notes, source with syntax highlighting.

Specifications and TLC's output are untrusted text, so all text passes through :func:`clean`.  The
HTML contains no scripts, loads nothing, and is readable without colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    String,
)

from toolkit.tlc.lexer import TlaLexer
from toolkit.tlc.modules import Location

__all__ = [
    "block",
    "clean",
    "count",
    "extract",
    "hidden_between",
    "listing",
    "note",
    "source_lines",
    "text_block",
]

_TAB = 8
_WHOLE_LEXED = 200_000
_WIDEST = 240
_LINE_END = re.compile(r"\r\n|\r|\n")
# Invisible characters, and characters that reverse the direction of the text after them.
_SHOWN = {
    **{code: 0x2400 + code for code in range(0x20) if code not in {0x09, 0x0A}},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), 0x061C, 0x200E, 0x200F], 0xFFFD),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF], 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}
_COLOURS: tuple[tuple[Any, str], ...] = (
    (Comment, "c"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (Operator, "o"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Label, "l"),
    (String, "s"),
    (Number, "m"),
)


def clean(text: object) -> str:
    r"""Escape text for HTML and make control characters visible.

    Parameters
    ----------
    text : object
        Converted with ``str``.

    Returns
    -------
    str
        HTML.  Control characters are replaced by visible characters, so that a text cannot look
        like another text.

    Examples
    --------
    >>> clean("<b>\x00\u202e")
    '&lt;b&gt;␀�'
    """
    return escape(str(text).translate(_SHOWN))


def count(number: int | None, *, none: str = "not reported") -> str:
    """Format a number with separators of thousands.

    Parameters
    ----------
    number : int or None
    none : str
        The text for ``None``.

    Returns
    -------
    str

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return none if number is None else f"{number:,}"


@cache
def _style() -> str:
    text = Path(__file__).with_name("render.css").read_text(encoding="utf-8")
    return re.sub(r"\s*\n\s*", " ", text).strip()


def block(body: str) -> str:
    """Wrap HTML in an element with its own scoped style.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
    """
    # The other classes prevent notebooks from parsing dollar signs as mathematics.
    return (
        f'<div class="toolkit-tlc tex2jax_ignore mathjax_ignore"><style>{_style()}</style>'
        f"{body}</div>"
    )


def note(label: str, text: str, tone: str = "") -> str:
    """Return a paragraph of HTML that starts with a label.

    Parameters
    ----------
    label : str
        Plain text.
    text : str
        HTML.
    tone : str
        ``"ok"``, ``"warn"``, ``"bad"`` or ``""``.

    Returns
    -------
    str
    """
    return f'<p class="note {tone}"><b class="tone">{clean(label)}:</b> {text}</p>'


def listing(items: Iterable[object]) -> str:
    """Return an HTML list of plain texts.

    Parameters
    ----------
    items : iterable of object

    Returns
    -------
    str
    """
    return f'<ul class="list">{"".join(f"<li>{clean(item)}</li>" for item in items)}</ul>'


def text_block(text: str, *, limit: int = 4000, rest: str) -> str:
    """Return plain text as a block of HTML, cut after a limit.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Largest number of characters that are shown.
    rest : str
        Python expression for the whole text, shown to the reader.

    Returns
    -------
    str
    """
    shown = f'<pre class="words">{clean(text[:limit])}</pre>'
    if len(text) > limit:
        more = f"{len(text) - limit:,} more characters are in <code>{clean(rest)}</code>"
        shown += f'<p class="note dim">&hellip; {more}</p>'
    return shown


def hidden_between(visible: Sequence[int], total: int) -> Iterator[tuple[int, int | None]]:
    """Yield visible positions of a sequence, each with the number of hidden items before it.

    Parameters
    ----------
    visible : sequence of int
        Positions from 0, ascending.
    total : int
        Number of items.

    Yields
    ------
    (int, int or None)
        Number of hidden items, and the position that is shown after them; ``None`` at the end.

    Examples
    --------
    >>> list(hidden_between([0, 1, 9], 10))
    [(0, 0), (0, 1), (7, 9), (0, None)]
    """
    for before, position in pairwise([-1, *visible]):
        yield position - before - 1, position
    yield total - (visible[-1] if visible else -1) - 1, None


def source_lines(text: str) -> list[str]:
    r"""Split a module into lines as TLC does, with tabs expanded to multiples of 8 columns.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> source_lines("A ==\n\t1")
    ['A ==', '        1']
    """
    return [line.expandtabs(_TAB) for line in _LINE_END.split(text)]


def _class_of(kind: Any) -> str:
    return next((name for token, name in _COLOURS if kind in token), "")


def _coloured(lines: Sequence[str], first: int, last: int) -> list[list[tuple[str, str]]]:
    """Return the tokens, as CSS class and text, of the lines from `first` to `last`, from 0."""
    # The tokens of a line depend on the text before it, which is ignored for a huge module.
    begin = 0 if sum(map(len, lines[:last])) < _WHOLE_LEXED else first
    pieces: list[list[tuple[str, str]]] = [[] for _ in range(last - begin)]
    lexer = TlaLexer()
    stack = None if begin == 0 else ("root",)
    at = 0
    for _, kind, text in lexer.get_tokens_unprocessed("\n".join(lines[begin:last]), stack):
        name = _class_of(kind)
        for number, part in enumerate(text.split("\n")):
            at += number > 0
            if part:
                pieces[at].append((name, part))
    return pieces[first - begin :]


def _line(pieces: Sequence[tuple[str, str]], wrong: range, window: range) -> str:
    """Return a line as highlighted HTML, with the columns in `wrong` underlined."""
    parts = []
    column = 0
    for name, text in pieces:
        for start, end in pairwise(
            sorted({0, len(text), *(c - column for c in (*_ends(wrong), *_ends(window)))})
        ):
            if start < 0 or end > len(text) or column + start not in window:
                continue
            classes = f"{name} wrong" if column + start in wrong else name
            shown = clean(text[start:end])
            parts.append(f'<span class="{classes.strip()}">{shown}</span>' if classes else shown)
        column += len(text)
    more = "&hellip;"
    return (more if window.start else "") + "".join(parts) + (more if column > window.stop else "")


def _ends(columns: range) -> tuple[int, int]:
    return columns.start, columns.stop


def extract(
    text: str,
    *,
    first: int = 1,
    last: int | None = None,
    wrong: Location | None = None,
    notes: Mapping[int, str] | None = None,
) -> str:
    """Return lines of a module as HTML, with line numbers and syntax highlighting.

    Parameters
    ----------
    text : str
        The text of the module.
    first, last : int
        First and last line, from 1; by default to the end.
    wrong : Location, optional
        The location to underline; a line of carets follows each of its lines.
    notes : mapping of int to str, optional
        Map from a line to the note in its margin.

    Returns
    -------
    str
    """
    lines = source_lines(text)
    first = max(1, first)
    last = len(lines) if last is None else min(last, len(lines))
    if first > last:
        return ""
    digits = len(str(last))
    margin = max((len(text) for text in (notes or {}).values()), default=0)
    shown = []
    for number, pieces in enumerate(_coloured(lines, first - 1, last), start=first):
        line = lines[number - 1]
        columns = _wrong_columns(wrong, number, line)
        # A very long line is only shown around the error.
        start = max(0, columns.start - _WIDEST // 2) if len(line) > _WIDEST and columns else 0
        window = range(start, start + _WIDEST)
        beside = (notes or {}).get(number, "")
        style = "never" if beside == "never" else "dim"
        head = f'<span class="no">{number:>{digits}} </span>'
        if margin:
            head += f'<span class="{style}">{clean(beside):>{margin}} </span>'
        shown.append(f'{head}<span class="no">| </span>{_line(pieces, columns, window)}')
        if columns:
            indent = " " * (digits + 1 + (margin + 1 if margin else 0))
            carets = "^" * min(len(columns), window.stop - columns.start)
            blank = " " * (columns.start - window.start + (1 if window.start else 0))
            shown.append(
                f'{indent}<span class="no">| </span>{blank}<span class="caret">{carets}</span>'
            )
    return f"<pre>{chr(10).join(shown)}</pre>"


def _wrong_columns(wrong: Location | None, number: int, line: str) -> range:
    """Return the columns of a line, from 0, that are inside a location."""
    if wrong is None or not wrong.line <= number <= (wrong.end_line or wrong.line):
        return range(0)
    indent = len(line) - len(line.lstrip())
    # TLC may report the column after the last character, but no later column.
    start = min(wrong.column - 1, len(line)) if number == wrong.line else indent
    stop = len(line)
    if wrong.end_line is None or wrong.end_column is None:
        stop = start + 1
    elif number == wrong.end_line:
        stop = min(wrong.end_column, len(line))
    least = start + 1 if number == wrong.line else start
    return range(max(0, start), max(least, stop))
