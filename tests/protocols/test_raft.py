"""Raft's rules, one test each, named after the paper's sections and its Figure 2.

Each test fails on the planted server that breaks its rule: see the last test of this file.
"""

from __future__ import annotations

import json

import pytest

from tests.protocols.raft_servers import (
    RULES,
    Make,
    append,
    candidate,
    entries,
    get,
    leading,
    maker,
    only,
    rule,
    success,
    timers,
)
from toolkit.errors import SettingError
from toolkit.protocols.base import Command, Output, Redirect, Restart, SetTimer, Start, Timeout
from toolkit.protocols.raft import RaftNode, configure
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.messages import (
    AppendEntriesResponse,
    Entry,
    RequestVote,
    RequestVoteResponse,
    decode_message,
)
from toolkit.protocols.raft.node import ELECTION_TIMER, HEARTBEAT_TIMER
from toolkit.protocols.raft.planted import PLANTED


@pytest.fixture
def make() -> Make:
    return maker(RaftNode)


# Elections


def test_5_2_a_server_starts_as_follower_and_waits_for_a_leader(make: Make) -> None:
    node = make()
    effects = node.handle(Start(), 0.0)
    assert (node.role, effects.action) == ("follower", None)
    assert timers(effects)[ELECTION_TIMER] == SetTimer(ELECTION_TIMER, 0.15, 0.3)


def test_5_2_a_candidate_goes_to_a_new_term_votes_for_itself_and_waits_anew(make: Make) -> None:
    node = make(term=4, log=entries(1, 3))
    effects = candidate(node)
    assert (node.role, node.currentTerm, node.votedFor) == ("candidate", 5, "n1")
    assert {send.to for send in effects.sends} == {"n2", "n3"}
    assert effects.sends[0].message == RequestVote(5, "n1", 2, 3)
    assert timers(effects)[ELECTION_TIMER].high == 0.3
    assert effects.write is not None
    assert (effects.write["currentTerm"], effects.write["votedFor"]) == (5, "n1")


def test_5_2_an_election_without_a_winner_is_followed_by_another(make: Make) -> None:
    node = make()
    candidate(node)
    assert candidate(node).action == "Timeout"
    assert (node.role, node.currentTerm) == ("candidate", 2)


@rule
def test_5_2_a_vote_goes_to_one_candidate_a_term(make: Make) -> None:
    node = make()
    assert only(get(node, RequestVote(1, "n2", 0, 0))).granted
    assert not only(get(node, RequestVote(1, "n3", 0, 0), "n3")).granted
    # The same one may ask again: the answer may have been lost.
    assert only(get(node, RequestVote(1, "n2", 0, 0))).granted


@rule
def test_figure_2_a_vote_is_written_before_it_leaves(make: Make) -> None:
    effects = get(make(), RequestVote(1, "n2", 0, 0))
    assert effects.write is not None
    assert (effects.write["currentTerm"], effects.write["votedFor"]) == (1, "n2")


def test_figure_2_a_request_of_an_old_term_gets_no_vote_and_learns_the_term(make: Make) -> None:
    reply = only(get(make(term=3), RequestVote(2, "n2", 9, 9)))
    assert (reply.granted, reply.term) == (False, 3)


@rule
def test_5_4_1_no_vote_for_a_candidate_whose_log_ends_in_an_older_term(make: Make) -> None:
    assert not only(get(make(term=3, log=entries(1, 3)), RequestVote(4, "n2", 9, 2))).granted


@rule
def test_5_4_1_no_vote_for_a_candidate_whose_log_is_shorter(make: Make) -> None:
    assert not only(get(make(term=3, log=entries(1, 3)), RequestVote(4, "n2", 1, 3))).granted


def test_5_4_1_a_vote_for_a_candidate_whose_log_is_as_good(make: Make) -> None:
    for index, term in ((2, 3), (5, 3), (1, 4)):
        node = make(term=3, log=entries(1, 3))
        assert only(get(node, RequestVote(5, "n2", index, term))).granted


def test_5_1_a_refused_candidate_still_brings_its_term(make: Make) -> None:
    node = leading(make, log=entries(1), term=1)
    effects = get(node, RequestVote(7, "n2", 0, 0))
    assert (effects.action, node.role, node.currentTerm, node.votedFor) == (
        "DenyVote", "follower", 7, None,
    )  # fmt: skip
    assert timers(effects)[HEARTBEAT_TIMER].low is None
    assert timers(effects)[ELECTION_TIMER].low == 0.15


