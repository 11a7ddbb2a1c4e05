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
from toolkit.protocols.raft.bugs import BUGS
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.messages import (
    CODEC,
    AppendEntriesResponse,
    Entry,
    RequestVote,
    RequestVoteResponse,
)
from toolkit.protocols.raft.node import ELECTION_TIMER, HEARTBEAT_TIMER

PUT = {"op": "put", "key": "k", "value": 1}


@pytest.fixture
def make() -> Make:
    return maker(RaftNode)


# State


def test_figure_2_state_begins_with_nothing(make: Make) -> None:
    """Figure 2, state: what all servers begin with."""
    node = make()
    assert (node.currentTerm, node.votedFor, len(node.log)) == (0, None, 0)
    assert (node.commitIndex, node.lastApplied, node.log.last_index) == (0, 0, 0)
    # The first index is 1.
    get(node, append(1, new=entries(1)))
    assert node.log.entry(1).term == 1


def test_figure_2_leaders_state_begins_anew_after_each_election(make: Make) -> None:
    """Figure 2, volatile state on leaders: nextIndex and matchIndex."""
    node = leading(make, term=1, log=entries(1, 1))
    get(node, success(2, 3))
    get(node, AppendEntriesResponse(2, "n3", "n1", False, 0, 3, 0, 1), "n3")
    assert node.matchIndex == {"n2": 3, "n3": 0}
    get(node, append(3, (3, 2), entries(3)))
    candidate(node)
    effects = get(node, RequestVoteResponse(4, "n2", "n1", True))
    assert node.matchIndex == {"n2": 0, "n3": 0}
    # Entry 5 is its own, which it sends at once: nextIndex was its log's end and one.
    assert {(send.message.prevLogIndex, len(send.message.entries)) for send in effects.sends} == {
        (4, 1)
    }


# Elections


def test_figure_2_followers_a_server_begins_as_one_and_waits_for_a_leader(make: Make) -> None:
    """Section 5.2; Figure 2, rules for followers."""
    node = make()
    effects = node.handle(Start(), 0.0)
    assert (node.role, effects.action) == ("follower", None)
    assert timers(effects)[ELECTION_TIMER] == SetTimer(ELECTION_TIMER, 0.15, 0.3)


def test_figure_2_candidates_begin_with_a_new_term_their_own_vote_and_requests(
    make: Make,
) -> None:
    """Figure 2, rules for candidates, 1 (section 5.2)."""
    node = make(term=4, log=entries(1, 3))
    effects = candidate(node)
    assert (node.role, node.currentTerm, node.votedFor) == ("candidate", 5, "n1")
    assert {send.to for send in effects.sends} == {"n2", "n3"}
    assert effects.sends[0].message == RequestVote(5, "n1", 2, 3)
    assert timers(effects)[ELECTION_TIMER].high == 0.3
    assert effects.write is not None
    assert (effects.write["currentTerm"], effects.write["votedFor"]) == (5, "n1")


def test_figure_2_candidates_without_a_quorum_begin_another_election(make: Make) -> None:
    """Figure 2, rules for candidates, 4 (section 5.2)."""
    node = make()
    candidate(node)
    assert candidate(node).action == "Timeout"
    assert (node.role, node.currentTerm) == ("candidate", 2)


@rule
def test_figure_2_request_vote_2_a_vote_goes_to_one_candidate_a_term(make: Make) -> None:
    """Figure 2, RequestVote, 2: votedFor (section 5.2)."""
    node = make()
    assert only(get(node, RequestVote(1, "n2", 0, 0))).granted
    assert not only(get(node, RequestVote(1, "n3", 0, 0), "n3")).granted
    # The same one may ask again: the answer may have been lost.
    assert only(get(node, RequestVote(1, "n2", 0, 0))).granted


@rule
def test_figure_2_persistent_state_a_vote_is_written_before_it_leaves(make: Make) -> None:
    """Figure 2, persistent state: currentTerm and votedFor."""
    effects = get(make(), RequestVote(1, "n2", 0, 0))
    assert effects.write is not None
    assert (effects.write["currentTerm"], effects.write["votedFor"]) == (1, "n2")


def test_figure_2_request_vote_1_a_request_of_an_old_term_gets_the_term_and_no_vote(
    make: Make,
) -> None:
    """Figure 2, RequestVote, 1 (section 5.1)."""
    reply = only(get(make(term=3), RequestVote(2, "n2", 9, 9)))
    assert (reply.granted, reply.term) == (False, 3)


