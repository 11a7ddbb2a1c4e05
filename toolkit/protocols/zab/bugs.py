"""Seeded bugs: servers that each break one rule, for tests and lessons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from toolkit.protocols.base import Effects, NodeFactory, Send
from toolkit.protocols.components import replace_component
from toolkit.protocols.protocol import BugSetup
from toolkit.protocols.zab.election import Election
from toolkit.protocols.zab.leading import Leading, LearnerProgress
from toolkit.protocols.zab.learner import Learning
from toolkit.protocols.zab.messages import (
    AckEpoch,
    AckLeader,
    Commit,
    CommitLeader,
    Diff,
    NewEpoch,
    NewLeader,
    Notification,
    Propose,
    Snap,
    Trunc,
    Vote,
    Zxid,
)
from toolkit.protocols.zab.node import ZabNode

__all__ = ["BUGS", "BUG_SETUPS"]


class ForgetsAcceptedEpoch(ZabNode):
    """Forgets acceptedEpoch in a crash, and uses currentEpoch in its place (step f.1.2)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with currentEpoch as the accepted epoch."""
        effects = super().restart(durable)
        self.acceptedEpoch = self.currentEpoch
        return effects


class ForgetsHistory(ZabNode):
    """Forgets the history after its snapshot in a crash (step f.3.1)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with the epochs and the snapshot only."""
        effects = super().restart(durable)
        self.history = []
        return effects


class _VolatilePromises(Learning):
    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Accept without a write."""
        effects = super().accept_epoch(message)
        effects.write = None
        return effects


class PromisesBeforeDurable(ZabNode):
    """Accepts an epoch without writing it to disk (step f.1.2)."""

    components = replace_component(ZabNode.components, Learning, _VolatilePromises)


class _VolatileAcks(Learning):
    def accept_proposal(self, message: Propose) -> Effects:
        """Acknowledge without a write."""
        effects = super().accept_proposal(message)
        effects.write = None
        return effects


class AcksBeforeDurable(ZabNode):
    """Acknowledges a proposal without writing it to disk (step f.3.1)."""

    components = replace_component(ZabNode.components, Learning, _VolatileAcks)


class _EpochFirst(Learning):
    def synchronize(self, message: Diff | Snap) -> Effects:
        """Write the epoch, and delay the write of the history."""
        effects = super().synchronize(message)
        effects.write, self._delayed_write = {"currentEpoch": self.server.epoch}, effects.write
        return effects

    def accept_leader(self, message: NewLeader) -> Effects:
        """Write the delayed history."""
        effects = super().accept_leader(message)
        effects.write = self._delayed_write
        return effects


class EpochBeforeHistory(ZabNode):
    """Writes currentEpoch before the history of that epoch (step f.2.1)."""

    components = replace_component(ZabNode.components, Learning, _EpochFirst)


class _UnsynchronizedCommits(Leading):
    def new_leader(self) -> Effects:
        """Commit its own history as soon as a quorum has promised the epoch."""
        effects = super().new_leader()
        self.server.phase = "broadcast"
        effects.outputs = self.server.deliver_to(self.server.length)
        return effects


class CommitsUnsynchronized(ZabNode):
    """Treats an epoch as established before any learner is synchronized (step l.2.2)."""

    components = replace_component(ZabNode.components, Leading, _UnsynchronizedCommits)


class _SmallCommitQuorums(Leading):
    def committable(self, zxid: Zxid) -> int:
        """Count one voter more than have acknowledged."""
        for index in range(self.server.index_of(zxid), self.server.committed, -1):
            target = self.server.zxid_at(index)
            acked = [
                name for name in self.at("acked", "active") if self.learners[name].zxid >= target
            ]
            if super().backed([*acked, *self._extra(acked)]):
                return index
        return self.server.committed

    def _extra(self, names: Collection[str]) -> list[str]:
        voters = [name for name in self.server.others if not self.is_observer(name)]
        return [name for name in voters if name not in names][:1]


class CommitsWithOneFewer(ZabNode):
    """Commits with one acknowledgement fewer than a quorum (step l.3.2)."""

    components = replace_component(ZabNode.components, Leading, _SmallCommitQuorums)


class _SmallEpochQuorums(Leading):
    def count_ack_leader(self, message: AckLeader) -> Effects:
        """Establish the epoch with the first acknowledgement."""
        if self.server.phase == "synchronization":
            self.learners[message.sender] = LearnerProgress("acked", 0, message.zxid)
            return self.establish()
        return super().count_ack_leader(message)


