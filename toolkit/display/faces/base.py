"""The registry of faces, and the conversion of results to text, HTML and JSON."""

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
"""Width in columns of a face as plain text."""

# A terminal takes minutes to wrap megabytes; the JSON document is complete.
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
"""Face to the module of this package that registers it, which is imported on first use."""


@dataclass(frozen=True)
class Face:
    """The rendering of one kind of result.

    Parameters
    ----------
    rich : callable
        ``rich(result, **options)`` returns a rich renderable for a terminal.
    html : callable, optional
        ``html(result)`` returns HTML; by default the result of `rich` is converted.
    """

    rich: Callable[..., RenderableType]
    html: Callable[[Any], str] | None = None


def register_face(name: str, face: Face) -> None:
    """Register a face.

    Parameters
    ----------
    name : str
        The value of the attribute ``face`` of the results' class.
    face : Face

    Raises
    ------
    SettingError
        If another face with this name is registered.
    """
    if _FACES.get(name, face) != face:
        raise SettingError(
            f"another face named {name!r} is already registered", hint="choose another name"
        )
    _FACES[name] = face


def face_of(result: object) -> Face:
    """Return the face of a result.

    Parameters
    ----------
    result : object

    Returns
    -------
    Face

    Raises
    ------
    SettingError
        If no face is registered for the type of the result.
    """
    name = getattr(type(result), "face", None)
    if name not in _FACES and name in _MODULES:
        import_module(f"toolkit.display.faces.{_MODULES[name]}")
    if name not in _FACES:
        raise SettingError(
            f"no face is registered for {type(result).__name__} objects",
            hint="give the class an attribute 'face' and register a Face with that name",
        )
    return _FACES[name]


def to_rich(result: object, **options: Any) -> RenderableType:
    """Return a result as a rich renderable.

    Parameters
    ----------
    result : object
        A result that has a face.
    **options
        Options of the face, for example ``full=True`` for the counterexamples of a check.

    Returns
    -------
    rich renderable
    """
    return face_of(result).rich(result, **options)


def to_text(result: object, **options: Any) -> str:
    """Return a result as plain text of at most :data:`TEXT_WIDTH` columns.

    Parameters
    ----------
    result : object
        A result that has a face.
    **options
        Options of the face.

    Returns
    -------
    str
    """
    file = io.StringIO()
    screen = Console(
        file=file,
        width=TEXT_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
        color_system=None,
        # In a notebook, rich would otherwise print into the cell.
        force_jupyter=False,
    )
    screen.print(to_rich(result, **options))
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))


def to_html(result: object) -> str:
    """Return a result as an HTML fragment without external resources.

    Parameters
    ----------
    result : object
        A result that has a face.

    Returns
    -------
    str
    """
    face = face_of(result)
    return html_of(face.rich(result)) if face.html is None else face.html(result)


def to_json(result: Any) -> dict[str, Any]:
    """Return a result as JSON data, by its method ``to_json`` or from its fields.

    Parameters
    ----------
    result : object

    Returns
    -------
    dict
    """
    if hasattr(result, "to_json"):
        document: dict[str, Any] = result.to_json()
    else:
        document = msgspec.to_builtins(result)
    return document


def plural(count: int, noun: str) -> str:
    """Return a count with its noun in singular or plural.

    Parameters
    ----------
    count : int
    noun : str
        The noun in singular.

    Returns
    -------
    str

    Examples
    --------
    >>> plural(1, "step"), plural(12000, "step")
    ('1 step', '12,000 steps')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shorten(text: str) -> str:
    """Return a text, cut and marked with its length if it is too long for a terminal.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} ... ({len(text):,} characters; complete in the JSON output)"


def shorten_lines(text: str) -> str:
    """Return a text, cut after its first lines if it is too long for a terminal.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    lines = text.splitlines()
    shown = "\n".join(shorten(line) for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown += f"\n... and {len(lines) - _MOST_LINES:,} more lines; complete in the JSON output"
    return shown
