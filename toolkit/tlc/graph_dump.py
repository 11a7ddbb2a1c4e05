"""Parser of the state graph that TLC writes (``-dump dot``), one state or step at a time."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from toolkit.errors import TlcError

__all__ = ["GraphEdge", "GraphState", "GraphTear", "iter_graph", "numbered"]

_TEXT = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_NUMBER = r"(-?[0-9]{1,19})"
# Newer versions repeat the complete state in a tooltip, because the label may be a difference or an
# alias.  They fill states that violate a constraint with a colour, and initial states without.
_NODE = re.compile(
    rf"{_NUMBER} \[label={_TEXT}(?:,tooltip={_TEXT})?(,style = filled(, fillcolor=\w+)?)?\];?"
)
_EDGE = re.compile(
    rf"{_NUMBER} -> {_NUMBER}"
    rf'(?: \[(?:label={_TEXT},color="\w*",fontcolor="\w*"|(style="\w+")(?:,color="\w+")?)\])?;'
)
_ESCAPE = re.compile(r"\\(.)")
_OPENING = re.compile(
    r"strict digraph DiskGraph \{|subgraph cluster_graph \{|subgraph cluster_legend \{graph\[.*"
)
_LAYOUT = re.compile(
    r"(?:edge|node) \[[^\]]*\]|nodesep=[0-9.]+;|color=\"\w+\";|\{rank = same; (?:-?[0-9]+;)*\}"
    r"|\S+ \[label=\"[^\"]*\",fillcolor=\w+\]"
)
_CLOSING = re.compile(r"\}{1,2}")
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_CUT = "TLC may have been ended while writing; partial=True reads the dump as far as it goes"


class GraphState(NamedTuple):
    """A state of a dump.

    Parameters
    ----------
    fingerprint : int
        TLC's fingerprint of 64 bits.
    text : str
        The variables, as TLC prints them.
    initial : bool
        Whether the state is an initial state.
    """

    fingerprint: int
    text: str
    initial: bool


class GraphEdge(NamedTuple):
    """A step of a dump.

    Parameters
    ----------
    source, target : int
        Fingerprints of the two states.
    action : str
        The action's name; empty if the dump has no labels.
    stuttering : bool
        Whether the step is not an action.  TLC 2.15 adds such a step to every state when it checks
        a temporal property.
    """

    source: int
    target: int
    action: str
    stuttering: bool = False


class GraphTear(NamedTuple):
    """The last item of an incomplete dump that is read with ``partial=True``.

    Parameters
    ----------
    line : int
        The line where reading ended, from 1.
    reason : str
        The problem in that line.
    """

    line: int
    reason: str


class _DamagedError(Exception):
    pass


def _unescape(label: str) -> str:
    if "\\" not in label:
        return label
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], label)


def _fingerprint(text: str) -> int:
    number = int(text)
    if not _SMALLEST <= number <= _LARGEST:
        raise _DamagedError(f"the fingerprint {text} has more than 64 bits")
    return number


def _lines(source: Path | str | Iterable[str]) -> Iterator[str]:
    if not isinstance(source, (Path, str)):
        yield from source
        return
    path = Path(source)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise TlcError(
            f"cannot open the dump: {error.strerror or error}", path=path, hint="check the path"
        ) from error
    with raw:
        try:
            compressed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            with cast("IO[bytes]", gzip.open(raw)) if compressed else raw as file:
                for line in file:
                    yield line.decode()
        except UnicodeDecodeError as error:
            raise _DamagedError("a line is not encoded in UTF-8") from error
        except (OSError, EOFError, zlib.error) as error:
            raise _DamagedError(f"the rest of the file cannot be read: {error}") from error


class _Frame:
    """Parser of the lines around states and steps, which detects a missing end."""

    def __init__(self) -> None:
        self.begun = False
        self.open = 0

    def take(self, line: str) -> bool:
        """Parse a line that is neither a state nor a step; return True if it is valid here."""
        if self.begun and not self.open:
            return not line
        if _OPENING.fullmatch(line):
            if line.startswith("strict") == self.begun:
                return False
            self.begun = True
            self.open += 1
            return True
        if self.begun and _CLOSING.fullmatch(line):
            self.open -= len(line)
            return self.open >= 0
        return self.begun and _LAYOUT.fullmatch(line) is not None


def _items(
    source: Path | str | Iterable[str], place: list[int]
) -> Iterator[GraphState | GraphEdge]:
    frame = _Frame()
    lines = _lines(source)
    # Counted before the line is read, so that the number is correct if reading fails.
    place[0] = 1
    while (text := next(lines, None)) is not None:
        line = text.rstrip("\r\n")
        if frame.open:
            if edge := _EDGE.fullmatch(line):
                yield GraphEdge(
                    _fingerprint(edge[1]),
                    _fingerprint(edge[2]),
                    _unescape(edge[3] or ""),
                    edge[4] is not None,
                )
                place[0] += 1
                continue
            if node := _NODE.fullmatch(line):
                label = node[2] if node[3] is None else node[3]
                yield GraphState(
                    _fingerprint(node[1]),
                    _unescape(label),
                    node[4] is not None and node[5] is None,
                )
                place[0] += 1
                continue
        if not frame.take(line):
            shown = f"{line[:120]!r}{'...' if len(line) > 120 else ''}"
            raise _DamagedError(
                f"not a line of a dump of TLC: {shown}"
                if frame.begun
                else f"not a state graph of TLC; it starts with {shown}"
            )
        place[0] += 1
    place[0] -= 1
    if frame.open or not frame.begun:
        raise _DamagedError("the dump is cut off" if frame.begun else "the dump is empty")


def numbered(
    source: Path | str | Iterable[str], *, partial: bool = False
) -> Iterator[tuple[int, GraphState | GraphEdge | GraphTear]]:
    """Yield the items of a dump with their line numbers.

    Parameters
    ----------
    source, partial
        See :func:`iter_graph`.

    Yields
    ------
    int, and GraphState, GraphEdge or GraphTear

    Raises
    ------
    TlcError
        See :func:`iter_graph`.
    """
    place = [0]
    try:
        for item in _items(source, place):
            yield place[0], item
    except _DamagedError as error:
        if partial:
            yield place[0], GraphTear(place[0], str(error))
            return
        path = source if isinstance(source, (Path, str)) else None
        raise TlcError(str(error), path=path, line=place[0], hint=_CUT) from error


def iter_graph(
    source: Path | str | Iterable[str], *, partial: bool = False
) -> Iterator[GraphState | GraphEdge | GraphTear]:
    """Yield the states and steps of a dump in the order in which TLC wrote them.

    Parameters
    ----------
    source : path or iterable of str
        A file that ``-dump dot,actionlabels`` wrote (compressed by gzip or not), or its lines.
    partial : bool
        Whether to read an incomplete dump as far as it goes.

    Yields
    ------
    GraphState, GraphEdge or GraphTear
        A ``GraphTear`` is only yielded with `partial`, at the end of an incomplete dump.

    Raises
    ------
    TlcError
        If the file cannot be opened; without `partial` also if the dump is incomplete or contains
        a line that TLC does not write.

    Examples
    --------
    >>> lines = ["strict digraph DiskGraph {", "subgraph cluster_graph {",
    ...     '-7 [label="x = 1",style = filled]', '-7 -> -7 [label="A",color="1",fontcolor="1"];']
    >>> for item in iter_graph(lines, partial=True):
    ...     print(item)
    GraphState(fingerprint=-7, text='x = 1', initial=True)
    GraphEdge(source=-7, target=-7, action='A', stuttering=False)
    GraphTear(line=4, reason='the dump is cut off')
    """
    for _, item in numbered(source, partial=partial):
        yield item
