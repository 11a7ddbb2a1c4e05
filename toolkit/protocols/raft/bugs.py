"""Planted bugs: servers that break one rule each, for tests and lessons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from toolkit.protocols.base import Command, Effects, NodeFactory
from toolkit.protocols.protocol import BugSetup
from toolkit.protocols.raft.core import Answer
from toolkit.protocols.raft.messages import (
    AppendEntries,
    InstallSnapshot,
    RequestPreVote,
    RequestVote,
    RequestVoteResponse,
)
from toolkit.protocols.raft.node import RaftNode

__all__ = ["BUGS", "BUG_SETUPS"]


class VotesForOldLogs(RaftNode):
    """Votes for anybody, however old the log (section 5.4.1)."""

    def up_to_date(self, message: RequestVote | RequestPreVote) -> bool:
        """Look at nothing."""
        return True


class ForgetsVote(RaftNode):
    """Comes up after a crash without its vote (Figure 2: votedFor is persistent)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the vote."""
        effects = super().restart(durable)
        self.votedFor = None
        return effects


class ForgetsTerm(RaftNode):
    """Comes up after a crash in the term of its last entry (Figure 2: currentTerm)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the term and the vote."""
        effects = super().restart(durable)
        self.currentTerm = self.log.term_at(self.log.last_index)
        self.votedFor = None
        return effects


class ForgetsLog(RaftNode):
    """Comes up after a crash without the last entry of its log (Figure 2: log)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with all entries but the last."""
        effects = super().restart(durable)
        if len(self.log):
            self.log.replace(self.log.last_index - 1, ())
        return effects


class VotesBeforeDurable(RaftNode):
    """Votes without asking for the vote to be made durable (Figure 2)."""

    def grant_vote(self, message: RequestVote) -> Effects:
        """Vote, and write nothing."""
        effects = super().grant_vote(message)
        effects.write = None
        return effects


class AcceptsBeforeDurable(RaftNode):
    """Takes entries without asking for them to be made durable (Figure 2)."""

    def accept_entries(self, message: AppendEntries) -> Effects:
        """Take them, and write nothing."""
        effects = super().accept_entries(message)
        if effects.write is not None and "log" in effects.write:
            # They are written with the next thing that is.
            self.log.replace(*effects.write["log"])
        effects.write = None
        return effects


class CommitsByCounting(RaftNode):
    """Commits an entry of an earlier term because a quorum has it (Figure 8)."""

    def may_commit(self, index: int) -> bool:
        """Count, whatever the term."""
        return self.is_quorum(self.having(index))


class CommitsWithOneFewer(RaftNode):
    """Commits what all of a quorum but one have (section 5.3)."""

    def may_commit(self, index: int) -> bool:
        """Count itself twice."""
        have = self.having(index)
        spare = next((other for other in self.others if other not in have), self.name)
        return self.log.term_at(index) == self.currentTerm and self.is_quorum(have | {spare})


class CutsOffAlways(RaftNode):
    """Cuts the log off behind whatever arrives (section 5.3: only if an entry differs)."""

    def conflict(self, message: AppendEntries) -> int | None:
        """Keep nothing behind the new entries."""
        end = message.prevLogIndex + len(message.entries)
        return message.prevLogIndex + 1 if self.log.last_index != end else None


class NeverCutsOff(RaftNode):
    """Keeps its own entries where the leader's differ (section 5.3)."""

    def conflict(self, message: AppendEntries) -> int | None:
        """Append only what lies beyond the log."""
        last = self.log.last_index
        return last + 1 if message.prevLogIndex + len(message.entries) > last else None


class SkipsConsistencyCheck(RaftNode):
    """Takes entries without looking at the one before them (section 5.3)."""

    def agrees(self, message: AppendEntries) -> bool:
        """Look at the length only."""
        return message.prevLogIndex <= self.log.last_index


class CommitsToTheEnd(RaftNode):
    """Takes commitIndex up to its log's end, not the last new entry (Figure 2)."""

    def accept_entries(self, message: AppendEntries) -> Effects:
        """Believe in everything that it has."""
        effects = super().accept_entries(message)
        self.commitIndex = max(self.commitIndex, min(message.leaderCommit, self.log.last_index))
        self._apply()
        return effects


class IgnoresHigherTerm(RaftNode):
    """Goes on leading when an answer has a higher term (section 5.1)."""

    def step_down(self, message: Answer) -> Effects:
        """Learn nothing."""
        return self.ignore()


class AcceptsOldTerms(RaftNode):
    """Takes entries from a leader of an earlier term (Figure 2, AppendEntries, 1)."""

    def is_current(self, message: AppendEntries) -> bool:
        """Take any term for its own."""
        return True


class VotesTwice(RaftNode):
    """Votes for every candidate of its term (section 5.2)."""

    def may_vote(self, message: RequestVote) -> bool:
        """Forget whom it voted for."""
        return (
            message.term >= self.currentTerm
            and self.role == "follower"
            and self.up_to_date(message)
        )


class BelievesInAgreement(RaftNode):
    """Takes its own log to be known to all others when it begins to lead (section 5.3)."""

    def become_leader(self, message: RequestVoteResponse) -> Effects:
        """Believe that all logs agree with its own."""
        before = self.log.last_index
        effects = super().become_leader(message)
        self.matchIndex = dict.fromkeys(self.others, before)
        return effects


class PreVotesWithTheTerm(RaftNode):
    """Goes to the term that it is asked for a pre-vote in (dissertation, section 9.6)."""

    def grant_pre_vote(self, message: RequestPreVote) -> Effects:
        """Take the request for the beginning of an election."""
        self.currentTerm, self.votedFor = message.term, None
        effects = super().grant_pre_vote(message)
        effects.write = self._written()
        return effects


