"""A Zab server: dispatch of events to handlers, and answers to clients.

Theory of operation: :mod:`~toolkit.protocols.zab.history` stores accepted and delivered
transactions, :mod:`~toolkit.protocols.zab.election` elects a leader (phase 0), and
:mod:`~toolkit.protocols.zab.learner` and :mod:`~toolkit.protocols.zab.leading` are the two sides
of discovery, synchronization and broadcast (phases 1 to 3).

As in ZooKeeper, a client may use any server.  A request that changes the state is forwarded to the
leader; the server that received it answers the client after it has delivered the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import (
    Command,
    Disconnected,
    Effects,
    Event,
    Message,
    Output,
    Receive,
    Redirect,
    Restart,
    SetTimer,
    Timeout,
)
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.leading import Leader
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
    Notification,
    Ping,
    Pong,
    Propose,
    Request,
    Snap,
    Sync,
    Synced,
    Trunc,
)

__all__ = ["TIMERS", "ZabNode"]

TIMERS = (
    "look",
    "notify",
    "decide",
    "connect",
    "election",
    "quorum",
    "ping",
    "snapshot",
)
"""Names of the timers, and the meaning of their timeouts.

``look`` (runs out at once): start an election; ``notify``: resend the vote; ``decide``: the time to
wait for a higher vote is over; ``connect``: retry the connection; ``election``: a learner has not
heard from its leader for too long; ``quorum``: a leader checks that a quorum is active; ``ping``:
send a heartbeat; ``snapshot`` (runs out at once): compact the history.
"""

_ENCODER = msgspec.json.Encoder(order="sorted")


class ZabNode(Leader):
    """A Zab server.

    Parameters
    ----------
    name : str
        The name of this server.
    config : ZabConfig
        The configuration of the run.
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self._snapshot_timer_set = False
        self._handlers: dict[type[Message], Callable[[Any], Effects]] = {
            Notification: self._notification,
            CEpoch: self.count_c_epoch,
            NewEpoch: self._new_epoch,
            AckEpoch: self.count_ack_epoch,
            Diff: self.synchronize,
            Trunc: self.synchronize,
            Snap: self.synchronize,
            NewLeader: self.accept_leader,
            AckLeader: self.count_ack_leader,
            CommitLeader: self.commit_leader,
            Propose: self.accept_proposal,
            Ack: self.count_ack,
            Commit: self.deliver,
            Inform: self.inform,
            Ping: self.pong,
            Pong: self.handle_pong,
            Request: self.propose_for,
            Sync: self.answer_sync,
            Synced: self.synced,
        }
        self._timers: Mapping[str, tuple[Callable[[], bool], Callable[[], Effects]]] = {
            "look": (self._is_idle, self.look),
            "notify": (self._is_electing, self.notify),
            "decide": (self._may_decide, self.decide),
            "connect": (self._is_connecting, self.connect),
            "election": (self._is_learning, self.abandon),
            "quorum": (self._is_leading, self.quorum),
            "ping": (self._is_leading, self.ping),
            "snapshot": (self.is_due, self.take_snapshot),
        }

    def _is_idle(self) -> bool:
        return bool(self.phase == "idle")

    def _is_electing(self) -> bool:
        return bool(self.phase == "election")

    def _may_decide(self) -> bool:
        return self._is_electing() and self.agreed()

    def _is_learning(self) -> bool:
        return self.mode in ("following", "observing")

    def _is_leading(self) -> bool:
        return bool(self.mode == "leading")

    def _is_connecting(self) -> bool:
        return self._is_learning() and self.phase == "discovery" and self.epoch == 0

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        effects = self._handle(event)
        if self.config.snapshot and not self._snapshot_timer_set and self.is_due():
            self._snapshot_timer_set = True
            effects.timers = [*effects.timers, SetTimer("snapshot", 0.0, 0.0)]
        return effects

    def _handle(self, event: Event) -> Effects:
        if type(event) is Receive:
            return self._handlers[type(event.message)](event.message)
        if isinstance(event, Timeout):
            return self._timeout(event.timer)
        if isinstance(event, Command):
            return self._command(event)
        if isinstance(event, Disconnected):
            return self._disconnected(event.peer)
        if isinstance(event, Restart):
            return self.restart(event.durable)
        return Effects(timers=[SetTimer("look", 0.0, 0.0)])

    def _timeout(self, timer: str) -> Effects:
        if timer == "snapshot":
            self._snapshot_timer_set = False
        applies, handler = self._timers[timer]
        return handler() if applies() else Effects()

    def _disconnected(self, peer: str) -> Effects:
        return self.drop_learner(peer) if self.mode == "leading" else self._lost_leader()

    # Clients ------------------------------------------------------------------------------

    @action("Reply")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client, or let it wait, without sending to other servers."""
        return Effects(action="Reply", outputs=outputs)

    def _command(self, event: Command) -> Effects:
        key = (event.client, event.request)
        if self.phase != "broadcast":
            return self.reply([Redirect(*key, None)])
        if self.config.reads != "log" and self.sessions.machine.reads(event.operation):
            return self._read_locally(event)
        result = self.sessions.cached(*key)
        if result is not None:
            return self.reply([Output(*key, result)])
        if key in self._waiting:
            return self.reply([])
        self._waiting.add(key)
        value = _ENCODER.encode([event.client, event.request, event.operation]).decode()
        return self.propose(value) if self.mode == "leading" else self.forward(value)

    def _read_locally(self, event: Command) -> Effects:
        """Answer a read from local state, at once or after the leader's proposals are delivered."""
        if self.config.reads == "local":
            return self.reply([self._read(event)])
        if self.mode != "leading":
            return self.ask_sync(event)
        self._reads.append((self.length, event))
        return self.reply(self._ready_reads())
