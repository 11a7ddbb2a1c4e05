"""The graph of all states that TLC found, from its own dump."""

from __future__ import annotations

import gzip
import re
import shutil
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd

from toolkit.errors import SettingError, TlcError, ValueParseError
from toolkit.tlc.check import check
from toolkit.tlc.result import CheckResult
from toolkit.tlc.run import run_folder
from toolkit.tlc.source import SpecSource
from toolkit.values import Value, format_value, parse_state, parse_value

__all__ = ["Graph", "GraphEdge", "GraphState", "dump_graph", "iter_graph", "read_graph"]

_LABEL = r'"((?:[^"\\]|\\.)*)"'
_NODE = re.compile(rf"(-?\d+) \[label={_LABEL}(,style = filled)?\];?")
_EDGE = re.compile(rf"(-?\d+) -> (-?\d+)(?: \[label={_LABEL}[^\]]*\])?;?")
_ESCAPE = re.compile(r"\\(.)")
_VARIABLE = re.compile(r"(?:\A|\n)/\\ (\w+) = ")
# What else TLC writes into a dump: layout, ranks and the legend.
_OTHER = re.compile(
    r"strict digraph|edge \[|nodesep|subgraph |color=|\{rank|\}|node \[|\w+ \[label=|\s*\Z"
)


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
    """

    source: int
    target: int
    action: str


def _unescape(label: str) -> str:
    if "\\" not in label:
        return label
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], label)


def _lines(source: Path | str | Iterable[str]) -> Iterator[str]:
    if not isinstance(source, (Path, str)):
        yield from source
        return
    path = Path(source)
    try:
        zipped = path.suffix == ".gz"
        with gzip.open(path) if zipped else path.open("rb") as file:
            for line in file:
                yield line.decode(errors="replace")
    except (OSError, EOFError) as error:
        raise TlcError(
            f"the dump cannot be read: {error}", path=path, hint="check the path"
        ) from error


def iter_graph(
    source: Path | str | Iterable[str], *, partial: bool = False
) -> Iterator[GraphState | GraphEdge]:
    """Yield states and steps of a dump, one at a time.

    Parameters
    ----------
    source : path or iterable of str
        A file that ``-dump dot,actionlabels`` wrote (gzip too), or its lines.
    partial : bool
        Whether a dump that is cut off is read as far as it goes.

    Yields
    ------
    GraphState or GraphEdge

    Raises
    ------
    TlcError
        If the file cannot be read, is cut off, or has a line that is none of TLC's.
    """
    path = source if isinstance(source, (Path, str)) else None
    begun, closed, number = False, 0, 0
    for number, line in enumerate(_lines(source), 1):
        if edge := _EDGE.match(line):
            if edge.end() == len(line.rstrip()):
                yield GraphEdge(int(edge[1]), int(edge[2]), _unescape(edge[3] or ""))
                continue
        elif node := _NODE.match(line):
            if node.end() == len(line.rstrip()):
                yield GraphState(int(node[1]), _unescape(node[2]), node[3] is not None)
                continue
        elif _OTHER.match(line):
            begun = begun or line.startswith("strict digraph")
            closed += (
                line.rstrip().count("}") - line.count("{rank") if line[:1] in ("}", "{") else 0
            )
            continue
        if partial:
            return
        raise TlcError(
            f"this is no line of a dump: {line.rstrip()[:120]!r}",
            path=path,
            line=number,
            hint="was TLC ended while it wrote? read what there is with partial=True",
        )
    if not begun and not partial:
        raise TlcError("this is no dump of TLC's", path=path, hint="make it with dump_graph")
    if closed < 2 and not partial:
        raise TlcError(
            "the dump is cut off",
            path=path,
            line=number,
            hint="was TLC ended while it wrote? read what there is with partial=True",
        )


class Graph:
    """States, and the steps between them.

    Made by :func:`read_graph` and :func:`dump_graph`.  A state is known by its place in the
    order in which TLC found them.

    Parameters
    ----------
    fingerprints : numpy.ndarray of int64
        One for each state.
    names : sequence of str
        The variables.
    columns : dict of str to numpy.ndarray of int32
        Variable to one number for each state, a place in `values`.
    values : list of Value
        Every value that a variable has somewhere, once.
    initial : numpy.ndarray of int32
        The initial states.
    sources, targets, labels : numpy.ndarray of int32
        One for each step; `labels` are places in `actions`.
    actions : list of str
    complete : bool
        Whether this is all that can be reached within the model's bounds.
    missing : int
        Steps that were left out, since a state of theirs is not in a dump that was cut off.
    """

    def __init__(
        self,
        fingerprints: np.ndarray[Any, np.dtype[np.int64]],
        columns: Mapping[str, np.ndarray[Any, np.dtype[np.int32]]],
        values: list[Value],
        initial: np.ndarray[Any, np.dtype[np.int32]],
        edges: tuple[np.ndarray[Any, np.dtype[np.int32]], ...],
        actions: list[str],
        *,
        complete: bool,
        missing: int = 0,
    ) -> None:
        self.fingerprints = fingerprints
        self.names = list(columns)
        self.columns = dict(columns)
        self.values = values
        self.initial = initial
        self.sources, self.targets, self.labels = edges
        self.actions = actions
        self.complete = complete
        self.missing = missing

    def __len__(self) -> int:
        return len(self.fingerprints)

    def __repr__(self) -> str:
        cut = "" if self.complete else ", not complete"
        return f"<Graph of {len(self):,} states and {len(self.sources):,} steps{cut}>"

    def _repr_html_(self) -> str:
        from toolkit.tlc.render import render_table

        head = f"<p>{len(self):,} states, {len(self.sources):,} steps, "
        head += f"{len(self.initial):,} initial, greatest depth {int(self.depth.max(initial=0))}"
        head += "</p>" if self.complete else "; <b>not complete</b></p>"
        return head + render_table(self.states.head(20).map(_text))

    def state(self, index: int) -> dict[str, Value]:
        """Return a state's variables.

        Parameters
        ----------
        index : int
        """
        if not 0 <= index < len(self):
            raise SettingError(f"there is no state {index}", hint=f"0 to {len(self) - 1}")
        return {name: self.values[codes[index]] for name, codes in self.columns.items()}

    @cached_property
    def states(self) -> pd.DataFrame:
        """One row for each state: a column for each variable, ``initial`` and ``depth``.

        The index is the state's place; ``depth`` is the least number of steps from an initial
        state, -1 where none leads there.
        """
        values = np.empty(len(self.values), dtype=object)
        values[:] = self.values
        frame = pd.DataFrame({name: values[codes] for name, codes in self.columns.items()})
        frame["initial"] = np.isin(np.arange(len(self)), self.initial)
        frame["depth"] = self.depth
        frame.index.name = "state"
        return frame

    @cached_property
    def edges(self) -> pd.DataFrame:
        """One row for each step: ``source``, ``target``, ``action`` (categorical)."""
        actions = pd.Categorical.from_codes(self.labels, categories=pd.Index(self.actions))
        return pd.DataFrame({"source": self.sources, "target": self.targets, "action": actions})

    @cached_property
    def _search(self) -> tuple[np.ndarray[Any, np.dtype[np.int32]], list[int]]:
        order = np.argsort(self.sources, kind="stable")
        starts = np.searchsorted(self.sources[order], np.arange(len(self) + 1)).tolist()
        targets = self.targets[order].tolist()
        places = order.tolist()
        depth = [-1] * len(self)
        came = [-1] * len(self)
        todo = deque(self.initial.tolist())
        for one in todo:
            depth[one] = 0
        while todo:
            one = todo.popleft()
            for at in range(starts[one], starts[one + 1]):
                other = targets[at]
                if depth[other] < 0:
                    depth[other] = depth[one] + 1
                    came[other] = places[at]
                    todo.append(other)
        return np.array(depth, dtype=np.int32), came

    @property
    def depth(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """The least number of steps from an initial state to each; -1 where none leads there."""
        return self._search[0]

    @property
    def deadlocks(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The states from which no step leads to another state."""
        moves = self.sources[self.sources != self.targets]
        return np.setdiff1d(np.arange(len(self)), moves)

    def path_to(self, index: int) -> list[tuple[str | None, int]]:
        """Return a shortest way to a state.

        Parameters
        ----------
        index : int

        Returns
        -------
        list of (str or None, int)
            Action, ``None`` for the initial state, and the state it led to.

        Raises
        ------
        SettingError
            If no initial state leads there.
        """
        self.state(index)
        depth, came = self._search
        if depth[index] < 0:
            raise SettingError(
                f"no way leads to state {index}", hint="the dump may be cut off: see complete"
            )
        path: list[tuple[str | None, int]] = []
        while came[index] >= 0:
            edge = came[index]
            path.append((self.actions[self.labels[edge]], index))
            index = int(self.sources[edge])
        return [(None, index), *reversed(path)]

    def shortest_path(
        self, predicate: Callable[[dict[str, Value]], bool]
    ) -> list[tuple[str | None, dict[str, Value]]] | None:
        """Return a shortest behaviour that ends in a state with a property.

        Parameters
        ----------
        predicate : callable
            Given a state's variables.

        Returns
        -------
        list of (str or None, dict of str to Value), or None
            Actions and states from an initial one on; ``None`` if there is no such state.
        """
        for index in np.argsort(self.depth, kind="stable").tolist():
            if self.depth[index] >= 0 and predicate(self.state(index)):
                return [(action, self.state(at)) for action, at in self.path_to(index)]
        return None

    def to_networkx(self, *, values: bool = True) -> nx.MultiDiGraph[int]:
        """Return the graph for NetworkX.

        Parameters
        ----------
        values : bool
            Whether nodes carry their variables, as TLA+ text, beside ``initial`` and ``depth``.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes are the states' places; edges carry ``action``.
        """
        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        first = set(self.initial.tolist())
        texts = [format_value(value) for value in self.values] if values else []
        for index in range(len(self)):
            shown = {name: texts[codes[index]] for name, codes in self.columns.items() if values}
            graph.add_node(index, initial=index in first, depth=int(self.depth[index]), **shown)
        for source, target, label in zip(
            self.sources.tolist(), self.targets.tolist(), self.labels.tolist(), strict=True
        ):
            graph.add_edge(source, target, action=self.actions[label])
        return graph

    def write(self, path: Path | str) -> None:
        """Write the graph for other programs: GraphML, or two tables.

        Parameters
        ----------
        path : path
            Ends in ``.graphml``; or in ``.csv`` or ``.parquet``, for states, and the edges go
            beside it, with ``-edges`` in the name.  Values are TLA+ text there.
        """
        file = Path(path)
        if file.suffix == ".graphml":
            nx.write_graphml(self.to_networkx(), file)
            return
        other = file.with_name(f"{file.stem}-edges{file.suffix}")
        states = self.states.copy()
        texts = np.array([format_value(value) for value in self.values], dtype=object)
        for name, codes in self.columns.items():
            states[name] = texts[codes]
        if file.suffix == ".csv":
            states.to_csv(file)
            self.edges.to_csv(other, index=False)
        elif file.suffix == ".parquet":
            states.to_parquet(file)
            self.edges.to_parquet(other)
        else:
            raise SettingError(
                f"a graph cannot be written as {file.suffix!r}",
                path=file,
                hint=".graphml, .csv or .parquet",
            )


