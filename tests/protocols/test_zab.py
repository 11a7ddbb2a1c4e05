"""A Zab server keeps the rules of the paper and of ZooKeeper, each broken by a planted bug."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.protocols.rules import Make, Rules, ask, maker, run_out
from toolkit.conformance.tracespec import TraceSpec
from toolkit.controlled.states import pickle_state, unpickle_state
from toolkit.errors import QuorumError, SettingError, TraceError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import Disconnected, Effects, Output, Receive, Redirect, Restart
from toolkit.protocols.zab import ZabNode, configure
from toolkit.protocols.zab.history import apply_write
from toolkit.protocols.zab.messages import (
    CODEC,
    NOBODY,
    ZERO,
    Ack,
    AckEpoch,
    AckLeader,
    CEpoch,
    Commit,
    CommitLeader,
    Diff,
    Inform,
    NewEpoch,
    NewLeader,
    Notification,
    Ping,
    Pong,
    Propose,
    Request,
    Snap,
    Sync,
    Synced,
    Trunc,
    Txn,
    Vote,
    Zxid,
)
from toolkit.protocols.zab.view import durable_variables, variables

ZAB = get_protocol("zab")
RULES = Rules()
rule = RULES.rule


def txn(epoch: int, counter: int, client: str = "c", request: int = 0) -> Txn:
    put = f'{{"key":"k","op":"put","value":{counter}}}'
    return Txn(Zxid(epoch, counter), f'["{client}",{request},{put}]')


def get(node: ZabNode, message: Any, sender: str | None = None) -> Effects:
    return node.handle(Receive(sender or message.sender, message), 0.0)


def sent(effects: Effects) -> dict[str, list[Any]]:
    """By receiver what was sent."""
    found: dict[str, list[Any]] = {}
    for send in effects.sends:
        found.setdefault(send.to, []).append(send.message)
    return found


def votes_for(node: ZabNode, leader: str, sender: str, *, epoch: int = 0, zxid: Zxid = ZERO) -> Any:
    return get(
        node, Notification(sender, "looking", node.election.round, Vote(leader, epoch, zxid))
    )


def leading(make: Make, history: list[Txn] | None = None, **options: Any) -> ZabNode:
    """The server n1, elected with n2's vote, its epoch not yet begun."""
    node = make(**options)
    node.history = list(history or [])
    node.currentEpoch = node.acceptedEpoch = node.last.epoch
    run_out(node, "look")
    node.election.vote = node.election.own_vote()
    for name in sorted(node.config.voters - {"n1"}):
        node.election.tally[name] = node.election.vote
    assert run_out(node, "decide").action == "Decide"
    assert node.mode == "leading"
    return node


def promised(node: ZabNode, name: str, *, epoch: int = 0, zxid: Zxid = ZERO) -> Effects:
    """The server connects and accepts the epoch."""
    get(node, CEpoch(name, epoch))
    return get(node, AckEpoch(name, epoch, zxid))


def established(make: Make, history: list[Txn] | None = None, **options: Any) -> ZabNode:
    """The server n1, leading with n2, the only other one that is connected."""
    node = leading(make, history, **options)
    promised(node, "n2", epoch=node.currentEpoch, zxid=node.last)
    get(node, AckLeader("n2", node.last))
    assert node.phase == "broadcast"
    return node


def established_of_five(make: Make) -> ZabNode:
    """The server n1, leading with n2 and n3; n4 is being brought into line."""
    node = leading(make, nodes=5)
    for name in ("n2", "n3"):
        get(node, CEpoch(name, 0))
    for name in ("n2", "n3"):
        get(node, AckEpoch(name, 0, ZERO))
    for name in ("n2", "n3"):
        get(node, AckLeader(name, ZERO))
    promised(node, "n4", epoch=-1)
    return node


def following(make: Make, history: list[Txn] | None = None, **options: Any) -> ZabNode:
    """The server n1, connected to n2."""
    node = make(**options)
    node.history = list(history or [])
    node.currentEpoch = node.acceptedEpoch = node.last.epoch
    run_out(node, "look")
    higher = Vote("n2", node.currentEpoch + 1, node.last)
    get(node, Notification("n2", "looking", node.election.round, higher))
    node.election.tally["n3"] = higher
    assert run_out(node, "decide").sends[0].message == CEpoch("n1", node.acceptedEpoch)
    return node