@rule
def test_figure_2_request_vote_2_no_vote_for_a_log_that_ends_in_an_older_term(make: Make) -> None:
    """Figure 2, RequestVote, 2: the log (section 5.4.1)."""
    assert not only(get(make(term=3, log=entries(1, 3)), RequestVote(4, "n2", 9, 2))).granted


@rule
def test_figure_2_request_vote_2_no_vote_for_a_shorter_log(make: Make) -> None:
    """Figure 2, RequestVote, 2: the log (section 5.4.1)."""
    assert not only(get(make(term=3, log=entries(1, 3)), RequestVote(4, "n2", 1, 3))).granted


def test_figure_2_request_vote_2_a_vote_for_a_log_that_is_as_good(make: Make) -> None:
    """Figure 2, RequestVote, 2: the log (section 5.4.1)."""
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


def test_figure_2_candidates_lead_with_a_quorum_of_votes_of_which_each_counts_once(
    make: Make,
) -> None:
    """Figure 2, rules for candidates, 2 (section 5.2)."""
    node = make(nodes=5)
    candidate(node)
    for _ in range(3):
        assert get(node, RequestVoteResponse(1, "n2", "n1", True)).action == "CountVote"
    assert get(node, RequestVoteResponse(1, "n3", "n1", False)).action == "Ignore"
    assert get(node, RequestVoteResponse(1, "n4", "n1", True)).action == "BecomeLeader"


def test_figure_2_candidates_do_not_count_votes_of_an_earlier_term(make: Make) -> None:
    """Figure 2, rules for candidates, 2 (section 5.2)."""
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


def test_figure_2_candidates_follow_a_leader_of_their_own_term(make: Make) -> None:
    """Figure 2, rules for candidates, 3 (section 5.2)."""
    node = make()
    candidate(node)
    effects = get(node, append(1))
    assert (node.role, node.currentTerm, node.leader) == ("follower", 1, "n2")
    assert only(effects).success
    # It does not get its vote back.
    assert node.votedFor == "n1"


@rule
def test_figure_2_all_servers_a_leader_that_hears_of_a_higher_term_follows(make: Make) -> None:
    """Figure 2, rules for all servers, 2 (section 5.1)."""
    node = leading(make)
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 0, 0, 0))
    assert (effects.action, node.role, node.currentTerm) == ("StepDown", "follower", 5)
    assert effects.write is not None
    assert timers(effects)[HEARTBEAT_TIMER].low is None
    assert timers(effects)[ELECTION_TIMER].low == 0.15


def test_figure_2_followers_answer_candidates_and_leaders(make: Make) -> None:
    """Figure 2, rules for followers, 1 (section 5.2)."""
    node = make(term=2, log=entries(1))
    answers = [
        only(get(node, message))
        for message in (
            RequestVote(1, "n2", 9, 9),
            RequestVote(2, "n2", 1, 1),
            append(1),
            append(2, (9, 9)),
            append(2, (1, 1)),
        )
    ]
    assert [type(answer).__name__ for answer in answers] == [
        *["RequestVoteResponse"] * 2, *["AppendEntriesResponse"] * 3,
    ]  # fmt: skip
    assert {(answer.sender, answer.to, answer.term) for answer in answers} == {("n1", "n2", 2)}


def test_figure_2_followers_wait_anew_for_a_current_leader_or_a_granted_vote(
    make: Make,
) -> None:
    """Figure 2, rules for followers, 2 (section 5.2)."""
    election_timer = SetTimer(ELECTION_TIMER, 0.15, 0.3)
    for message in (
        append(2),
        append(2, (9, 9)),
        append(3),
        RequestVote(2, "n2", 1, 1),
        RequestVote(3, "n2", 1, 1),
    ):
        assert get(make(term=2, log=entries(1)), message).timers == [election_timer], message
    for message in (
        append(1),
        RequestVote(1, "n2", 9, 9),
        RequestVote(2, "n2", 0, 0),
        RequestVote(3, "n2", 0, 0),
        AppendEntriesResponse(3, "n2", "n1", False, 0, 0, 0, 0),
    ):
        assert get(make(term=2, log=entries(1)), message).timers == [], message
    follower = make(term=2)
    assert (candidate(follower).action, follower.role) == ("Timeout", "candidate")


MESSAGES_OF_TERM_9 = (
    RequestVote(9, "n2", 99, 9),
    RequestVote(9, "n2", 0, 0),
    RequestVoteResponse(9, "n2", "n1", False),
    append(9),
    append(9, (99, 9)),
    AppendEntriesResponse(9, "n2", "n1", False, 0, 0, 0, 0),
)