def _text(value: object) -> object:
    return value if isinstance(value, (bool, int, float, np.generic)) else format_value(value)  # type: ignore[arg-type]


class _Builder:
    def __init__(self) -> None:
        self.fingerprints = array("q")
        self.places: dict[int, int] = {}
        self.columns: dict[str, array[int]] = {}
        self.values: list[Value] = []
        self.codes: dict[str, int] = {}
        self.known: dict[Value, int] = {}
        self.initial = array("i")
        self.sources, self.targets, self.labels = array("q"), array("q"), array("i")
        self.actions: dict[str, int] = {}

    def code(self, text: str, value: Value | None = None) -> int:
        code = self.codes.get(text)
        if code is None:
            value = parse_value(text) if value is None else value
            code = self.known.setdefault(value, len(self.values))
            if code == len(self.values):
                self.values.append(value)
            self.codes[text] = code
        return code

    def state(self, state: GraphState) -> None:
        if state.fingerprint in self.places:
            return
        parts = _VARIABLE.split(state.text)
        if len(parts) > 1 and not parts[0]:
            row = {parts[at]: self.code(parts[at + 1]) for at in range(1, len(parts), 2)}
        else:
            row = {n: self.code(format_value(v), v) for n, v in parse_state(state.text).items()}
        if not self.columns:
            self.columns = {name: array("i") for name in row}
        if row.keys() != self.columns.keys():
            raise ValueParseError(f"a state has other variables: {', '.join(row)}")
        place = self.places[state.fingerprint] = len(self.fingerprints)
        self.fingerprints.append(state.fingerprint)
        for name, code in row.items():
            self.columns[name].append(code)
        if state.initial:
            self.initial.append(place)

    def edge(self, edge: GraphEdge) -> None:
        self.sources.append(edge.source)
        self.targets.append(edge.target)
        self.labels.append(self.actions.setdefault(edge.action, len(self.actions)))

    def build(self, *, partial: bool) -> Graph:
        order = np.array(self.fingerprints, dtype=np.int64)
        ranks = np.argsort(order)
        ends = []
        found = np.ones(len(self.sources), dtype=bool)
        for side in (self.sources, self.targets):
            wanted = np.array(side, dtype=np.int64)
            at = np.searchsorted(order, wanted, sorter=ranks)
            at = np.minimum(at, max(len(order) - 1, 0))
            place = ranks[at] if len(order) else at
            found &= (order[place] == wanted) if len(order) else False
            ends.append(place.astype(np.int32))
        missing = int((~found).sum())
        if missing and not partial:
            raise ValueParseError(f"{missing} steps lead from or to states that are not there")
        labels = np.array(self.labels, dtype=np.int32)
        return Graph(
            order,
            {name: np.array(codes, dtype=np.int32) for name, codes in self.columns.items()},
            self.values,
            np.array(self.initial, dtype=np.int32),
            (ends[0][found], ends[1][found], labels[found]),
            list(self.actions),
            complete=not partial,
            missing=missing,
        )


