"""The rules of Raft's options, one test each, named after the dissertation's sections.

Each test marked as a rule fails on the planted server that breaks it: see the last tests.
"""

from __future__ import annotations

import json
from typing import Any

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
from tests.protocols.test_raft import BROKEN_RULES
from toolkit.controlled.states import pickle_state, unpickle_state
from toolkit.errors import UnknownNameError
from toolkit.protocols.base import Command, Effects, Output, Redirect, Restart, Timeout
from toolkit.protocols.components import replace_component
from toolkit.protocols.raft import RaftNode
from toolkit.protocols.raft.bugs import BUGS
from toolkit.protocols.raft.core import ELECTION_TIMER, HEARTBEAT_TIMER, RaftCore
from toolkit.protocols.raft.leadership import CheckQuorum, Transfer
from toolkit.protocols.raft.log import Log, apply_write
from toolkit.protocols.raft.messages import (
    AppendEntriesResponse,
    Configuration,
    Entry,
    InstallSnapshot,
    InstallSnapshotResponse,
    RequestPreVote,
    RequestPreVoteResponse,
    RequestVote,
    RequestVoteResponse,
    TimeoutNow,
)
from toolkit.protocols.raft.option import Option, wiring
from toolkit.protocols.raft.prevote import PreVotes
from toolkit.protocols.raft.reads import Reads
from toolkit.protocols.raft.snapshots import SNAPSHOT_TIMER, Snapshots

GET = {"op": "get", "key": "k"}
PUT = {"op": "put", "key": "k", "value": 1}
NOBODY = '{"config":null,"state":{"machine":{},"expired":false,"sessions":[]}}'

PRE_VOTE = {"pre-vote": "yes"}
TRANSFER = {"transfer": "yes"}
SNAPSHOT = {"snapshot": "2", "chunk": "1000"}
SINGLE = {"membership": "single", "voters": "n1,n2,n3"}
JOINT = {"membership": "joint", "voters": "n1,n2,n3"}
LEARNERS = {"learners": "yes", "voters": "n1,n2,n3"}
INDEX = {"reads": "index"}
LEASE = {"reads": "lease", "check-quorum": "yes", "drift-bound": "0"}


@pytest.fixture
def make() -> Make:
    return maker(RaftNode)


def settled(make: Make, **state: Any) -> RaftNode:
    """Return a leader that has committed the entry that its term begins with."""
    node = leading(make, **state)
    get(node, success(node.currentTerm, node.log.last_index))
    assert node.knows_committed()
    return node


def ask(node: RaftNode, operation: Any, *, request: int = 0, now: float = 0.0) -> Effects:
    return node.handle(Command("c", request, operation), now)


# Pre-votes (section 9.6)


def test_9_6_a_server_asks_before_it_raises_its_term(make: Make) -> None:
    node = make(term=4, voted="n2", log=entries(1, 3), settings=PRE_VOTE)
    effects = candidate(node)
    assert (effects.action, effects.write) == ("PreVote", None)
    assert (node.role, node.currentTerm, node.votedFor) == ("precandidate", 4, "n2")
    assert effects.sends[0].message == RequestPreVote(5, "n1", 2, 3)
    effects = get(node, RequestPreVoteResponse(5, "n2", "n1", True))
    assert (effects.action, node.role, node.currentTerm) == ("WinPreVote", "candidate", 5)


@rule
def test_9_6_a_request_for_a_pre_vote_changes_nothing(make: Make) -> None:
    node = make(term=1, voted="n3", settings=PRE_VOTE)
    effects = get(node, RequestPreVote(5, "n2", 0, 0))
    assert (effects.action, effects.write) == ("GrantPreVote", None)
    assert (node.currentTerm, node.votedFor) == (1, "n3")
    assert only(effects) == RequestPreVoteResponse(5, "n1", "n2", True)