@pytest.mark.parametrize("role", ["follower", "candidate", "leader"])
@pytest.mark.parametrize("message", MESSAGES_OF_TERM_9, ids=lambda one: type(one).__name__)
def test_figure_2_all_servers_go_to_a_higher_term_and_follow(role: str, message: object) -> None:
    """Figure 2, rules for all servers, 2 (section 5.1): any request and any answer."""
    node = maker(RaftNode)(term=1, log=entries(1))
    if role != "follower":
        candidate(node)
    if role == "leader":
        get(node, RequestVoteResponse(2, "n3", "n1", True), "n3")
    assert node.role == role
    effects = get(node, message)
    assert (node.role, node.currentTerm) == ("follower", 9)
    assert node.votedFor == ("n2" if getattr(message, "lastLogIndex", 0) else None)
    assert effects.write is not None
    assert effects.write["currentTerm"] == 9
    assert (node.votesGranted, node.matchIndex) == (set(), {"n2": 0, "n3": 0})
    # Who led beats no more, and who did not waits on or anew.
    assert (SetTimer(HEARTBEAT_TIMER) in effects.timers) == (role == "leader")
    if role == "leader":
        assert timers(effects)[ELECTION_TIMER].low == 0.15


def test_figure_2_all_servers_apply_what_is_committed_in_the_logs_order(make: Make) -> None:
    """Figure 2, rules for all servers, 1 (section 5.3)."""
    node = make()
    told = []
    node.sessions.apply = lambda client, request, operation: told.append(  # type: ignore[method-assign]
        operation["value"]
    )
    get(node, append(1, new=entries(1, 1, 1), commit=2))
    assert (node.commitIndex, node.lastApplied, told) == (2, 2, [0, 1])
    get(node, append(1, (3, 1), commit=3))
    assert (node.commitIndex, node.lastApplied, told) == (3, 3, [0, 1, 2])
    get(node, append(1, (3, 1), commit=3))
    assert told == [0, 1, 2]


# Replication


@rule
def test_figure_2_append_entries_1_entries_of_an_old_leader_are_refused(make: Make) -> None:
    """Figure 2, AppendEntries, 1 (section 5.1)."""
    node = make(term=3)
    reply = only(get(node, append(2, new=entries(2))))
    assert (reply.success, reply.term, node.log) == (False, 3, ())


@rule
def test_figure_2_append_entries_2_entries_that_do_not_follow_on_are_refused(make: Make) -> None:
    """Figure 2, AppendEntries, 2 (section 5.3)."""
    node = make(term=3, log=entries(1, 1, 2, 2))
    reply = only(get(node, append(3, (3, 3), entries(3))))
    assert (reply.success, reply.hintTerm, reply.hintIndex) == (False, 2, 3)
    reply = only(get(node, append(3, (9, 3), entries(3))))
    assert (reply.success, reply.hintTerm, reply.hintIndex) == (False, 0, 5)
    assert node.log == entries(1, 1, 2, 2)


@rule
def test_figure_2_append_entries_3_an_entry_that_differs_and_all_behind_it_go(make: Make) -> None:
    """Figure 2, AppendEntries, 3 (section 5.3)."""
    node = make(term=2, log=entries(1, 1, 2, 2))
    new = entries(0, 1, 3)[1:]
    assert only(get(node, append(3, (1, 1), new))).success
    assert [entry.term for entry in node.log] == [1, 1, 3]


@rule
def test_figure_2_append_entries_3_a_late_request_takes_nothing_back(make: Make) -> None:
    """Figure 2, AppendEntries, 3: only where an entry differs (section 5.3)."""
    node = make(term=3, log=entries(1, 3, 3))
    effects = get(node, append(3, (1, 1), entries(0, 3)[1:]))
    assert node.log == entries(1, 3, 3)
    assert effects.write is None
    # It says no more than the request showed.
    assert only(effects).matchIndex == 2


@rule
def test_figure_2_persistent_state_entries_are_written_before_the_answer_leaves(make: Make) -> None:
    """Figure 2, persistent state: the log."""
    for node in (make(), make(term=1)):
        effects = get(node, append(1, new=entries(1)))
        assert effects.write is not None
        assert effects.write["log"] == (0, entries(1))
    # A leader's own as well, before it sends them.
    node = make()
    candidate(node)
    effects = get(node, RequestVoteResponse(1, "n2", "n1", True))
    assert effects.write is not None
    assert effects.write["log"] == (0, (Entry(1, "noop", ""),))
    effects = node.handle(Command("c", 0, PUT), 0.0)
    assert effects.write is not None
    assert effects.write["log"] == (1, (node.log.entry(2),))


