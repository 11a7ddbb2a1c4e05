"""The picture of a state graph shows its states and steps, or says that it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.display.charts import chart_svg
from toolkit.display.graphs import graph_chart, graph_layout
from toolkit.errors import SettingError
from toolkit.tlc import Graph, read_graph

DOT = """strict digraph DiskGraph {
nodesep=0.35;
subgraph cluster_graph {
color="white";
1 [label="/\\\\ x = 0\\n/\\\\ s = \\"a\\"",style = filled]
1 -> 2 [label="Up",color="black",fontcolor="black"];
2 [label="/\\\\ x = 1\\n/\\\\ s = \\"a\\""];
1 -> 3 [label="Jump",color="black",fontcolor="black"];
3 [label="/\\\\ x = 2\\n/\\\\ s = \\"b\\""];
2 -> 3 [label="Up",color="black",fontcolor="black"];
3 -> 1 [label="Reset",color="black",fontcolor="black"];
3 -> 3 [label="Stay",color="black",fontcolor="black"];
{rank = same; 1;}
}
}
"""


@pytest.fixture
def graph() -> Graph:
    return read_graph(DOT.splitlines(keepends=True))


def rows(chart: Any, layer: int) -> list[dict[str, Any]]:
    document = chart.to_dict()
    name = document["layer"][layer]["data"]["name"]
    found: list[dict[str, Any]] = document["datasets"][name]
    return found


def test_every_state_and_step_is_drawn_and_what_is_not_is_said(graph: Graph) -> None:
    chart = graph_chart(graph, path=[0, 2])
    steps = {(row["from"], row["to"], row["action"]) for row in rows(chart, 0)}
    assert steps == {(0, 1, "Up"), (0, 2, "Jump"), (1, 2, "Up"), (2, 0, "Reset")}
    states = rows(chart, 2)
    assert [state["marked"] for state in states] == [True, False, True]
    assert [state["initial"] for state in states] == [True, False, False]
    assert [(state["v x"], state["v s"]) for state in states] == [
        ("0", '"a"'), ("1", '"a"'), ("2", '"b"'),
    ]  # fmt: skip
    assert "1 from a state to itself are not drawn" in chart.title
    assert "<svg" in chart_svg(chart)


def test_a_column_is_a_depth_and_no_two_states_share_a_place(graph: Graph) -> None:
    layout = graph_layout(graph)
    assert layout["x"].tolist() == graph.depth.tolist()
    assert not layout.duplicated().any()


def test_a_graph_that_is_too_large_is_not_drawn(graph: Graph) -> None:
    with pytest.raises(SettingError, match="cannot draw a graph"):
        graph_chart(graph, most=2)


def test_states_are_found_nearest_first(graph: Graph) -> None:
    assert graph.find(lambda state: state["x"] != 0) == [1, 2]
    assert graph.path_to(2) == [(None, 0), ("Jump", 2)]
    assert graph.find(lambda state: state["x"] == 9) == []
