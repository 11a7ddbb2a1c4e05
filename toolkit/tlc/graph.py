"""The state graph of a specification, read from TLC's dump."""

from __future__ import annotations

import html
import json
import re
import shutil
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from toolkit.errors import SettingError, TlcError, ValueParseError
from toolkit.tlc.checker import check
from toolkit.tlc.config import config_sections
from toolkit.tlc.graph_dump import GraphEdge, GraphState, GraphTear, iter_graph, numbered
from toolkit.tlc.result import CheckResult
from toolkit.tlc.run import run_folder
from toolkit.tlc.source import SpecSource
from toolkit.values import Value, format_value, parse_state, parse_value, to_itf

__all__ = [
    "Graph",
    "GraphEdge",
    "GraphState",
    "GraphTear",
    "dump_graph",
    "iter_graph",
    "read_graph",
]

_SHOWN = 20
_VARIABLE = re.compile(r"(?:\A|\n)/\\ (\w+) = ")


class Graph:
    """A state graph: states and the steps between them.

    Created by :func:`read_graph` and :func:`dump_graph`.  A state is identified by its index in the
    order in which TLC found the states.

    Parameters
    ----------
    fingerprints : numpy.ndarray of int64
        Fingerprint of each state.
    names : sequence of str
        The variables.
    columns : dict of str to numpy.ndarray of int32
        Map from a variable to an array with an index into `values` for each state.
    values : list of Value
        The distinct values of all variables.
    initial : numpy.ndarray of int32
        The initial states.
    sources, targets, labels : numpy.ndarray of int32
        Source, target and action of each step; `labels` are indices into `actions`.
    actions : list of str
    complete : bool
        Whether the graph is complete.  From :func:`dump_graph`: whether it contains all states
        that can be reached within the model's bounds.  From :func:`read_graph`: whether the dump
        is complete; a dump does not record whether TLC finished the check.
    missing : int
        Number of steps that were dropped because the dump does not contain both of their states.
    stuttering : int
        Number of steps without an action, which TLC 2.15 adds to every state when it checks a
        temporal property.  The graph does not contain them.
    caveats : tuple of str
        Limits of the graph.
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
        stuttering: int = 0,
        caveats: tuple[str, ...] = (),
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
        self.stuttering = stuttering
        self.caveats = caveats

    def __len__(self) -> int:
        return len(self.fingerprints)

    def __repr__(self) -> str:
        cut = "" if self.complete else ", not complete"
        return f"<Graph of {len(self):,} states and {len(self.sources):,} steps{cut}>"

    def _repr_html_(self) -> str:
        from toolkit.tlc.html.render import render_table

        head = f"<p>{len(self):,} states, {len(self.sources):,} steps, "
        head += f"{len(self.initial):,} initial, greatest depth {int(self.depth.max(initial=0))}"
        head += "</p>" if self.complete else "; <b>not complete</b></p>"
        head += "".join(f"<p>{html.escape(caveat)}</p>" for caveat in self.caveats)
        if len(self) > _SHOWN:
            head += (
                f"<p>the first {_SHOWN} states; all of them are in <code>graph.states</code></p>"
            )
        return head + render_table(self.states.head(_SHOWN).map(_text))

    def _column(self, name: str) -> str:
        # A variable may have the name of one of the graph's own columns, but no parentheses.
        return f"({name})" if name in self.columns else name

    def state(self, index: int) -> dict[str, Value]:
        """Return the variables of a state.

        Parameters
        ----------
        index : int

        Returns
        -------
        dict of str to Value

        Raises
        ------
        SettingError
            If there is no such state.
        """
        if not 0 <= index < len(self):
            raise SettingError(f"unknown state {index}", hint=f"use 0 to {len(self) - 1}")
        return {name: self.values[codes[index]] for name, codes in self.columns.items()}

    @cached_property
    def states(self) -> pd.DataFrame:
        """Table of the states: a row for each state, a column for each variable.

        Further columns are ``initial`` and ``depth``, the smallest number of steps from an initial
        state (-1 for an unreachable state).  If a variable has one of these names, the column is
        named ``(initial)`` or ``(depth)``.
        """
        values = np.empty(len(self.values), dtype=object)
        values[:] = self.values
        frame = pd.DataFrame({name: values[codes] for name, codes in self.columns.items()})
        frame[self._column("initial")] = np.isin(np.arange(len(self)), self.initial)
        frame[self._column("depth")] = self.depth
        frame.index.name = self._column("state")
        return frame

    @cached_property
    def edges(self) -> pd.DataFrame:
        """Table of the steps: ``source``, ``target`` and ``action`` (categorical)."""
        actions = pd.Categorical.from_codes(self.labels, categories=pd.Index(self.actions))
        return pd.DataFrame({"source": self.sources, "target": self.targets, "action": actions})

    @cached_property
    def _search(self) -> tuple[np.ndarray[Any, np.dtype[np.int32]], list[int]]:
        order = np.argsort(self.sources, kind="stable")
        starts = np.searchsorted(self.sources[order], np.arange(len(self) + 1)).tolist()
        targets = self.targets[order].tolist()
        places = order.tolist()
        depth = [-1] * len(self)
        incoming = [-1] * len(self)
        todo = deque(self.initial.tolist())
        for state in todo:
            depth[state] = 0
        while todo:
            state = todo.popleft()
            for at in range(starts[state], starts[state + 1]):
                successor = targets[at]
                if depth[successor] < 0:
                    depth[successor] = depth[state] + 1
                    incoming[successor] = places[at]
                    todo.append(successor)
        return np.array(depth, dtype=np.int32), incoming

    @property
    def depth(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """The smallest number of steps from an initial state to each state; -1 if unreachable.

        The maximum is TLC's depth minus 1, because TLC counts states.  With several workers TLC's
        depth may be larger, because TLC may not have found the shortest path.
        """
        return self._search[0]

    @property
    def deadlocks(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The states without a step: TLC's deadlocks.

        A step from a state to itself counts as a step.  If a constraint excludes steps, or the
        graph is not complete, the result may contain states whose steps were not explored.
        """
        return np.setdiff1d(np.arange(len(self)), self.sources)

    @property
    def terminal(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The states without a step to another state, including deadlocks."""
        moves = self.sources[self.sources != self.targets]
        return np.setdiff1d(np.arange(len(self)), moves)

    def path_to(self, index: int) -> list[tuple[str | None, int]]:
        """Return a shortest path from an initial state to a state.

        Parameters
        ----------
        index : int

        Returns
        -------
        list of (str or None, int)
            Pairs of an action (``None`` for the initial state) and the state after it.

        Raises
        ------
        SettingError
            If the state is unknown or unreachable.
        """
        self.state(index)
        depth, incoming = self._search
        if depth[index] < 0:
            raise SettingError(
                f"state {index} is unreachable", hint="the dump may be incomplete, see 'complete'"
            )
        path: list[tuple[str | None, int]] = []
        while incoming[index] >= 0:
            edge = incoming[index]
            path.append((self.actions[self.labels[edge]], index))
            index = int(self.sources[edge])
        return [(None, index), *reversed(path)]

    def shortest_path(
        self, predicate: Callable[[dict[str, Value]], bool]
    ) -> list[tuple[str | None, dict[str, Value]]] | None:
        """Return a shortest behaviour that ends in a state that satisfies a predicate.

        Parameters
        ----------
        predicate : callable
            Called with the variables of a state.

        Returns
        -------
        list of (str or None, dict of str to Value), or None
            Actions and states, from an initial state on; ``None`` if no state satisfies the
            predicate.
        """
        for index in self._matching(predicate):
            return [(action, self.state(at)) for action, at in self.path_to(index)]
        return None

    def find(self, predicate: Callable[[dict[str, Value]], bool]) -> list[int]:
        """Return the states that satisfy a predicate, in the order of their depth.

        Parameters
        ----------
        predicate : callable
            Called with the variables of a state.

        Returns
        -------
        list of int
            Only states that can be reached from an initial state.
        """
        return list(self._matching(predicate))

    def _matching(self, predicate: Callable[[dict[str, Value]], bool]) -> Iterator[int]:
        for index in np.argsort(self.depth, kind="stable").tolist():
            if self.depth[index] >= 0 and predicate(self.state(index)):
                yield index

    def to_networkx(self, *, values: bool = True) -> nx.MultiDiGraph[int]:
        """Convert the graph to a NetworkX graph.

        Parameters
        ----------
        values : bool
            Whether nodes have their variables as attributes, as TLA+ text, in addition to
            ``initial`` and ``depth``.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes are the indices of states; edges have the attribute ``action``.
        """
        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        first = set(self.initial.tolist())
        depth = self.depth.tolist()
        texts = [format_value(value) for value in self.values] if values else []
        shown = self.columns if values else {}
        # Not as keyword arguments: a variable may have the name of a parameter.
        graph.add_nodes_from(
            (
                index,
                {
                    self._column("initial"): index in first,
                    self._column("depth"): depth[index],
                    **{name: texts[codes[index]] for name, codes in shown.items()},
                },
            )
            for index in range(len(self))
        )
        for source, target, action in self._steps():
            graph.add_edge(source, target, action=action)
        return graph

    def _steps(self) -> Iterator[tuple[int, int, str]]:
        for source, target, label in zip(
            self.sources.tolist(), self.targets.tolist(), self.labels.tolist(), strict=True
        ):
            yield source, target, self.actions[label]

    def write(self, path: Path | str) -> None:
        """Write the graph to a file for other programs.

        Parameters
        ----------
        path : path
            The suffix selects the format:

            ``.graphml``
                For NetworkX, Gephi, yEd and other programs; values are TLA+ text.
            ``.dot``
                For Graphviz; values are TLA+ text.
            ``.json``
                An object with ``vars``, ``states`` (values in the ITF encoding, and under
                ``#meta`` the state's index, whether it is initial, and its depth), ``edges``
                (source, target, action), ``complete`` and ``caveats``.
            ``.csv``, ``.parquet``
                Two files: the states, and the steps in a second file with ``-edges`` in the name;
                values are TLA+ text.

        Raises
        ------
        SettingError
            If the suffix is unknown, the file cannot be written, or pandas lacks a library for
            Parquet.
        """
        file = Path(path)
        writers: dict[str, Callable[[], None]] = {
            ".graphml": lambda: nx.write_graphml(self.to_networkx(), file),
            ".dot": lambda: self._write_lines(file, self._dot()),
            ".json": lambda: self._write_lines(file, self._json()),
            ".csv": lambda: self._write_tables(file),
            ".parquet": lambda: self._write_tables(file),
        }
        if file.suffix not in writers:
            raise SettingError(
                f"unknown format {file.suffix!r} for a graph",
                path=file,
                hint=f"known: {', '.join(writers)}",
            )
        try:
            writers[file.suffix]()
        except OSError as error:
            raise SettingError(
                f"cannot write the graph: {error.strerror or error}",
                path=file,
                hint="use a file in an existing, writable folder",
            ) from error
        except ImportError as error:
            raise SettingError(
                "pandas needs pyarrow to write Parquet", path=file, hint="install pyarrow"
            ) from error

    def _write_lines(self, file: Path, lines: Iterable[str]) -> None:
        with file.open("w", encoding="utf-8") as out:
            out.writelines(lines)

    def _write_tables(self, file: Path) -> None:
        states = self.states.copy()
        texts = np.array([format_value(value) for value in self.values], dtype=object)
        for name, codes in self.columns.items():
            states[name] = texts[codes]
        other = file.with_name(f"{file.stem}-edges{file.suffix}")
        if file.suffix == ".csv":
            states.to_csv(file)
            self.edges.to_csv(other, index=False)
        else:
            states.to_parquet(file)
            self.edges.to_parquet(other)

    def _dot(self) -> Iterator[str]:
        def quoted(text: str) -> str:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + escaped.replace("\n", "\\l") + '"'

        texts = [format_value(value) for value in self.values]
        first = set(self.initial.tolist())
        yield "digraph states {\nnode [shape=box];\n"
        for index in range(len(self)):
            label = "".join(f"{name} = {texts[codes[index]]}\n" for name, codes in
                            self.columns.items())  # fmt: skip
            filled = ",style=filled" if index in first else ""
            yield f"{index} [label={quoted(label)}{filled}];\n"
        for source, target, action in self._steps():
            yield f"{source} -> {target} [label={quoted(action)}];\n"
        yield "}\n"

    def _json(self) -> Iterator[str]:
        texts = [json.dumps(to_itf(value)) for value in self.values]
        first = set(self.initial.tolist())
        depth = self.depth.tolist()
        head = {"vars": self.names, "complete": self.complete, "caveats": list(self.caveats)}
        yield json.dumps(head)[:-1] + ', "states": ['
        for index in range(len(self)):
            meta = {"index": index, "initial": index in first, "depth": depth[index]}
            row = "".join(
                f", {json.dumps(name)}: {texts[codes[index]]}"
                for name, codes in self.columns.items()
            )
            yield f'{"," if index else ""}\n{{"#meta": {json.dumps(meta)}{row}}}'
        yield '], "edges": ['
        for number, (source, target, action) in enumerate(self._steps()):
            step = {"source": source, "target": target, "action": action}
            yield f"{',' if number else ''}\n{json.dumps(step)}"
        yield "]}\n"


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
        self.stuttering = 0

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
        parts = _VARIABLE.split(state.text)
        if len(parts) > 1 and not parts[0]:
            row = {parts[at]: self.code(parts[at + 1]) for at in range(1, len(parts), 2)}
            if len(row) != len(parts) // 2:
                raise ValueParseError("a variable occurs twice in a state")
        else:
            row = {n: self.code(format_value(v), v) for n, v in parse_state(state.text).items()}
        if not self.columns:
            self.columns = {name: array("i") for name in row}
        if row.keys() != self.columns.keys():
            raise ValueParseError(
                f"the variables of a state differ from those before: {', '.join(row)}"
            )
        new = len(self.fingerprints)
        place = self.places.setdefault(state.fingerprint, new)
        if place != new:
            if any(self.columns[name][place] != code for name, code in row.items()):
                raise ValueParseError(f"two states have the fingerprint {state.fingerprint}")
            return
        self.fingerprints.append(state.fingerprint)
        for name, code in row.items():
            self.columns[name].append(code)
        if state.initial:
            self.initial.append(place)

    def edge(self, edge: GraphEdge) -> None:
        if edge.stuttering:
            self.stuttering += 1
            return
        self.sources.append(edge.source)
        self.targets.append(edge.target)
        self.labels.append(self.actions.setdefault(edge.action, len(self.actions)))

    def build(self, *, partial: bool, torn: GraphTear | None) -> Graph:
        order = np.array(self.fingerprints, dtype=np.int64)
        ranks = np.argsort(order)
        ends = []
        present = np.ones(len(self.sources), dtype=bool)
        for side in (self.sources, self.targets):
            wanted = np.array(side, dtype=np.int64)
            at = np.searchsorted(order, wanted, sorter=ranks)
            at = np.minimum(at, max(len(order) - 1, 0))
            place = ranks[at] if len(order) else at
            present &= (order[place] == wanted) if len(order) else False
            ends.append(place.astype(np.int32))
        missing = int((~present).sum())
        if missing and not partial:
            raise ValueParseError(f"{missing} steps refer to states that the dump does not contain")
        caveats = []
        if torn is not None:
            caveats.append(f"only read up to line {torn.line}: {torn.reason}")
        if missing:
            caveats.append(f"{missing} steps were dropped because the dump lacks a state of theirs")
        labels = np.array(self.labels, dtype=np.int32)
        return Graph(
            order,
            {name: np.array(codes, dtype=np.int32) for name, codes in self.columns.items()},
            self.values,
            np.array(self.initial, dtype=np.int32),
            (ends[0][present], ends[1][present], labels[present]),
            list(self.actions),
            complete=torn is None and not missing,
            missing=missing,
            stuttering=self.stuttering,
            caveats=tuple(caveats),
        )


def read_graph(source: Path | str | Iterable[str], *, partial: bool = False) -> Graph:
    """Read a state graph from TLC's dump.

    Parameters
    ----------
    source : path or iterable of str
        A file that ``-dump dot,actionlabels`` wrote (compressed by gzip or not), or its lines.
    partial : bool
        Whether to read an incomplete or damaged dump as far as it goes; the graph then is not
        complete, and reports where reading ended and how many steps were dropped.

    Returns
    -------
    Graph

    Raises
    ------
    TlcError
        If the file cannot be read, or is not a complete dump of TLC; with file and line.

    Notes
    -----
    The actions have TLC's names: the innermost definition that TLC can expand.  Unlike a
    counterexample, a dump contains no locations from which a better name could be derived.

    Examples
    --------
    >>> graph = read_graph(["strict digraph DiskGraph {", "subgraph cluster_graph {",
    ...     '5 [label="x = 1",style = filled]', '5 -> 6 [label="Up",color="1",fontcolor="1"];',
    ...     '6 [label="x = 2"];', "}", "}"])
    >>> graph.shortest_path(lambda state: state["x"] == 2)
    [(None, {'x': 1}), ('Up', {'x': 2})]
    """
    builder = _Builder()
    path = source if isinstance(source, (Path, str)) else None
    hint = "write the dump again, or read it as far as it goes with partial=True"
    torn = None
    for line, item in numbered(source, partial=partial):
        try:
            if isinstance(item, GraphEdge):
                builder.edge(item)
            elif isinstance(item, GraphState):
                builder.state(item)
            else:
                torn = item
        except ValueParseError as error:
            if not partial:
                raise TlcError(
                    f"cannot parse a state: {error.message}",
                    path=path,
                    line=line,
                    hint=hint,
                ) from error
            torn = GraphTear(line, error.message)
            break
    try:
        return builder.build(partial=partial, torn=torn)
    except ValueParseError as error:
        raise TlcError(error.message, path=path, hint=hint) from error


_NO_GRAPH = {
    "simulate": "a simulation does not give a state graph",
    "depth_first": "a depth-first search writes each step several times, without its action",
    "recover": "a run that continues from a checkpoint only writes the states after it",
}


def dump_graph(
    spec: Path | str | SpecSource, config: Path | str | None = None, **options: Any
) -> tuple[CheckResult, Graph]:
    """Check a specification, and return the result and the state graph.

    Parameters
    ----------
    spec, config, **options
        See :func:`~toolkit.tlc.check`; by default with 1 worker, so that the order of the states
        is the same in every run.

    Returns
    -------
    CheckResult, Graph
        The graph is complete only if all states were explored.  After a violation, or a limit of
        time or memory, it contains the states that TLC had written, with a caveat.

    Raises
    ------
    SettingError
        If the options contain a simulation, a depth-first search or a recovery, which do not give
        a state graph, or ``-dump``.
    TlcError
        If TLC found no state; the message gives the reason.
    """
    given = list(options.get("options", ()))
    for name, reason in _NO_GRAPH.items():
        option = {"depth_first": "-dfid"}.get(name, f"-{name}")
        if options.get(name) is not None or option in given:
            raise SettingError(reason, hint=f"omit {name}")
    if "-dump" in given:
        raise SettingError(
            "dump_graph() sets the option -dump itself", hint="omit it from 'options'"
        )
    options.setdefault("workers", 1)
    folder = run_folder()
    try:
        options["options"] = [*given, "-dump", "dot,actionlabels", str(folder / "graph")]
        result = check(spec, config, **options)
        file = folder / "graph.dot"
        explored = result.ok and result.left_on_queue == 0
        graph = read_graph(file, partial=not explored) if file.is_file() else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if graph is None or not len(graph):
        raise TlcError(
            f"TLC wrote no state graph: {result.outcome}: {result.message}",
            hint="fix the specification, or allow more time or memory",
        )
    graph.caveats += tuple(_graph_caveats(result, graph, explored=explored))
    if not explored or len(graph) != result.distinct:
        graph.complete = False
    return result, graph


def _graph_caveats(result: CheckResult, graph: Graph, *, explored: bool) -> Iterator[str]:
    """Yield the limits of a graph, from the options and messages of the run."""
    if result.ok and not explored:
        yield f"TLC ended with {result.left_on_queue} states still to be explored"
    elif not explored:
        yield f"the run ended with {result.outcome}: states may lack steps, and others be missing"
    if explored and len(graph) != result.distinct:
        yield f"TLC counted {result.distinct} states, but its dump contains {len(graph)}"
    yield from result.caveats
    if config_sections(result.config).get("SYMMETRY"):
        yield "symmetric states are merged: a step may lead to a state with exchanged names"
