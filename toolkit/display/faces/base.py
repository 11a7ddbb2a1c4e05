"""The registry of faces, and what makes text, HTML and JSON of a result."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import msgspec
from rich.console import Console, RenderableType

from toolkit.display.faces.markup import html_of
from toolkit.errors import SettingError

__all__ = [
    "Face",
    "face_of",
    "plural",
    "register_face",
    "shorten",
    "shorten_lines",
    "to_html",
    "to_json",
    "to_rich",
    "to_text",
]

TEXT_WIDTH = 100
"""Columns of a face as plain text."""

# A terminal takes minutes to wrap megabytes; the JSON document has everything.
_MOST_CHARACTERS = 2_000
_MOST_LINES = 100

_FACES: dict[str, Face] = {}

_MODULES = {
    "bugs": "bugs",
    "check": "checks",
    "check-report": "reports",
    "comparison": "comparison",
    "counterexample": "checks",
    "figure": "figures",
    "installation": "installation",
    "linearizability": "histories",
    "run": "runs",
    "summary": "runs",
    "validation": "validation",
    "verdict": "validation",
}
"""The faces of this room, and the modules that register them when they are first used."""


@dataclass(frozen=True)
class Face:
    """How a kind of result looks.

    Parameters
    ----------
    rich : callable
        ``rich(result, **options)`` returns what a terminal shows.
    html : callable, optional
        ``html(result)`` returns HTML; by default it is made of what `rich` returns.
    """

    rich: Callable[..., RenderableType]
    html: Callable[[Any], str] | None = None


def register_face(name: str, face: Face) -> None:
    """Make a face known.

    Parameters
    ----------
    name : str
        The name that results give in their attribute ``face``.
    face : Face
        How they look.

    Raises
    ------
    SettingError
        If another face has this name.
    """
    if _FACES.get(name, face) != face:
        raise SettingError(f"there is another face named {name!r}", hint="choose another name")
    _FACES[name] = face


def face_of(result: object) -> Face:
    """Return the face of a result.

    Raises
    ------
    SettingError
        If there is none for results of its type.
    """
    name = getattr(type(result), "face", None)
    if name not in _FACES and name in _MODULES:
        import_module(f"toolkit.display.faces.{_MODULES[name]}")
    if name not in _FACES:
        raise SettingError(
            f"there is no face for {type(result).__name__} objects",
            hint="give their class an attribute 'face', and register a Face of that name",
        )
    return _FACES[name]


def to_rich(result: object, **options: Any) -> RenderableType:
    """Return a result as a rich renderable.

    Parameters
    ----------
    result : object
        A result that has a face.
    **options
        What its face takes, for instance ``full=True`` for a check's counterexamples.
    """
    return face_of(result).rich(result, **options)


def to_text(result: object, **options: Any) -> str:
    """Return a result as plain text, :data:`TEXT_WIDTH` columns wide at most."""
    file = io.StringIO()
    screen = Console(
        file=file,
        width=TEXT_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
        color_system=None,
        # Within a notebook too, the text goes to the file and not to the cell.
        force_jupyter=False,
    )
    screen.print(to_rich(result, **options))
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))


def to_html(result: object) -> str:
    """Return a result as a piece of HTML, which loads nothing."""
    face = face_of(result)
    return html_of(face.rich(result)) if face.html is None else face.html(result)


def to_json(result: Any) -> dict[str, Any]:
    """Return a result as JSON data: what its ``to_json`` says, or else its fields."""
    if hasattr(result, "to_json"):
        document: dict[str, Any] = result.to_json()
    else:
        document = msgspec.to_builtins(result)
    return document


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "step"), plural(12000, "step")
    ('1 step', '12,000 steps')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shorten(text: str) -> str:
    """Return the beginning of a text that is too long for a terminal, and its length."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} ... ({len(text):,} characters; the JSON form has all)"


def shorten_lines(text: str) -> str:
    """Return the first lines of a text that is too long for a terminal, and how many follow."""
    lines = text.splitlines()
    shown = "\n".join(shorten(line) for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown += f"\n... and {len(lines) - _MOST_LINES:,} more lines; the JSON form has all"
    return shown
