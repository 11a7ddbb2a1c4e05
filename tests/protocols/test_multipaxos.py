"""A Multi-Paxos server keeps the rules of Paxos, each of which a planted bug breaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.protocols.rules import Make, Rules, ask, maker, run_out
from toolkit.conformance.tracespec import TraceSpec
from toolkit.errors import QuorumError, SettingError, TraceError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import (
    Effects,
    Output,
    Receive,
    Redirect,
    Restart,
)
from toolkit.protocols.multipaxos import MultiPaxosNode, configure
from toolkit.protocols.multipaxos.messages import (
    CODEC,
    Ask,
    Heartbeat,
    Learn,
    Nack,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    SnapshotOffer,
    Value,
    Vote,
)
from toolkit.protocols.multipaxos.node import apply_write
from toolkit.protocols.multipaxos.view import durable_variables, variables

MULTIPAXOS = get_protocol("multipaxos")
RULES = Rules()
rule = RULES.rule


def value(slot: int = 1, ballot: int = 1, request: int = 0) -> Value:
    put = f'{{"key":"k","op":"put","value":{request}}}'
    return Value("command", f'[["c{slot}",{request},{put}]]', ballot, slot)


def get(node: MultiPaxosNode, message: Any, sender: str = "n2") -> Effects:
    return node.handle(Receive(sender, message), 0.0)


def promised(node: MultiPaxosNode, sender: str, *votes: Vote, snapshot: int = 0) -> Effects:
    return get(node, Phase1b.of(sender, node.bal, snapshot, votes), sender)


def leading(make: Make, *votes: Vote, **options: Any) -> MultiPaxosNode:
    node = make(**options)
    run_out(node, "election")
    promised(node, "n2", *votes)
    return node


def voted(node: MultiPaxosNode, slot: int, sender: str = "n2") -> Effects:
    return get(node, Phase2b(sender, node.bal, slot), sender)


def proposals(effects: Effects) -> dict[int, Value]:
    return {
        send.message.slot: send.message.val
        for send in effects.sends
        if isinstance(send.message, Phase2a)
    }


def crashed(node: MultiPaxosNode, writes: list[Mapping[str, Any] | None]) -> MultiPaxosNode:
    """Return the server as it comes up after a crash in which the disk had these writes."""
    durable: dict[str, Any] = {}
    for write in writes:
        if write is not None:
            apply_write(durable, write)
    again: MultiPaxosNode = type(node)(node.name, node.config)
    again.handle(Restart(durable), 0.0)
    return again


# Phase 1 -----------------------------------------------------------------------------------


@rule()
def a_proposer_begins_a_ballot_of_its_own_in_all_open_slots(make: Make) -> None:
    node = make(name="n2")
    effects = run_out(node, "election")
    assert (effects.action, node.bal) == ("Prepare", 1)
    assert {send.to: send.message for send in effects.sends} == {
        "n1": Phase1a(1, 1), "n3": Phase1a(1, 1),
    }  # fmt: skip
    assert effects.write == {"maxBal": 1}


@rule("reuses-ballot")
def a_ballot_is_never_begun_twice(make: Make) -> None:
    node = make()
    first = run_out(node, "election")
    again = crashed(node, [first.write])
    run_out(again, "election")
    assert again.bal > node.bal


@rule("promises-before-durable")
def a_promise_leaves_when_it_is_durable(make: Make) -> None:
    effects = get(make(), Phase1a(1, 1))
    assert effects.action == "Promise"
    assert effects.write is not None
    assert effects.write["maxBal"] == 1


@rule()
def a_promise_tells_the_votes_from_the_first_open_slot_on(make: Make) -> None:
    node = make()
    for slot in (1, 2, 4):
        get(node, Phase2a(1, slot, value(slot)))
    (send,) = get(node, Phase1a(2, 2), "n3").sends
    assert isinstance(send.message, Phase1b)
    assert (send.to, [vote.slot for vote in send.message.votes]) == ("n3", [2, 4])


@rule("accepts-below-promise")
def what_is_below_the_promise_is_refused(make: Make) -> None:
    node = make()
    get(node, Phase1a(5, 1), "n3")
    for message in (Phase1a(4, 1), Phase2a(4, 1, value()), Heartbeat(4, 0)):
        effects = get(node, message)
        assert effects.action == "Nack"
        assert [send.message for send in effects.sends] == [Nack(4, 5)]
    assert not node.votes


@rule("forgets-promise")
def a_promise_outlives_a_crash(make: Make) -> None:
    node = make()
    effects = get(node, Phase1a(5, 1), "n3")
    assert get(crashed(node, [effects.write]), Phase2a(4, 1, value())).action == "Nack"


@rule("forgets-votes")
def a_vote_outlives_a_crash(make: Make) -> None:
    node = make()
    effects = get(node, Phase2a(1, 1, value()))
    assert crashed(node, [effects.write]).votes == {1: Vote(1, 1, value())}


@rule("leads-with-one-fewer")
def a_proposer_leads_with_a_quorum_of_promises(make: Make) -> None:
    node = make(nodes=5)
    run_out(node, "election")
    assert promised(node, "n2").action == "CountPromise"
    assert promised(node, "n3").action == "Lead"


# Phase 2 -----------------------------------------------------------------------------------


@rule("ignores-votes", "looks-for-nothing", "lowest-vote")
def the_value_of_the_highest_vote_is_proposed_again_as_it_is(make: Make) -> None:
    node = make(nodes=5)
    get(node, Phase2a(1, 1, value(1, 1)))
    run_out(node, "election")
    promised(node, "n2", Vote(1, 4, value(1, 4, 7)))
    effects = promised(node, "n3", Vote(1, 2, value(1, 2, 9)))
    assert proposals(effects) == {1: value(1, 4, 7)}


@rule("leaves-gaps")
def gaps_are_filled_with_values_that_do_nothing(make: Make) -> None:
    node = make()
    run_out(node, "election")
    effects = promised(node, "n2", Vote(2, 1, value(2)))
    assert proposals(effects) == {1: Value("noop", "", node.bal, 1), 2: value(2)}


@rule("ignores-window")
def no_more_than_alpha_slots_are_open(make: Make) -> None:
    node = leading(make, alpha="2", batch="1")
    actions = [ask(node, f"c{number}").action for number in range(3)]
    assert actions == ["ClientRequest", "ClientRequest", "Reply"]
    assert voted(node, 1).action == "Choose"
    assert run_out(node, "propose").action == "ClientRequest"
    assert node.next_slot() == 4


@rule()
def what_a_later_slot_was_told_of_waits_for_the_window(make: Make) -> None:
    node = make(alpha="1")
    run_out(node, "election")
    first = promised(node, "n2", Vote(1, 1, value(1)), Vote(2, 1, value(2)))
    assert proposals(first) == {1: value(1)}
    assert ask(node).action == "Reply", "nothing new before what it was told of"
    assert proposals(voted(node, 1)) == {2: value(2)}


@rule("votes-before-durable")
def a_vote_leaves_when_it_is_durable(make: Make) -> None:
    effects = get(make(), Phase2a(1, 1, value()))
    assert effects.write == {"maxBal": 1, "votes": {1: Vote(1, 1, value())}}
    assert [send.message for send in effects.sends] == [Phase2b("n1", 1, 1)]


@rule("chooses-with-one-fewer", "counts-repetitions")
def a_value_is_chosen_by_the_votes_of_a_quorum(make: Make) -> None:
    node = make(nodes=5)
    run_out(node, "election")
    promised(node, "n2")
    promised(node, "n3")
    ask(node)
    assert voted(node, 1, "n2").action == "RecordVote"
    assert voted(node, 1, "n2").action == "Ignore"
    effects = voted(node, 1, "n4")
    assert effects.action == "Choose"
    assert effects.outputs == [Output("c", 0, {"ok": True})]


@rule()
def what_is_chosen_behind_a_gap_is_not_applied(make: Make) -> None:
    node = leading(make)
    ask(node, "a")
    ask(node, "b")
    assert voted(node, 2).outputs == []
    assert voted(node, 1).outputs == [Output("a", 0, {"ok": True}), Output("b", 0, {"ok": True})]


@rule("ignores-nacks")
def a_proposer_gives_a_ballot_up_that_is_too_low(make: Make) -> None:
    node = leading(make)
    effects = get(node, Nack(node.bal, 4))
    assert (effects.action, node.phase, node.maxBal) == ("StepDown", "idle", 4)


# Learning ----------------------------------------------------------------------------------


@rule("learns-from-any-vote")
def a_heartbeat_speaks_of_votes_in_its_own_ballot_alone(make: Make) -> None:
    node = make()
    get(node, Phase2a(1, 1, value(1)))
    get(node, Phase2a(2, 2, value(2, 2)), "n3")
    effects = get(node, Heartbeat(2, 2), "n3")
    assert effects.action == "HandleHeartbeat"
    assert (node.last, sorted(node.early)) == (0, [2])
    assert [send.message for send in effects.sends] == [Ask("n1", 1)]


@rule("shares-the-wrong-slots")
def who_asks_gets_what_is_chosen_from_that_slot_on(make: Make) -> None:
    node = make(most="2")
    get(node, Learn.of(1, [value(1), value(2), value(3)]))
    (send,) = get(node, Ask("n3", 2), "n3").sends
    assert (send.to, send.message) == ("n3", Learn.of(2, [value(2), value(3)]))


@rule("snapshots-without-sessions")
def a_snapshot_holds_the_machine_and_the_sessions(make: Make) -> None:
    node = make(snapshot="1")
    get(node, Learn.of(1, [value(1, request=3)]))
    run_out(node, "snapshot")
    (send,) = get(node, Ask("n3", 1), "n3").sends
    other = make(snapshot="1", name="n3")
    assert get(other, send.message, "n1").action == "InstallSnapshot"
    assert other.sessions.cached("c1", 3) == {"ok": True}
    assert other.sessions.snapshot() == node.sessions.snapshot()


@rule()
def a_leader_that_proposes_what_is_compacted_is_sent_the_snapshot(make: Make) -> None:
    node = make(snapshot="1")
    get(node, Learn.of(1, [value(1)]))
    run_out(node, "snapshot")
    effects = get(node, Phase2a(1, 1, value(1)))
    assert effects.action == "Share"
    assert isinstance(effects.sends[0].message, SnapshotOffer)


# Changes of the acceptors ------------------------------------------------------------------


@rule("changes-at-once")
def new_acceptors_vote_alpha_slots_later(make: Make) -> None:
    node = make(nodes=5, membership="yes", alpha="2")
    get(node, Learn.of(1, [Value.config(1, 1, ["n4", "n5"])]))
    assert len(node.config_at(2)) == 5
    assert node.config_at(3) == ("n4", "n5")


@rule("asks-no-new-acceptors")
def new_acceptors_are_asked_for_promises_before_anything_is_proposed_to_them(make: Make) -> None:
    node = make(nodes=5, membership="yes", alpha="1", members="n1,n2,n3")
    run_out(node, "election")
    promised(node, "n2")
    change = ask(node, operation={"op": "configure", "members": ["n4", "n5"]})
    assert change.action == "ChangeConfiguration"
    voted(node, 1)
    assert ask(node, "d").action == "Reply"
    assert any(isinstance(send.message, Phase1a) for send in run_out(node, "heartbeat").sends)
    promised(node, "n4")
    promised(node, "n5")
    assert run_out(node, "propose").action == "ClientRequest"


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    RULES[name][0](maker(MultiPaxosNode, configure))


@pytest.mark.parametrize("bug", MULTIPAXOS.bugs)
def test_a_planted_bug_fails_its_rule(bug: str) -> None:
    for test in RULES.broken_by(bug):
        with pytest.raises((AssertionError, ValueError)):
            test(maker(MULTIPAXOS.bugs[bug], configure))


# What is not a rule of Paxos ---------------------------------------------------------------


def test_a_server_that_does_not_lead_sends_clients_to_who_does() -> None:
    node = maker(MultiPaxosNode, configure)()
    assert ask(node).outputs == [Redirect("c", 0, None)]
    get(node, Heartbeat(1, 0))
    assert ask(node).outputs == [Redirect("c", 0, "n2")]


def test_a_request_that_comes_again_is_answered_from_the_session() -> None:
    node = leading(maker(MultiPaxosNode, configure))
    ask(node)
    assert ask(node).outputs == []
    voted(node, 1)
    assert ask(node).outputs == [Output("c", 0, {"ok": True})]


def test_an_impossible_change_is_refused() -> None:
    node = leading(maker(MultiPaxosNode, configure), membership="yes")
    for members in ([], ["n9"], "n1"):
        (output,) = ask(node, operation={"op": "configure", "members": members}).outputs
        assert isinstance(output, Output)
        assert "error" in output.result


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"alhpa": "1"}, SettingError, "unknown setting 'alhpa' of multipaxos"),
        ({"alpha": "0"}, SettingError, "a whole number of at least 1"),
        ({"election-timeout": "0.3-0.1"}, SettingError, "low exceeds high"),
        ({"members": "n1,n7"}, SettingError, "unknown node 'n7'"),
        ({"membership": "maybe"}, SettingError, "must be no or yes, not 'maybe'"),
        ({"membership": "yes", "quorum": "flexible:3,1"}, SettingError, "requires quorum=majority"),
        ({"quorum": "flexible:1,1"}, QuorumError, "do not intersect"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    settings: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        configure(["n1", "n2", "n3"], settings)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(TraceError, match="message '2b' of multipaxos"):
        CODEC.decode({"type": "2b", "from": "n1"})


names = st.sampled_from(["n1", "n2", "n3"])
numbers = st.integers(min_value=0, max_value=9)
values = st.one_of(
    st.builds(Value, st.just("command"), st.text(max_size=3), numbers, numbers),
    st.builds(Value.config, numbers, numbers, st.sets(names, min_size=1)),
)
votes = st.builds(Vote, numbers, numbers, values)
messages = st.one_of(
    st.builds(Phase1a, numbers, numbers),
    st.builds(Phase1b.of, names, numbers, numbers, st.lists(votes)),
    st.builds(Nack, numbers, numbers),
    st.builds(Phase2a, numbers, numbers, values),
    st.builds(Phase2b, names, numbers, numbers),
    st.builds(Heartbeat, numbers, numbers),
    st.builds(Ask, names, numbers),
    st.builds(Learn.of, numbers, st.lists(values)),
    st.builds(SnapshotOffer, names, numbers),
)  # fmt: skip


@given(messages)
def test_a_message_is_read_back_from_its_record(message: Any) -> None:
    assert CODEC.decode(CODEC.encode(message)) == message


def test_the_view_has_what_is_observed() -> None:
    node = leading(maker(MultiPaxosNode, configure), Vote(1, 1, value(1)))
    shown = {*variables(node), *durable_variables({}), "up"}
    assert shown == set(TraceSpec(MULTIPAXOS.specification).trace_variables)
