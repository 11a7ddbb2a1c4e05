"""A Zab server: its roles, and the dispatch of events to their handlers.

Theory of operation: :mod:`~toolkit.protocols.zab.history` stores accepted and delivered
transactions, :mod:`~toolkit.protocols.zab.election` elects a leader (phase 0),
:mod:`~toolkit.protocols.zab.learner` and :mod:`~toolkit.protocols.zab.leading` are the two sides
of discovery, synchronization and broadcast (phases 1 to 3), and
:mod:`~toolkit.protocols.zab.clients` answers clients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

from toolkit.protocols.base import (
    Command,
    Disconnected,
    Effects,
    Event,
    Message,
    Receive,
    Restart,
    SetTimer,
    Timeout,
)
from toolkit.protocols.zab.clients import Clients
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.election import Election
from toolkit.protocols.zab.history import Historian
from toolkit.protocols.zab.leading import Leading
from toolkit.protocols.zab.learner import Learning
from toolkit.protocols.zab.role import Role

__all__ = ["TIMERS", "ZabNode", "ZabServer"]

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

_Handler: TypeAlias = tuple[str, Callable[..., Effects]]
"""The name of a role, and its method as a function."""


class ZabServer(Historian):
    """A Zab server, whose roles are the components of a subclass.

    Parameters
    ----------
    name : str
        The name of this server.
    config : ZabConfig
        The configuration of the run.

    Attributes
    ----------
    clients, leading, learning, election : Role
        Its roles.
    components : tuple of type
        Class attribute: the classes of its roles.
    """

    components: ClassVar[tuple[type[Role], ...]] = ()
    clients: Clients
    leading: Leading
    learning: Learning
    election: Election

    # Tables of the class: they are not part of a server's state.
    _messages: ClassVar[Mapping[type[Message], _Handler]]
    _timers: ClassVar[Mapping[str, _Handler]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._messages = {
            kind: (role.name, getattr(role, method))
            for role in cls.components
            for kind, method in role.messages.items()
        }
        cls._timers = {
            timer: (role.name, getattr(role, method))
            for role in cls.components
            for timer, method in role.timers.items()
        }

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self._snapshot_timer_set = False
        for role in self.components:
            setattr(self, role.name, role(self))

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles, in the order of ``components``."""
        return tuple([getattr(self, role.name) for role in self.components])

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        if type(event) is Receive:
            role, handler = self._messages[type(event.message)]
            effects = handler(getattr(self, role), event.message)
        else:
            effects = self._handle(event)
        if self.config.snapshot and not self._snapshot_timer_set and self.is_due():
            self._snapshot_timer_set = True
            effects.timers = [*effects.timers, SetTimer("snapshot", 0.0, 0.0)]
        return effects

    def _handle(self, event: Event) -> Effects:
        """Handle an event that is not a message."""
        if isinstance(event, Timeout):
            return self._on_timeout(event.timer)
        if isinstance(event, Command):
            return self.clients.on_command(event)
        if isinstance(event, Disconnected):
            if self.mode == "leading":
                return self.leading.drop_learner(event.peer)
            return self.learning.on_lost_leader()
        if isinstance(event, Restart):
            return self.restart(event.durable)
        return Effects(timers=[SetTimer("look", 0.0, 0.0)])

    def _on_timeout(self, timer: str) -> Effects:
        if timer == "snapshot":
            self._snapshot_timer_set = False
            return self.take_snapshot() if self.is_due() else Effects()
        role, handler = self._timers[timer]
        effects: Effects = handler(getattr(self, role))
        return effects


class ZabNode(ZabServer):
    """A Zab server.

    Parameters
    ----------
    name : str
        The name of this server.
    config : ZabConfig
        The configuration of the run.
    """

    components: ClassVar[tuple[type[Role], ...]] = (Clients, Leading, Learning, Election)
    """Its roles.  The order matters only where each is told of the end of an election or of a
    leadership: what one role adds to the effects follows what those before it have added."""