def test_5_2_a_quorum_of_votes_makes_a_leader_and_each_counts_once(make: Make) -> None:
    node = make(nodes=5)
    candidate(node)
    for _ in range(3):
        assert get(node, RequestVoteResponse(1, "n2", "n1", True)).action == "CountVote"
    assert get(node, RequestVoteResponse(1, "n3", "n1", False)).action == "Ignore"
    assert get(node, RequestVoteResponse(1, "n4", "n1", True)).action == "BecomeLeader"


def test_5_2_votes_of_an_earlier_term_do_not_count(make: Make) -> None:
    node = make()
    candidate(node)
    candidate(node)
    assert get(node, RequestVoteResponse(1, "n2", "n1", True)).action == "Ignore"
    assert node.role == "candidate"


@rule
def test_8_a_leader_begins_with_an_entry_of_its_own_and_knows_nothing_of_others(
    make: Make,
) -> None:
    node = leading(make, term=1, log=entries(1))
    assert tuple(node.log)[1:] == (Entry(2, "noop", ""),)
    assert node.matchIndex == {"n2": 0, "n3": 0}
    # Sent on in the same step: the next one to send lies behind it.
    assert node.nextIndex == {"n2": 3, "n3": 3}


def test_5_2_a_candidate_follows_a_leader_of_its_own_term(make: Make) -> None:
    node = make()
    candidate(node)
    effects = get(node, append(1))
    assert (node.role, node.currentTerm, node.leader) == ("follower", 1, "n2")
    assert only(effects).success
    # It does not get its vote back.
    assert node.votedFor == "n1"


@rule
def test_5_1_a_leader_that_hears_of_a_higher_term_follows(make: Make) -> None:
    node = leading(make)
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 0, 0, 0))
    assert (effects.action, node.role, node.currentTerm) == ("StepDown", "follower", 5)
    assert effects.write is not None
    assert timers(effects)[HEARTBEAT_TIMER].low is None
    assert timers(effects)[ELECTION_TIMER].low == 0.15


# Replication


@rule
def test_figure_2_entries_of_an_old_leader_are_refused(make: Make) -> None:
    node = make(term=3)
    reply = only(get(node, append(2, new=entries(2))))
    assert (reply.success, reply.term, node.log) == (False, 3, ())


@rule
def test_5_3_entries_that_do_not_follow_on_are_refused(make: Make) -> None:
    node = make(term=3, log=entries(1, 1, 2, 2))
    reply = only(get(node, append(3, (3, 3), entries(3))))
    assert (reply.success, reply.hintTerm, reply.hintIndex) == (False, 2, 3)
    reply = only(get(node, append(3, (9, 3), entries(3))))
    assert (reply.success, reply.hintTerm, reply.hintIndex) == (False, 0, 5)
    assert node.log == entries(1, 1, 2, 2)


@rule
def test_5_3_an_entry_that_differs_and_all_behind_it_go(make: Make) -> None:
    node = make(term=2, log=entries(1, 1, 2, 2))
    new = entries(0, 1, 3)[1:]
    assert only(get(node, append(3, (1, 1), new))).success
    assert [entry.term for entry in node.log] == [1, 1, 3]


@rule
def test_5_3_a_late_request_takes_nothing_back(make: Make) -> None:
    node = make(term=3, log=entries(1, 3, 3))
    effects = get(node, append(3, (1, 1), entries(0, 3)[1:]))
    assert node.log == entries(1, 3, 3)
    assert effects.write is None
    # It says no more than the request showed.
    assert only(effects).matchIndex == 2


@rule
def test_figure_2_entries_are_written_before_the_answer_leaves(make: Make) -> None:
    effects = get(make(), append(1, new=entries(1)))
    assert effects.write is not None
    assert effects.write["log"] == (0, entries(1))


@rule
def test_figure_2_commit_index_goes_no_further_than_the_last_new_entry(make: Make) -> None:
    node = make(term=2, log=entries(1, 1, 1))
    get(node, append(2, (1, 1), commit=3))
    assert node.commitIndex == 1
    get(node, append(2, (3, 1), commit=2))
    assert node.commitIndex == 2
    get(node, append(2, (3, 1), commit=0))
    assert node.commitIndex == 2


