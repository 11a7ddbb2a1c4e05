"""Planted bugs: servers that break one rule each, for tests and lessons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from toolkit.protocols.base import Effects, NodeFactory, Send
from toolkit.protocols.protocol import BugSetup
from toolkit.protocols.zab.leading import LearnerProgress
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
    """Comes up after a crash with the epoch of its history for the accepted one (step f.1.2)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the accepted epoch."""
        effects = super().restart(durable)
        self.acceptedEpoch = self.currentEpoch
        return effects


class ForgetsHistory(ZabNode):
    """Comes up after a crash without the history behind its snapshot (step f.3.1)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with the epochs alone."""
        effects = super().restart(durable)
        self.history = []
        return effects


class PromisesBeforeDurable(ZabNode):
    """Accepts an epoch without asking for it to be made durable (step f.1.2)."""

    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Accept, and write nothing."""
        effects = super().accept_epoch(message)
        effects.write = None
        return effects


class AcksBeforeDurable(ZabNode):
    """Acknowledges a proposal without asking for it to be made durable (step f.3.1)."""

    def accept_proposal(self, message: Propose) -> Effects:
        """Acknowledge, and write nothing."""
        effects = super().accept_proposal(message)
        effects.write = None
        return effects


class EpochBeforeHistory(ZabNode):
    """Writes currentEpoch before the history of that epoch (step f.2.1)."""

    def synchronize(self, message: Diff | Snap) -> Effects:
        """Write the epoch first, and the history with the next write."""
        effects = super().synchronize(message)
        effects.write, self._late = {"currentEpoch": self.epoch}, effects.write
        return effects

    def accept_leader(self, message: NewLeader) -> Effects:
        """Write the history."""
        effects = super().accept_leader(message)
        effects.write = self._late
        return effects


class CommitsUnsynchronized(ZabNode):
    """Takes an epoch for established before anybody is in line with it (step l.2.2)."""

    def new_leader(self) -> Effects:
        """Commit what it has itself as soon as the epoch is promised."""
        effects = super().new_leader()
        self.phase = "broadcast"
        effects.outputs = self.deliver_to(self.length)
        return effects


class CommitsWithOneFewer(ZabNode):
    """Commits what all of a quorum but one have acknowledged (step l.3.2)."""

    def committable(self, zxid: Zxid) -> int:
        """Count somebody who has not acknowledged."""
        for index in range(self.index_of(zxid), self.committed, -1):
            least = self.zxid_at(index)
            acked = [n for n in self.at("acked", "active") if self.learners[n].zxid >= least]
            if super().backed([*acked, *self._spare(acked)]):
                return index
        return self.committed

    def _spare(self, names: Collection[str]) -> list[str]:
        voters = [name for name in self.others if not self.is_observer(name)]
        return [name for name in voters if name not in names][:1]


class EstablishesWithOneFewer(ZabNode):
    """Establishes an epoch with one acknowledgement fewer than a quorum (step l.2.2)."""

    def _ack_leader(self, message: AckLeader) -> Effects:
        if self.phase == "synchronization":
            self.learners[message.sender] = LearnerProgress("acked", 0, message.zxid)
            return self.establish()
        return super()._ack_leader(message)


class CountsObservers(ZabNode):
    """Takes observers for servers that vote."""

    def backed(self, learners: Iterable[str]) -> bool:
        """Count heads."""
        voters = len(self.config.voters)
        return 2 * (1 + len(list(learners))) > voters


class ElectsByZxid(ZabNode):
    """Votes for the highest zxid, and looks at the epoch only after that (ZooKeeper's rule)."""

    def is_higher(self, vote: Vote, other: Vote) -> bool:
        """Compare zxids first."""
        ranks = self.config.ranks
        return (vote.zxid, vote.epoch, ranks[vote.leader]) > (
            other.zxid,
            other.epoch,
            ranks[other.leader],
        )