def in_line(make: Make, epoch: int = 1, **options: Any) -> ZabNode:
    """The server n1, following n2 in an epoch, with an empty history."""
    node = following(make, **options)
    get(node, NewEpoch("n2", epoch))
    get(node, Diff.of("n2", ZERO, []))
    get(node, NewLeader("n2", epoch))
    get(node, CommitLeader("n2", ZERO))
    assert node.phase == "broadcast"
    return node


def crashed(node: ZabNode, writes: list[Mapping[str, Any] | None]) -> ZabNode:
    """Return the server as it comes up after a crash in which the disk had these writes."""
    durable: dict[str, Any] = {}
    for write in writes:
        if write is not None:
            apply_write(durable, write)
    again: ZabNode = type(node)(node.name, node.config)
    again.handle(Restart(durable), 0.0)
    return again


# Phase 0 -----------------------------------------------------------------------------------


@rule()
def a_server_begins_looking_and_votes_for_itself(make: Make) -> None:
    node = make()
    assert (node.mode, node.election.vote) == ("looking", NOBODY)
    effects = run_out(node, "look")
    told = Notification("n1", "looking", 1, Vote("n1", 0, ZERO))
    assert sent(effects) == {"n2": [told], "n3": [told]}


@rule("elects-by-zxid")
def the_epoch_counts_for_more_than_the_zxid_and_that_for_more_than_the_number(make: Make) -> None:
    node = make()
    low, high = Vote("n3", 1, Zxid(1, 9)), Vote("n1", 2, ZERO)
    assert node.election.is_higher(high, low)
    assert node.election.is_higher(Vote("n1", 1, Zxid(1, 2)), Vote("n3", 1, Zxid(1, 1)))
    assert node.election.is_higher(Vote("n2", 0, ZERO), Vote("n1", 0, ZERO))


@rule()
def a_higher_vote_is_taken_over_and_told(make: Make) -> None:
    node = make()
    run_out(node, "look")
    effects = votes_for(node, "n3", "n2")
    assert node.election.vote.leader == "n3"
    assert {send.message.vote.leader for send in effects.sends} == {"n3"}
    assert any(timer.timer == "decide" and timer.low for timer in effects.timers)


@rule("keeps-old-votes")
def votes_count_in_their_round_alone(make: Make) -> None:
    node = make(nodes=5)
    run_out(node, "look")
    votes_for(node, "n1", "n2")
    get(node, Notification("n3", "looking", 7, Vote("n1", 0, ZERO)))
    assert node.election.round == 7
    assert set(node.election.tally) == {"n1", "n3"}


@rule()
def who_looks_in_an_earlier_round_is_told_of_the_later_one(make: Make) -> None:
    node = make()
    run_out(node, "look")
    node.election.round = 4
    effects = get(node, Notification("n2", "looking", 3, Vote("n2", 0, ZERO)))
    assert effects.action == "Answer"
    assert sent(effects)["n2"][0].round == 4


@rule()
def a_leader_is_joined_only_when_a_quorum_follows_it_and_it_says_that_it_leads(make: Make) -> None:
    node = make(nodes=5)
    run_out(node, "look")
    vote = Vote("n3", 1, ZERO)
    for name in ("n2", "n4", "n5"):
        assert get(node, Notification(name, "following", 9, vote)).action == "CountOutside"
    effects = get(node, Notification("n3", "leading", 9, vote))
    assert (effects.action, node.leader, node.election.round) == ("JoinEnsemble", "n3", 9)


@rule()
def who_leads_or_follows_answers_who_looks(make: Make) -> None:
    node = established(make)
    effects = get(node, Notification("n3", "looking", 5, Vote("n3", 9, ZERO)))
    assert sent(effects)["n3"][0].mode == "leading"


# Phase 1 -----------------------------------------------------------------------------------