def read_graph(source: Path | str | Iterable[str], *, partial: bool = False) -> Graph:
    """Read the dump of a state graph.

    Parameters
    ----------
    source : path or iterable of str
        A file that ``-dump dot,actionlabels`` wrote (gzip too), or its lines.
    partial : bool
        Whether a dump that is cut off is read as far as it goes; the graph then says that it
        is not complete, and how many steps were left out.

    Returns
    -------
    Graph

    Raises
    ------
    TlcError
        If it cannot be read, is cut off, or is no dump of TLC's; with file and line.
    """
    builder = _Builder()
    try:
        for item in iter_graph(source, partial=partial):
            if isinstance(item, GraphEdge):
                builder.edge(item)
            else:
                builder.state(item)
        return builder.build(partial=partial)
    except ValueParseError as error:
        path = source if isinstance(source, (Path, str)) else None
        raise TlcError(
            f"the dump cannot be understood: {error.message}",
            path=path,
            hint="was it changed? make it again",
        ) from error


def dump_graph(
    spec: Path | str | SpecSource, config: Path | str | None = None, **options: Any
) -> tuple[CheckResult, Graph]:
    """Check a specification, and return all states that were found and the steps between them.

    Parameters
    ----------
    spec, config, **options
        As for :func:`~toolkit.tlc.check`; one worker by default, so that the order of the
        states is the same in every run.

    Returns
    -------
    CheckResult, Graph
        The graph is complete only if all states were explored.

    Raises
    ------
    SettingError
        If a simulation is asked for, which has no graph.
    TlcError
        If TLC came to no state at all: see the message for why.
    """
    if options.get("simulate") is not None or "-simulate" in options.get("options", ()):
        raise SettingError("a simulation has no graph", hint="leave -simulate out")
    options.setdefault("workers", 1)
    folder = run_folder()
    try:
        dump = ["-dump", "dot,actionlabels", str(folder / "graph")]
        options["options"] = [*options.get("options", ()), *dump]
        result = check(spec, config, **options)
        file = folder / "graph.dot"
        if not file.is_file() or not result.distinct:
            raise TlcError(
                f"there is no state graph: {result.outcome}: {result.message}",
                hint="mend the specification first",
            )
        graph = read_graph(file, partial=not result.complete)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result, graph