class EstablishesWithOneFewer(ZabNode):
    """Establishes an epoch with one acknowledgement fewer than a quorum (step l.2.2)."""

    components = replace_component(ZabNode.components, Leading, _SmallEpochQuorums)


class _ObserversAsVoters(Leading):
    def backed(self, learners: Iterable[str]) -> bool:
        """Count all learners, voters or not."""
        voters = len(self.server.config.voters)
        return 2 * (1 + len(list(learners))) > voters


class CountsObservers(ZabNode):
    """Counts observers as voters (quorums consist of voters)."""

    components = replace_component(ZabNode.components, Leading, _ObserversAsVoters)


class _ZxidFirst(Election):
    def is_higher(self, vote: Vote, other: Vote) -> bool:
        """Compare zxids first."""
        ranks = self.server.config.ranks
        return (vote.zxid, vote.epoch, ranks[vote.leader]) > (
            other.zxid,
            other.epoch,
            ranks[other.leader],
        )


class ElectsByZxid(ZabNode):
    """Compares votes by zxid before epoch (ZooKeeper compares the epoch first)."""

    components = replace_component(ZabNode.components, Election, _ZxidFirst)


class _OldVotes(Election):
    def join_round(self, message: Notification) -> Effects:
        """Join a later round, and keep the votes counted before."""
        tally = dict(self.tally)
        effects = super().join_round(message)
        self.tally = tally | self.tally
        return effects


class KeepsOldVotes(ZabNode):
    """Counts the votes of an earlier round in a later one (ZooKeeper's logical clock)."""

    components = replace_component(ZabNode.components, Election, _OldVotes)


class _UnawareOfHistories(Leading):
    def is_ahead(self, message: AckEpoch) -> bool:
        """Return False without comparing the histories."""
        return False


class NobodyIsAhead(ZabNode):
    """Continues to lead although a follower has a later history (section IV, phase 1)."""

    components = replace_component(ZabNode.components, Leading, _UnawareOfHistories)


class _ReusedEpochs(Leading):
    def new_epoch(self) -> Effects:
        """Ignore accepted epochs higher than its own."""
        for name, progress in self.learners.items():
            epoch = min(progress.epoch, self.server.acceptedEpoch)
            self.learners[name] = LearnerProgress(progress.stage, epoch, progress.zxid)
        return super().new_epoch()


class ReusesEpoch(ZabNode):
    """Proposes the epoch after its own, ignoring the learners' accepted epochs (step l.1.1)."""

    components = replace_component(ZabNode.components, Leading, _ReusedEpochs)