@rule("reuses-epoch")
def an_epoch_is_above_all_that_were_accepted(make: Make) -> None:
    node = leading(make)
    effects = get(node, CEpoch("n2", 6))
    assert effects.action == "NewEpoch"
    assert sent(effects) == {"n2": [NewEpoch("n1", 7)]}
    assert effects.write == {"acceptedEpoch": 7}


@rule()
def a_follower_refuses_an_epoch_below_the_one_that_it_has_accepted(make: Make) -> None:
    node = following(make, [txn(3, 1)])
    effects = get(node, NewEpoch("n2", 2))
    assert (effects.action, effects.closes, node.mode) == ("RefuseEpoch", ["n2"], "looking")


@rule("promises-before-durable")
def an_accepted_epoch_is_written_before_it_is_acknowledged(make: Make) -> None:
    node = following(make)
    effects = get(node, NewEpoch("n2", 2))
    assert effects.write == {"acceptedEpoch": 2}
    assert sent(effects) == {"n2": [AckEpoch("n1", 0, ZERO)]}


@rule("promises-twice")
def an_epoch_that_was_accepted_before_is_not_promised_again(make: Make) -> None:
    node = following(make, [txn(2, 1)])
    effects = get(node, NewEpoch("n2", 2))
    assert sent(effects) == {"n2": [AckEpoch("n1", -1, Zxid(2, 1))]}
    assert effects.write is None


@rule("forgets-accepted-epoch")
def a_crash_leaves_the_accepted_epoch(make: Make) -> None:
    node = following(make)
    again = crashed(node, [get(node, NewEpoch("n2", 2)).write])
    assert (again.acceptedEpoch, again.currentEpoch) == (2, 0)


@rule("nobody-is-ahead")
def a_leader_gives_up_when_a_follower_has_a_later_history(make: Make) -> None:
    for epoch, zxid in ((1, Zxid(1, 2)), (2, Zxid(1, 1))):
        node = leading(make, [txn(1, 1)])
        effects = promised(node, "n2", epoch=epoch, zxid=zxid)
        assert (effects.action, effects.closes, node.mode) == (
            "StepDownStaleHistory",
            ["n2"],
            "looking",
        )


@rule()
def a_promise_that_is_none_does_not_count(make: Make) -> None:
    node = leading(make)
    get(node, CEpoch("n2", 0))
    assert get(node, AckEpoch("n2", -1, ZERO)).action == "CountAckEpoch"
    assert node.phase == "discovery"


# Phase 2 -----------------------------------------------------------------------------------


@rule()
def a_learner_is_sent_what_it_lacks_or_told_to_cut_off_or_sent_a_snapshot(make: Make) -> None:
    node = established(make, [txn(1, 1), txn(1, 2), txn(3, 1)], window="2")
    assert node.leading.difference("n3", Zxid(1, 2)) == Diff.of("n1", Zxid(1, 2), [txn(3, 1)])
    assert node.leading.difference("n3", Zxid(1, 5)) == Trunc.of("n1", Zxid(1, 2), [txn(3, 1)])
    assert node.leading.difference("n3", Zxid(2, 1)) == Trunc.of("n1", Zxid(1, 2), [txn(3, 1)])
    assert node.leading.difference("n3", Zxid(3, 1)) == Diff.of("n1", Zxid(3, 1), [])
    snap = node.leading.difference("n3", ZERO)
    assert isinstance(snap, Snap)
    assert (snap.index, snap.txns, snap.zxid) == (3, (), Zxid(3, 1))


@rule("never-truncates")
def what_the_leader_has_not_is_cut_off(make: Make) -> None:
    node = following(make, [txn(1, 1), txn(1, 2)])
    get(node, NewEpoch("n2", 3))
    effects = get(node, Trunc.of("n2", Zxid(1, 1), [txn(2, 1)]))
    assert node.history == [txn(1, 1), txn(2, 1)]
    durable: dict[str, Any] = {"history": [txn(1, 1), txn(1, 2)]}
    apply_write(durable, effects.write or {})
    assert durable["history"] == node.history