def test_9_6_no_pre_vote_while_a_leader_is_heard_or_for_an_old_log(make: Make) -> None:
    node = make(settings=PRE_VOTE)
    get(node, append(1), now=1.0)
    assert not only(get(node, RequestPreVote(2, "n3", 9, 9), "n3", now=1.1)).granted
    assert only(get(node, RequestPreVote(2, "n3", 9, 9), "n3", now=1.2)).granted
    node = make(term=2, log=entries(1, 2), settings=PRE_VOTE)
    assert not only(get(node, RequestPreVote(3, "n3", 1, 1), "n3")).granted
    node = make(settings=PRE_VOTE)
    candidate(node)
    get(node, RequestPreVoteResponse(1, "n2", "n1", True))
    get(node, RequestVoteResponse(1, "n2", "n1", True))
    assert node.role == "leader"
    assert not only(get(node, RequestPreVote(9, "n3", 9, 9), "n3", now=9.0)).granted


# Check-quorum (sections 6.2 and 4.2.3)


def test_6_2_a_leader_that_hears_from_no_quorum_gives_up(make: Make) -> None:
    node = settled(make, settings={"check-quorum": "yes"})
    assert candidate(node).action is None
    effects = candidate(node)
    assert (effects.action, node.role, node.currentTerm) == ("CheckQuorum", "follower", 1)
    assert timers(effects)[HEARTBEAT_TIMER].low is None
    node = settled(make)
    assert (candidate(node).action, node.role) == (None, "leader")


def test_4_2_3_who_hears_a_leader_votes_for_nobody_but_when_the_leader_asks(make: Make) -> None:
    node = make(settings={"check-quorum": "yes"})
    get(node, append(1), now=1.0)
    assert get(node, RequestVote(9, "n3", 9, 9), "n3", now=1.1).action == "Ignore"
    assert node.currentTerm == 1
    assert get(node, RequestVote(9, "n3", 9, 9, True), "n3", now=1.1).action == "GrantVote"
    node = make(settings={"check-quorum": "yes"})
    get(node, append(1), now=1.0)
    assert get(node, RequestVote(9, "n3", 9, 9), "n3", now=1.2).action == "GrantVote"


def test_6_4_1_who_hears_a_leader_votes_for_nobody_in_a_term_it_went_to_since(make: Make) -> None:
    node = make(settings=LEASE)
    candidate(node)
    get(node, append(1), now=1.0)
    # Late, n3 refuses the vote that this server asked for: the term is 5, n2 may have a lease.
    get(node, RequestVoteResponse(5, "n3", "n1", False), "n3", now=1.05)
    assert (node.currentTerm, node.votedFor) == (5, None)
    assert get(node, RequestVote(5, "n3", 9, 9), "n3", now=1.1).action == "Ignore"
    assert get(node, RequestVote(5, "n3", 9, 9), "n3", now=1.2).action == "GrantVote"


def test_6_2_a_leader_that_gets_no_answers_of_its_term_gives_up(make: Make) -> None:
    for message in (
        RequestVote(9, "n2", 9, 9),
        RequestVoteResponse(2, "n2", "n1", True),
        success(1, 1),
    ):
        node = leading(make, term=1, settings={"check-quorum": "yes"})
        get(node, message)
        assert candidate(node).action == "CheckQuorum", message
    for answer in (success(2, 1), InstallSnapshotResponse(2, "n2", "n1", 1, 0, False)):
        node = leading(make, term=1, settings=SNAPSHOT | {"check-quorum": "yes"})
        get(node, answer)
        assert candidate(node).action is None, answer


# Handing over (section 3.10)


def test_3_10_a_leader_hands_over_when_the_other_has_its_whole_log(make: Make) -> None:
    node = settled(make, settings=TRANSFER)
    effects = ask(node, {"op": "transfer", "to": "n3"})
    assert (effects.action, effects.sends) == ("Reply", [])
    get(node, success(1, 1, "n3"), "n3")
    effects = node.handle(Timeout(HEARTBEAT_TIMER), 0.1)
    assert effects.action == "TransferLeadership"
    assert only(effects) == TimeoutNow(1, "n1", "n3")
    assert effects.outputs == [Output("c", 0, {"ok": True})]
    # Meanwhile nobody's commands are taken.
    assert ask(node, PUT, request=1).outputs == [Redirect("c", 1, None)]


