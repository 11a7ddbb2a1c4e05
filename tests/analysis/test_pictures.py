"""Diagrams, tables and charts are tested by what they are made of."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from toolkit.analysis import explorer_data, spacetime_svg, state_table
from toolkit.analysis.charts import chart_bundle, duel_chart
from toolkit.figures.duel import duel
from toolkit.protocols import get_protocol
from toolkit.sim import random_scenario, simulate_trace
from toolkit.trace import Trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    protocol = get_protocol("paxos")
    return simulate_trace(protocol, random_scenario(protocol, ["n1", "n2", "n3"], 1), seed=1)[0]


def test_the_diagram_has_a_dot_for_each_step_and_marks_the_divergence(trace: Trace) -> None:
    svg = ET.fromstring(spacetime_svg(trace, diverged=4))
    dots = [one for one in svg.iter() if one.tag.endswith("circle")]
    assert [dot.get("data-step") for dot in dots] == [str(step.index) for step in trace.steps]
    assert [dot.get("data-step") for dot in dots if dot.get("fill") == "#b2182b"] == ["4"]


def test_a_difference_is_marked_and_text_is_escaped() -> None:
    table = state_table(["<n>"], {"<n>": {"x": "<b>"}}, {"<n>": {"x": "other"}}, ("<n>", ["x"]))
    assert "changed differs" in table
    assert "<b>" not in table
    assert "differs" not in state_table(["n"], {"n": {"x": 1}}, {"n": {"x": 1}})


def test_the_explorer_has_a_table_for_each_state(trace: Trace) -> None:
    data = explorer_data(trace)
    assert len(data["tables"]) == len(data["captions"]) == len(trace.steps) + 1


def test_the_duel_is_decided_sooner_with_back_off_and_repeats_exactly() -> None:
    frame = duel([0.0, 0.1], seeds=range(20))
    pd.testing.assert_frame_equal(frame, duel([0.0, 0.1], seeds=range(20)))
    median = frame.groupby("backoff")["seconds"].median()
    assert median[0.1] < median[0.0]
    spec = duel_chart(frame).to_dict()
    assert len(spec["layer"]) == 3
    bundle = chart_bundle(duel_chart(frame))
    assert bundle["application/vnd.vegalite.v5+json"]["$schema"].endswith("v5.json")
    assert "<svg" in bundle["image/svg+xml"]