@rule("epoch-before-history")
def the_history_is_written_before_the_epoch(make: Make) -> None:
    node = following(make)
    get(node, NewEpoch("n2", 2))
    first = get(node, Diff.of("n2", ZERO, [txn(1, 1)]))
    second = get(node, NewLeader("n2", 2))
    again = crashed(node, [first.write])
    assert (again.currentEpoch, again.history) == (0, [txn(1, 1)])
    assert second.write == {"currentEpoch": 2}
    assert sent(second) == {"n2": [AckLeader("n1", Zxid(1, 1))]}


@rule()
def a_snapshot_takes_the_place_of_machine_and_history(make: Make) -> None:
    source = established(make, [txn(1, 1), txn(1, 2)])
    node = following(make)
    get(node, NewEpoch("n2", 3))
    snap = Snap.of("n2", 2, [txn(2, 1)], Zxid(1, 2), source.state())
    effects = get(node, snap)
    assert (node.committed, node.length, node.last) == (2, 3, Zxid(2, 1))
    assert node.sessions.snapshot() == source.sessions.snapshot()
    again = crashed(node, [effects.write])
    assert (again.committed, again.history) == (2, [txn(2, 1)])


@rule()
def a_snapshot_of_less_than_is_delivered_leaves_the_machine(make: Make) -> None:
    node = established(make, [txn(1, 1), txn(1, 2)])
    run_out(node, "quorum")
    run_out(node, "quorum")
    node.mode, node.phase, node.leader, node.epoch = "following", "discovery", "n2", 9
    effects = get(node, Snap.of("n2", 1, [txn(1, 2), txn(2, 1)], Zxid(1, 1), "{}"))
    assert (node.committed, node.history) == (2, [txn(1, 1), txn(1, 2), txn(2, 1)])
    assert effects.write == {"keep": 1, "txns": [txn(1, 2), txn(2, 1)]}


@rule("commits-unsynchronized")
def nothing_is_committed_before_a_quorum_is_in_line(make: Make) -> None:
    node = leading(make, [txn(1, 1)])
    effects = promised(node, "n2", epoch=1)
    assert (effects.action, node.phase, node.committed) == ("NewLeader", "synchronization", 0)
    get(node, AckLeader("n2", Zxid(1, 1)))
    assert (node.phase, node.committed) == ("broadcast", 1)


@rule("establishes-with-one-fewer")
def an_epoch_takes_the_acknowledgements_of_a_quorum(make: Make) -> None:
    node = leading(make, nodes=5)
    for name in ("n2", "n3"):
        get(node, CEpoch(name, 0))
    for name in ("n2", "n3"):
        get(node, AckEpoch(name, 0, ZERO))
    assert get(node, AckLeader("n2", ZERO)).action == "CountAckLeader"
    assert get(node, AckLeader("n3", ZERO)).action == "Establish"


@rule("tells-all-is-committed")
def a_newcomer_is_told_what_is_committed_and_no_more(make: Make) -> None:
    node = established_of_five(make)
    ask(node)
    effects = get(node, AckLeader("n4", ZERO))
    assert sent(effects)["n4"] == [CommitLeader("n1", ZERO)]


# Phase 3 -----------------------------------------------------------------------------------


@rule("misses-newcomers")
def proposals_go_to_all_that_are_being_brought_into_line(make: Make) -> None:
    node = established_of_five(make)
    assert set(sent(ask(node))) == {"n2", "n3", "n4"}


@rule("goes-on-counting")
def counters_begin_anew_in_each_epoch(make: Make) -> None:
    node = established(make, [txn(1, 1), txn(1, 2)])
    ask(node, "d")
    ask(node, "e")
    assert [one.zxid for one in node.history[2:]] == [Zxid(2, 1), Zxid(2, 2)]


@rule("acks-before-durable")
def a_proposal_is_written_before_it_is_acknowledged(make: Make) -> None:
    node = in_line(make)
    effects = get(node, Propose("n2", txn(1, 1)))
    assert effects.write == {"txns": (txn(1, 1),)}
    assert sent(effects) == {"n2": [Ack("n1", Zxid(1, 1))]}


@rule("forgets-history")
def a_crash_leaves_the_history(make: Make) -> None:
    node = in_line(make)
    again = crashed(node, [get(node, Propose("n2", txn(1, 1))).write])
    assert again.history == [txn(1, 1)]
    assert again.committed == 0