def test_3_10_a_hand_over_that_comes_to_nothing_ends(make: Make) -> None:
    node = settled(make, settings=TRANSFER)
    ask(node, {"op": "transfer", "to": "n2"})
    assert ask(node, PUT, request=1).outputs == [Redirect("c", 1, None)]
    node.handle(Timeout(HEARTBEAT_TIMER), 9.0)
    assert ask(node, PUT, request=1, now=9.0).action == "ClientRequest"


def test_3_10_who_is_asked_to_stand_stands_at_once(make: Make) -> None:
    node = make(settings=TRANSFER | PRE_VOTE)
    get(node, append(1))
    effects = get(node, TimeoutNow(1, "n2", "n1"))
    assert (effects.action, node.role, node.currentTerm) == ("TimeoutNow", "candidate", 2)
    assert effects.sends[0].message.transfer
    assert get(node, TimeoutNow(1, "n2", "n1")).action == "Ignore"


# Reads (section 6.4)


@rule
def test_6_4_a_read_waits_until_a_quorum_has_answered_that_it_still_leads(make: Make) -> None:
    node = settled(make, settings=INDEX)
    effects = ask(node, GET)
    assert (effects.action, effects.outputs, len(node.log)) == ("ReadIndex", [], 1)
    assert all(send.message.round == 1 for send in effects.sends)
    assert get(node, success(1, 1)).outputs == []
    assert get(node, success(1, 1, round_number=1)).outputs == [Output("c", 0, {"value": None})]
    # An answer that comes again, or late, answers nothing more.
    assert get(node, success(1, 1, round_number=1)).outputs == []


def test_6_4_no_read_before_an_entry_of_the_term_is_committed(make: Make) -> None:
    node = leading(make, settings=INDEX)
    effects = ask(node, GET)
    assert (effects.action, effects.outputs, node.round) == ("Reply", [], 0)
    get(node, success(1, 1))
    assert node.handle(Timeout(HEARTBEAT_TIMER), 0.1).action == "ReadIndex"


@rule
def test_6_4_1_a_lease_ends(make: Make) -> None:
    node = settled(make, settings=LEASE)
    node.handle(Timeout(HEARTBEAT_TIMER), 1.0)
    get(node, success(1, 1, round_number=1), now=1.01)
    assert ask(node, GET, now=1.1).action == "LeaseRead"
    assert ask(node, GET, request=1, now=1.16).action == "ReadIndex"


def test_6_4_1_a_lease_is_shorter_by_what_clocks_may_drift(make: Make) -> None:
    node = settled(make, settings=LEASE | {"drift-bound": "0.2"})
    node.handle(Timeout(HEARTBEAT_TIMER), 1.0)
    get(node, success(1, 1, round_number=1), now=1.01)
    assert ask(node, GET, now=1.09).action == "LeaseRead"
    assert ask(node, GET, request=1, now=1.11).action == "ReadIndex"


def test_6_4_1_a_leader_that_hands_over_has_no_lease(make: Make) -> None:
    node = settled(make, settings=LEASE | TRANSFER)
    node.handle(Timeout(HEARTBEAT_TIMER), 1.0)
    get(node, success(1, 1, round_number=1), now=1.01)
    assert ask(node, {"op": "transfer", "to": "n2"}, now=1.02).action == "TransferLeadership"
    # Even when the hand-over is given up.
    node.handle(Timeout(HEARTBEAT_TIMER), 9.0)
    get(node, success(1, 1, round_number=2), now=9.01)
    assert ask(node, GET, request=1, now=9.02).action == "ReadIndex"


# Snapshots (section 7)