def test_figure_2_append_entries_4_entries_that_are_not_in_the_log_are_appended(
    make: Make,
) -> None:
    """Figure 2, AppendEntries, 4 (section 5.3)."""
    node = make(term=1, log=entries(1, 1))
    # The first is there already, the others are not.
    effects = get(node, append(1, (1, 1), entries(0, 1, 1, 1)[1:]))
    assert node.log == entries(1, 1, 1, 1)
    assert only(effects).matchIndex == 4
    assert effects.write is not None
    assert effects.write["log"] == (2, entries(0, 0, 1, 1)[2:])


def test_figure_2_leaders_append_a_command_and_send_it_from_next_index_on(make: Make) -> None:
    """Figure 2, rules for leaders, 2 and 3 (section 5.3)."""
    node = leading(make)
    get(node, AppendEntriesResponse(1, "n3", "n1", False, 0, 1, 0, 1), "n3")
    node.nextIndex["n3"] = 1
    effects = node.handle(Command("c", 0, PUT), 0.0)
    assert (node.log.entry(2).term, node.log.entry(2).kind) == (1, "command")
    assert json.loads(node.log.entry(2).val) == ["c", 0, PUT]
    assert {
        send.to: (send.message.prevLogIndex, len(send.message.entries)) for send in effects.sends
    } == {"n2": (1, 1), "n3": (0, 2)}
    assert node.nextIndex == {"n2": 3, "n3": 3}


def test_figure_2_leaders_remember_how_far_a_follower_agrees(make: Make) -> None:
    """Figure 2, rules for leaders, 3: success (section 5.3)."""
    node = leading(make)
    node.handle(Command("c", 0, PUT), 0.0)
    node.nextIndex["n3"] = 1
    effects = get(node, success(1, 1, "n3"), "n3")
    assert (node.matchIndex["n3"], node.matchIndex["n2"]) == (1, 0)
    # There is more to send from nextIndex on.
    assert (only(effects).prevLogIndex, len(only(effects).entries)) == (1, 1)
    assert get(node, success(1, 2, "n3"), "n3").sends == []
    assert (node.matchIndex["n3"], node.nextIndex["n3"]) == (2, 3)


@rule
def test_figure_2_append_entries_5_commit_index_stops_at_the_last_new_entry(
    make: Make,
) -> None:
    """Figure 2, AppendEntries, 5."""
    node = make(term=2, log=entries(1, 1, 1))
    get(node, append(2, (1, 1), commit=3))
    assert node.commitIndex == 1
    get(node, append(2, (3, 1), commit=2))
    assert node.commitIndex == 2
    get(node, append(2, (3, 1), commit=0))
    assert node.commitIndex == 2


@rule
def test_figure_2_leaders_commit_an_entry_when_a_quorum_has_it(make: Make) -> None:
    """Figure 2, rules for leaders, 4 (section 5.3)."""
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
def test_figure_2_leaders_do_not_commit_an_entry_of_an_earlier_term_by_counting(make: Make) -> None:
    """Figure 2, rules for leaders, 4 (section 5.4.2, Figure 8)."""
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


def test_figure_2_leaders_that_are_refused_go_back_by_terms_and_send_again(make: Make) -> None:
    """Figure 2, rules for leaders, 3: failure (section 5.3 and its end)."""
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    # The follower has term 3 there: the leader has none of it.
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 3, 4))
    assert (effects.action, only(effects).prevLogIndex) == ("DecrementNextIndex", 3)
    # The follower's term 2 ends later than the leader's.
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 2, 3))
    assert only(effects).prevLogIndex == 4
    # The follower's log is short.
    node = leading(make, term=4, log=entries(1, 1, 2, 2, 4))
    effects = get(node, AppendEntriesResponse(5, "n2", "n1", False, 0, 5, 0, 2))
    assert (only(effects).prevLogIndex, len(only(effects).entries)) == (1, 5)


def test_figure_2_leaders_are_heard_of_at_once_and_then_regularly(make: Make) -> None:
    """Figure 2, rules for leaders, 1 (section 5.2)."""
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
def test_figure_2_persistent_state_outlives_a_crash_and_nothing_else_does(make: Make) -> None:
    """Figure 2, persistent and volatile state."""
    node = make()
    effects = node.handle(
        Restart({"currentTerm": 4, "votedFor": "n3", "log": Log(entries(1, 2))}), 0.0
    )
    assert (node.currentTerm, node.votedFor, node.log) == (4, "n3", entries(1, 2))
    assert (node.role, node.commitIndex, node.lastApplied) == ("follower", 0, 0)
    assert timers(effects)[ELECTION_TIMER].low == 0.15


