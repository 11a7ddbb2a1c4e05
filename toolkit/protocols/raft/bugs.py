"""Seeded bugs: servers that each break one rule, for tests and lessons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from toolkit.protocols.base import Command, Effects, NodeFactory
from toolkit.protocols.components import replace_component
from toolkit.protocols.protocol import BugSetup
from toolkit.protocols.raft.core import Answer
from toolkit.protocols.raft.membership import Membership
from toolkit.protocols.raft.messages import (
    AppendEntries,
    InstallSnapshot,
    RequestPreVote,
    RequestVote,
    RequestVoteResponse,
)
from toolkit.protocols.raft.node import RaftNode
from toolkit.protocols.raft.prevote import PreVotes
from toolkit.protocols.raft.reads import Reads
from toolkit.protocols.raft.snapshots import Snapshots

__all__ = ["BUGS", "BUG_SETUPS"]


class VotesForOldLogs(RaftNode):
    """Votes for any candidate, even with an outdated log (section 5.4.1)."""

    def up_to_date(self, message: RequestVote | RequestPreVote) -> bool:
        """Return True without comparing the logs."""
        return True


class ForgetsVote(RaftNode):
    """Forgets its vote in a crash (Figure 2: votedFor is persistent)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart without the vote."""
        effects = super().restart(durable)
        self.votedFor = None
        return effects


class ForgetsTerm(RaftNode):
    """Restarts in the term of its last entry (Figure 2: currentTerm is persistent)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart without the term and the vote."""
        effects = super().restart(durable)
        self.currentTerm = self.log.term_at(self.log.last_index)
        self.votedFor = None
        return effects


class ForgetsLog(RaftNode):
    """Forgets the last entry of its log in a crash (Figure 2: the log is persistent)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with all entries except the last."""
        effects = super().restart(durable)
        if len(self.log):
            self.log.replace(self.log.last_index - 1, ())
        return effects


class VotesBeforeDurable(RaftNode):
    """Votes without writing the vote to disk (Figure 2)."""

    def grant_vote(self, message: RequestVote) -> Effects:
        """Vote without a write."""
        effects = super().grant_vote(message)
        effects.write = None
        return effects


class AcceptsBeforeDurable(RaftNode):
    """Accepts entries without writing them to disk (Figure 2)."""

    def accept_entries(self, message: AppendEntries) -> Effects:
        """Accept entries without a write."""
        effects = super().accept_entries(message)
        if effects.write is not None and "log" in effects.write:
            # Mark the entries as changed again: the next write includes them.
            self.log.replace(*effects.write["log"])
        effects.write = None
        return effects


class CommitsByCounting(RaftNode):
    """Commits an entry of an earlier term because a quorum has it (Figure 8)."""

    def may_commit(self, index: int) -> bool:
        """Return whether a quorum has the entry, whatever its term."""
        return self.is_quorum(self.having(index))


class CommitsWithOneFewer(RaftNode):
    """Commits an entry that one server fewer than a quorum has (section 5.3)."""

    def may_commit(self, index: int) -> bool:
        """Count one server more than have the entry."""
        servers = self.having(index)
        extra = next((other for other in self.others if other not in servers), self.name)
        return self.log.term_at(index) == self.currentTerm and self.is_quorum(servers | {extra})


class CutsOffAlways(RaftNode):
    """Always truncates the log after new entries (section 5.3: only if an entry differs)."""

    def conflict(self, message: AppendEntries) -> int | None:
        """Report a conflict unless the log ends exactly with the new entries."""
        end = message.prevLogIndex + len(message.entries)
        return message.prevLogIndex + 1 if self.log.last_index != end else None


class NeverCutsOff(RaftNode):
    """Keeps its own entries where the leader's differ (section 5.3)."""

    def conflict(self, message: AppendEntries) -> int | None:
        """Report only entries after the end of the log."""
        last = self.log.last_index
        return last + 1 if message.prevLogIndex + len(message.entries) > last else None


class SkipsConsistencyCheck(RaftNode):
    """Accepts entries without checking the entry before them (section 5.3)."""

    def agrees(self, message: AppendEntries) -> bool:
        """Compare only the length of the log."""
        return message.prevLogIndex <= self.log.last_index


class CommitsToTheEnd(RaftNode):
    """Advances commitIndex to the end of its log, not to the last new entry (Figure 2)."""

    def accept_entries(self, message: AppendEntries) -> Effects:
        """Treat all entries of the log as checked by the leader."""
        effects = super().accept_entries(message)
        self.commitIndex = max(self.commitIndex, min(message.leaderCommit, self.log.last_index))
        self._apply()
        return effects


class IgnoresHigherTerm(RaftNode):
    """Continues to lead when a response has a higher term (section 5.1)."""

    def step_down(self, message: Answer) -> Effects:
        """Ignore the response."""
        return self.ignore()