@rule
def test_6_3_sessions_outlive_a_snapshot_and_a_crash(make: Make) -> None:
    node = make(nodes=1, settings=SNAPSHOT)
    durable: dict[str, Any] = {}
    add = {"op": "cas", "key": "k", "expected": None, "value": 1}
    for effects in (
        node.handle(Timeout(ELECTION_TIMER), 0.0),
        ask(node, add),
        node.handle(Timeout(SNAPSHOT_TIMER), 0.0),
    ):
        assert effects.write is not None
        apply_write(durable, effects.write)
    assert (effects.action, len(node.log), durable["log"].snapshot.index) == ("TakeSnapshot", 0, 2)
    again = make(nodes=1, settings=SNAPSHOT)
    again.handle(Restart(durable), 1.0)
    assert (again.commitIndex, again.lastApplied) == (2, 2)
    candidate(again)
    assert ask(again, add).outputs == [Output("c", 0, {"ok": True, "value": None})]
    assert ask(again, add).action == "Reply"


@rule
def test_7_a_log_that_does_not_agree_with_a_snapshot_goes(make: Make) -> None:
    node = make(term=1, log=entries(1, 1, 1), settings=SNAPSHOT)
    effects = get(node, InstallSnapshot(2, "n2", 2, 2, 0, True, NOBODY))
    assert (effects.action, len(node.log), node.log.last_index) == ("InstallSnapshot", 0, 2)


def test_7_what_comes_behind_a_snapshot_that_agrees_stays(make: Make) -> None:
    node = make(term=1, log=entries(1, 1, 1), settings=SNAPSHOT)
    effects = get(node, InstallSnapshot(1, "n2", 2, 1, 0, True, NOBODY))
    assert (effects.action, len(node.log), node.log.last_index) == ("InstallSnapshot", 1, 3)
    assert (node.commitIndex, node.lastApplied) == (2, 2)


def test_7_chunks_are_taken_in_order_and_each_once(make: Make) -> None:
    node = make(settings=SNAPSHOT)
    chunks = [NOBODY[:10], NOBODY[10:20], NOBODY[20:]]

    def chunk(number: int) -> Effects:
        done = number == len(chunks) - 1
        return get(node, InstallSnapshot(1, "n2", 5, 1, number, done, chunks[number]))

    told = [only(chunk(number)).received for number in (1, 0, 0, 1)]
    assert told == [0, 1, 1, 2]
    effects = chunk(2)
    assert (effects.action, only(effects).done, node.log.last_index) == (
        "InstallSnapshot", True, 5,
    )  # fmt: skip
    # A late chunk of what is known is answered as done.
    assert only(chunk(0)).done


def test_7_a_follower_that_needs_what_is_gone_is_sent_the_snapshot(make: Make) -> None:
    node = leading(make, settings=SNAPSHOT | {"chunk": "20"})
    ask(node, PUT)
    get(node, success(1, 2))
    node.handle(Timeout(SNAPSHOT_TIMER), 0.0)
    refused = AppendEntriesResponse(1, "n3", "n1", False, 0, 2, 0, 1)
    first = only(get(node, refused, "n3"))
    assert isinstance(first, InstallSnapshot)
    assert (first.lastIncludedIndex, first.offset, first.done) == (2, 0, False)
    second = only(get(node, InstallSnapshotResponse(1, "n3", "n1", 2, 1, False), "n3"))
    assert (second.offset, len(first.data)) == (1, 20)
    get(node, InstallSnapshotResponse(1, "n3", "n1", 2, 0, True), "n3")
    assert (node.matchIndex["n3"], node.nextIndex["n3"]) == (2, 3)


def test_7_a_chunk_of_an_old_term_is_refused(make: Make) -> None:
    node = make(term=3, settings=SNAPSHOT)
    effects = get(node, InstallSnapshot(2, "n2", 5, 1, 0, True, NOBODY))
    assert (effects.action, only(effects).term, only(effects).done) == ("RejectChunk", 3, False)


# Changes of the configuration (chapter 4; section 6)


def voters(node: RaftNode) -> tuple[str, ...]:
    return node.configuration().voters


@rule
def test_4_1_nothing_is_changed_before_an_entry_of_the_term_is_committed(make: Make) -> None:
    node = leading(make, nodes=5, settings=SINGLE)
    effects = ask(node, {"op": "add", "server": "n4"})
    assert (effects.action, effects.outputs) == ("Reply", [Redirect("c", 0, None)])
    get(node, success(1, 1))
    assert ask(node, {"op": "add", "server": "n4"}).action == "ChangeConfiguration"


