"""Counterexamples become traces that say what TLC said, and whose step on which message it was."""

from __future__ import annotations

import msgspec
import pytest

from toolkit.conformance import counterexample_trace
from toolkit.display import explorer_data, spacetime_svg
from toolkit.errors import TraceError
from toolkit.protocols import get_protocol
from toolkit.tlc import CheckResult, TraceState, load_manifest, run_model
from toolkit.values import canonical, to_itf

pytestmark = pytest.mark.slow

RAFT = get_protocol("raft")


@pytest.fixture(scope="module")
def result() -> CheckResult:
    manifest = load_manifest()
    return run_model(manifest, manifest["raft-forgets-vote"])


def test_every_step_has_its_action_its_server_and_its_message(result: CheckResult) -> None:
    trace = counterexample_trace(result, RAFT.specification)
    assert [(step.action, step.node) for step in trace.steps] == [
        ("Timeout", "s1"), ("Timeout", "s2"), ("GrantVote", "s3"), ("BecomeLeader", "s1"),
        ("Crash", "s3"), ("Restart", "s3"), ("GrantVote", "s3"), ("BecomeLeader", "s2"),
    ]  # fmt: skip
    handled = [
        (step.received.message["type"], step.received.sender) if step.received else None
        for step in trace.steps
    ]
    assert handled == [
        None, None, ("RequestVote", "s1"), ("RequestVoteResponse", "s3"),
        None, None, ("RequestVote", "s2"), ("RequestVoteResponse", "s3"),
    ]  # fmt: skip
    # Each message that is handled was sent before.
    sent: set[int | None] = set()
    for step in trace.steps:
        assert step.received is None or step.received.id in sent
        sent |= {one.id for one in step.sent or ()}
    assert trace.header.meta["ambiguous"] == []
    assert trace.header.meta["violated"] == "ElectionSafety"


def test_the_states_are_those_of_tlc(result: CheckResult) -> None:
    trace = counterexample_trace(result, RAFT.specification)
    states = [trace.header.initial]
    for _, state in trace.states():
        states.append({node: dict(own) for node, own in state.items()})
    assert len(states) == len(result.trace)
    for state, found in zip(states, result.trace, strict=True):
        pairs = to_itf(found.variables["currentTerm"])["#map"]
        terms = {server["#model"]: term for server, term in pairs}
        assert {node: own["currentTerm"] for node, own in state.items()} == terms
    roles = {node: own["role"] for node, own in states[-1].items()}
    assert roles == {"s1": "leader", "s2": "leader", "s3": "follower"}
    # A node is its name, and nobody is null, as in recorded traces.
    assert "#model" not in canonical(states[-1])


def test_it_is_shown_as_a_recorded_run_is(result: CheckResult) -> None:
    trace = counterexample_trace(result, RAFT.specification, name="two leaders")
    data = explorer_data(trace)
    assert data["captions"][1].startswith("step 0: Timeout at s1; to all: ")
    assert data["logs"][0]["whose"] == "specification"
    last = data["logs"][0]["pictures"][data["logs"][0]["at"][-1]]
    assert last.count('class="crown"') == 2
    assert "<th>implementation</th>" not in data["tables"][0]
    svg = spacetime_svg(trace)
    assert svg.count("marker-end") == 4
    assert " s</text>" not in svg
    assert "never arrived" not in svg


def test_an_action_with_a_parameter_of_another_kind_is_placed_by_what_changed() -> None:
    manifest = load_manifest()
    found = run_model(manifest, manifest["paxos-ignores-accepted"])
    trace = counterexample_trace(found, get_protocol("paxos").specification)
    assert (trace.steps[0].action, trace.steps[0].node) == ("Request", "p1")
    assert trace.steps[0].received is None
    promises = [step for step in trace.steps if step.action == "Promise"]
    assert promises
    assert all(
        step.received is not None and step.received.sender in {"a1", "a2", "a3"}
        for step in promises
    )


def test_what_cannot_be_asked_is_said_and_what_is_not_there_refused(result: CheckResult) -> None:
    blind = counterexample_trace(msgspec.structs.replace(result, modules={}), RAFT.specification)
    assert all(step.received is None for step in blind.steps)
    assert blind.header.meta["messages"] == "the check's modules are not known"
    text = result.modules["MCRaft"].replace("MCSteps ==", "MCSteps == )", 1)
    broken = {**result.modules, "MCRaft": text}
    blind = counterexample_trace(
        msgspec.structs.replace(result, modules=broken), RAFT.specification
    )
    assert all(step.received is None for step in blind.steps)
    assert blind.header.meta["messages"].startswith("TLC could not tell: parse-error")
    with pytest.raises(TraceError, match="no counterexample 1"):
        counterexample_trace(result, RAFT.specification, example=1)
    other = msgspec.structs.replace(
        result.counterexamples[0], states=(TraceState(1, None, None, {"x": 1}),)
    )
    with pytest.raises(TraceError, match="no variable of raft"):
        counterexample_trace(
            msgspec.structs.replace(result, counterexamples=(other,)), RAFT.specification
        )


def test_a_step_that_no_action_explains_has_no_message(result: CheckResult) -> None:
    """Plant a wrong action name: TLC does not find it true, whoever is asked."""
    example = result.counterexamples[0]
    states = list(example.states)
    states[3] = msgspec.structs.replace(states[3], action="DenyVote")
    wrong = msgspec.structs.replace(example, states=tuple(states))
    trace = counterexample_trace(
        msgspec.structs.replace(result, counterexamples=(wrong,)), RAFT.specification
    )
    assert trace.steps[2].received is None
    assert trace.steps[3].received is not None
