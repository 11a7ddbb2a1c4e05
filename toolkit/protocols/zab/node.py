"""A Zab server: which handler an event is for, and what clients are told.

Theory of operation: :mod:`~toolkit.protocols.zab.history` keeps what was accepted and delivered,
:mod:`~toolkit.protocols.zab.election` finds a leader (phase 0),
:mod:`~toolkit.protocols.zab.learner` and :mod:`~toolkit.protocols.zab.leading` are the two sides
of discovery, synchronization and broadcast (phases 1 to 3).

As in ZooKeeper a client may ask any server.  What changes the state is passed on to the leader,
and answered by the server that was asked, once that has delivered it.
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
    "patience",
    "quorum",
    "ping",
    "snapshot",
)
"""``look`` runs out at once when a server is to look for a leader, ``notify`` when it is to tell
its vote again, ``decide`` when it has waited for a higher one, ``connect`` when it is to connect
again, ``patience`` when a learner has heard of no leader for too long, ``quorum`` when a leader
asks itself whether it is followed, ``ping`` when it is to be heard of, and ``snapshot`` at once
when enough is delivered to be compacted."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class ZabNode(Leader):
    """One server.

    Parameters
    ----------
    name : str
        This server.
    config : ZabConfig
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self._snapshot_due = False
        self._handlers: dict[type[Message], Callable[[Any], Effects]] = {
            Notification: self._notification,
            CEpoch: self._cepoch,
            NewEpoch: self._new_epoch,
            AckEpoch: self._ack_epoch,
            Diff: self.synchronize,
            Trunc: self.synchronize,
            Snap: self.synchronize,
            NewLeader: self.accept_leader,
            AckLeader: self._ack_leader,
            CommitLeader: self.commit_leader,
            Propose: self.accept_proposal,
            Ack: self._ack,
            Commit: self.deliver,
            Inform: self.inform,
            Ping: self.pong,
            Pong: self.hear,
            Request: self.propose_for,
            Sync: self.answer_sync,
            Synced: self.synced,
        }
        self._timers: Mapping[str, tuple[Callable[[], bool], Callable[[], Effects]]] = {
            "look": (self._is_idle, self.look),
            "notify": (self._is_electing, self.notify),
            "decide": (self._may_decide, self.decide),
            "connect": (self._connecting, self.connect),
            "patience": (self._is_learning, self.abandon),
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

    def _connecting(self) -> bool:
        return self._is_learning() and self.phase == "discovery" and self.epoch == 0

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        effects = self._handle(event)
        if self.config.snapshot and not self._snapshot_due and self.is_due():
            self._snapshot_due = True
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
            self._snapshot_due = False
        is_meant, handler = self._timers[timer]
        return handler() if is_meant() else Effects()

    def _disconnected(self, peer: str) -> Effects:
        return self.drop_learner(peer) if self.mode == "leading" else self._lost_leader()

    # Clients ------------------------------------------------------------------------------

    @action("Reply")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client, or let it wait, without telling another server."""
        return Effects(action="Reply", outputs=outputs)

    def _command(self, event: Command) -> Effects:
        key = (event.client, event.request)
        if self.phase != "broadcast":
            return self.reply([Redirect(*key, None)])
        if self.config.reads != "log" and self.sessions.machine.reads(event.operation):
            return self._read_here(event)
        result = self.sessions.cached(*key)
        if result is not None:
            return self.reply([Output(*key, result)])
        if key in self._waiting:
            return self.reply([])
        self._waiting.add(key)
        what = _ENCODER.encode([event.client, event.request, event.operation]).decode()
        return self.propose(what) if self.mode == "leading" else self.forward(what)

    def _read_here(self, event: Command) -> Effects:
        """Read what is delivered, at once or once all is that the leader had proposed."""
        if self.config.reads == "local":
            return self.reply([self._read(event)])
        if self.mode != "leading":
            return self.ask_sync(event)
        self._reads.append((self.length, event))
        return self.reply(self._ready_reads())
