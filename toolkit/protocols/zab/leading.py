"""The leader's side of phases 1 to 3 of Zab.

Source: F. Junqueira, B. Reed and M. Serafini, *Zab: High-performance broadcast for
primary-backup systems*, DSN 2011, section IV; the steps l.1.1 and so on are the paper's.  Where
it is silent Apache ZooKeeper is followed (``Leader`` and ``LearnerHandler``): in the choice of
DIFF, TRUNC and SNAP, and in that a leader gives up when it learns of a later history, instead of
fetching it.  Each handler is named after the action of ``specs/zab/Zab.tla`` that it performs.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send, SetTimer
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.learner import Learner
from toolkit.protocols.zab.messages import (
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
    Ping,
    Pong,
    Propose,
    Request,
    Snap,
    Sync,
    Synced,
    Trunc,
    Txn,
    Zxid,
)

__all__ = ["Leader", "LearnerProgress"]


class LearnerProgress(msgspec.Struct, frozen=True, gc=False):
    """How far a learner has come.

    Parameters
    ----------
    stage : str
        ``"offered"``, ``"promised"``, ``"syncing"``, ``"acked"`` or ``"active"``.
    epoch : int
        Offered: its acceptedEpoch; promised: its currentEpoch, or -1 if that does not count.
    zxid : Zxid
        Promised: the last that it has; acked and active: the last that it has acknowledged.
    """

    stage: str
    epoch: int = 0
    zxid: Zxid = ZERO


class Leader(Learner):
    """A server that leads.

    Attributes
    ----------
    learners : dict of str to LearnerProgress
        Who is connected, and how far it has come.
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self.learners: dict[str, LearnerProgress] = {}
        self._heard: set[str] = set()

    def _reset(self) -> None:
        super()._reset()
        self.learners = {}
        self._heard.clear()

    def peers(self) -> list[str]:
        """Return to whom this server takes itself to be connected."""
        return [*self.learners] if self.mode == "leading" else super().peers()

    def backed(self, learners: Iterable[str]) -> bool:
        """Return whether learners and this server are a quorum."""
        return self.is_quorum({self.name, *learners})

    def at(self, *stages: str) -> list[str]:
        """Return the learners that are at one of some stages."""
        return [name for name, one in self.learners.items() if one.stage in stages]

    def is_observer(self, name: str) -> bool:
        """Return whether a server votes on nothing."""
        return name not in self.config.voters

    @action("DropLearner")
    def drop_learner(self, peer: str) -> Effects:
        """The connection to a learner is gone."""
        del self.learners[peer]
        self._heard.discard(peer)
        return Effects(action="DropLearner", params={"p": peer}, closes=[peer])

    def quorum(self) -> Effects:
        """Give up if too few were heard of, or the epoch is not established in time."""
        heard, self._heard = self._heard, set()
        if self.phase != "broadcast" or not self.backed(heard):
            return self.abandon()
        high = self.config.patience[1]
        return Effects(timers=[SetTimer("quorum", high, high)])

    # Phase 1: discovery -------------------------------------------------------------------

    @action("CountCEpoch", section="step l.1.1")
    def _cepoch(self, message: CEpoch) -> Effects:
        if self.mode != "leading":
            return self.refuse(message)
        # What had come with an earlier connection is forgotten.
        self.learners.pop(message.sender, None)
        self.learners[message.sender] = LearnerProgress("offered", message.epoch)
        self._heard.add(message.sender)
        if self.epoch:
            return self.greet_learner(message)
        return self.new_epoch() if self.backed(self.learners) else Effects(action="CountCEpoch")

    @action("NewEpoch", section="step l.1.1")
    def new_epoch(self) -> Effects:
        """Count the CEPOCH that makes a quorum: propose a later epoch (step l.1.1)."""
        told = [one.epoch for one in self.learners.values()]
        self.epoch = self.acceptedEpoch = 1 + max(self.acceptedEpoch, *told)
        proposal = NewEpoch(self.name, self.epoch)
        return Effects(
            action="NewEpoch",
            write={"acceptedEpoch": self.epoch},
            sends=[Send(name, proposal) for name in self.learners],
        )

    @action("GreetLearner", section="step l.3.3")
    def greet_learner(self, message: CEpoch) -> Effects:
        """Tell a learner that comes later which epoch it is."""
        reply = NewEpoch(self.name, self.epoch)
        return Effects(action="GreetLearner", sends=[Send(message.sender, reply)])

    @action("CountAckEpoch", section="step l.1.2")
    def _ack_epoch(self, message: AckEpoch) -> Effects:
        self._heard.add(message.sender)
        if self.phase != "discovery":
            return self.sync_learner(message)
        if self.is_ahead(message):
            return self.surpassed()
        self.learners[message.sender] = LearnerProgress("promised", message.epoch, message.zxid)
        promises = [name for name in self.at("promised") if self.learners[name].epoch != -1]
        return self.new_leader() if self.backed(promises) else Effects(action="CountAckEpoch")

    def is_ahead(self, message: AckEpoch) -> bool:
        """Return whether a follower has a later history: by current epoch, then last zxid."""
        return (
            not self.is_observer(message.sender)
            and message.epoch != -1
            and (message.epoch, message.zxid) > (self.currentEpoch, self.last)
        )

    @action("StepDownStaleHistory")
    def surpassed(self) -> Effects:
        """Give up: a follower has a later history."""
        return self._looks("StepDownStaleHistory")

    # Phase 2: synchronization -------------------------------------------------------------

    def difference(self, learner: str, zxid: Zxid) -> Diff | Snap:
        """Return what brings a learner, whose last zxid this is, into line with the history.

        That is DIFF where the history has that zxid, TRUNC where it has not, and SNAP where too
        much is wanting, or compacted.  An observer is sent what is committed, once anything can
        be.
        """
        only = self.phase == "broadcast" and self.is_observer(learner)
        last = self.committed if only else self.length
        common = self.index_of(zxid, last)
        if zxid < self.snapshot.zxid or last - common > self.config.window:
            at = self.committed
            data = self.state() if at else ""
            return Snap.of(self.name, at, self.behind(at, last), self.zxid_at(at), data)
        kept = self.zxid_at(common)
        kind = Diff if kept == zxid else Trunc
        return kind.of(self.name, kept, self.behind(common, last))

    def _synchronizes(self, learner: str, zxid: Zxid) -> list[Send]:
        difference: Message = self.difference(learner, zxid)
        self.learners[learner] = LearnerProgress("syncing")
        return [Send(learner, difference), Send(learner, NewLeader(self.name, self.epoch))]

    @action("NewLeader", section="step l.2.1")
    def new_leader(self) -> Effects:
        """Count the ACK-E that makes a quorum: synchronize who has told its state (step l.2.1)."""
        self.phase = "synchronization"
        news = self.currentEpoch != self.epoch
        self.currentEpoch = self.epoch
        sends: list[Send] = []
        for name in self.at("promised"):
            sends += self._synchronizes(name, self.learners[name].zxid)
        return Effects(
            action="NewLeader",
            write={"currentEpoch": self.epoch} if news else None,
            sends=sends,
        )

    @action("SyncLearner", section="step l.3.3")
    def sync_learner(self, message: AckEpoch) -> Effects:
        """Synchronize a learner that comes later."""
        sends = self._synchronizes(message.sender, message.zxid)
        return Effects(action="SyncLearner", sends=sends)

    @action("CountAckLeader", section="step l.2.2")
    def _ack_leader(self, message: AckLeader) -> Effects:
        self._heard.add(message.sender)
        if self.phase == "broadcast":
            return self.up_to_date(message)
        self.learners[message.sender] = LearnerProgress("acked", 0, message.zxid)
        if self.backed(self.at("acked")):
            return self.establish()
        return Effects(action="CountAckLeader")

    @action("Establish", section="step l.2.2")
    def establish(self) -> Effects:
        """Count the ACK-LD that makes a quorum: the first history is committed (step l.2.2)."""
        self.phase = "broadcast"
        ready = self.at("acked")
        for name in ready:
            self.learners[name] = msgspec.structs.replace(self.learners[name], stage="active")
        outputs = self.deliver_to(self.length)
        news = CommitLeader(self.name, self.last)
        return Effects(
            action="Establish", sends=[Send(name, news) for name in ready], outputs=outputs
        )

    @action("UpToDate", section="step l.3.4")
    def up_to_date(self, message: AckLeader) -> Effects:
        """Tell a learner that came later that it is up to date.

        It may complete a quorum for what was proposed before.
        """
        newcomer = message.sender
        self.learners[newcomer] = LearnerProgress("active", 0, message.zxid)
        effects = self._commits("UpToDate", self.committable(message.zxid), newcomer)
        news = CommitLeader(self.name, self.zxid_at(self.committed))
        effects.sends = [*effects.sends, Send(newcomer, news)]
        return effects

    # Phase 3: broadcast -------------------------------------------------------------------

    def proposes(self, action: str, what: str) -> Effects:
        """Propose a transaction to all followers that are in line (step l.3.1)."""
        last = self.last
        counter = last.counter + 1 if last.epoch == self.epoch else 1
        txn = Txn(Zxid(self.epoch, counter), what)
        self.history.append(txn)
        proposal = Propose(self.name, txn)
        voters = self.config.voters
        return Effects(
            action=action,
            params={"v": what} if action == "Propose" else {},
            write={"txns": (txn,)},
            sends=[
                Send(name, proposal)
                for name, one in self.learners.items()
                if name in voters and one.stage not in ("offered", "promised")
            ],
        )

    @action("Propose", section="step l.3.1")
    def propose(self, what: str) -> Effects:
        """Propose what a client asks for, without waiting for what was proposed before."""
        return self.proposes("Propose", what)

    @action("ProposeFor", section="step l.3.1")
    def propose_for(self, message: Request) -> Effects:
        """Propose what a learner has forwarded."""
        self._heard.add(message.sender)
        return self.proposes("ProposeFor", message.val)

    def committable(self, zxid: Zxid) -> int:
        """Return how much is committed, now that this zxid was acknowledged."""
        for index in range(self.index_of(zxid), self.committed, -1):
            least = self.zxid_at(index)
            acked = (name for name in self.at("acked", "active"))
            if self.backed(name for name in acked if self.learners[name].zxid >= least):
                return index
        return self.committed

    @action("CountAck", section="step l.3.2")
    def _ack(self, message: Ack) -> Effects:
        self._heard.add(message.sender)
        known = self.learners[message.sender]
        self.learners[message.sender] = LearnerProgress(known.stage, known.epoch, message.zxid)
        index = self.committable(message.zxid)
        return self.commit(index) if index > self.committed else Effects(action="CountAck")

    @action("Commit", section="step l.3.2")
    def commit(self, index: int) -> Effects:
        """Count the ACK that makes a quorum, and commit (step l.3.2)."""
        return self._commits("Commit", index, None)

    def _commits(self, action: str, index: int, newcomer: str | None) -> Effects:
        """Commit; tell who follows, and observers what it is."""
        sends: list[Send] = []
        if index > self.committed:
            told = Commit(self.name, self.zxid_at(index))
            news = Inform.of(self.name, self.behind(self.committed, index))
            for name, one in self.learners.items():
                if self.is_observer(name):
                    if one.stage in ("syncing", "active"):
                        sends.append(Send(name, news))
                elif one.stage == "active" and name != newcomer:
                    sends.append(Send(name, told))
        return Effects(action=action, sends=sends, outputs=self.deliver_to(index))

    # What changes no history --------------------------------------------------------------

    @action("Ping")
    def ping(self) -> Effects:
        """Be heard of."""
        beat, ping = self.config.heartbeat, Ping(self.name)
        return Effects(
            action="Ping",
            sends=[Send(name, ping) for name in self.learners],
            timers=[SetTimer("ping", beat, beat)],
        )

    @action("HandlePong")
    def hear(self, message: Pong) -> Effects:
        """Hear of a learner."""
        self._heard.add(message.sender)
        return Effects(action="HandlePong")

    @action("AnswerSync", options=("sync",))
    def answer_sync(self, message: Sync) -> Effects:
        """Tell how far a read is to wait: for all that was proposed so far."""
        self._heard.add(message.sender)
        reply = Synced(self.name, message.number, self.last)
        return Effects(action="AnswerSync", sends=[Send(message.sender, reply)])