class KeepsOldVotes(ZabNode):
    """Counts the votes of an earlier round in a later one (ZooKeeper's logical clock)."""

    def join_round(self, message: Notification) -> Effects:
        """Go on to a later round with what it has counted."""
        tally = dict(self.tally)
        effects = super().join_round(message)
        self.tally = tally | self.tally
        return effects


class NobodyIsAhead(ZabNode):
    """Goes on leading though a follower has a later history (section IV, phase 1)."""

    def is_ahead(self, message: AckEpoch) -> bool:
        """Look at nothing."""
        return False


class ReusesEpoch(ZabNode):
    """Proposes the epoch behind its own, whatever it was told (step l.1.1)."""

    def new_epoch(self) -> Effects:
        """Look at nobody's accepted epoch."""
        for name, one in self.learners.items():
            epoch = min(one.epoch, self.acceptedEpoch)
            self.learners[name] = LearnerProgress(one.stage, epoch, one.zxid)
        return super().new_epoch()


class PromisesTwice(ZabNode):
    """Promises an epoch that it has promised to another leader (step f.1.2)."""

    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Tell its epoch as if this was a first promise."""
        effects = super().accept_epoch(message)
        told = AckEpoch(self.name, self.currentEpoch, self.last)
        effects.sends = [Send(message.sender, told)]
        return effects


class NeverTruncates(ZabNode):
    """Takes TRUNC for DIFF: what the leader has not it keeps (phase 2)."""

    def synchronize(self, message: Diff | Snap) -> Effects:
        """Cut nothing off."""
        if isinstance(message, Trunc):
            message = Diff.of(message.sender, self.last, message.txns)
        return super().synchronize(message)


class DeliversProposals(ZabNode):
    """Delivers a proposal before it is committed (step f.3.2)."""

    def accept_proposal(self, message: Propose) -> Effects:
        """Accept, and deliver."""
        effects = super().accept_proposal(message)
        if self.phase == "broadcast":
            effects.outputs = self.deliver_to(self.length)
        return effects


class DeliversOneMore(ZabNode):
    """Delivers one transaction more than is committed (step f.3.2)."""

    def deliver(self, message: Commit) -> Effects:
        """Count from 1."""
        effects = super().deliver(message)
        more = self.deliver_to(min(self.committed + 1, self.length))
        effects.outputs = [*effects.outputs, *more]
        return effects


class MissesNewcomers(ZabNode):
    """Proposes only to learners that are up to date (section IV, phase 3: joining)."""

    def proposes(self, action: str, what: str) -> Effects:
        """Leave out who is being synchronized."""
        effects = super().proposes(action, what)
        active = self.at("active")
        effects.sends = [send for send in effects.sends if send.to in active]
        return effects


class GoesOnCounting(ZabNode):
    """Does not begin to count anew in a new epoch (section IV: the zxid)."""

    def proposes(self, action: str, what: str) -> Effects:
        """Let the counter run on, so that it does not say how many there are."""
        before = self.last
        effects = super().proposes(action, what)
        txn = self.history[-1]
        if before.epoch != self.epoch and before.counter:
            zxid = Zxid(self.epoch, before.counter + 1)
            self.history[-1] = wrong = type(txn)(zxid, txn.val)
            effects.write = {"txns": (wrong,)}
            effects.sends = [Send(s.to, Propose(self.name, wrong)) for s in effects.sends]
        return effects


class TellsAllIsCommitted(ZabNode):
    """Tells a newcomer that all it has proposed is committed (step l.2.2)."""

    def up_to_date(self, message: AckLeader) -> Effects:
        """Send its last zxid."""
        effects = super().up_to_date(message)
        news = CommitLeader(self.name, self.last)
        effects.sends = [*effects.sends[:-1], Send(message.sender, news)]
        return effects


class SnapshotsWithoutSessions(ZabNode):
    """Leaves the clients' sessions out of its snapshots (Ongaro's dissertation, section 6.3)."""

    def content(self) -> Any:
        """Keep the machine alone."""
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
"""Name of the bug to a server that has it."""

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
"""Where bugs show themselves that need an option, more servers, more runs or a certain event."""