class ReadsWithoutAsking(RaftNode):
    """Answers reads without finding out whether it still leads (dissertation, section 6.4)."""

    def read_index(self, events: tuple[Command, ...]) -> Effects:
        """Answer from what it has."""
        effects = super().read_index(events)
        if self.reads.pop(self.round, None) is not None:
            effects.outputs = [self._result(event) for event in events]
        return effects


class LeaseForEver(RaftNode):
    """Takes the first lease that it gets for one without end (dissertation, section 6.4.1)."""

    def may_read_at_once(self) -> bool:
        """Look at no clock."""
        return self.config.reads == "lease" and self.lease_until > 0


class SnapshotsWithoutSessions(RaftNode):
    """Leaves the clients' sessions out of its snapshots (dissertation, section 6.3)."""

    def content(self) -> Any:
        """Keep the machine alone."""
        return super().content() | {"sessions": []}


class KeepsItsTail(RaftNode):
    """Keeps what comes behind a snapshot though its log does not agree with it (section 7)."""

    def install_snapshot(self, message: InstallSnapshot) -> Effects:
        """Replace the beginning of the log, and nothing else."""
        tail = self.log.after(message.lastIncludedIndex, len(self.log))
        effects = super().install_snapshot(message)
        if not len(self.log) and tail:
            self.log.replace(message.lastIncludedIndex, tail)
            effects.write = {**(effects.write or {}), **self._written()}
        return effects


class ChangesTooEarly(RaftNode):
    """Changes the configuration before it has committed in its own term (the bug of 2015)."""

    def may_change(self) -> bool:
        """Wait for the last change alone."""
        return self._config_index() <= self.commitIndex and not self.configuration().old


class ChangesTwiceAtOnce(RaftNode):
    """Changes the configuration while the last change is under way (section 4.1)."""

    def may_change(self) -> bool:
        """Wait for nothing."""
        return self.knows_committed() and not self.configuration().old


class LearnersVote(RaftNode):
    """Counts learners as voters (dissertation, section 4.2.1)."""

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Take everybody for a voter."""
        members = self.configuration().members
        return 2 * sum(one in servers for one in members) > len(members)


class NewMajorityAlone(RaftNode):
    """Lets the new voters decide alone while the configuration is joint (section 6)."""

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Ask no old voter."""
        voters = self.configuration().voters
        return 2 * sum(one in servers for one in voters) > len(voters)


BUGS: dict[str, NodeFactory] = {
    "votes-for-old-logs": VotesForOldLogs,
    "forgets-vote": ForgetsVote,
    "forgets-term": ForgetsTerm,
    "forgets-log": ForgetsLog,
    "votes-before-durable": VotesBeforeDurable,
    "accepts-before-durable": AcceptsBeforeDurable,
    "commits-by-counting": CommitsByCounting,
    "commits-with-one-fewer": CommitsWithOneFewer,
    "cuts-off-always": CutsOffAlways,
    "never-cuts-off": NeverCutsOff,
    "skips-consistency-check": SkipsConsistencyCheck,
    "commits-to-the-end": CommitsToTheEnd,
    "ignores-higher-term": IgnoresHigherTerm,
    "accepts-old-terms": AcceptsOldTerms,
    "votes-twice": VotesTwice,
    "believes-in-agreement": BelievesInAgreement,
    "pre-votes-with-the-term": PreVotesWithTheTerm,
    "reads-without-asking": ReadsWithoutAsking,
    "lease-for-ever": LeaseForEver,
    "snapshots-without-sessions": SnapshotsWithoutSessions,
    "keeps-its-tail": KeepsItsTail,
    "changes-too-early": ChangesTooEarly,
    "changes-twice-at-once": ChangesTwiceAtOnce,
    "learners-vote": LearnersVote,
    "new-majority-alone": NewMajorityAlone,
}
"""Name of the bug to a server that has it."""

_VOTERS = {"voters": "n1,n2,n3"}

BUG_SETUPS: dict[str, BugSetup] = {
    "votes-for-old-logs": BugSetup(runs=2),
    "forgets-vote": BugSetup(runs=3),
    "forgets-term": BugSetup(runs=3),
    "forgets-log": BugSetup(runs=3),
    "commits-by-counting": BugSetup(settings={"batch": "1"}, runs=3),
    "never-cuts-off": BugSetup(runs=2),
    "skips-consistency-check": BugSetup(runs=2),
    "commits-to-the-end": BugSetup(settings={"batch": "1"}, runs=9),
    "ignores-higher-term": BugSetup(runs=5),
    "accepts-old-terms": BugSetup(runs=2),
    "believes-in-agreement": BugSetup(runs=2),
    "pre-votes-with-the-term": BugSetup(settings={"pre-vote": "yes"}),
    "reads-without-asking": BugSetup(settings={"reads": "index"}),
    "lease-for-ever": BugSetup(scenario="raft-stale-reads-lease"),
    "snapshots-without-sessions": BugSetup(scenario="raft-asked-again"),
    "keeps-its-tail": BugSetup(scenario="raft-stale-tail"),
    "changes-too-early": BugSetup(scenario="raft-early-change"),
    "changes-twice-at-once": BugSetup(
        nodes=5, settings={"membership": "single", **_VOTERS}, runs=8
    ),
    "learners-vote": BugSetup(nodes=5, settings={"learners": "yes", **_VOTERS}, runs=5),
    "new-majority-alone": BugSetup(nodes=5, settings={"membership": "joint", **_VOTERS}, runs=3),
}
"""Where bugs show themselves that need an option, more servers, more runs or a certain event."""
