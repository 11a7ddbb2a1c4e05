"""Exports say what the trace says."""

from __future__ import annotations

import json
import re

import pytest

from toolkit.protocols import get_protocol
from toolkit.sim import load_scenario, simulate_trace
from toolkit.trace import SHIVIZ_PARSER, Trace, to_frames, to_itf, to_shiviz


@pytest.fixture(scope="module")
def trace() -> Trace:
    scenario = load_scenario("paxos-duelling")
    return simulate_trace(get_protocol("paxos"), scenario, seed=1)[0]


def test_itf_has_a_state_after_each_step_and_ends_where_the_trace_does(trace: Trace) -> None:
    exported = json.loads(json.dumps(to_itf(trace)))
    assert len(exported["states"]) == len(trace.steps) + 1
    *_, (_, last) = trace.states()
    shown = dict(exported["states"][-1]["maxBal"]["#map"])
    assert shown == {node: state["maxBal"] for node, state in last.items()}
    assert exported["states"][1]["#meta"]["action"] == trace.steps[0].action


def test_shiviz_clocks_grow_and_a_receipt_knows_its_sending(trace: Trace) -> None:
    pattern = re.compile(SHIVIZ_PARSER.replace("(?<", "(?P<"))
    found = [match.groupdict() for match in pattern.finditer(to_shiviz(trace))]
    assert len(found) == len(trace.steps)
    clocks = [json.loads(one["clock"]) for one in found]
    left = {one.id: step.index for step in trace.steps for one in step.sent or ()}
    for step, clock in zip(trace.steps, clocks, strict=True):
        if step.received is not None and step.received.id is not None:
            before = clocks[left[step.received.id]]
            assert all(clock[node] >= count for node, count in before.items())
            assert clock != before


def test_frames_have_a_row_for_each_step_and_message(trace: Trace) -> None:
    frames = to_frames(trace)
    assert list(frames.steps["action"]) == [step.action for step in trace.steps]
    sent = sum(len(step.sent or ()) for step in trace.steps)
    assert len(frames.messages[frames.messages["copy"] == 0]) == sent
    arrived = frames.messages.dropna(subset=["received_at"])
    assert (arrived["received_at"] >= arrived["sent_at"]).all()
    assert set(frames.states["variable"]) == set(trace.header.observed)