@rule
def test_4_1_one_change_at_a_time(make: Make) -> None:
    node = settled(make, nodes=5, settings=SINGLE)
    ask(node, {"op": "add", "server": "n4"})
    assert voters(node) == ("n1", "n2", "n3", "n4")
    assert ask(node, {"op": "add", "server": "n5"}, request=1).action == "Reply"
    assert voters(node) == ("n1", "n2", "n3", "n4")


def test_4_1_a_configuration_is_used_as_soon_as_it_is_in_the_log(make: Make) -> None:
    node = make(nodes=5, settings=SINGLE)
    four = Configuration.of(("n1", "n2", "n3", "n4"))
    get(node, append(1, new=(Entry(1, "config", "", four),)))
    assert voters(node) == ("n1", "n2", "n3", "n4")
    # ... and no more once that entry is taken back.
    get(node, append(2, new=(Entry(2, "noop", ""),)))
    assert voters(node) == ("n1", "n2", "n3")


def test_4_1_voters_are_changed_one_at_a_time_and_must_be_servers(make: Make) -> None:
    node = settled(make, nodes=5, settings=SINGLE)
    for wish in (
        {"op": "configure", "voters": ["n1", "n4", "n5"]},
        {"op": "add", "server": "n9"},
        {"op": "learn", "server": "n4"},
        {"op": "configure", "voters": []},
    ):
        (output,) = ask(node, wish).outputs
        assert isinstance(output, Output)
        assert "error" in output.result


def test_4_2_2_a_leader_that_is_left_out_leads_until_that_is_committed(make: Make) -> None:
    node = settled(make, settings=SINGLE)
    assert ask(node, {"op": "remove", "server": "n1"}).action == "ChangeConfiguration"
    get(node, success(1, 2))
    assert (node.role, node.commitIndex) == ("leader", 1)  # its own copy does not count
    get(node, success(1, 2, "n3"), "n3")
    assert node.commitIndex == 2
    effects = node.handle(Timeout(HEARTBEAT_TIMER), 0.1)
    assert (effects.action, node.role) == ("Resign", "follower")
    assert candidate(node).action is None


@rule
def test_4_2_1_a_learner_gets_entries_and_does_not_count(make: Make) -> None:
    node = settled(make, nodes=5, settings=LEARNERS)
    for number, server in enumerate(("n4", "n5")):
        effects = ask(node, {"op": "learn", "server": server}, request=number)
        assert server in {send.to for send in effects.sends}
        get(node, success(1, number + 2))
        assert node.commitIndex == number + 2
    ask(node, PUT, request=2)
    get(node, success(1, 4, "n4"), "n4")
    get(node, success(1, 4, "n5"), "n5")
    assert node.commitIndex == 3
    get(node, success(1, 4))
    assert node.commitIndex == 4


def test_4_2_1_learners_leave_a_quorum_system_as_it_is(make: Make) -> None:
    node = make(nodes=4, settings=LEARNERS | {"quorum": "weighted:n1=3,n2=1,n3=1"})
    for learners in ((), ("n4",)):
        config = Configuration.of(("n1", "n2", "n3"), learners=learners)
        node.log = Log((Entry(1, "config", "", config),))
        # With a majority instead, {n1} and {n2, n3} would both be quorums, one before the other.
        assert node.is_quorum({"n1"})
        assert not node.is_quorum({"n2", "n3"})


def test_a_server_that_was_left_out_sends_clients_to_no_leader_that_is_gone(make: Make) -> None:
    node = make(settings={"voters": "n2,n3", "membership": "single"})
    get(node, append(1))
    assert ask(node, PUT).outputs == [Redirect("c", 0, "n2")]
    assert candidate(node).action is None
    assert ask(node, PUT).outputs == [Redirect("c", 0, None)]


def test_4_2_1_a_learner_stands_for_no_election(make: Make) -> None:
    node = make(nodes=5, settings={"learners": "yes", "voters": "n2,n3"})
    assert candidate(node).action is None