@rule
def test_5_3_an_entry_is_committed_when_a_quorum_has_it(make: Make) -> None:
    node = leading(make, nodes=3)
    assert node.commitIndex == 0
    assert get(node, success(1, 1)).action == "AdvanceCommitIndex"
    assert node.commitIndex == 1
    five = make(nodes=5)
    candidate(five)
    get(five, RequestVoteResponse(1, "n2", "n1", True))
    get(five, RequestVoteResponse(1, "n3", "n1", True), "n3")
    assert get(five, success(1, 1)).action == "RecordMatch"
    assert get(five, success(1, 1, "n3"), "n3").action == "AdvanceCommitIndex"


@rule
def test_5_4_2_an_entry_of_an_earlier_term_is_not_committed_by_counting(make: Make) -> None:
    node = leading(make, term=2, log=entries(1, 2))
    get(node, success(3, 2))
    assert node.commitIndex == 0
    get(node, success(3, 3))
    assert node.commitIndex == 3


def test_5_3_an_old_answer_lowers_nothing(make: Make) -> None:
    node = leading(make)
    get(node, success(1, 1))
    get(node, success(1, 0))
    assert (node.matchIndex["n2"], node.nextIndex["n2"]) == (1, 2)
    refused = AppendEntriesResponse(1, "n2", "n1", False, 0, 1, 0, 1)
    assert get(node, refused).action == "Ignore"


def test_5_3_a_refused_leader_goes_back_by_terms(make: Make) -> None:
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    # The follower has term 3 there: the leader has none of it.
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 3, 4))
    assert (effects.action, only(effects).prevLogIndex) == ("BackUp", 3)
    # The follower's term 2 ends later than the leader's.
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 2, 3))
    assert only(effects).prevLogIndex == 4
    # The follower's log is short.
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 0, 2))
    assert (only(effects).prevLogIndex, len(only(effects).entries)) == (1, 5)


def test_5_2_heartbeats_go_out_at_once_and_then_regularly(make: Make) -> None:
    node = make()
    candidate(node)
    effects = get(node, RequestVoteResponse(1, "n2", "n1", True))
    assert {send.to for send in effects.sends} == {"n2", "n3"}
    assert timers(effects)[HEARTBEAT_TIMER].low == 0.05
    assert timers(effects)[ELECTION_TIMER].low is None
    again = node.handle(Timeout(HEARTBEAT_TIMER), 0.0)
    assert (again.action, again.sends[0].message.entries) == ("Heartbeat", ())
    assert timers(again)[HEARTBEAT_TIMER].low == 0.05


def test_a_message_holds_no_more_than_a_batch_and_the_rest_follows_the_answer() -> None:
    node = RaftNode("n1", configure(["n1", "n2"], {"batch": "2"}))
    node.log, node.currentTerm = Log(entries(1, 1, 1, 1, 1)), 1
    candidate(node)
    get(node, RequestVoteResponse(2, "n2", "n1", True))
    effects = get(node, AppendEntriesResponse(2, "n2", "n1", False, 0, 5, 0, 1))
    assert len(only(effects).entries) == 2
    effects = get(node, success(2, 2))
    assert (only(effects).prevLogIndex, len(only(effects).entries)) == (2, 2)


# Crashes


@rule
def test_figure_2_term_vote_and_log_outlive_a_crash_and_nothing_else_does(make: Make) -> None:
    node = make()
    effects = node.handle(
        Restart({"currentTerm": 4, "votedFor": "n3", "log": Log(entries(1, 2))}), 0.0
    )
    assert (node.currentTerm, node.votedFor, node.log) == (4, "n3", entries(1, 2))
    assert (node.role, node.commitIndex, node.lastApplied) == ("follower", 0, 0)
    assert timers(effects)[ELECTION_TIMER].low == 0.15


# Clients

PUT = {"op": "put", "key": "k", "value": 1}


def test_8_a_client_is_answered_when_its_command_is_committed(make: Make) -> None:
    node = leading(make)
    effects = node.handle(Command("c", 0, PUT), 0.0)
    assert (effects.action, effects.outputs) == ("ClientRequest", [])
    assert get(node, success(1, 2)).outputs == [Output("c", 0, {"ok": True})]