class _RepeatedPromises(Learning):
    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Report currentEpoch as if this were a first promise."""
        effects = super().accept_epoch(message)
        reply = AckEpoch(self.server.name, self.server.currentEpoch, self.server.last)
        effects.sends = [Send(message.sender, reply)]
        return effects


class PromisesTwice(ZabNode):
    """Promises an epoch that it has already promised to another leader (step f.1.2)."""

    components = replace_component(ZabNode.components, Learning, _RepeatedPromises)


class _NoTruncation(Learning):
    def synchronize(self, message: Diff | Snap) -> Effects:
        """Append to the history without truncation."""
        if isinstance(message, Trunc):
            message = Diff.of(message.sender, self.server.last, message.txns)
        return super().synchronize(message)


class NeverTruncates(ZabNode):
    """Treats TRUNC as DIFF: keeps transactions that the leader does not have (phase 2)."""

    components = replace_component(ZabNode.components, Learning, _NoTruncation)


class _EarlyDelivery(Learning):
    def accept_proposal(self, message: Propose) -> Effects:
        """Accept a proposal, and deliver it at once."""
        effects = super().accept_proposal(message)
        if self.server.phase == "broadcast":
            effects.outputs = self.server.deliver_to(self.server.length)
        return effects


class DeliversProposals(ZabNode):
    """Delivers a proposal before it is committed (step f.3.2)."""

    components = replace_component(ZabNode.components, Learning, _EarlyDelivery)


class _ExcessDelivery(Learning):
    def deliver(self, message: Commit) -> Effects:
        """Deliver the next transaction, too."""
        effects = super().deliver(message)
        more = self.server.deliver_to(min(self.server.committed + 1, self.server.length))
        effects.outputs = [*effects.outputs, *more]
        return effects


class DeliversOneMore(ZabNode):
    """Delivers one transaction more than are committed (step f.3.2)."""

    components = replace_component(ZabNode.components, Learning, _ExcessDelivery)


class _ActiveLearnersOnly(Leading):
    def proposes(self, action: str, request: str) -> Effects:
        """Do not send to learners that are being synchronized."""
        effects = super().proposes(action, request)
        active = self.at("active")
        effects.sends = [send for send in effects.sends if send.to in active]
        return effects


class MissesNewcomers(ZabNode):
    """Proposes only to learners that are up to date (section IV, phase 3: joining)."""

    components = replace_component(ZabNode.components, Leading, _ActiveLearnersOnly)


class _ContinuedCounter(Leading):
    def proposes(self, action: str, request: str) -> Effects:
        """Continue the counter of the last epoch."""
        before = self.server.last
        effects = super().proposes(action, request)
        txn = self.server.history[-1]
        if before.epoch != self.server.epoch and before.counter:
            zxid = Zxid(self.server.epoch, before.counter + 1)
            self.server.history[-1] = wrong = type(txn)(zxid, txn.val)
            effects.write = {"txns": (wrong,)}
            effects.sends = [
                Send(send.to, Propose(self.server.name, wrong)) for send in effects.sends
            ]
        return effects


class GoesOnCounting(ZabNode):
    """Does not restart the counter in a new epoch (section IV: the zxid)."""

    components = replace_component(ZabNode.components, Leading, _ContinuedCounter)


class _AllCommitted(Leading):
    def up_to_date(self, message: AckLeader) -> Effects:
        """Send the last zxid as committed."""
        effects = super().up_to_date(message)
        reply = CommitLeader(self.server.name, self.server.last)
        effects.sends = [*effects.sends[:-1], Send(message.sender, reply)]
        return effects


class TellsAllIsCommitted(ZabNode):
    """Tells a new learner that all proposals are committed (step l.2.2)."""

    components = replace_component(ZabNode.components, Leading, _AllCommitted)


class SnapshotsWithoutSessions(ZabNode):
    """Leaves the clients' sessions out of its snapshots (Ongaro's dissertation, section 6.3)."""

    def content(self) -> Any:
        """Return the machine's state with no sessions."""
        return super().content() | {"sessions": []}


BUGS: dict[str, NodeFactory] = {
    "forgets-accepted-epoch": ForgetsAcceptedEpoch,
    "forgets-history": ForgetsHistory,
    "promises-before-durable": PromisesBeforeDurable,
    "acks-before-durable": AcksBeforeDurable,
    "epoch-before-history": EpochBeforeHistory,
    "commits-unsynchronized": CommitsUnsynchronized,
    "commits-with-one-fewer": CommitsWithOneFewer,
    "establishes-with-one-fewer": EstablishesWithOneFewer,
    "counts-observers": CountsObservers,
    "elects-by-zxid": ElectsByZxid,
    "keeps-old-votes": KeepsOldVotes,
    "nobody-is-ahead": NobodyIsAhead,
    "reuses-epoch": ReusesEpoch,
    "promises-twice": PromisesTwice,
    "never-truncates": NeverTruncates,
    "delivers-proposals": DeliversProposals,
    "delivers-one-more": DeliversOneMore,
    "misses-newcomers": MissesNewcomers,
    "goes-on-counting": GoesOnCounting,
    "tells-all-is-committed": TellsAllIsCommitted,
    "snapshots-without-sessions": SnapshotsWithoutSessions,
}
"""Registry of Zab's seeded bugs: name to node class."""

BUG_SETUPS: dict[str, BugSetup] = {
    "forgets-accepted-epoch": BugSetup(runs=4),
    "forgets-history": BugSetup(runs=3),
    "promises-twice": BugSetup(runs=2),
    "delivers-one-more": BugSetup(runs=2),
    "misses-newcomers": BugSetup(runs=3),
    "goes-on-counting": BugSetup(runs=3),
    "tells-all-is-committed": BugSetup(runs=3),
    "establishes-with-one-fewer": BugSetup(nodes=5),
    "commits-with-one-fewer": BugSetup(nodes=5),
    "counts-observers": BugSetup(nodes=5, settings={"observers": "n4,n5"}),
    "elects-by-zxid": BugSetup(scenario="zab-higher-epoch"),
    "keeps-old-votes": BugSetup(nodes=5, runs=5),
    "nobody-is-ahead": BugSetup(scenario="zab-surpassed"),
    "reuses-epoch": BugSetup(scenario="zab-accepted-epoch"),
    "never-truncates": BugSetup(scenario="zab-truncate"),
    "snapshots-without-sessions": BugSetup(scenario="zab-asked-again"),
}
"""Setups for bugs that need an option, more servers, more runs or a scenario to show."""
