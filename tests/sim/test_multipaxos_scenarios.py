"""Each scenario of Multi-Paxos shows what its comment says, and what is chosen stays."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.conformance import validate
from toolkit.protocols import get_protocol
from toolkit.sim import RunResult, load_scenario, scenario_names, simulate_trace
from toolkit.trace import Trace

MULTIPAXOS = get_protocol("multipaxos")


def seen(name: str) -> tuple[Trace, RunResult]:
    return simulate_trace(MULTIPAXOS, load_scenario(f"multipaxos-{name}"))


def last(trace: Trace) -> dict[str, dict[str, Any]]:
    """Return every server's variables at the end."""
    found = {node: dict(view) for node, view in trace.header.initial.items()}
    for step in trace.steps:
        found[step.node] |= step.state or {}
    return found


def log(trace: Trace, node: str) -> list[str]:
    """Return what a server has in its log: who asked for it, or of which kind it is."""
    values = last(trace)[node]["log"]["#tup"]
    return [value["val"][3:5].strip('"') or value["kind"] for value in values]


def answers(result: RunResult, client: str) -> list[Any]:
    return [answer.result for answer in result.answers if answer.client == client]


def actions(trace: Trace, node: str) -> list[str]:
    return [step.action for step in trace.steps if step.node == node and step.action is not None]


def test_phase_1_is_carried_out_once_and_slots_do_not_wait_for_each_other() -> None:
    trace, result = seen("happy")
    assert actions(trace, "n1").count("Prepare") == 1
    requests = [step.time for step in trace.steps if step.action == "ClientRequest"]
    chosen = [step.time for step in trace.steps if step.action == "Choose"]
    assert requests[1] < chosen[0], "the second slot is open before the first is chosen"
    assert log(trace, "n2")[:2] == log(trace, "n1")[:2] == ["c1", "c2"]
    assert answers(result, "c3") == [{"value": 1}]


def test_a_gap_before_a_slot_with_a_vote_is_filled_with_a_no_op() -> None:
    trace, result = seen("gap")
    assert log(trace, "n2") == ["noop", "c2", "c3"]
    assert answers(result, "c3") == [{"value": 2}]


def test_the_schedule_of_figure_1_loses_what_a_chosen_value_rests_on() -> None:
    trace, _ = seen("figure-1")
    for node in ("n1", "n2", "n3"):
        assert log(trace, node) == ["c", "b", "d"], "A is lost, and B comes after C"


@pytest.mark.slow
def test_figure_1_is_a_behaviour_of_paxos_and_breaks_both_orders_of_primaries() -> None:
    trace, _ = seen("figure-1")
    assert validate([trace]).verdicts[0].status == "accepted"
    report = validate([trace], claims=["LocalPrimaryOrder", "GlobalPrimaryOrder"])
    assert {(one.invariant, one.step) for one in report.verdicts[0].broken} == {
        ("LocalPrimaryOrder", 38),
        ("GlobalPrimaryOrder", 38),
    }


def test_a_new_leader_proposes_what_an_acceptor_voted_for_as_it_is() -> None:
    trace, result = seen("leader-crash")
    (first, _) = last(trace)["n3"]["log"]["#tup"]
    assert (first["bal"], last(trace)["n3"]["bal"]) == (0, 2)
    assert answers(result, "c2") == [{"value": 1}]


def test_duelling_proposers_choose_nothing_until_one_is_left_alone() -> None:
    trace, result = seen("duelling")
    prepared = [step.time for step in trace.steps if step.action == "Prepare"]
    chosen = [step.time for step in trace.steps if step.action == "Choose"]
    assert len(prepared) == 4
    assert min(chosen) > max(prepared)
    assert answers(result, "c1") == [{"ok": True}]


def test_what_a_server_missed_it_asks_for_as_often_as_it_must() -> None:
    trace, _ = seen("catch-up")
    assert actions(trace, "n3").count("Learn") == 2
    assert log(trace, "n3") == ["c1", "c2", "c3"]


def test_what_is_compacted_is_sent_as_a_snapshot() -> None:
    trace, _ = seen("snapshot")
    assert "InstallSnapshot" in actions(trace, "n3")
    assert last(trace)["n3"]["snapshot"] == 2
    assert log(trace, "n3") == ["c3"]


def test_a_proposer_that_is_behind_gives_up_and_catches_up_first() -> None:
    trace, result = seen("fall-behind")
    did = [one for one in actions(trace, "n3") if one not in {"Flush", "Ignore", "HandleHeartbeat"}]
    order = ["Prepare", "FallBehind", "InstallSnapshot", "Prepare", "Lead"]
    assert [one for one in did if one in order] == order
    assert answers(result, "c3") == [{"value": 2}]


def test_new_acceptors_decide_alpha_slots_after_they_were_chosen() -> None:
    trace, result = seen("reconfiguration")
    assert log(trace, "n1") == ["config", "c2", "c3", "c4"]
    acks = {
        (step.received.message["slot"], step.received.message["from"])
        for step in trace.steps
        if step.action in {"Choose", "RecordVote"} and step.received is not None
    }
    assert {sender for slot, sender in acks if slot == 3} & {"n4", "n5"}
    assert answers(result, "c4") == [{"ok": True}], "n2 is needed no more"


def test_with_flexible_quorums_a_leader_goes_on_where_no_new_one_could_begin() -> None:
    trace, result = seen("flexible")
    chosen = {step.time: step.node for step in trace.steps if step.action == "Choose"}
    assert min(chosen) < 0.2, "two of four"
    led = [step.time for step in trace.steps if step.action == "Lead" and step.node == "n2"]
    assert led[0] > 0.4, "three of four"
    assert answers(result, "c2") == [{"value": 1}]


def test_a_session_in_a_snapshot_keeps_a_command_from_being_applied_twice() -> None:
    _, result = seen("asked-again")
    assert answers(result, "c1") == [{"ok": True}]
    assert answers(result, "c4") == [{"value": 2}]


def test_what_waits_for_a_slot_goes_into_it_together() -> None:
    trace, result = seen("batches")
    assert log(trace, "n1") == ["c1", "c2", "c4"]
    assert all(answers(result, client) == [{"ok": True}] for client in ("c1", "c2", "c3", "c4"))


@pytest.mark.slow
def test_every_scenario_is_a_behaviour_of_the_specification() -> None:
    names = [name for name in scenario_names() if name.startswith("multipaxos-")]
    traces = [simulate_trace(MULTIPAXOS, load_scenario(name))[0] for name in names]
    assert {verdict.status for verdict in validate(traces).verdicts} == {"accepted"}
