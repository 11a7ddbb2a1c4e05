"""The state graph is what TLC found, whole or plainly not."""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from toolkit.errors import SettingError, ToolkitError
from toolkit.tlc import SpecSource, check
from toolkit.tlc.graph import GraphEdge, GraphState, dump_graph, iter_graph, read_graph
from toolkit.values import parse_value

MODULE = """---- MODULE M ----
EXTENDS Integers, Sequences
VARIABLES x, s
Init == x \\in {0, 1} /\\ s = "a\\"b\\n/\\\\ x = 3"
Up == x < 4 /\\ x' = x + 1 /\\ s' = "]; 5 -> 6 [label=\\""
Same == UNCHANGED <<x, s>>
Back == x = 4 /\\ x' = 9 /\\ s' = [i \\in 1..2 |-> {i, -i}]
Next == Up \\/ Same \\/ Back
Spec == Init /\\ [][Next]_<<x, s>>
Low == x < 3
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


def source(config: str = "SPECIFICATION Spec") -> SpecSource:
    return SpecSource("M", {"M": MODULE}, config)


def test_a_dump_is_read_with_its_escapes_and_wrapped_values() -> None:
    graph = read_graph(DUMP.splitlines(keepends=True))
    assert graph.complete
    assert graph.state(0) == {"s": parse_value('"a\\"b"'), "x": 0}
    assert graph.state(1)["s"] == parse_value("<<1, 2>>")
    assert graph.edges["action"].tolist() == ["Up", "Same"]
    assert graph.path_to(1) == [(None, 0), ("Up", 1)]
    assert graph.deadlocks.tolist() == [1]


def test_a_dump_can_be_read_one_item_at_a_time() -> None:
    items = list(iter_graph(DUMP.splitlines(keepends=True)))
    assert [type(item) for item in items] == [GraphState, GraphEdge, GraphState, GraphEdge]


@pytest.mark.parametrize("lines", range(11))
def test_a_dump_that_is_cut_off_is_an_error_or_says_that_it_is_not_complete(lines: int) -> None:
    text = DUMP.splitlines(keepends=True)[:lines]
    with pytest.raises(ToolkitError):
        read_graph(text)
    assert not read_graph(text, partial=True).complete


def test_a_step_to_a_state_that_is_not_there_is_noticed() -> None:
    text = DUMP.replace("22 ->", "23 ->").splitlines(keepends=True)
    with pytest.raises(ToolkitError, match="not there"):
        read_graph(text)
    assert read_graph(text, partial=True).missing == 1


@given(st.lists(st.one_of(st.sampled_from(DUMP.splitlines()), st.text(max_size=40)), max_size=14))
def test_garbage_brings_our_errors_only(lines: list[str]) -> None:
    with contextlib.suppress(ToolkitError):
        read_graph(lines)


@pytest.mark.slow
def test_the_graph_has_what_tlc_counted_and_its_values() -> None:
    result, graph = dump_graph(source(), deadlock=False)
    assert result.ok
    assert graph.complete
    assert len(graph) == result.distinct
    assert int(graph.depth.max()) + 1 <= (result.depth or 0) + 1
    assert len(graph.initial) == 2
    found = graph.shortest_path(lambda state: state["x"] == 9)
    assert found is not None
    assert [action for action, _ in found] == [None, "Up", "Up", "Up", "Back"]
    assert graph.shortest_path(lambda state: state["x"] == 8) is None
    trace = check(source("SPECIFICATION Spec INVARIANT Low"), workers=1).trace
    low = graph.shortest_path(lambda state: bool(state["x"] == 3))
    assert low is not None
    assert low[-1][1] == trace[-1].variables


@pytest.mark.slow
def test_a_graph_up_to_a_violation_says_that_it_is_not_complete() -> None:
    result, graph = dump_graph(source("SPECIFICATION Spec INVARIANT Low"))
    assert result.outcome == "invariant"
    assert not graph.complete
    assert len(graph) > 0


@pytest.mark.slow
def test_a_graph_leaves_no_file_and_a_specification_without_states_is_told() -> None:
    before = set(Path(tempfile.gettempdir()).glob(f"toolkit-tlc-{os.getpid()}-*"))
    with pytest.raises(ToolkitError, match="no state graph"):
        dump_graph(source("SPECIFICATION Missing"))
    with pytest.raises(SettingError):
        dump_graph(source(), simulate=3)
    assert set(Path(tempfile.gettempdir()).glob(f"toolkit-tlc-{os.getpid()}-*")) <= before


def test_a_graph_is_exported_and_read_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "graph.dot.gz"
    file.write_bytes(gzip.compress(DUMP.encode()))
    graph = read_graph(file)
    network = graph.to_networkx()
    assert nx.shortest_path_length(network, 0, 1) == 1
    assert network.nodes[1]["s"] == "<<1, 2>>"
    graph.write(tmp_path / "g.graphml")
    assert len(nx.read_graphml(tmp_path / "g.graphml")) == 2
    graph.write(tmp_path / "g.csv")
    assert pd.read_csv(tmp_path / "g.csv")["x"].tolist() == [0, 1]
    assert len(pd.read_csv(tmp_path / "g-edges.csv")) == 2
    with pytest.raises(SettingError):
        graph.write(tmp_path / "g.xls")
    assert "2 states" in graph._repr_html_()