@rule("delivers-proposals")
def what_is_proposed_is_delivered_when_it_is_committed(make: Make) -> None:
    node = in_line(make)
    get(node, Propose("n2", txn(1, 1)))
    assert node.committed == 0
    get(node, Commit("n2", Zxid(1, 1)))
    assert node.committed == 1


@rule("delivers-one-more")
def only_what_is_committed_is_delivered(make: Make) -> None:
    node = in_line(make)
    get(node, Propose("n2", txn(1, 1)))
    get(node, Propose("n2", txn(1, 2, request=1)))
    get(node, Commit("n2", Zxid(1, 1)))
    assert node.committed == 1


@rule("commits-with-one-fewer")
def a_commit_takes_a_quorum_and_tells_who_is_up_to_date(make: Make) -> None:
    node = established_of_five(make)
    ask(node)
    ask(node, request=1)
    assert get(node, Ack("n2", Zxid(1, 1))).action == "CountAck"
    assert get(node, Ack("n2", Zxid(1, 2))).action == "CountAck"
    effects = get(node, Ack("n3", Zxid(1, 1)))
    assert (effects.action, node.committed) == ("Commit", 1)
    assert sent(effects) == {name: [Commit("n1", Zxid(1, 1))] for name in ("n2", "n3")}
    assert effects.outputs == [Output("c", 0, {"ok": True})]


@rule()
def the_acknowledgement_of_a_newcomer_may_complete_a_quorum(make: Make) -> None:
    node = established(make, nodes=3)
    ask(node)
    node.handle(Disconnected("n2"), 0.0)
    promised(node, "n3", epoch=-1)
    effects = get(node, AckLeader("n3", Zxid(1, 1)))
    assert (effects.action, node.committed) == ("UpToDate", 1)
    assert sent(effects)["n3"] == [CommitLeader("n1", Zxid(1, 1))]


# Observers ---------------------------------------------------------------------------------


@rule("counts-observers")
def observers_count_for_nothing(make: Make) -> None:
    node = leading(make, nodes=5, observers="n4,n5")
    assert get(node, CEpoch("n4", 0)).action == "CountCEpoch"
    assert get(node, CEpoch("n5", 0)).action == "CountCEpoch"
    assert get(node, CEpoch("n2", 0)).action == "NewEpoch"


@rule()
def observers_are_told_of_what_is_committed(make: Make) -> None:
    node = established(make, nodes=4, observers="n4")
    promised(node, "n4", epoch=-1)
    assert set(sent(ask(node))) == {"n2"}
    effects = get(node, Ack("n2", Zxid(1, 1)))
    assert sent(effects)["n4"] == [Inform.of("n1", node.history)]


@rule()
def an_observer_takes_part_in_no_election(make: Make) -> None:
    node = make(nodes=4, observers="n1")
    run_out(node, "look")
    looks = Notification("n2", "looking", 3, Vote("n4", 0, ZERO))
    effects = get(node, looks)
    assert (effects.action, effects.sends) == ("JoinRound", [])
    get(node, Notification("n3", "looking", 3, Vote("n4", 0, ZERO)))
    run_out(node, "decide")
    assert (node.mode, node.leader) == ("observing", "n4")


# Losing each other -------------------------------------------------------------------------


@rule()
def a_leader_without_a_quorum_gives_up(make: Make) -> None:
    node = established(make)
    assert run_out(node, "quorum").action is None
    effects = run_out(node, "quorum")
    assert (effects.action, effects.closes, node.mode) == ("Abandon", ["n2"], "looking")


@rule()
def a_follower_that_loses_its_leader_looks_for_one(make: Make) -> None:
    node = in_line(make)
    assert node.handle(Disconnected("n2"), 0.0).action == "Abandon"
    assert node.mode == "looking"


@rule()
def who_could_not_connect_tries_again(make: Make) -> None:
    node = following(make)
    assert node.handle(Disconnected("n2"), 0.0).action == "LoseConnection"
    assert sent(run_out(node, "connect")) == {"n2": [CEpoch("n1", 0)]}