# Clients


def test_figure_2_leaders_answer_a_client_when_its_command_is_applied(make: Make) -> None:
    """Figure 2, rules for leaders, 2 (section 5.3)."""
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

    for message in (
        RequestVote(1, "n1", 2, 1), RequestVoteResponse(1, "n2", "n1", False),
        append(3, (1, 1), entries(1, 2), 1), success(1, 2),
    ):  # fmt: skip
        assert CODEC.decode(CODEC.encode(message)) == message


@pytest.mark.parametrize(
    "settings",
    [{"elections": "1"}, {"election": "0.3-0.1"}, {"election": "x"}, {"heartbeat": "0"},
     {"batch": "1.5"}, {"machine": "kw"}, {"quorum": "flexible:1,3"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        configure(["n1", "n2", "n3"], settings)


FIGURE_2 = (
    "state",
    "persistent_state",
    "leaders_state",
    *(f"append_entries_{number}" for number in range(1, 6)),
    *(f"request_vote_{number}" for number in range(1, 3)),
    "all_servers_apply",
    "all_servers_go_to_a_higher_term",
    "followers_answer",
    "followers_wait",
    "candidates_begin_with_a_new_term",
    "candidates_lead",
    "candidates_follow",
    "candidates_without_a_quorum",
    "leaders_are_heard_of",
    "leaders_append_a_command",
    "leaders_answer",
    "leaders_remember",
    "leaders_that_are_refused",
    "leaders_commit",
    "leaders_do_not_commit",
)
"""The rules of Figure 2, in its order, as the names of tests begin."""


@pytest.mark.parametrize("rule_of", FIGURE_2)
def test_each_rule_of_figure_2_has_a_test_that_is_named_after_it_and_cites_it(
    rule_of: str,
) -> None:
    tests = [one for name, one in globals().items() if name.startswith(f"test_figure_2_{rule_of}")]
    assert tests
    assert all("Figure 2, " in (one.__doc__ or "") for one in tests)


BROKEN_RULES = {
    "votes-for-old-logs": "test_figure_2_request_vote_2_no_vote_for_a_shorter_log",
    "forgets-vote": "test_figure_2_persistent_state_outlives_a_crash_and_nothing_else_does",
    "forgets-term": "test_figure_2_persistent_state_outlives_a_crash_and_nothing_else_does",
    "forgets-log": "test_figure_2_persistent_state_outlives_a_crash_and_nothing_else_does",
    "votes-before-durable": "test_figure_2_persistent_state_a_vote_is_written_before_it_leaves",
    "accepts-before-durable":
        "test_figure_2_persistent_state_entries_are_written_before_the_answer_leaves",
    "commits-by-counting":
        "test_figure_2_leaders_do_not_commit_an_entry_of_an_earlier_term_by_counting",
    "commits-with-one-fewer": "test_figure_2_leaders_commit_an_entry_when_a_quorum_has_it",
    "cuts-off-always": "test_figure_2_append_entries_3_a_late_request_takes_nothing_back",
    "never-cuts-off": "test_figure_2_append_entries_3_an_entry_that_differs_and_all_behind_it_go",
    "skips-consistency-check":
        "test_figure_2_append_entries_2_entries_that_do_not_follow_on_are_refused",
    "commits-to-the-end":
        "test_figure_2_append_entries_5_commit_index_stops_at_the_last_new_entry",
    "ignores-higher-term": "test_figure_2_all_servers_a_leader_that_hears_of_a_higher_term_follows",
    "accepts-old-terms": "test_figure_2_append_entries_1_entries_of_an_old_leader_are_refused",
    "votes-twice": "test_figure_2_request_vote_2_a_vote_goes_to_one_candidate_a_term",
    "believes-in-agreement":
        "test_8_a_leader_begins_with_an_entry_of_its_own_and_knows_nothing_of_others",
}  # fmt: skip


@pytest.mark.parametrize("bug", BROKEN_RULES)
def test_the_test_of_a_rule_fails_on_the_server_that_breaks_it(bug: str) -> None:
    with pytest.raises(AssertionError):
        RULES[BROKEN_RULES[bug]](maker(BUGS[bug]))
