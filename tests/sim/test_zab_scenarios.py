"""Each scenario of Zab shows what its comment says, and what is delivered stays."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.checks import client_history
from toolkit.conformance import validate
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols import get_protocol
from toolkit.sim import RunResult, load_scenario, scenario_names, simulate_trace
from toolkit.trace import Trace

ZAB = get_protocol("zab")


def seen(name: str) -> tuple[Trace, RunResult]:
    return simulate_trace(ZAB, load_scenario(f"zab-{name}"))


def last(trace: Trace) -> dict[str, dict[str, Any]]:
    """Return every server's variables at the end."""
    found = {node: dict(view) for node, view in trace.header.initial.items()}
    for step in trace.steps:
        found[step.node] |= step.state or {}
    return found


def history(trace: Trace, node: str) -> list[tuple[str, int]]:
    """Return what a server has behind its snapshot: who asked for it, and in which epoch."""
    return [
        (one["val"][2:4].strip('",'), one["zxid"]["epoch"])
        for one in last(trace)[node]["history"]["#tup"]
    ]


def answers(result: RunResult, client: str) -> list[Any]:
    return [answer.result for answer in result.answers if answer.client == client]


def times(trace: Trace, action: str, node: str | None = None) -> list[float]:
    return [
        step.time
        for step in trace.steps
        if step.action == action and step.node == (node or step.node) and step.time is not None
    ]


def received(trace: Trace, kind: str) -> list[str]:
    """Return who got a message of a type."""
    return [
        step.node
        for step in trace.steps
        if step.received is not None and step.received.message["type"] == kind and step.node
    ]


def test_the_phases_follow_each_other_and_proposals_do_not_wait() -> None:
    trace, result = seen("happy")
    phases = ["Decide", "NewEpoch", "NewLeader", "Establish", "Propose", "Commit"]
    at = [times(trace, action)[0] for action in phases]
    assert at == sorted(at)
    assert times(trace, "ProposeFor")[0] < times(trace, "Commit")[0]
    assert answers(result, "c3") == [{"value": 2}]


def test_the_schedule_of_figure_1_keeps_the_order_of_primaries() -> None:
    trace, _ = seen("figure-1")
    for node in ("n1", "n2", "n3"):
        assert history(trace, node) == [("c", 2), ("d", 3)], "A and B are lost together"
    assert received(trace, "TRUNC") == ["n1"]


@pytest.mark.slow
def test_figure_1_is_a_behaviour_of_zab_and_breaks_no_order_of_primaries() -> None:
    trace, _ = seen("figure-1")
    report = validate([trace], claims=["PrimaryOrder", "PrimaryIntegrity"])
    assert report.verdicts[0].status == "accepted"
    assert not report.verdicts[0].broken


def test_a_newcomer_gets_what_it_lacks_and_completes_a_quorum() -> None:
    trace, result = seen("late-joiner")
    assert received(trace, "DIFF")[-1] == "n1"
    (late,) = [time for time in times(trace, "UpToDate") if time > 0.3]
    assert [answer.time for answer in result.answers if answer.client == "c2"] == [late]
    proposed = [
        step for step in trace.steps if step.action == "AcceptProposal" and step.node == "n1"
    ]
    assert proposed, "it was proposed to before it had said that it is in line"
    assert proposed[0].time is not None
    assert proposed[0].time < late


def test_what_one_follower_has_of_a_crashed_leader_is_delivered_in_the_next_epoch() -> None:
    trace, result = seen("leader-crash")
    assert history(trace, "n1")[0] == ("c1", 1)
    assert last(trace)["n1"]["currentEpoch"] == 2
    assert answers(result, "c2") == [{"value": 1}]


def test_what_nobody_else_has_of_a_crashed_leader_is_cut_off() -> None:
    trace, _ = seen("truncate")
    assert received(trace, "TRUNC") == ["n3"]
    assert history(trace, "n3") == [("c2", 2)]


def test_who_lacks_too_much_gets_a_snapshot() -> None:
    trace, result = seen("snapshot")
    assert received(trace, "SNAP") == ["n1"]
    assert answers(result, "c4") == [{"value": 3}]


def test_an_observer_is_told_of_what_is_committed_and_acknowledges_nothing() -> None:
    trace, result = seen("observer")
    assert set(received(trace, "INFORM")) == {"n4"}
    assert "n4" not in received(trace, "PROPOSE")
    assert [answer.node for answer in result.answers if answer.client == "c1"] == ["n4"]
    assert last(trace)["n4"]["mode"] == "observing"


def test_a_sync_sees_what_was_written_before_and_a_local_read_need_not() -> None:
    _, synced = seen("sync")
    assert answers(synced, "c2") == [{"value": 1}]
    assert check_linearizable(client_history(synced), KEY_VALUE).ok
    _, stale = seen("stale-read")
    assert answers(stale, "c2") == [{"value": None}]
    assert not check_linearizable(client_history(stale), KEY_VALUE).ok


def test_a_leader_without_a_quorum_joins_the_one_that_was_elected_meanwhile() -> None:
    trace, _ = seen("lost-quorum")
    assert times(trace, "JoinEnsemble", "n3")
    assert last(trace)["n3"]["mode"] == "following"
    assert last(trace)["n3"]["leader"] == "n2"


def test_a_leader_that_is_behind_gives_up_for_who_is_ahead() -> None:
    trace, result = seen("surpassed")
    assert times(trace, "StepDownStaleHistory", "n3")
    assert last(trace)["n2"]["mode"] == "leading"
    assert history(trace, "n1")[0] == ("c1", 1)
    assert answers(result, "c2") == [{"value": 1}]


def test_the_later_epoch_wins_over_the_higher_zxid() -> None:
    trace, _ = seen("higher-epoch")
    assert last(trace)["n2"]["mode"] == "leading"
    assert history(trace, "n3") == []


def test_a_new_epoch_is_above_the_one_that_a_follower_has_accepted() -> None:
    trace, _ = seen("accepted-epoch")
    assert last(trace)["n3"]["currentEpoch"] == last(trace)["n1"]["currentEpoch"] == 3


def test_a_session_in_a_snapshot_keeps_a_request_from_being_applied_twice() -> None:
    _, result = seen("asked-again")
    assert answers(result, "c1") == [{"ok": True}]
    assert answers(result, "c4") == [{"value": 2}]


@pytest.mark.slow
def test_every_scenario_is_a_behaviour_of_the_specification() -> None:
    names = [name for name in scenario_names() if name.startswith("zab-")]
    assert len(names) >= 12
    traces = [simulate_trace(ZAB, load_scenario(name))[0] for name in names]
    claims = ["PrimaryOrder", "PrimaryIntegrity", "DeliveredIsDurable"]
    report = validate(traces, claims=claims)
    assert report.count("accepted") == len(names)
    assert not [one for one in report.verdicts if one.broken]
