"""The follower's and the observer's side of phases 1 to 3 of Zab.

Source: F. Junqueira, B. Reed and M. Serafini, *Zab: High-performance broadcast for
primary-backup systems*, DSN 2011, section IV; step numbers such as f.1.1 are the paper's.  Each
handler is named after the action of ``specs/zab/Zab.tla`` that it performs.
"""

from __future__ import annotations

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Message, Send, SetTimer
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.election import Elector
from toolkit.protocols.zab.history import Snapshot
from toolkit.protocols.zab.messages import (
    Ack,
    AckEpoch,
    AckLeader,
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
    Txn,
)

__all__ = ["Learner"]


class Learner(Elector):
    """The follower's and the observer's side of a server."""

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self._syncs: dict[int, Command] = {}
        self._sync_number = 0

    def _reset(self) -> None:
        super()._reset()
        self._syncs.clear()

    def _to_leader(self, message: Message) -> list[Send]:
        return [Send(self.leader, message)]

    # The connection -----------------------------------------------------------------------

    def _lost_leader(self) -> Effects:
        """Handle a lost connection: retry if the leader has not answered yet, else abandon it."""
        connecting = self.phase == "discovery" and self.epoch == 0
        return self.lose_connection() if connecting else self.abandon()

    @action("LoseConnection")
    def lose_connection(self) -> Effects:
        """Wait before connecting again: the leader may not know yet that it leads."""
        wait = self.config.connect
        return Effects(
            action="LoseConnection",
            closes=[self.leader],
            timers=[SetTimer("connect", wait, wait)],
        )

    @action("Connect", section="step f.1.1")
    def connect(self) -> Effects:
        """Connect to the leader again (step f.1.1)."""
        return Effects(action="Connect", sends=self._connect_message())

    # Phase 1: discovery -------------------------------------------------------------------

    def _new_epoch(self, message: NewEpoch) -> Effects:
        if message.epoch < self.acceptedEpoch:
            return self.refuse_epoch()
        return self.accept_epoch(message)

    @action("RefuseEpoch")
    def refuse_epoch(self) -> Effects:
        """Reject an epoch lower than acceptedEpoch, and start looking for a leader."""
        return self._restart_election("RefuseEpoch")

    @action("AcceptEpoch", section="step f.1.2")
    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Accept an epoch, and report currentEpoch and last zxid (step f.1.2)."""
        is_new = message.epoch > self.acceptedEpoch
        self.acceptedEpoch = self.epoch = message.epoch
        reply = AckEpoch(self.name, self.currentEpoch if is_new else -1, self.last)
        return Effects(
            action="AcceptEpoch",
            write={"acceptedEpoch": message.epoch} if is_new else None,
            sends=self._to_leader(reply),
            timers=[self._election_timer],
        )

    # Phase 2: synchronization -------------------------------------------------------------

    @action("Synchronize")
    def synchronize(self, message: Diff | Snap) -> Effects:
        """Synchronize the history with the leader's by DIFF, TRUNC or SNAP (phase 2)."""
        self.phase = "synchronization"
        base, before = self.snapshot, self.history
        if isinstance(message, Snap):
            if message.index > self.committed:
                self.load(Snapshot(message.index, message.zxid, message.data))
            keep = max(message.index, self.snapshot.index)
            txns = list(message.txns[keep - message.index :])
        else:
            keep = self.index_of(message.zxid)
            txns = list(message.txns)
        self.history = [*self.behind(self.snapshot.index, keep), *txns]
        write: dict[str, object] = {}
        if self.snapshot is not base:
            write["snapshot"] = self.snapshot
        if write or self.history != before:
            write |= {"keep": keep, "txns": txns}
        return Effects(action="Synchronize", write=write or None, timers=[self._election_timer])

    @action("AcceptLeader", section="step f.2.1")
    def accept_leader(self, message: NewLeader) -> Effects:
        """Accept the new leader; the history is written before currentEpoch (step f.2.1)."""
        is_new = message.epoch != self.currentEpoch
        self.currentEpoch = message.epoch
        return Effects(
            action="AcceptLeader",
            write={"currentEpoch": message.epoch} if is_new else None,
            sends=self._to_leader(AckLeader(self.name, self.last)),
            timers=[self._election_timer],
        )

    @action("CommitLeader", section="step f.2.2")
    def commit_leader(self, message: CommitLeader) -> Effects:
        """Deliver the committed history and enter the broadcast phase (step f.2.2)."""
        self.phase = "broadcast"
        outputs = self.deliver_to(self.index_of(message.zxid))
        return Effects(action="CommitLeader", timers=[self._election_timer], outputs=outputs)

    # Phase 3: broadcast -------------------------------------------------------------------

    def _append(self, txn: Txn) -> dict[str, object]:
        self.history.append(txn)
        return {"txns": (txn,)}

    @action("AcceptProposal", section="step f.3.1")
    def accept_proposal(self, message: Propose) -> Effects:
        """Accept a proposal, and acknowledge it when it is durable (step f.3.1)."""
        return Effects(
            action="AcceptProposal",
            write=self._append(message.txn),
            sends=self._to_leader(Ack(self.name, message.txn.zxid)),
            timers=[self._election_timer],
        )

    @action("Deliver", section="step f.3.2")
    def deliver(self, message: Commit) -> Effects:
        """Deliver committed transactions (step f.3.2)."""
        outputs = self.deliver_to(self.index_of(message.zxid))
        return Effects(action="Deliver", timers=[self._election_timer], outputs=outputs)

    @action("Inform")
    def inform(self, message: Inform) -> Effects:
        """Append committed transactions as an observer; deliver them in the broadcast phase."""
        self.history += message.txns
        outputs = self.deliver_to(self.length) if self.phase == "broadcast" else []
        return Effects(
            action="Inform",
            write={"txns": message.txns},
            timers=[self._election_timer],
            outputs=outputs,
        )

    # Heartbeats, requests and reads --------------------------------------------------------------

    @action("Pong")
    def pong(self, message: Ping) -> Effects:
        """Respond to the leader's heartbeat."""
        del message
        return Effects(
            action="Pong", sends=self._to_leader(Pong(self.name)), timers=[self._election_timer]
        )

    @action("Forward")
    def forward(self, request: str) -> Effects:
        """Forward a client's request to the leader."""
        return Effects(
            action="Forward",
            params={"v": request},
            sends=self._to_leader(Request(self.name, request)),
        )

    @action("AskSync", options=("sync",))
    def ask_sync(self, event: Command) -> Effects:
        """Ask the leader for the last proposed zxid, which a read must wait for."""
        self._sync_number += 1
        self._syncs[self._sync_number] = event
        return Effects(
            action="AskSync",
            params={"n": self._sync_number},
            sends=self._to_leader(Sync(self.name, self._sync_number)),
        )

    @action("Synced", options=("sync",))
    def synced(self, message: Synced) -> Effects:
        """Answer a read after all transactions that the leader had proposed are delivered."""
        event = self._syncs.pop(message.number)
        self._reads.append((self.index_of(message.zxid), event))
        return Effects(action="Synced", timers=[self._election_timer], outputs=self._ready_reads())
