"""The follower's and the observer's side of phases 1 to 3 of Zab.

Source: F. Junqueira, B. Reed and M. Serafini, *Zab: High-performance broadcast for
primary-backup systems*, DSN 2011, section IV; step numbers such as f.1.1 are the paper's.  Each
handler is named after the action of ``specs/zab/Zab.tla`` that it performs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Message, Send, SetTimer
from toolkit.protocols.zab.history import Snapshot
from toolkit.protocols.zab.messages import (
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
)
from toolkit.protocols.zab.role import Role

if TYPE_CHECKING:
    from toolkit.protocols.zab.node import ZabServer

__all__ = ["Learning"]


class Learning(Role):
    """The follower's and the observer's side of a server.

    Parameters
    ----------
    server : ZabServer
        The server that it is a part of.
    """

    name = "learning"
    messages: ClassVar[Mapping[type[Message], str]] = {
        NewEpoch: "on_new_epoch",
        Diff: "synchronize",
        Trunc: "synchronize",
        Snap: "synchronize",
        NewLeader: "accept_leader",
        CommitLeader: "commit_leader",
        Propose: "accept_proposal",
        Commit: "deliver",
        Inform: "inform",
        Ping: "pong",
        Synced: "synced",
    }
    timers: ClassVar[Mapping[str, str]] = {
        "connect": "on_connect_timeout",
        "election": "on_election_timeout",
    }

    def __init__(self, server: ZabServer) -> None:
        super().__init__(server)
        self._syncs: dict[int, Command] = {}
        self._sync_number = 0

    def reset(self) -> None:
        """Forget the reads that wait for the leader's answer."""
        self._syncs.clear()

    def is_learning(self) -> bool:
        """Return whether the server follows or observes a leader."""
        return self.server.mode in ("following", "observing")

    def is_connecting(self) -> bool:
        """Return whether the leader has not answered yet."""
        return self.server.phase == "discovery" and self.server.epoch == 0

    def elected(self, effects: Effects) -> None:
        """Connect to the new leader (step f.1.1)."""
        if self.is_learning():
            effects.sends = self._connect_message()
            effects.timers = [*effects.timers, self.server.election_timer]

    def peers(self) -> list[str]:
        """Return the leader, if the server follows or observes one."""
        return [self.server.leader] if self.is_learning() else []

    def on_connect_timeout(self) -> Effects:
        """Connect again if the leader has not answered yet."""
        return self.connect() if self.is_learning() and self.is_connecting() else Effects()

    def on_election_timeout(self) -> Effects:
        """Abandon a leader that was not heard from for too long."""
        return self.server.election.abandon() if self.is_learning() else Effects()

    def _to_leader(self, message: Message) -> list[Send]:
        return [Send(self.server.leader, message)]

    # The connection -----------------------------------------------------------------------

    def on_lost_leader(self) -> Effects:
        """Handle a lost connection: retry if the leader has not answered yet, else abandon it."""
        return self.lose_connection() if self.is_connecting() else self.server.election.abandon()

    def _connect_message(self) -> list[Send]:
        return self._to_leader(CEpoch(self.server.name, self.server.acceptedEpoch))

    @action("LoseConnection")
    def lose_connection(self) -> Effects:
        """Wait before connecting again: the leader may not know yet that it leads."""
        wait = self.server.config.connect
        return Effects(
            action="LoseConnection",
            closes=[self.server.leader],
            timers=[SetTimer("connect", wait, wait)],
        )

    @action("Connect", section="step f.1.1")
    def connect(self) -> Effects:
        """Connect to the leader again (step f.1.1)."""
        return Effects(action="Connect", sends=self._connect_message())

    # Phase 1: discovery -------------------------------------------------------------------

    def on_new_epoch(self, message: NewEpoch) -> Effects:
        """Accept or refuse an epoch (step f.1.2)."""
        if message.epoch < self.server.acceptedEpoch:
            return self.refuse_epoch()
        return self.accept_epoch(message)

    @action("RefuseEpoch")
    def refuse_epoch(self) -> Effects:
        """Reject an epoch lower than acceptedEpoch, and start looking for a leader."""
        return self.server.election.restart_election("RefuseEpoch")

    @action("AcceptEpoch", section="step f.1.2")
    def accept_epoch(self, message: NewEpoch) -> Effects:
        """Accept an epoch, and report currentEpoch and last zxid (step f.1.2)."""
        server = self.server
        is_new = message.epoch > server.acceptedEpoch
        server.acceptedEpoch = server.epoch = message.epoch
        reply = AckEpoch(server.name, server.currentEpoch if is_new else -1, server.last)
        return Effects(
            action="AcceptEpoch",
            write={"acceptedEpoch": message.epoch} if is_new else None,
            sends=self._to_leader(reply),
            timers=[self.server.election_timer],
        )

    # Phase 2: synchronization -------------------------------------------------------------

    @action("Synchronize")
    def synchronize(self, message: Diff | Snap) -> Effects:
        """Synchronize the history with the leader's by DIFF, TRUNC or SNAP (phase 2)."""
        server = self.server
        server.phase = "synchronization"
        base, before = server.snapshot, server.history
        if isinstance(message, Snap):
            if message.index > server.committed:
                server.load(Snapshot(message.index, message.zxid, message.data))
            keep = max(message.index, server.snapshot.index)
            txns = list(message.txns[keep - message.index :])
        else:
            keep = server.index_of(message.zxid)
            txns = list(message.txns)
        server.history = [*server.behind(server.snapshot.index, keep), *txns]
        write: dict[str, object] = {}
        if server.snapshot is not base:
            write["snapshot"] = server.snapshot
        if write or server.history != before:
            write |= {"keep": keep, "txns": txns}
        return Effects(action="Synchronize", write=write or None, timers=[server.election_timer])

    @action("AcceptLeader", section="step f.2.1")
    def accept_leader(self, message: NewLeader) -> Effects:
        """Accept the new leader; the history is written before currentEpoch (step f.2.1)."""
        server = self.server
        is_new = message.epoch != server.currentEpoch
        server.currentEpoch = message.epoch
        return Effects(
            action="AcceptLeader",
            write={"currentEpoch": message.epoch} if is_new else None,
            sends=self._to_leader(AckLeader(server.name, server.last)),
            timers=[server.election_timer],
        )

    @action("CommitLeader", section="step f.2.2")
    def commit_leader(self, message: CommitLeader) -> Effects:
        """Deliver the committed history and enter the broadcast phase (step f.2.2)."""
        server = self.server
        server.phase = "broadcast"
        outputs = server.deliver_to(server.index_of(message.zxid))
        return Effects(action="CommitLeader", timers=[server.election_timer], outputs=outputs)

    # Phase 3: broadcast -------------------------------------------------------------------

    @action("AcceptProposal", section="step f.3.1")
    def accept_proposal(self, message: Propose) -> Effects:
        """Accept a proposal, and acknowledge it when it is durable (step f.3.1)."""
        server, txn = self.server, message.txn
        server.history.append(txn)
        return Effects(
            action="AcceptProposal",
            write={"txns": (txn,)},
            sends=[Send(server.leader, Ack(server.name, txn.zxid))],
            timers=[server.election_timer],
        )

    @action("Deliver", section="step f.3.2")
    def deliver(self, message: Commit) -> Effects:
        """Deliver committed transactions (step f.3.2)."""
        server = self.server
        outputs = server.deliver_to(server.index_of(message.zxid))
        return Effects(action="Deliver", timers=[server.election_timer], outputs=outputs)

    @action("Inform")
    def inform(self, message: Inform) -> Effects:
        """Append committed transactions as an observer; deliver them in the broadcast phase."""
        server = self.server
        server.history += message.txns
        outputs = server.deliver_to(server.length) if server.phase == "broadcast" else []
        return Effects(
            action="Inform",
            write={"txns": message.txns},
            timers=[server.election_timer],
            outputs=outputs,
        )

    # Heartbeats, requests and reads --------------------------------------------------------------

    @action("Pong")
    def pong(self, message: Ping) -> Effects:
        """Respond to the leader's heartbeat."""
        del message
        server = self.server
        return Effects(
            action="Pong",
            sends=[Send(server.leader, Pong(server.name))],
            timers=[server.election_timer],
        )

    @action("Forward")
    def forward(self, request: str) -> Effects:
        """Forward a client's request to the leader."""
        return Effects(
            action="Forward",
            params={"v": request},
            sends=self._to_leader(Request(self.server.name, request)),
        )

    @action("AskSync", options=("sync",))
    def ask_sync(self, event: Command) -> Effects:
        """Ask the leader for the last proposed zxid, which a read must wait for."""
        self._sync_number += 1
        self._syncs[self._sync_number] = event
        return Effects(
            action="AskSync",
            params={"n": self._sync_number},
            sends=self._to_leader(Sync(self.server.name, self._sync_number)),
        )

    @action("Synced", options=("sync",))
    def synced(self, message: Synced) -> Effects:
        """Answer a read after all transactions that the leader had proposed are delivered."""
        event = self._syncs.pop(message.number)
        server = self.server
        server.reads.append((server.index_of(message.zxid), event))
        return Effects(
            action="Synced", timers=[server.election_timer], outputs=server.ready_reads()
        )
