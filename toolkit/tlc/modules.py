"""Definitions and locations in the text of modules.

Only TLC interprets specifications.  This module searches their text in order to *show* parts of it,
for instance the invariant that TLC names, or the definition at a location.  It never changes a
verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

__all__ = [
    "Location",
    "blank_comments",
    "definitions",
    "find_location",
    "has_algorithm",
    "locations",
    "text_at",
    "untranslated",
]


class Location(msgspec.Struct, frozen=True):
    """A location in a module.

    Parameters
    ----------
    module : str or None
        Name of the module.
    line, column : int
        Start, counted from 1.
    end_line, end_column : int or None
        End, including the last character.
    """

    module: str | None
    line: int
    column: int
    end_line: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        return f"{self.module or '?'}:{self.line}:{self.column}"

    def holds(self, other: Location) -> bool:
        """Return True if another location starts inside this location.

        Parameters
        ----------
        other : Location

        Returns
        -------
        bool
        """
        if self.module != other.module or self.end_line is None or self.end_column is None:
            return False
        begin = (self.line, self.column)
        end = (self.end_line, self.end_column)
        return begin <= (other.line, other.column) <= end


_LOCATION = re.compile(
    r"line (\d{1,9}), col(?:umn)? (\d{1,9})"
    r"(?: to line (\d{1,9}), col(?:umn)? (\d{1,9}))?(?: (?:of module|in) (\w+))?",
    re.IGNORECASE,
)


def locations(text: str) -> Iterator[Location]:
    """Yield the locations in a message, in order.

    Parameters
    ----------
    text : str
        A message of TLC, with locations in any of TLC's formats.

    Yields
    ------
    Location

    Examples
    --------
    >>> [str(place) for place in locations("0. Line 4, column 9 to line 4, column 13 in M")]
    ['M:4:9']
    """
    for match in _LOCATION.finditer(text):
        line, column, end_line, end_column = (
            None if part is None else int(part) for part in match.groups()[:4]
        )
        assert line is not None
        assert column is not None
        yield Location(match[5], line, column, end_line, end_column)


_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def find_location(text: str) -> Location | None:
    """Return the first location in a text that is not inside a string.

    Parameters
    ----------
    text : str

    Returns
    -------
    Location or None

    Examples
    --------
    >>> str(find_location('"line 7, col 7 of module No" at line 1, col 2 of module M'))
    'M:1:2'
    """
    return next(locations(_QUOTED.sub('""', text)), None)


def text_at(location: Location, modules: Mapping[str, str]) -> str | None:
    """Return the text at a location.

    Columns are counted as by TLC: a tab extends to the next column after a multiple of 8.

    Parameters
    ----------
    location : Location
    modules : mapping of str to str
        Map from module name to text.

    Returns
    -------
    str or None
        ``None`` if the module is unknown or the location has no end.
    """
    module = modules.get(location.module or "")
    if module is None or location.end_line is None or location.end_column is None:
        return None
    lines = module.expandtabs(8).splitlines()[location.line - 1 : location.end_line]
    if len(lines) != location.end_line - location.line + 1:
        return None
    # The last line first, because both may be the same line.
    lines[-1] = lines[-1][: location.end_column]
    lines[0] = lines[0][location.column - 1 :]
    return "\n".join(lines)


_MARK = re.compile(r'"(?:[^"\\\n]|\\.)*"|\(\*|\\\*[^\n]*')
_INSIDE = re.compile(r"\(\*|\*\)")
_NOT_END = re.compile(r"[^\n]")


@lru_cache(maxsize=256)
def blank_comments(text: str) -> str:
    r"""Replace comments by spaces; all other characters keep their position.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> blank_comments('A == "(*" (* one (* two *) *) \\* three')
    'A == "(*"                             '
    """
    parts = []
    at = 0
    while match := _MARK.search(text, at):
        parts.append(text[at : match.start()])
        if match[0].startswith('"'):
            parts.append(match[0])
            at = match.end()
            continue
        end = match.end()
        if match[0] == "(*":
            depth = 1
            while depth:
                inner = _INSIDE.search(text, end)
                if inner is None:
                    end = len(text)
                    break
                depth += 1 if inner[0] == "(*" else -1
                end = inner.end()
        parts.append(_NOT_END.sub(" ", text[match.start() : end]))
        at = end
    parts.append(text[at:])
    return "".join(parts)


_UNIT = re.compile(
    r"^(?P<indent>[ \t]*)(?:"
    r"(?:LOCAL\s+)?(?P<name>\w+)\s*(?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])?\s*==(?!=)"
    r"|-{4,}|={4,}"
    r"|(?:VARIABLES?|CONSTANTS?|ASSUME|ASSUMPTION|AXIOM|THEOREM|LEMMA|PROPOSITION|COROLLARY"
    r"|RECURSIVE|LOCAL|INSTANCE|EXTENDS)\b)",
    re.MULTILINE,
)


@lru_cache(maxsize=256)
def _definitions(module: str, text: str) -> tuple[tuple[str, Location, str], ...]:
    plain = blank_comments(text.expandtabs(8))
    units = list(_UNIT.finditer(plain))
    # Definitions inside a LET are indented further than those of the module.
    margin = min((len(unit["indent"]) for unit in units if unit["name"]), default=0)
    units = [unit for unit in units if len(unit["indent"]) <= margin]
    found = []
    for at, unit in enumerate(units):
        if not unit["name"]:
            continue
        end = units[at + 1].start() if at + 1 < len(units) else len(plain)
        start = unit.start() + len(unit["indent"])
        body = plain[start:end].rstrip()
        lines = body.split("\n")
        line = plain.count("\n", 0, start) + 1
        column = len(unit["indent"]) + 1
        last = len(lines[-1]) + (column - 1 if len(lines) == 1 else 0)
        place = Location(module, line, column, line + len(lines) - 1, last)
        found.append((unit["name"], place, body))
    return tuple(found)


def definitions(modules: Mapping[str, str]) -> dict[str, list[tuple[Location, str]]]:
    """Find the definitions in modules: location and text, without comments.

    Parameters
    ----------
    modules : mapping of str to str
        Map from module name to text.

    Returns
    -------
    dict
        Map from name to (location, text) pairs; several if modules share a name.
    """
    table: dict[str, list[tuple[Location, str]]] = {}
    for module, text in modules.items():
        for name, place, body in _definitions(module, text):
            table.setdefault(name, []).append((place, body))
    return table


_ASSUMED = re.compile(r"\b(?:ASSUME|ASSUMPTION|AXIOM)\s+(\w+)\s*==\s*\Z")


def assumption_name(place: Location, modules: Mapping[str, str]) -> str | None:
    """Return the name of the assumption at a location; ``None`` if it has no name.

    Parameters
    ----------
    place : Location
        Location of the formula.
    modules : mapping of str to str
        Map from module name to text.

    Returns
    -------
    str or None
    """
    text = modules.get(place.module or "")
    if text is None:
        return None
    lines = blank_comments(text.expandtabs(8)).splitlines()[: place.line]
    if not lines:
        return None
    lines[-1] = lines[-1][: place.column - 1]
    match = _ASSUMED.search("\n".join(lines))
    return match[1] if match else None


_WORD = re.compile(r"\w+")


def reaches(
    name: str, defined: Mapping[str, Sequence[tuple[Location, str]]]
) -> Iterable[tuple[Location, str]]:
    """Return the definitions of a name and of all names that they use, directly or indirectly.

    Parameters
    ----------
    name : str
    defined : mapping of str to sequence of (Location, str)
        All definitions; see :func:`definitions`.

    Returns
    -------
    iterable of (Location, str)
    """
    seen: set[str] = set()
    todo = [name]
    found = []
    while todo:
        word = todo.pop()
        if word in seen or word not in defined:
            continue
        seen.add(word)
        for place, body in defined[word]:
            found.append((place, body))
            todo += _WORD.findall(body)
    return found


_ALGORITHM = re.compile(r"--(?:fair[ \t]+)?algorithm\s+\w+")
_TRANSLATED = re.compile(r"^[ \t]*\\\*+[ \t]*BEGIN TRANSLATION", re.MULTILINE)


def has_algorithm(text: str) -> bool:
    """Return True if a module contains a PlusCal algorithm.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> has_algorithm("(* --fair algorithm lock { skip } *)")
    True
    """
    return _ALGORITHM.search(text) is not None


def untranslated(text: str) -> bool:
    r"""Return True if a module contains a PlusCal algorithm without its translation.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> untranslated("---- MODULE M ----\n(* --algorithm a { skip } *)\n====")
    True
    """
    return has_algorithm(text) and _TRANSLATED.search(text) is None
