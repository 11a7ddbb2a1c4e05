"""The leader's side of phases 1 to 3 of Zab.

Source: F. Junqueira, B. Reed and M. Serafini, *Zab: High-performance broadcast for
primary-backup systems*, DSN 2011, section IV; step numbers such as l.1.1 are the paper's.  Where
the paper leaves details open, this follows Apache ZooKeeper (``Leader`` and ``LearnerHandler``): in
the choice of DIFF, TRUNC and SNAP, and in that a leader steps down when it learns of a later
history, instead of fetching it.  Each handler is named after the action of ``specs/zab/Zab.tla``
that it performs.
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
    """The progress of a learner, as its leader knows it.

    Parameters
    ----------
    stage : str
        ``"offered"``, ``"promised"``, ``"syncing"``, ``"acked"`` or ``"active"``.
    epoch : int
        Offered: its acceptedEpoch; promised: its currentEpoch, or -1 if it is not a promise.
    zxid : Zxid
        Promised: its last zxid; acked and active: the last zxid that it has acknowledged.
    """

    stage: str
    epoch: int = 0
    zxid: Zxid = ZERO


class Leader(Learner):
    """The leader's side of a server.

    Attributes
    ----------
    learners : dict of str to LearnerProgress
        The connected learners and their progress.
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self.learners: dict[str, LearnerProgress] = {}
        self._active: set[str] = set()

    def _reset(self) -> None:
        super()._reset()
        self.learners = {}
        self._active.clear()

    def peers(self) -> list[str]:
        """Return the servers to which this server considers itself connected."""
        return [*self.learners] if self.mode == "leading" else super().peers()

    def backed(self, learners: Iterable[str]) -> bool:
        """Return whether learners and this server are a quorum."""
        return self.is_quorum({self.name, *learners})

    def at(self, *stages: str) -> list[str]:
        """Return the learners at one of the given stages."""
        return [name for name, progress in self.learners.items() if progress.stage in stages]

    def is_observer(self, name: str) -> bool:
        """Return whether a server is an observer, which does not vote."""
        return name not in self.config.voters

    @action("DropLearner")
    def drop_learner(self, peer: str) -> Effects:
        """Remove a learner whose connection was lost."""
        del self.learners[peer]
        self._active.discard(peer)
        return Effects(action="DropLearner", params={"p": peer}, closes=[peer])

    def quorum(self) -> Effects:
        """Step down if no quorum was heard from, or the epoch is not established in time."""
        active, self._active = self._active, set()
        if self.phase != "broadcast" or not self.backed(active):
            return self.abandon()
        high = self.config.election_timeout[1]
        return Effects(timers=[SetTimer("quorum", high, high)])

    # Phase 1: discovery -------------------------------------------------------------------

    @action("CountCEpoch", section="step l.1.1")
    def count_c_epoch(self, message: CEpoch) -> Effects:
        """Record a learner's CEPOCH; propose an epoch when a quorum has sent one (step l.1.1)."""
        if self.mode != "leading":
            return self.reject_connection(message)
        # The learner's progress on an earlier connection no longer counts.
        self.learners.pop(message.sender, None)
        self.learners[message.sender] = LearnerProgress("offered", message.epoch)
        self._active.add(message.sender)
        if self.epoch:
            return self.greet_learner(message)
        return self.new_epoch() if self.backed(self.learners) else Effects(action="CountCEpoch")

    @action("NewEpoch", section="step l.1.1")
    def new_epoch(self) -> Effects:
        """Propose a later epoch after CEPOCH from a quorum (step l.1.1)."""
        epochs = [progress.epoch for progress in self.learners.values()]
        self.epoch = self.acceptedEpoch = 1 + max(self.acceptedEpoch, *epochs)
        proposal = NewEpoch(self.name, self.epoch)
        return Effects(
            action="NewEpoch",
            write={"acceptedEpoch": self.epoch},
            sends=[Send(name, proposal) for name in self.learners],
        )

    @action("GreetLearner", section="step l.3.3")
    def greet_learner(self, message: CEpoch) -> Effects:
        """Send the current epoch to a learner that connects later (step l.3.3)."""
        reply = NewEpoch(self.name, self.epoch)
        return Effects(action="GreetLearner", sends=[Send(message.sender, reply)])

    @action("CountAckEpoch", section="step l.1.2")
    def count_ack_epoch(self, message: AckEpoch) -> Effects:
        """Record a learner's ACK-E; synchronize when a quorum has promised (step l.1.2)."""
        self._active.add(message.sender)
        if self.phase != "discovery":
            return self.sync_learner(message)
        if self.is_ahead(message):
            return self.step_down_stale_history()
        self.learners[message.sender] = LearnerProgress("promised", message.epoch, message.zxid)
        promises = [name for name in self.at("promised") if self.learners[name].epoch != -1]
        return self.new_leader() if self.backed(promises) else Effects(action="CountAckEpoch")

    def is_ahead(self, message: AckEpoch) -> bool:
        """Return whether a follower has a later history: by currentEpoch, then by last zxid."""
        return (
            not self.is_observer(message.sender)
            and message.epoch != -1
            and (message.epoch, message.zxid) > (self.currentEpoch, self.last)
        )

    @action("StepDownStaleHistory")
    def step_down_stale_history(self) -> Effects:
        """Step down because a follower has a later history (as ZooKeeper does)."""
        return self._restart_election("StepDownStaleHistory")

    # Phase 2: synchronization -------------------------------------------------------------

    def difference(self, learner: str, zxid: Zxid) -> Diff | Snap:
        """Return the message that brings a learner's history into line with the leader's.

        It is DIFF if the leader's history has the learner's last zxid, TRUNC if not, and SNAP if
        the learner lacks too many transactions, or compacted ones.  In the broadcast phase an
        observer gets committed transactions only.

        Parameters
        ----------
        learner : str
            The learner.
        zxid : Zxid
            The last zxid in its history.

        Returns
        -------
        Diff, Trunc or Snap
        """
        committed_only = self.phase == "broadcast" and self.is_observer(learner)
        last = self.committed if committed_only else self.length
        common = self.index_of(zxid, last)
        if zxid < self.snapshot.zxid or last - common > self.config.window:
            index = self.committed
            data = self.state() if index else ""
            return Snap.of(self.name, index, self.behind(index, last), self.zxid_at(index), data)
        kept = self.zxid_at(common)
        kind = Diff if kept == zxid else Trunc
        return kind.of(self.name, kept, self.behind(common, last))

    def _synchronize_learner(self, learner: str, zxid: Zxid) -> list[Send]:
        difference: Message = self.difference(learner, zxid)
        self.learners[learner] = LearnerProgress("syncing")
        return [Send(learner, difference), Send(learner, NewLeader(self.name, self.epoch))]

    @action("NewLeader", section="step l.2.1")
    def new_leader(self) -> Effects:
        """Synchronize the learners that have sent ACK-E, now a quorum (step l.2.1)."""
        self.phase = "synchronization"
        is_new = self.currentEpoch != self.epoch
        self.currentEpoch = self.epoch
        sends: list[Send] = []
        for name in self.at("promised"):
            sends += self._synchronize_learner(name, self.learners[name].zxid)
        return Effects(
            action="NewLeader",
            write={"currentEpoch": self.epoch} if is_new else None,
            sends=sends,
        )

    @action("SyncLearner", section="step l.3.3")
    def sync_learner(self, message: AckEpoch) -> Effects:
        """Synchronize a learner that connects later (step l.3.3)."""
        sends = self._synchronize_learner(message.sender, message.zxid)
        return Effects(action="SyncLearner", sends=sends)

    @action("CountAckLeader", section="step l.2.2")
    def count_ack_leader(self, message: AckLeader) -> Effects:
        """Record a learner's ACK-LD; establish the epoch when a quorum has sent one."""
        self._active.add(message.sender)
        if self.phase == "broadcast":
            return self.up_to_date(message)
        self.learners[message.sender] = LearnerProgress("acked", 0, message.zxid)
        if self.backed(self.at("acked")):
            return self.establish()
        return Effects(action="CountAckLeader")

    @action("Establish", section="step l.2.2")
    def establish(self) -> Effects:
        """Commit the initial history after ACK-LD from a quorum (step l.2.2)."""
        self.phase = "broadcast"
        acked = self.at("acked")
        for name in acked:
            self.learners[name] = msgspec.structs.replace(self.learners[name], stage="active")
        outputs = self.deliver_to(self.length)
        message = CommitLeader(self.name, self.last)
        return Effects(
            action="Establish", sends=[Send(name, message) for name in acked], outputs=outputs
        )

    @action("UpToDate", section="step l.3.4")
    def up_to_date(self, message: AckLeader) -> Effects:
        """Tell a learner that connected later that it is up to date (step l.3.4).

        Its acknowledgement may complete a quorum for earlier proposals.
        """
        learner = message.sender
        self.learners[learner] = LearnerProgress("active", 0, message.zxid)
        effects = self._commit_to("UpToDate", self.committable(message.zxid), learner)
        reply = CommitLeader(self.name, self.zxid_at(self.committed))
        effects.sends = [*effects.sends, Send(learner, reply)]
        return effects

    # Phase 3: broadcast -------------------------------------------------------------------

    def proposes(self, action: str, request: str) -> Effects:
        """Append a transaction, and propose it to synchronized followers (step l.3.1).

        Parameters
        ----------
        action : str
            The action to record, ``"Propose"`` or ``"ProposeFor"``.
        request : str
            The client's request as JSON.

        Returns
        -------
        Effects
        """
        last = self.last
        counter = last.counter + 1 if last.epoch == self.epoch else 1
        txn = Txn(Zxid(self.epoch, counter), request)
        self.history.append(txn)
        proposal = Propose(self.name, txn)
        voters = self.config.voters
        return Effects(
            action=action,
            params={"v": request} if action == "Propose" else {},
            write={"txns": (txn,)},
            sends=[
                Send(name, proposal)
                for name, progress in self.learners.items()
                if name in voters and progress.stage not in ("offered", "promised")
            ],
        )

    @action("Propose", section="step l.3.1")
    def propose(self, request: str) -> Effects:
        """Propose a client's request, without waiting for earlier proposals (step l.3.1)."""
        return self.proposes("Propose", request)

    @action("ProposeFor", section="step l.3.1")
    def propose_for(self, message: Request) -> Effects:
        """Propose a request that a learner has forwarded (step l.3.1)."""
        self._active.add(message.sender)
        return self.proposes("ProposeFor", message.val)

    def committable(self, zxid: Zxid) -> int:
        """Return the index up to which transactions are committed after an acknowledgement."""
        for index in range(self.index_of(zxid), self.committed, -1):
            target = self.zxid_at(index)
            acked = (name for name in self.at("acked", "active"))
            if self.backed(name for name in acked if self.learners[name].zxid >= target):
                return index
        return self.committed

    @action("CountAck", section="step l.3.2")
    def count_ack(self, message: Ack) -> Effects:
        """Record a follower's ACK; commit when a quorum has acknowledged (step l.3.2)."""
        self._active.add(message.sender)
        known = self.learners[message.sender]
        self.learners[message.sender] = LearnerProgress(known.stage, known.epoch, message.zxid)
        index = self.committable(message.zxid)
        return self.commit(index) if index > self.committed else Effects(action="CountAck")

    @action("Commit", section="step l.3.2")
    def commit(self, index: int) -> Effects:
        """Commit transactions after ACK from a quorum (step l.3.2)."""
        return self._commit_to("Commit", index, None)

    def _commit_to(self, action: str, index: int, new_learner: str | None) -> Effects:
        """Commit up to an index; send COMMIT to followers and INFORM to observers."""
        sends: list[Send] = []
        if index > self.committed:
            commit = Commit(self.name, self.zxid_at(index))
            inform = Inform.of(self.name, self.behind(self.committed, index))
            for name, progress in self.learners.items():
                if self.is_observer(name):
                    if progress.stage in ("syncing", "active"):
                        sends.append(Send(name, inform))
                elif progress.stage == "active" and name != new_learner:
                    sends.append(Send(name, commit))
        return Effects(action=action, sends=sends, outputs=self.deliver_to(index))

    # Heartbeats and reads --------------------------------------------------------------

    @action("Ping")
    def ping(self) -> Effects:
        """Send a heartbeat to all learners."""
        beat, ping = self.config.heartbeat, Ping(self.name)
        return Effects(
            action="Ping",
            sends=[Send(name, ping) for name in self.learners],
            timers=[SetTimer("ping", beat, beat)],
        )

    @action("HandlePong")
    def handle_pong(self, message: Pong) -> Effects:
        """Record that a learner responded to a heartbeat."""
        self._active.add(message.sender)
        return Effects(action="HandlePong")

    @action("AnswerSync", options=("sync",))
    def answer_sync(self, message: Sync) -> Effects:
        """Send a learner the last proposed zxid, which its read must wait for."""
        self._active.add(message.sender)
        reply = Synced(self.name, message.number, self.last)
        return Effects(action="AnswerSync", sends=[Send(message.sender, reply)])