class AcceptsOldTerms(RaftNode):
    """Accepts entries from a leader of an earlier term (Figure 2, AppendEntries, 1)."""

    def is_current(self, message: AppendEntries) -> bool:
        """Return True for every term."""
        return True


class VotesTwice(RaftNode):
    """Votes for every candidate of its term (section 5.2)."""

    def may_vote(self, message: RequestVote) -> bool:
        """Ignore votedFor."""
        return (
            message.term >= self.currentTerm
            and self.role == "follower"
            and self.up_to_date(message)
        )


class BelievesInAgreement(RaftNode):
    """Assumes that all other logs agree with its own when it becomes leader (section 5.3)."""

    def become_leader(self, message: RequestVoteResponse) -> Effects:
        """Set matchIndex of every server to the end of its own log."""
        before = self.log.last_index
        effects = super().become_leader(message)
        self.matchIndex = dict.fromkeys(self.others, before)
        return effects


class _TermAdoptingPreVotes(PreVotes):
    def grant_pre_vote(self, message: RequestPreVote) -> Effects:
        """Adopt the term, as if the election had started."""
        self.server.currentTerm, self.server.votedFor = message.term, None
        effects = super().grant_pre_vote(message)
        effects.write = self.server.written()
        return effects


class PreVotesWithTheTerm(RaftNode):
    """Adopts the term of a pre-vote request (dissertation, section 9.6)."""

    components = replace_component(RaftNode.components, PreVotes, _TermAdoptingPreVotes)


class _UnconfirmedReads(Reads):
    def read_index(self, events: tuple[Command, ...]) -> Effects:
        """Answer at once from its own state."""
        effects = super().read_index(events)
        if self.reads.pop(self.server.round, None) is not None:
            effects.outputs = [self._result(event) for event in events]
        return effects


class ReadsWithoutAsking(RaftNode):
    """Answers reads without confirming that it still leads (dissertation, section 6.4)."""

    components = replace_component(RaftNode.components, Reads, _UnconfirmedReads)


class _PermanentLease(Reads):
    def may_read_at_once(self) -> bool:
        """Ignore the clock."""
        return self.server.config.reads == "lease" and self.lease_until > 0


class LeaseForEver(RaftNode):
    """Treats its first lease as permanent (dissertation, section 6.4.1)."""

    components = replace_component(RaftNode.components, Reads, _PermanentLease)


class _SessionlessSnapshots(Snapshots):
    def content(self) -> Any:
        """Return the machine's state with no sessions."""
        return super().content() | {"sessions": []}


class SnapshotsWithoutSessions(RaftNode):
    """Leaves the clients' sessions out of its snapshots (dissertation, section 6.3)."""

    components = replace_component(RaftNode.components, Snapshots, _SessionlessSnapshots)


class _TailKeepingSnapshots(Snapshots):
    def install_snapshot(self, message: InstallSnapshot) -> Effects:
        """Replace only the start of the log."""
        tail = self.server.log.after(message.lastIncludedIndex, len(self.server.log))
        effects = super().install_snapshot(message)
        if not len(self.server.log) and tail:
            self.server.log.replace(message.lastIncludedIndex, tail)
            effects.write = {**(effects.write or {}), **self.server.written()}
        return effects


class KeepsItsTail(RaftNode):
    """Keeps the entries after a snapshot even if they conflict with it (section 7)."""

    components = replace_component(RaftNode.components, Snapshots, _TailKeepingSnapshots)


class _EarlyChanges(Membership):
    def may_change(self) -> bool:
        """Wait only for the last change to commit."""
        return (
            self._config_index() <= self.server.commitIndex and not self.server.configuration().old
        )


class ChangesTooEarly(RaftNode):
    """Changes the configuration before it has committed in its own term (bug found in 2015)."""

    components = replace_component(RaftNode.components, Membership, _EarlyChanges)


class _OverlappingChanges(Membership):
    def may_change(self) -> bool:
        """Do not wait for the last change to commit."""
        return self.server.knows_committed() and not self.server.configuration().old


class ChangesTwiceAtOnce(RaftNode):
    """Changes the configuration before the last change is committed (section 4.1)."""

    components = replace_component(RaftNode.components, Membership, _OverlappingChanges)


class LearnersVote(RaftNode):
    """Counts learners as voters (dissertation, section 4.2.1)."""

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Treat every member as a voter."""
        members = self.configuration().members
        return 2 * sum(member in servers for member in members) > len(members)


class NewMajorityAlone(RaftNode):
    """Lets the new voters decide alone while the configuration is joint (section 6)."""

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Require a majority of the new voters only."""
        voters = self.configuration().voters
        return 2 * sum(voter in servers for voter in voters) > len(voters)


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
"""Registry of Raft's seeded bugs: name to node class."""

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
"""Setups for bugs that need an option, more servers, more runs or a scenario to show."""