def test_8_whoever_does_not_lead_sends_the_client_to_the_leader(make: Make) -> None:
    node = make()
    assert node.handle(Command("c", 0, PUT), 0.0).outputs == [Redirect("c", 0, None)]
    get(node, append(1))
    effects = node.handle(Command("c", 0, PUT), 0.0)
    assert (effects.action, effects.outputs) == ("Reply", [Redirect("c", 0, "n2")])


def test_6_3_a_command_that_comes_again_is_applied_once(make: Make) -> None:
    node = leading(make)
    add = {"op": "cas", "key": "k", "expected": None, "value": 1}
    node.handle(Command("c", 0, add), 0.0)
    again = node.handle(Command("c", 0, add), 0.0)
    assert (again.action, again.outputs, len(node.log)) == ("Reply", [], 2)
    get(node, success(1, 2))
    done = {"ok": True, "value": None}
    assert node.handle(Command("c", 0, add), 0.0).outputs == [Output("c", 0, done)]
    # It may stand in the log twice, put there by two leaders: the second has no effect.
    twice = make()
    what = Entry(1, "command", json.dumps(["c", 0, add]))
    get(twice, append(1, new=(what, what), commit=2))
    assert twice.lastApplied == 2
    assert twice.sessions.cached("c", 0) == done


def test_a_server_alone_leads_and_commits_at_once() -> None:
    node = RaftNode("n1", configure(["n1"], {}))
    assert candidate(node).action == "Timeout"
    assert (node.role, node.commitIndex) == ("leader", 1)
    assert node.handle(Command("c", 0, PUT), 0.0).outputs == [Output("c", 0, {"ok": True})]


# The rest


def test_messages_are_read_back_from_their_records() -> None:
    from toolkit.protocols.base import message_record

    for message in (
        RequestVote(1, "n1", 2, 1), RequestVoteResponse(1, "n2", "n1", False),
        append(3, (1, 1), entries(1, 2), 1), success(1, 2),
    ):  # fmt: skip
        assert decode_message(message_record(message)) == message


@pytest.mark.parametrize(
    "settings",
    [{"elections": "1"}, {"election": "0.3-0.1"}, {"election": "x"}, {"heartbeat": "0"},
     {"batch": "1.5"}, {"machine": "kw"}, {"quorum": "flexible:1,3"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        configure(["n1", "n2", "n3"], settings)


BROKEN_RULES = {
    "votes-for-old-logs": "test_5_4_1_no_vote_for_a_candidate_whose_log_is_shorter",
    "forgets-vote": "test_figure_2_term_vote_and_log_outlive_a_crash_and_nothing_else_does",
    "forgets-term": "test_figure_2_term_vote_and_log_outlive_a_crash_and_nothing_else_does",
    "forgets-log": "test_figure_2_term_vote_and_log_outlive_a_crash_and_nothing_else_does",
    "votes-before-durable": "test_figure_2_a_vote_is_written_before_it_leaves",
    "accepts-before-durable": "test_figure_2_entries_are_written_before_the_answer_leaves",
    "commits-by-counting":
        "test_5_4_2_an_entry_of_an_earlier_term_is_not_committed_by_counting",
    "commits-with-one-fewer": "test_5_3_an_entry_is_committed_when_a_quorum_has_it",
    "cuts-off-always": "test_5_3_a_late_request_takes_nothing_back",
    "never-cuts-off": "test_5_3_an_entry_that_differs_and_all_behind_it_go",
    "skips-consistency-check": "test_5_3_entries_that_do_not_follow_on_are_refused",
    "commits-to-the-end":
        "test_figure_2_commit_index_goes_no_further_than_the_last_new_entry",
    "ignores-higher-term": "test_5_1_a_leader_that_hears_of_a_higher_term_follows",
    "accepts-old-terms": "test_figure_2_entries_of_an_old_leader_are_refused",
    "votes-twice": "test_5_2_a_vote_goes_to_one_candidate_a_term",
    "believes-in-agreement":
        "test_8_a_leader_begins_with_an_entry_of_its_own_and_knows_nothing_of_others",
}  # fmt: skip


@pytest.mark.parametrize("bug", BROKEN_RULES)
def test_the_test_of_a_rule_fails_on_the_server_that_breaks_it(bug: str) -> None:
    with pytest.raises(AssertionError):
        RULES[BROKEN_RULES[bug]](maker(PLANTED[bug]))
