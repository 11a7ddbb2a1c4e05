"""The state graph is what TLC found, whole or plainly not."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from toolkit.errors import SettingError, TlcError, ToolkitError
from toolkit.tlc import CheckResult, SpecSource, check, graph as graph_module
from toolkit.tlc.graph import (
    Graph,
    GraphEdge,
    GraphState,
    GraphTear,
    dump_graph,
    iter_graph,
    read_graph,
)
from toolkit.values import from_itf, parse_state, parse_value

MODULE = """---- MODULE M ----
EXTENDS Integers, Sequences, TLC
CONSTANT Nodes
VARIABLES x, s
vars == <<x, s>>
Init == x \\in {0, 1} /\\ s = "a\\"b\\n/\\\\ x = 3"
Up == x < 4 /\\ x' = x + 1 /\\ s' = "]; 5 -> 6 [label=\\""
Same == UNCHANGED vars
Back == x = 4 /\\ x' = 9 /\\ s' = [i \\in 1..2 |-> [n \\in Nodes |-> {i, -i, n}]]
Next == Up \\/ Same \\/ Back
Steps == Up \\/ Back
Spec == Init /\\ [][Next]_vars
Ending == Init /\\ [][Steps]_vars
Fair == Spec /\\ WF_vars(Up) /\\ WF_vars(Back)
Low == x < 3
Bound == x < 3
View == x
Live == <>(x = 9)
Sym == Permutations(Nodes)
====
"""
DUMP = r"""strict digraph DiskGraph {
nodesep=0.35;
subgraph cluster_graph {
color="white";
-1 [label="/\\ s = \"a\\\"b\"\n/\\ x = 0",style = filled]
-1 -> 22 [label="Up",color="black",fontcolor="black"];
22 [label="/\\ s = <<1,\n   2>>\n/\\ x = 1"];
22 -> 22 [label="Same",color="black",fontcolor="black"];
{rank = same; -1;}
}
}"""
LINES = DUMP.splitlines(keepends=True)
ONE = ["strict digraph DiskGraph {\n", "subgraph cluster_graph {\n", "", "}\n", "}\n"]


def source(config: str = "SPECIFICATION Spec") -> SpecSource:
    return SpecSource("M", {"M": MODULE}, f"{config}\nCONSTANT Nodes = {{n1, n2}}\n")


def replaced(line: int, text: str) -> list[str]:
    return [text + "\n" if at == line else old for at, old in enumerate(LINES)]


def same_graph(one: Graph, other: Graph) -> bool:
    return one.states.equals(other.states) and one.edges.equals(other.edges)


def test_a_dump_is_read_with_its_escapes_and_wrapped_values() -> None:
    graph = read_graph(LINES)
    assert graph.complete
    assert graph.caveats == ()
    assert graph.state(0) == {"s": parse_value('"a\\"b"'), "x": 0}
    assert graph.state(1)["s"] == parse_value("<<1, 2>>")
    assert graph.edges["action"].tolist() == ["Up", "Same"]
    assert graph.edges["source"].tolist() == [0, 1]
    assert graph.states["initial"].tolist() == [True, False]
    assert graph.depth.tolist() == [0, 1]
    assert graph.path_to(1) == [(None, 0), ("Up", 1)]


def test_a_deadlock_has_no_step_at_all_and_a_terminal_state_none_to_another() -> None:
    graph = read_graph(LINES)
    assert graph.deadlocks.tolist() == []
    assert graph.terminal.tolist() == [1]
    graph = read_graph(LINES[:7] + LINES[8:])
    assert graph.deadlocks.tolist() == graph.terminal.tolist() == [1]


def test_a_dump_can_be_read_one_item_at_a_time() -> None:
    items = list(iter_graph(LINES))
    assert [type(item) for item in items] == [GraphState, GraphEdge, GraphState, GraphEdge]
    *others, last = iter_graph(LINES[:7], partial=True)
    assert others == items[:3]
    assert last == GraphTear(7, "the dump is cut off")


def test_equal_values_are_one_object() -> None:
    states = read_graph(
        [*ONE[:2], '1 [label="/\\\\ a = {1, 2}\\n/\\\\ b = {2, 1}",style = filled]\n', *ONE[3:]]
    ).states
    assert states["a"][0] is states["b"][0]


def test_the_steps_that_stutter_are_counted_and_are_no_steps() -> None:
    dashed = '-1 -> -1 [style="dashed"];\n'
    graph = read_graph([*LINES[:5], dashed, *LINES[5:]])
    assert graph.stuttering == 1
    assert same_graph(graph, read_graph(LINES))
    newer = '-1 -> -1 [style="dashed",color="lightgray"];\n'
    assert read_graph([*LINES[:5], newer, *LINES[5:]]).stuttering == 1


def test_the_dumps_of_newer_versions_are_read() -> None:
    # There the tooltip has the whole state, and a state outside of a constraint is filled too.
    lines = [
        LINES[0],
        "node [shape=box,style=rounded]\n",
        *replaced(6, r'22 [label="/\\ x = 1",tooltip="/\\ s = <<1, 2>>\n/\\ x = 1"];')[1:],
    ]
    assert same_graph(read_graph(lines), read_graph(LINES))
    outside = r'22 [label="x = 1",tooltip="/\\ s = 5\n/\\ x = 1",style = filled, fillcolor=red];'
    assert read_graph(replaced(6, outside)).initial.tolist() == [0]


def test_the_legend_of_a_coloured_dump_is_no_state_and_no_end() -> None:
    legend = [
        'subgraph cluster_legend {graph[style=bold];label = "Next State Actions" style="solid"\n',
        'node [ labeljust="l",colorscheme="paired12",style=filled,shape=record ]\n',
        'Up [label="Up",fillcolor=2]\n',
        'Same [label="Same",fillcolor=3]\n',
    ]
    coloured = [LINES[0], 'edge [colorscheme="paired12"]\n', *LINES[1:-1], *legend]
    assert same_graph(read_graph([*coloured, "}}"]), read_graph(LINES))
    for end in ("", "}"):
        with pytest.raises(TlcError, match="cut off"):
            read_graph([*coloured, end] if end else coloured)


def test_variables_named_like_our_columns_keep_theirs(tmp_path: Path) -> None:
    names = ("initial", "depth", "state", "node_for_adding")
    label = "\\n".join(f"/\\\\ {name} = {at}" for at, name in enumerate(names))
    graph = read_graph([*ONE[:2], f'1 [label="{label}",style = filled]\n', *ONE[3:]])
    row = graph.states.iloc[0]
    assert [row[name] for name in names] == [0, 1, 2, 3]
    assert (row["(initial)"], row["(depth)"]) == (True, 0)
    node = graph.to_networkx().nodes[0]
    assert [node[name] for name in names] == ["0", "1", "2", "3"]
    assert (node["(initial)"], node["(depth)"]) == (True, 0)
    graph.write(tmp_path / "g.csv")
    read = pd.read_csv(tmp_path / "g.csv")
    assert read[[*names]].iloc[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("lines", range(11))
def test_a_dump_that_is_cut_off_is_an_error_or_says_that_it_is_not_complete(lines: int) -> None:
    with pytest.raises(TlcError) as caught:
        read_graph(LINES[:lines])
    assert caught.value.line == lines
    graph = read_graph(LINES[:lines], partial=True)
    assert not graph.complete
    assert f"only read up to line {lines}:" in graph.caveats[0]


@pytest.mark.parametrize("size", range(0, len(DUMP), 7))
def test_a_dump_that_is_cut_off_within_a_line_is_noticed(size: int) -> None:
    lines = DUMP[:size].splitlines(keepends=True)
    with pytest.raises(TlcError):
        read_graph(lines)
    assert not read_graph(lines, partial=True).complete


def test_a_whole_dump_is_whole_also_if_less_was_asked_for() -> None:
    assert same_graph(read_graph(LINES, partial=True), read_graph(LINES))
    assert read_graph(LINES, partial=True).complete


def test_a_step_to_a_state_that_is_not_there_is_noticed() -> None:
    text = DUMP.replace("22 ->", "23 ->").splitlines(keepends=True)
    with pytest.raises(ToolkitError, match="does not contain"):
        read_graph(text)
    graph = read_graph(text, partial=True)
    assert graph.missing == 1
    assert not graph.complete


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, "digraph DiskGraph {"),
        (3, "colour"),
        (4, '99999999999999999999 [label="/\\\\ s = 1\\n/\\\\ x = 1",style = filled]'),
        (4, '9223372036854775808 [label="/\\\\ s = 1\\n/\\\\ x = 1",style = filled]'),
        (4, f'{"9" * 5000} [label="/\\\\ s = 1\\n/\\\\ x = 1",style = filled]'),
        (4, '\u0661 [label="/\\\\ s = 1\\n/\\\\ x = 1",style = filled]'),
        (5, "-1 -> 2"),
        (5, "-1 -> 9999999999999999999;"),
        (6, '22 [label="/\\\\ x = 1\\n/\\\\ x = 2\\n/\\\\ s = 1"];'),
        (6, '22 [label="/\\\\ x = 1"];'),
        (6, '22 [label="/\\\\ s = <<1\\n/\\\\ x = 1"];'),
        (6, '-1 [label="/\\\\ s = 1\\n/\\\\ x = 1"];'),
        (6, '22 [label="/\\\\ s = 1\\n/\\\\ x = 1"]; 5'),
        (8, "{rank = same; -1"),
        (8, ""),
        (8, "}}}"),
    ],
)
def test_a_damaged_line_is_an_error_with_its_number(line: int, text: str) -> None:
    with pytest.raises(TlcError) as caught:
        read_graph(replaced(line, text))
    assert caught.value.line == line + 1
    graph = read_graph(replaced(line, text), partial=True)
    assert not graph.complete
    assert f"only read up to line {line + 1}:" in graph.caveats[0]


def test_nothing_follows_the_end_of_a_dump() -> None:
    with pytest.raises(TlcError):
        read_graph([*LINES, "\n", LINES[5]])
    assert len(read_graph([*LINES, "\n"])) == 2


def test_files_are_read_packed_or_not_and_their_damage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "graph"
    packed = gzip.compress(DUMP.encode())
    for content in (DUMP.encode(), packed):
        file.write_bytes(content)
        assert same_graph(read_graph(file), read_graph(LINES))
    for size in range(2, len(packed)):
        file.write_bytes(packed[:size])
        with pytest.raises(TlcError):
            read_graph(file)
        assert not read_graph(file, partial=True).complete
    file.write_bytes(DUMP.encode().replace(b"a\\", b"\xff\\"))
    with pytest.raises(TlcError, match="UTF-8") as caught:
        read_graph(file)
    assert caught.value.line == 5
    for missing in (tmp_path, tmp_path / "none"):
        with pytest.raises(TlcError, match="cannot open"):
            read_graph(missing, partial=True)


@given(
    st.lists(st.one_of(st.sampled_from(DUMP.splitlines()), st.text(max_size=40)), max_size=14),
    st.booleans(),
)
def test_garbage_brings_our_errors_only(lines: list[str], partial: bool) -> None:
    with contextlib.suppress(ToolkitError):
        graph = read_graph(lines, partial=partial)
        assert len(graph.states) == len(graph)


@settings(max_examples=200)
@given(st.integers(0, 2**20), st.integers(1, 255), st.booleans(), st.booleans())
def test_a_byte_that_was_changed_brings_our_errors_only(
    at: int, flip: int, packed: bool, partial: bool
) -> None:
    content = bytearray(gzip.compress(DUMP.encode(), mtime=0) if packed else DUMP.encode())
    content[at % len(content)] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.dot"
        file.write_bytes(content)
        with contextlib.suppress(ToolkitError):
            graph = read_graph(file, partial=partial)
            assert len(graph.states) == len(graph)


def test_depth_and_ways_agree_with_networkx() -> None:
    chosen = np.random.default_rng(5)
    count = 60
    pairs = chosen.integers(0, count, (120, 2)).tolist()
    lines = [
        *ONE[:2],
        *(
            f'{one} [label="x = {one}"{",style = filled]" if one < 3 else "];"}\n'
            for one in range(count)
        ),
        *(f'{one} -> {other} [label="A",color="1",fontcolor="1"];\n' for one, other in pairs),
        *ONE[3:],
    ]
    graph = read_graph(lines)
    network = graph.to_networkx()
    expected = nx.multi_source_dijkstra_path_length(network, {0, 1, 2})
    assert {at: depth for at, depth in enumerate(graph.depth.tolist()) if depth >= 0} == expected
    assert -1 in graph.depth
    for at in expected:
        way = [place for _, place in graph.path_to(at)]
        assert len(way) == expected[at] + 1
        assert all(network.has_edge(*pair) for pair in itertools.pairwise(way))
    with pytest.raises(SettingError, match="unreachable"):
        graph.path_to(int(np.flatnonzero(graph.depth < 0)[0]))


def test_a_graph_is_exported_and_read_elsewhere(tmp_path: Path) -> None:
    graph = read_graph(LINES)
    network = graph.to_networkx()
    assert nx.shortest_path_length(network, 0, 1) == 1
    assert network.nodes[1]["s"] == "<<1, 2>>"
    graph.write(tmp_path / "g.graphml")
    assert len(nx.read_graphml(tmp_path / "g.graphml")) == 2
    graph.write(tmp_path / "g.csv")
    assert pd.read_csv(tmp_path / "g.csv")["x"].tolist() == [0, 1]
    assert len(pd.read_csv(tmp_path / "g-edges.csv")) == 2
    graph.write(tmp_path / "g.json")
    data = json.loads((tmp_path / "g.json").read_text())
    assert [state.pop("#meta")["depth"] for state in data["states"]] == [0, 1]
    assert [{n: from_itf(v) for n, v in state.items()} for state in data["states"]] == [
        graph.state(0),
        graph.state(1),
    ]
    assert data["edges"][0] == {"source": 0, "target": 1, "action": "Up"}
    graph.write(tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text().splitlines() == [
        "digraph states {",
        "node [shape=box];",
        r'0 [label="s = \"a\\\"b\"\lx = 0\l",style=filled];',
        r'1 [label="s = <<1, 2>>\lx = 1\l"];',
        '0 -> 1 [label="Up"];',
        '1 -> 1 [label="Same"];',
        "}",
    ]
    for name in ("g.xls", "none/g.csv", "none/g.dot"):
        with pytest.raises(SettingError):
            graph.write(tmp_path / name)
    assert "2 states" in graph._repr_html_()


def test_parquet_is_written_or_what_it_lacks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise ImportError("no engine")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", lacking)
    with pytest.raises(SettingError, match="Parquet"):
        read_graph(LINES).write(tmp_path / "g.parquet")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_graph_has_what_tlc_counted_and_its_values(workers: int) -> None:
    result, graph = dump_graph(source(), workers=workers)
    # Deadlocks are looked for, and the steps that change nothing are steps.
    assert result.ok
    assert graph.deadlocks.tolist() == []
    assert graph.complete
    assert graph.caveats == ()
    assert len(graph) == result.distinct
    assert len(graph.edges) + len(graph.initial) == result.generated
    assert int(graph.depth.max()) + 1 == 5
    # With several workers TLC reaches some states by a detour, and counts that.
    assert result.depth == 5 if workers == 1 else (result.depth or 0) >= 5
    assert len(graph.initial) == 2
    assert Counter(graph.edges["action"]) == {"Up": 5, "Same": 7, "Back": 1}
    found = graph.shortest_path(lambda state: state["x"] == 9)
    assert found is not None
    assert [action for action, _ in found] == [None, "Up", "Up", "Up", "Back"]
    assert graph.shortest_path(lambda state: state["x"] == 8) is None
    example = check(source("SPECIFICATION Spec INVARIANT Low"), workers=1).trace
    low = graph.shortest_path(lambda state: bool(state["x"] == 3))
    assert low is not None
    assert [state for _, state in low] == [state.variables for state in example]


@pytest.mark.slow
def test_the_values_are_those_of_a_plain_dump(tmp_path: Path) -> None:
    _, graph = dump_graph(source())
    plain = tmp_path / "plain"
    check(source(), workers=1, options=["-dump", str(plain)])
    blocks = plain.with_suffix(".dump").read_text().split("\n\n")
    expected = [parse_state(text.partition(":\n")[2]) for text in map(str.strip, blocks) if text]
    assert [graph.state(at) for at in range(len(graph))] == expected
    assert len(expected) == 7


@pytest.mark.slow
def test_a_temporal_property_a_deadlock_and_bounds_are_in_the_graph() -> None:
    result, live = dump_graph(source("SPECIFICATION Fair PROPERTY Live"))
    assert result.ok
    assert live.complete
    assert live.stuttering == len(live) == 7
    assert len(live.edges) == 13
    result, violated = dump_graph(source("SPECIFICATION Spec PROPERTY Live"))
    assert result.outcome == "temporal"
    assert not violated.complete
    assert same_graph(violated, live)
    result, ending = dump_graph(source("SPECIFICATION Ending"), deadlock=False)
    assert result.ok
    assert [ending.state(at)["x"] for at in ending.deadlocks] == [9]
    _, bounded = dump_graph(source("SPECIFICATION Spec CONSTRAINT Bound SYMMETRY Sym"))
    assert bounded.complete
    assert len(bounded) == 4
    assert len(bounded.caveats) == 2
    assert any("constraint Bound" in caveat for caveat in bounded.caveats)
    assert any("symmetric states" in caveat for caveat in bounded.caveats)
    assert "constraint Bound" in bounded._repr_html_()
    result, seen = dump_graph(source("SPECIFICATION Spec VIEW View"))
    assert len(seen) == result.distinct == 6
    assert any("view View" in caveat for caveat in seen.caveats)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"keep_going": True}, {"difference": True}])
def test_a_graph_up_to_a_violation_says_that_it_is_not_complete(options: dict[str, Any]) -> None:
    result, graph = dump_graph(source("SPECIFICATION Spec INVARIANT Low"), **options)
    assert result.outcome == "invariant"
    assert not graph.complete
    assert "invariant" in graph.caveats[0]
    low = graph.shortest_path(lambda state: bool(state["x"] == 3))
    assert low is not None
    assert low[-1][1] == result.trace[-1].variables


@pytest.mark.slow
def test_a_run_that_the_specification_ends_is_not_complete() -> None:
    ending = MODULE.replace("Up == ", 'Up == (x < 2 \\/ TLCSet("exit", TRUE)) /\\ ')
    spec = SpecSource("M", {"M": ending}, "SPECIFICATION Spec CONSTANT Nodes = {n1}")
    result, graph = dump_graph(spec)
    assert result.ok
    assert not graph.complete
    assert "still to be explored" in graph.caveats[0]


@pytest.mark.slow
def test_a_graph_of_fewer_states_than_tlc_counted_is_not_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def miscounted(*arguments: Any, **options: Any) -> CheckResult:
        result = check(*arguments, **options)
        return msgspec.structs.replace(result, distinct=(result.distinct or 0) + 1)

    monkeypatch.setattr(graph_module, "check", miscounted)
    _, graph = dump_graph(source())
    assert not graph.complete
    assert graph.caveats == ("TLC counted 8 states, but its dump contains 7",)


@pytest.mark.slow
def test_a_graph_cut_off_by_the_clock_has_what_was_written() -> None:
    # Without an end, and slow, so that not too much is written.
    endless = MODULE.replace("x < 4 /\\ ", "(\\A q \\in SUBSET (1..10) : q # {x + 99}) /\\ ")
    spec = SpecSource("M", {"M": endless}, "SPECIFICATION Spec CONSTANT Nodes = {n1}")
    result, graph = dump_graph(spec, timeout=4, deadlock=False)
    assert result.outcome == "time-limit"
    assert not graph.complete
    assert "time-limit" in " ".join(graph.caveats)
    assert len(graph) > 0


@pytest.mark.slow
def test_a_graph_leaves_no_file_and_a_specification_without_states_is_told() -> None:
    before = set(Path(tempfile.gettempdir()).glob(f"toolkit-tlc-{os.getpid()}-*"))
    with pytest.raises(ToolkitError, match="no state graph"):
        dump_graph(source("SPECIFICATION Missing"))
    assert set(Path(tempfile.gettempdir()).glob(f"toolkit-tlc-{os.getpid()}-*")) <= before


@pytest.mark.parametrize(
    "options",
    [
        {"simulate": 3},
        {"depth_first": 3},
        {"recover": "somewhere"},
        {"options": ["-simulate"]},
        {"options": ["-dfid", "5"]},
        {"options": ["-recover", "somewhere"]},
        {"options": ["-dump", "mine"]},
    ],
)
def test_what_has_no_graph_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        dump_graph(source(), **options)