@rule
def test_6_a_joint_configuration_needs_both_majorities(make: Make) -> None:
    node = settled(make, nodes=5, settings=JOINT)
    ask(node, {"op": "configure", "voters": ["n1", "n4", "n5"]})
    assert node.configuration() == Configuration.of(("n1", "n4", "n5"), ("n1", "n2", "n3"))
    get(node, success(1, 2, "n4"), "n4")
    assert node.commitIndex == 1
    get(node, success(1, 2))
    assert node.commitIndex == 2
    effects = node.handle(Timeout(HEARTBEAT_TIMER), 0.1)
    assert effects.action == "LeaveJoint"
    assert node.configuration() == Configuration.of(("n1", "n4", "n5"))


def test_6_a_vote_in_a_joint_configuration_needs_both_majorities(make: Make) -> None:
    joint = Configuration.of(("n1", "n4", "n5"), ("n1", "n2", "n3"))
    node = make(term=1, log=(Entry(1, "config", "", joint),), nodes=5, settings=JOINT)
    effects = candidate(node)
    assert {send.to for send in effects.sends} == {"n2", "n3", "n4", "n5"}
    get(node, RequestVoteResponse(2, "n4", "n1", True), "n4")
    assert node.role == "candidate"
    get(node, RequestVoteResponse(2, "n2", "n1", True))
    assert node.role == "leader"


def test_messages_of_the_options_are_read_back_from_their_records() -> None:
    from toolkit.protocols.raft.messages import CODEC

    for message in (
        RequestPreVote(1, "n1", 2, 1), RequestPreVoteResponse(1, "n2", "n1", True),
        TimeoutNow(1, "n1", "n2"), InstallSnapshotResponse(1, "n2", "n1", 3, 1, False),
        InstallSnapshot(1, "n1", 3, 1, 0, True),
    ):  # fmt: skip
        assert CODEC.decode(CODEC.encode(message)) == message
    # What a snapshot holds is not recorded.
    assert "data" not in json.dumps(CODEC.encode(InstallSnapshot(1, "n1", 3, 1, 0, True, "{}")))


BROKEN_OPTION_RULES = {
    "pre-votes-with-the-term": "test_9_6_a_request_for_a_pre_vote_changes_nothing",
    "reads-without-asking":
        "test_6_4_a_read_waits_until_a_quorum_has_answered_that_it_still_leads",
    "lease-for-ever": "test_6_4_1_a_lease_ends",
    "snapshots-without-sessions": "test_6_3_sessions_outlive_a_snapshot_and_a_crash",
    "keeps-its-tail": "test_7_a_log_that_does_not_agree_with_a_snapshot_goes",
    "changes-too-early":
        "test_4_1_nothing_is_changed_before_an_entry_of_the_term_is_committed",
    "changes-twice-at-once": "test_4_1_one_change_at_a_time",
    "learners-vote": "test_4_2_1_a_learner_gets_entries_and_does_not_count",
    "new-majority-alone": "test_6_a_joint_configuration_needs_both_majorities",
}  # fmt: skip


def test_every_planted_bug_has_a_rule() -> None:
    assert BROKEN_RULES.keys() | BROKEN_OPTION_RULES.keys() == BUGS.keys()
    assert not BROKEN_RULES.keys() & BROKEN_OPTION_RULES.keys()


@pytest.mark.parametrize("bug", BROKEN_OPTION_RULES)
def test_the_test_of_an_options_rule_fails_on_the_server_that_breaks_it(bug: str) -> None:
    with pytest.raises(AssertionError):
        RULES[BROKEN_OPTION_RULES[bug]](maker(BUGS[bug]))


def test_a_log_that_is_written_is_the_log(make: Make) -> None:
    node = make(nodes=1)
    durable: dict[str, Any] = {}
    for effects in (candidate(node), ask(node, PUT), ask(node, PUT, request=1)):
        assert effects.write is not None
        apply_write(durable, effects.write)
    assert durable["log"] == node.log
    assert durable["log"] != Log()