@rule()
def who_does_not_lead_refuses_connections(make: Make) -> None:
    node = make()
    effects = get(node, CEpoch("n3", 0))
    assert (effects.action, effects.closes) == ("RejectConnection", ["n3"])
    node = in_line(make)
    assert get(node, CEpoch("n3", 0)).closes == ["n3"]
    assert node.mode == "following"
    assert get(node, CEpoch("n2", 0)).closes == ["n2"]
    assert node.mode == "looking"


# Clients -----------------------------------------------------------------------------------


@rule("snapshots-without-sessions")
def a_session_outlives_a_snapshot(make: Make) -> None:
    node = established(make, snapshot="1")
    ask(node, "c1", 3)
    get(node, Ack("n2", Zxid(1, 1)))
    again = crashed(node, [run_out(node, "snapshot").write])
    assert again.sessions.cached("c1", 3) == {"ok": True}


@rule()
def a_follower_passes_requests_on_and_answers_when_it_has_delivered_them(make: Make) -> None:
    node = in_line(make)
    effects = ask(node)
    (request,) = sent(effects)["n2"]
    assert isinstance(request, Request)
    get(node, Propose("n2", Txn(Zxid(1, 1), request.val)))
    assert get(node, Commit("n2", Zxid(1, 1))).outputs == [Output("c", 0, {"ok": True})]


@rule()
def a_sync_waits_for_all_that_was_proposed(make: Make) -> None:
    node = in_line(make, reads="sync")
    effects = ask(node, operation={"op": "get", "key": "k"})
    assert sent(effects) == {"n2": [Sync("n1", 1)]}
    get(node, Propose("n2", txn(1, 1)))
    assert get(node, Synced("n2", 1, Zxid(1, 1))).outputs == []
    assert get(node, Commit("n2", Zxid(1, 1))).outputs == [Output("c", 0, {"value": 1})]


@rule()
def a_leader_that_is_asked_for_a_sync_names_its_last_proposal(make: Make) -> None:
    node = established(make, reads="sync")
    ask(node)
    assert sent(get(node, Sync("n2", 5))) == {"n2": [Synced("n1", 5, Zxid(1, 1))]}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    RULES[name][0](maker(ZabNode, configure))


@pytest.mark.parametrize("bug", ZAB.bugs)
def test_a_planted_bug_fails_its_rule(bug: str) -> None:
    for test in RULES.broken_by(bug):
        with pytest.raises(AssertionError):
            test(maker(ZAB.bugs[bug], configure))


# What is not a rule of Zab -----------------------------------------------------------------


def test_a_server_that_serves_nobody_lets_clients_wait() -> None:
    assert ask(maker(ZabNode, configure)()).outputs == [Redirect("c", 0, None)]


def test_a_request_that_comes_again_is_answered_from_the_session() -> None:
    node = established(maker(ZabNode, configure))
    ask(node)
    assert ask(node).outputs == []
    get(node, Ack("n2", Zxid(1, 1)))
    assert ask(node).outputs == [Output("c", 0, {"ok": True})]


