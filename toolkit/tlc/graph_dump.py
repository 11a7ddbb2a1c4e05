"""The lines of the state graph that TLC writes (``-dump dot``), one state or step at a time."""

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
# Newer versions repeat the state in a tooltip: it stays whole where the label is a difference or
# an alias.  They fill states outside of the constraints with a colour, and initial ones without.
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
_LEAST, _MOST = -(2**63), 2**63 - 1
_CUT = "was TLC ended while it wrote? read what there is with partial=True"


class GraphState(NamedTuple):
    """A state as it stands in a dump.

    Parameters
    ----------
    fingerprint : int
        TLC's, of 64 bits.
    text : str
        The variables, as TLC prints them.
    initial : bool
    """

    fingerprint: int
    text: str
    initial: bool


class GraphEdge(NamedTuple):
    """A step as it stands in a dump.

    Parameters
    ----------
    source, target : int
        Fingerprints.
    action : str
        The action's name; empty where the dump has no labels.
    stuttering : bool
        Whether no action was taken: where a temporal property is checked, TLC 2.15 adds such a
        step to every state.
    """

    source: int
    target: int
    action: str
    stuttering: bool = False


class GraphTear(NamedTuple):
    """The last item of a dump that is not whole, if it is read as far as it goes.

    Parameters
    ----------
    line : int
        Where reading ended, from 1.
    reason : str
        What is wrong there.
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
    if not _LEAST <= number <= _MOST:
        raise _DamagedError(f"a fingerprint has 64 bits: {text}")
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
            f"the dump cannot be opened: {error.strerror or error}", path=path, hint="check it"
        ) from error
    with raw:
        try:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            with cast("IO[bytes]", gzip.open(raw)) if zipped else raw as file:
                for line in file:
                    yield line.decode()
        except UnicodeDecodeError as error:
            raise _DamagedError("a line is not UTF-8") from error
        except (OSError, EOFError, zlib.error) as error:
            raise _DamagedError(f"the file cannot be read on: {error}") from error


class _Frame:
    """What surrounds states and steps, so that a missing end is noticed."""

    def __init__(self) -> None:
        self.begun = False
        self.open = 0

    def take(self, line: str) -> bool:
        """Take a line that is no state and no step; return whether it may stand here."""
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
    # Counted before the line is read, so that one which cannot be read has its number.
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
                f"this is no line of TLC's: {shown}"
                if frame.begun
                else f"this is no state graph of TLC's; it begins with {shown}"
            )
        place[0] += 1
    place[0] -= 1
    if frame.open or not frame.begun:
        raise _DamagedError("the dump is cut off" if frame.begun else "there is no dump")


def numbered(
    source: Path | str | Iterable[str], *, partial: bool = False
) -> Iterator[tuple[int, GraphState | GraphEdge | GraphTear]]:
    """Yield what :func:`iter_graph` does, each with its line.

    Parameters
    ----------
    source, partial
        As there.

    Yields
    ------
    int, and GraphState, GraphEdge or GraphTear
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
    """Yield states and steps of a dump, one at a time, in the order in which TLC wrote them.

    Parameters
    ----------
    source : path or iterable of str
        A file that ``-dump dot,actionlabels`` wrote (compressed by gzip or not), or its lines.
    partial : bool
        Whether a dump that is cut off is read as far as it goes.

    Yields
    ------
    GraphState, GraphEdge or GraphTear
        The last one only with `partial`, at the end of a dump that is not whole.

    Raises
    ------
    TlcError
        If the file cannot be opened; without `partial` also if it is cut off or has a line that
        is none of TLC's, with that line.

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
