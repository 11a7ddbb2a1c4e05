"""The leader's side of phases 1 to 3 of Zab.

Source: F. Junqueira, B. Reed and M. Serafini, *Zab: High-performance broadcast for
primary-backup systems*, DSN 2011, section IV; step numbers such as l.1.1 are the paper's.  Where
the paper leaves details open, this follows Apache ZooKeeper (``Leader`` and ``LearnerHandler``): in
the choice of DIFF, TRUNC and SNAP, and in that a leader steps down when it learns of a later
history, instead of fetching it.  Each handler is named after the action of ``specs/zab/Zab.tla``
that it performs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send, SetTimer
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
from toolkit.protocols.zab.role import Role

if TYPE_CHECKING:
    from toolkit.protocols.zab.node import ZabServer

__all__ = ["Leading", "LearnerProgress"]


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


class Leading(Role):
    """The leader's side of a server.

    Parameters
    ----------
    server : ZabServer
        The server that it is a part of.

    Attributes
    ----------
    learners : dict of str to LearnerProgress
        The connected learners and their progress.
    """

    name = "leading"
    messages: ClassVar[Mapping[type[Message], str]] = {
        CEpoch: "count_c_epoch",
        AckEpoch: "count_ack_epoch",
        AckLeader: "count_ack_leader",
        Ack: "count_ack",
        Pong: "handle_pong",
        Request: "propose_for",
        Sync: "answer_sync",
    }
    timers: ClassVar[Mapping[str, str]] = {
        "quorum": "on_quorum_timeout",
        "ping": "on_ping_timeout",
    }

    def __init__(self, server: ZabServer) -> None:
        super().__init__(server)
        self.learners: dict[str, LearnerProgress] = {}
        self._active: set[str] = set()

    def reset(self) -> None:
        """Forget the learners."""
        self.learners = {}
        self._active.clear()

    def elected(self, effects: Effects) -> None:
        """Start the timers of a leader."""
        config = self.server.config
        if self.server.mode == "leading":
            beat, high = config.heartbeat, config.election_timeout[1]
            effects.timers = [
                *effects.timers,
                SetTimer("ping", beat, beat),
                SetTimer("quorum", high, high),
            ]

    def peers(self) -> list[str]:
        """Return the connected learners, if the server leads."""
        return [*self.learners] if self.server.mode == "leading" else []

    def on_quorum_timeout(self) -> Effects:
        """Check that a quorum is active, if the server leads."""
        return self.quorum() if self.server.mode == "leading" else Effects()

    def on_ping_timeout(self) -> Effects:
        """Send a heartbeat, if the server leads."""
        return self.ping() if self.server.mode == "leading" else Effects()

    def backed(self, learners: Iterable[str]) -> bool:
        """Return whether learners and this server are a quorum."""
        server = self.server
        return server.is_quorum({server.name, *learners})

    def at(self, *stages: str) -> list[str]:
        """Return the learners at one of the given stages."""
        return [name for name, progress in self.learners.items() if progress.stage in stages]

    def is_observer(self, name: str) -> bool:
        """Return whether a server is an observer, which does not vote."""
        return name not in self.server.config.voters

    @action("DropLearner")
    def drop_learner(self, peer: str) -> Effects:
        """Remove a learner whose connection was lost."""
        del self.learners[peer]
        self._active.discard(peer)
        return Effects(action="DropLearner", params={"p": peer}, closes=[peer])

    def quorum(self) -> Effects:
        """Step down if no quorum was heard from, or the epoch is not established in time."""
        server = self.server
        active, self._active = self._active, set()
        if server.phase != "broadcast" or not self.backed(active):
            return server.election.abandon()
        high = server.config.election_timeout[1]
        return Effects(timers=[SetTimer("quorum", high, high)])

    # Phase 1: discovery -------------------------------------------------------------------

    @action("CountCEpoch", section="step l.1.1")
    def count_c_epoch(self, message: CEpoch) -> Effects:
        """Record a learner's CEPOCH; propose an epoch when a quorum has sent one (step l.1.1)."""
        server = self.server
        if server.mode != "leading":
            return server.election.reject_connection(message)
        # The learner's progress on an earlier connection no longer counts.
        self.learners.pop(message.sender, None)
        self.learners[message.sender] = LearnerProgress("offered", message.epoch)
        self._active.add(message.sender)
        if server.epoch:
            return self.greet_learner(message)
        return self.new_epoch() if self.backed(self.learners) else Effects(action="CountCEpoch")

    @action("NewEpoch", section="step l.1.1")
    def new_epoch(self) -> Effects:
        """Propose a later epoch after CEPOCH from a quorum (step l.1.1)."""
        server = self.server
        epochs = [progress.epoch for progress in self.learners.values()]
        server.epoch = server.acceptedEpoch = 1 + max(server.acceptedEpoch, *epochs)
        proposal = NewEpoch(server.name, server.epoch)
        return Effects(
            action="NewEpoch",
            write={"acceptedEpoch": server.epoch},
            sends=[Send(name, proposal) for name in self.learners],
        )

    @action("GreetLearner", section="step l.3.3")
    def greet_learner(self, message: CEpoch) -> Effects:
        """Send the current epoch to a learner that connects later (step l.3.3)."""
        reply = NewEpoch(self.server.name, self.server.epoch)
        return Effects(action="GreetLearner", sends=[Send(message.sender, reply)])

    @action("CountAckEpoch", section="step l.1.2")
    def count_ack_epoch(self, message: AckEpoch) -> Effects:
        """Record a learner's ACK-E; synchronize when a quorum has promised (step l.1.2)."""
        self._active.add(message.sender)
        if self.server.phase != "discovery":
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
            and (message.epoch, message.zxid) > (self.server.currentEpoch, self.server.last)
        )

    @action("StepDownStaleHistory")
    def step_down_stale_history(self) -> Effects:
        """Step down because a follower has a later history (as ZooKeeper does)."""
        return self.server.election.restart_election("StepDownStaleHistory")

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
        server = self.server
        committed_only = server.phase == "broadcast" and self.is_observer(learner)
        last = server.committed if committed_only else server.length
        common = server.index_of(zxid, last)
        if zxid < server.snapshot.zxid or last - common > server.config.window:
            index = server.committed
            data = server.state() if index else ""
            return Snap.of(
                server.name,
                index,
                server.behind(index, last),
                server.zxid_at(index),
                data,
            )
        kept = server.zxid_at(common)
        kind = Diff if kept == zxid else Trunc
        return kind.of(server.name, kept, server.behind(common, last))

    def _synchronize_learner(self, learner: str, zxid: Zxid) -> list[Send]:
        difference: Message = self.difference(learner, zxid)
        self.learners[learner] = LearnerProgress("syncing")
        return [
            Send(learner, difference),
            Send(learner, NewLeader(self.server.name, self.server.epoch)),
        ]

    @action("NewLeader", section="step l.2.1")
    def new_leader(self) -> Effects:
        """Synchronize the learners that have sent ACK-E, now a quorum (step l.2.1)."""
        server = self.server
        server.phase = "synchronization"
        is_new = server.currentEpoch != server.epoch
        server.currentEpoch = server.epoch
        sends: list[Send] = []
        for name in self.at("promised"):
            sends += self._synchronize_learner(name, self.learners[name].zxid)
        return Effects(
            action="NewLeader",
            write={"currentEpoch": server.epoch} if is_new else None,
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
        if self.server.phase == "broadcast":
            return self.up_to_date(message)
        self.learners[message.sender] = LearnerProgress("acked", 0, message.zxid)
        if self.backed(self.at("acked")):
            return self.establish()
        return Effects(action="CountAckLeader")

    @action("Establish", section="step l.2.2")
    def establish(self) -> Effects:
        """Commit the initial history after ACK-LD from a quorum (step l.2.2)."""
        server = self.server
        server.phase = "broadcast"
        acked = self.at("acked")
        for name in acked:
            self.learners[name] = msgspec.structs.replace(self.learners[name], stage="active")
        outputs = server.deliver_to(server.length)
        message = CommitLeader(server.name, server.last)
        return Effects(
            action="Establish", sends=[Send(name, message) for name in acked], outputs=outputs
        )

    @action("UpToDate", section="step l.3.4")
    def up_to_date(self, message: AckLeader) -> Effects:
        """Tell a learner that connected later that it is up to date (step l.3.4).

        Its acknowledgement may complete a quorum for earlier proposals.
        """
        server = self.server
        learner = message.sender
        self.learners[learner] = LearnerProgress("active", 0, message.zxid)
        effects = self._commit_to("UpToDate", self.committable(message.zxid), learner)
        reply = CommitLeader(server.name, server.zxid_at(server.committed))
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
        server = self.server
        last = server.last
        counter = last.counter + 1 if last.epoch == server.epoch else 1
        txn = Txn(Zxid(server.epoch, counter), request)
        server.history.append(txn)
        proposal = Propose(server.name, txn)
        voters = server.config.voters
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
        server = self.server
        for index in range(server.index_of(zxid), server.committed, -1):
            target = server.zxid_at(index)
            acked = [
                name
                for name, progress in self.learners.items()
                if progress.stage in ("acked", "active") and progress.zxid >= target
            ]
            if self.backed(acked):
                return index
        return server.committed

    @action("CountAck", section="step l.3.2")
    def count_ack(self, message: Ack) -> Effects:
        """Record a follower's ACK; commit when a quorum has acknowledged (step l.3.2)."""
        self._active.add(message.sender)
        known = self.learners[message.sender]
        self.learners[message.sender] = LearnerProgress(known.stage, known.epoch, message.zxid)
        index = self.committable(message.zxid)
        return self.commit(index) if index > self.server.committed else Effects(action="CountAck")

    @action("Commit", section="step l.3.2")
    def commit(self, index: int) -> Effects:
        """Commit transactions after ACK from a quorum (step l.3.2)."""
        return self._commit_to("Commit", index, None)

    def _commit_to(self, action: str, index: int, new_learner: str | None) -> Effects:
        """Commit up to an index; send COMMIT to followers and INFORM to observers."""
        server = self.server
        sends: list[Send] = []
        if index > server.committed:
            commit = Commit(server.name, server.zxid_at(index))
            inform: Inform | None = None
            voters = server.config.voters
            for name, progress in self.learners.items():
                if name in voters:
                    if progress.stage == "active" and name != new_learner:
                        sends.append(Send(name, commit))
                elif progress.stage in ("syncing", "active"):
                    if inform is None:
                        inform = Inform.of(server.name, server.behind(server.committed, index))
                    sends.append(Send(name, inform))
        return Effects(action=action, sends=sends, outputs=server.deliver_to(index))

    # Heartbeats and reads --------------------------------------------------------------

    @action("Ping")
    def ping(self) -> Effects:
        """Send a heartbeat to all learners."""
        beat, ping = self.server.config.heartbeat, Ping(self.server.name)
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
        reply = Synced(self.server.name, message.number, self.server.last)
        return Effects(action="AnswerSync", sends=[Send(message.sender, reply)])