def test_6_4_the_refusal_of_an_earlier_terms_request_answers_no_round(make: Make) -> None:
    # This server led an earlier term too: a request of that time arrives late, and the refusal
    # carries its round.
    node = settled(make, settings=INDEX)
    late = AppendEntriesResponse(1, "n3", "n1", False, 0, 1, 0, 0, 1)
    assert get(node, late, "n3").action == "Ignore"
    assert ask(node, GET).action == "ReadIndex"
    (reads,) = node.options
    assert isinstance(reads, Reads)
    assert (reads.acked["n3"], node.nextIndex["n3"]) == (0, 2)
    assert get(node, success(1, 1)).outputs == []


# Options as components


class Greets(Option):
    """Answers a client that says hello; notes every command that it is asked about."""

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self.asked: list[Any] = []

    def on_command(self, event: Command) -> Effects | None:
        self.asked.append(event.operation)
        if event.operation != "hello":
            return None
        return self.server.reply([Output(event.client, event.request, type(self).__name__)])


class GreetsToo(Greets):
    """The same, later in the order."""


class Greeter(RaftNode):
    components = (*RaftNode.components, Greets, GreetsToo)


def test_a_server_has_only_the_options_that_are_on_in_their_order(make: Make) -> None:
    assert make().options == ()
    node = make(settings=LEASE | SNAPSHOT | PRE_VOTE | TRANSFER)
    kinds = [type(option) for option in node.options]
    assert kinds == [Transfer, CheckQuorum, Reads, Snapshots, PreVotes]
    assert all(option.server is node for option in node.options)


def test_options_are_asked_in_their_order_until_one_decides() -> None:
    node = leading(maker(Greeter))
    first, second = (option for option in node.options if isinstance(option, Greets))
    assert ask(node, "hello").outputs == [Output("c", 0, "Greets")]
    assert (first.asked, second.asked) == (["hello"], [])
    assert ask(node, PUT, request=1).action == "ClientRequest"
    assert (first.asked, second.asked) == (["hello", PUT], [PUT])


def test_a_server_calls_only_hooks_that_its_options_override(make: Make) -> None:
    hooks = wiring(Greeter, (CheckQuorum, Greets, GreetsToo))
    assert [position for position, _ in hooks.on_command] == [1, 2]
    assert [position for position, _ in hooks.on_vote_request] == [0]
    assert hooks.next_message == ()


@pytest.mark.parametrize(
    "message",
    [
        RequestPreVote(1, "n2", 0, 0),
        RequestPreVoteResponse(1, "n2", "n1", True),
        TimeoutNow(0, "n2", "n1"),
        InstallSnapshot(1, "n2", 2, 1, 0, True, NOBODY),
        InstallSnapshotResponse(1, "n2", "n1", 1, 0, False),
    ],
)
def test_a_message_of_an_option_that_is_off_is_ignored(make: Make, message: Any) -> None:
    assert get(make(), message) == Effects(action="Ignore")


def test_the_timer_of_an_option_that_is_off_does_nothing(make: Make) -> None:
    assert leading(make).handle(Timeout(SNAPSHOT_TIMER), 0.1) == Effects()


def test_a_copy_of_a_server_has_its_own_options_and_the_same_wiring(make: Make) -> None:
    node = settled(make, settings=INDEX)
    ask(node, GET)
    other = unpickle_state(pickle_state(node, node.config), node.config)
    assert other._wiring is node._wiring
    assert other.options[0].server is other
    # The read of the copy is answered; that of the original still waits.
    assert get(other, success(1, 1, round_number=1)).outputs == [Output("c", 0, {"value": None})]
    assert len(node.options[0].reads) == 1  # type: ignore[attr-defined]


def test_an_option_that_a_server_does_not_have_cannot_be_replaced() -> None:
    with pytest.raises(UnknownNameError, match="unknown component 'Greets'") as caught:
        replace_component(RaftNode.components, Greets, GreetsToo)
    assert "Transfer, CheckQuorum, Membership, Reads, Snapshots, PreVotes" in str(caught.value.hint)