def test_local_reads_are_answered_at_once() -> None:
    node = in_line(maker(ZabNode, configure), reads="local")
    effects = ask(node, operation={"op": "get", "key": "k"})
    assert (effects.action, effects.outputs) == ("Reply", [Output("c", 0, {"value": None})])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"windwo": "1"}, SettingError, "unknown setting 'windwo' of zab"),
        ({"election-timeout": "0.3-0.1"}, SettingError, "low exceeds high"),
        ({"observers": "n7"}, SettingError, "unknown node 'n7'"),
        ({"observers": "n1,n2,n3"}, SettingError, "at least one voter"),
        ({"observers": "n1,n2"}, SettingError, "'n3' alone would be a quorum"),
        ({"quorum": "flexible:2,2"}, SettingError, "majority or weighted"),
        ({"quorum": "weighted:n1=9"}, SettingError, "'n1' alone"),
        ({"quorum": "weighted:n8=9"}, QuorumError, "n8"),
        ({"reads": "stale"}, SettingError, "must be log, sync or local, not 'stale'"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    settings: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        configure(["n1", "n2", "n3"], settings)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(TraceError, match="message 'ACK' of zab"):
        CODEC.decode({"type": "ACK", "from": "n1"})


names = st.sampled_from(["n1", "n2", "n3"])
numbers = st.integers(min_value=0, max_value=9)
zxids = st.builds(Zxid, numbers, numbers)
txns = st.lists(st.builds(Txn, zxids, st.text(max_size=3)), max_size=3)
polls = st.builds(Vote, st.sampled_from(["", "n1", "n2"]), numbers, zxids)
messages = st.one_of(
    st.builds(Notification, names, st.sampled_from(["looking", "leading"]), numbers, polls),
    *(st.builds(kind, names, numbers) for kind in (CEpoch, NewEpoch, NewLeader, Sync)),
    *(st.builds(kind, names, zxids) for kind in (AckLeader, CommitLeader, Ack, Commit)),
    *(st.builds(kind, names) for kind in (Ping, Pong)),
    st.builds(AckEpoch, names, st.integers(-1, 9), zxids),
    st.builds(Diff.of, names, zxids, txns),
    st.builds(Trunc.of, names, zxids, txns),
    st.builds(Snap.of, names, numbers, txns, st.just(ZERO), st.just("")),
    st.builds(Inform.of, names, txns),
    st.builds(Propose, names, st.builds(Txn, zxids, st.text(max_size=3))),
    st.builds(Request, names, st.text(max_size=3)),
    st.builds(Synced, names, numbers, zxids),
)


@given(messages)
def test_a_message_is_read_back_from_its_record(message: Any) -> None:
    assert CODEC.decode(CODEC.encode(message)) == message


@given(st.lists(numbers, max_size=5), st.integers(0, 5), zxids, numbers)
def test_a_disk_holds_what_the_server_does_after_each_write(
    counters: list[int], cut: int, at: Zxid, taken: int
) -> None:
    node = in_line(maker(ZabNode, configure), snapshot="100")
    durable: dict[str, Any] = {}
    for counter in range(1, len(counters) + 1):
        proposal = Propose("n2", txn(1, counter, request=counter))
        apply_write(durable, get(node, proposal).write or {})
    get(node, Commit("n2", Zxid(1, min(taken, len(counters)))))
    if node.committed:
        apply_write(durable, node.take_snapshot().write or {})
    run_out(node, "election")
    node.mode, node.phase, node.leader, node.epoch = "following", "discovery", "n2", 9
    kept = Zxid(1, max(cut, node.committed))
    apply_write(durable, get(node, Trunc.of("n2", kept, [Txn(at, "")])).write or {})
    assert durable.get("history", []) == node.history
    assert crashed(node, [{"keep": 0}]).history == []


def test_the_view_has_what_is_observed() -> None:
    node = established(maker(ZabNode, configure))
    shown = {*variables(node), *durable_variables({}), "up"}
    assert shown == set(TraceSpec(ZAB.specification).trace_variables)


# Roles as components


def test_each_message_and_timer_is_handled_by_one_role() -> None:
    handled = [kind for role in ZabNode.components for kind in role.messages]
    assert sorted(kind.__name__ for kind in handled) == sorted(
        kind.__name__ for kind in ZAB.runnable.messages.classes
    )
    timers = [timer for role in ZabNode.components for timer in role.timers]
    assert sorted([*timers, "snapshot"]) == sorted(ZAB.runnable.timers)


def test_a_copy_of_a_server_has_its_own_roles() -> None:
    node = established(maker(ZabNode, configure))
    other = unpickle_state(pickle_state(node, node.config), node.config)
    assert all(role.server is other for role in other.roles)
    other.handle(Disconnected("n2"), 0.0)
    assert ("n2" in node.leading.learners, "n2" in other.leading.learners) == (True, False)


def test_the_end_of_a_leadership_closes_its_connections_and_resets_each_role() -> None:
    node = established(maker(ZabNode, configure))
    assert node.roles == (node.clients, node.leading, node.learning, node.election)
    assert run_out(node, "quorum").action is None
    effects = run_out(node, "quorum")
    assert (effects.action, effects.closes, node.mode) == ("Abandon", ["n2"], "looking")
    assert node.leading.learners == {}
