"""The part that all hosts of several nodes share: steps, messages, connections, faults.

A host that runs nodes in one process derives from :class:`Host` and says how time passes, when
a timer runs out, when a write is durable and what becomes of a message.  What follows from the
rules of :mod:`toolkit.protocols.base`, and what a trace records of it, stands here once, so that
every host records the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, TypeVar

from toolkit.errors import InternalError
from toolkit.hosting.connections import Connections
from toolkit.hosting.driver import NodeDriver, Reaction
from toolkit.hosting.recorder import Recorder
from toolkit.protocols.base import Message, Output, Redirect, Send, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.settings import current_name

__all__ = ["Host", "Leaving", "Received"]

Leaving: TypeAlias = tuple[int, str, Message]
"""A message that leaves: its number, the receiving node, the message."""

Received: TypeAlias = tuple[str, int, Message]
"""A message that arrives: the sending node, its number, the message."""

_IDLE_LIMIT = 1_000_000
"""So many events in a row that are not a step count as an endless loop."""

Driver = TypeVar("Driver", bound=NodeDriver)


class Host(ABC):
    """A host of several nodes in one process.

    Parameters
    ----------
    protocol : Protocol
        A protocol with an implementation.
    config : object
        Its configuration.
    recorder : Recorder or None
        What records the run; ``None`` to record nothing.

    Attributes
    ----------
    drivers : dict of str to NodeDriver
        The nodes, by name; a subclass fills it before :meth:`begin`.
    now : float
        The time in seconds.
    steps : int
        Number of steps so far.
    actions, faults : Counter
        Steps by action, faults by kind.
    sent, delivered, lost, duplicated : int
        Numbers of messages.
    cut : set of (str, str)
        The links, from sender to receiver, on which messages are lost.
    connections : Connections or None
        ``None`` for a protocol that uses none.
    observed : bool
        Whether :meth:`stepped` is called; a host that has no use for it can switch it off.
    """

    # A loop over millions of events reads slots faster than a dictionary of so many attributes.
    __slots__ = (
        "_idle", "_message_number", "_pending_faults", "_travels_on", "actions", "config",
        "connections", "constants", "cut", "delivered", "drivers", "duplicated", "faults",
        "known_actions", "lost", "now", "observed", "protocol", "recorder", "sent", "steps",
    )  # fmt: skip

    def __init__(self, protocol: Protocol, config: Any, recorder: Recorder | None) -> None:
        implementation = protocol.runnable
        self.protocol = protocol
        self.config = config
        self.recorder = recorder
        self.constants = implementation.constants(config)
        self.known_actions = frozenset(protocol.specification.actions)
        self.drivers: dict[str, Any] = {}
        self.now = 0.0
        self.steps = 0
        self.actions: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.sent = self.delivered = self.lost = self.duplicated = 0
        self.cut: set[tuple[str, str]] = set()
        self.connections = Connections() if implementation.connected else None
        self.observed = True
        self._message_number = 0
        # The connections of the messages that leave in the step in progress, by their numbers.
        self._travels_on: dict[int, int] = {}
        self._idle = 0
        # Faults of the step in progress: they are recorded after it.
        self._pending_faults: list[tuple[str, dict[str, Any]]] = []

    # What a host decides -------------------------------------------------------------------

    @abstractmethod
    def local_time(self, driver: Any) -> float:
        """Return the time on a node's own clock, in seconds."""

    @abstractmethod
    def set_timer(self, driver: Any, timer: SetTimer) -> None:
        """Set or cancel a timer of a node."""

    @abstractmethod
    def begin_write(self, driver: Any) -> None:
        """Start the first waiting write of a node's disk."""

    @abstractmethod
    def transmit(self, driver: Any, leaving: list[Leaving]) -> None:
        """Put messages on their way."""

    @abstractmethod
    def answer(self, driver: Any, output: Output) -> None:
        """Hand a client its answer."""

    @abstractmethod
    def redirect(self, driver: Any, output: Redirect) -> None:
        """Send a client to another node."""

    @abstractmethod
    def notify(self, end: str, peer: str, connection: int) -> None:
        """Let a node know, later, that its connection to a peer has ended."""

    @abstractmethod
    def stepped(
        self, driver: Any, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Observe a step."""

    # Running -------------------------------------------------------------------------------

    def begin(
        self,
        *,
        trace: str,
        origin: str,
        seed: int | None,
        replay: str | None,
        meta: Mapping[str, Any],
    ) -> list[tuple[Any, Reaction]]:
        """Start all nodes, and record the header.

        Parameters
        ----------
        trace, origin, seed, replay, meta
            For the header (see :class:`toolkit.trace.Header`).

        Returns
        -------
        list of (NodeDriver, Reaction)
            What the nodes' start asks for; the host applies it with :meth:`react`.
        """
        started = [
            (driver, driver.start(self.local_time(driver))) for driver in self.drivers.values()
        ]
        if self.recorder is not None:
            self.recorder.begin(
                trace=trace,
                nodes={name: driver.node for name, driver in self.drivers.items()},
                constants=self.constants,
                durable={name: driver.durable for name, driver in self.drivers.items()},
                origin=origin,
                seed=seed,
                replay=replay,
                meta=meta,
            )
        return started

    def react(
        self,
        driver: Any,
        reaction: Reaction,
        received: Received | None = None,
        *,
        flushed: bool = False,
    ) -> None:
        """Do what a driver's reaction asks for, and record the step if it was one.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        reaction : Reaction
            What it asks for.
        received : (str, int, Message), optional
            The message that it reacts to.
        flushed : bool
            Whether a write became durable, which changes only what the disk holds.
        """
        for timer in reaction.timers:
            self.set_timer(driver, timer)
        for peer in reaction.closes:
            self.disconnect(driver, peer)
        sends, outputs = reaction.sends, reaction.outputs
        leaving = self._leave(driver, sends, outputs) if sends or outputs else []
        if reaction.writing:
            self.begin_write(driver)
        action = reaction.action
        if action is None:
            self._idle += 1
            if self._idle > _IDLE_LIMIT:
                self.fail(
                    f"made {_IDLE_LIMIT:,} timers run out in a row at {self.now} s without a step",
                    "let such a timer wait longer",
                )
            return
        if self.known_actions and action not in self.known_actions:
            self.fail(
                f"named the action {action!r}, which its specification does not list",
                f"its actions: {', '.join(self.protocol.specification.actions)}",
            )
        self.steps += 1
        self._idle = 0
        self.actions[action] += 1
        if self.recorder is not None:
            # A handler changes the node alone, and a flush the disk alone.
            node, durable = driver.node, None
            up = node is not None
            if flushed:
                node, durable = None, driver.durable
            elif node is None:
                node, durable = driver.after_restart(self.local_time(driver)), driver.durable
            self.recorder.step(
                self.now,
                driver.name,
                action,
                reaction.params,
                received,
                leaving,
                node,
                durable,
                up,
            )
        if self._pending_faults:
            self.flush_notes()
        if self.observed:
            self.stepped(driver, action, received, leaving)

    def flush(self, driver: Any) -> None:
        """Make the first waiting write of a node durable."""
        self.react(driver, driver.flush(), flushed=True)

    def crash(self, driver: Any, keep: int) -> None:
        """Crash a node, of whose waiting writes so many still become durable, at most."""
        reaction = driver.crash(keep)
        if self.connections is not None:
            for peer in self.drivers:
                if peer != driver.name:
                    self.disconnect(driver, peer)
        self.faults["crash"] += 1
        self.react(driver, reaction)

    def restart(self, driver: Any) -> None:
        """Restart a node that is down."""
        self.faults["restart"] += 1
        self.react(driver, driver.restart(self.local_time(driver)))

    def time_out(self, driver: Any, timer: str) -> None:
        """Let a timer run out before its time, if it is set."""
        current = current_name(timer, driver.timers)
        is_set = current in driver.timers
        self.fault("timeout", {"node": driver.name, "timer": timer, "set": is_set})
        if is_set:
            self.react(driver, driver.time_out(current, self.local_time(driver)))

    # Messages ------------------------------------------------------------------------------

    def _leave(
        self, driver: Any, sends: list[Send], outputs: list[Output | Redirect]
    ) -> list[Leaving]:
        """Let messages and answers leave; return the messages with their numbers."""
        for output in outputs:
            if isinstance(output, Redirect):
                if output.to is not None and output.to not in self.drivers:
                    self.fail(
                        f"redirects a client to {output.to!r}, which is not a node",
                        f"name one of {', '.join(self.drivers)}, or None",
                    )
                self.redirect(driver, output)
            else:
                self.answer(driver, output)
        if self.connections is not None:
            sends = self._connected(driver, self.connections, sends)
        if not sends:
            return []
        first = self._message_number
        leaving = [(number, send.to, send.message) for number, send in enumerate(sends, first)]
        self._message_number = first + len(leaving)
        self.sent += len(leaving)
        self.transmit(driver, leaving)
        return leaving

    def deliver(self, to: str, sender: str, number: int, message: Message) -> None:
        """Let a datagram arrive; it is lost if the receiver is down or the link is cut."""
        driver, cut = self.drivers[to], self.cut
        if driver.node is None or (cut and (sender, to) in cut):
            self.lose(number, to, "down" if driver.node is None else "cut")
            self.flush_notes()
            return
        self.delivered += 1
        self.react(
            driver,
            driver.receive(sender, message, self.local_time(driver)),
            (sender, number, message),
        )

    def arrive(self, to: str, sender: str, number: int, message: Message, connection: int) -> None:
        """Let a message on a connection arrive; a loss breaks the connection."""
        driver, connections = self.drivers[to], self.connections
        if connections is None or not connections.carries(connection):
            self.lose(number, to, "broken")
        elif driver.node is None or (self.cut and (sender, to) in self.cut):
            self.lose(number, to, "down" if driver.node is None else "cut", sender, connection)
        else:
            if message.transport == "opening":
                driver.withdraw(sender)
                connections.accept(to, sender, connection)
            self.delivered += 1
            self.react(
                driver,
                driver.receive(sender, message, self.local_time(driver)),
                (sender, number, message),
            )
            return
        self.flush_notes()

    def lose(
        self, number: int, to: str, why: str, sender: str = "", connection: int | None = None
    ) -> None:
        """Note that a message is lost, which breaks the connection that it was sent on.

        Parameters
        ----------
        number : int
            The message's number.
        to : str
            The receiving node.
        why : str
            The reason, for the record.
        sender : str
            The sending node, if the message travels on a connection.
        connection : int or None
            That connection.
        """
        self.lost += 1
        self.note("lose", {"id": number, "to": to, "why": why})
        if (
            connection is not None
            and self.connections is not None
            and self.connections.lose(connection)
        ):
            self.notify(sender, to, connection)
            self.notify(to, sender, connection)

    # Connections ---------------------------------------------------------------------------

    def _connected(self, driver: Any, connections: Connections, sends: list[Send]) -> list[Send]:
        """Open what is to be opened, and return what can leave, each on its own connection."""
        self._travels_on.clear()
        leaving: list[Send] = []
        for send in sends:
            if send.message.transport == "datagram":
                leaving.append(send)
                continue
            if send.message.transport == "opening":
                before = connections.open(driver.name, send.to)
                if before is not None:
                    self.notify(send.to, driver.name, before)
            connection = connections.number(driver.name, send.to)
            if connection is not None:
                self._travels_on[self._message_number + len(leaving)] = connection
                leaving.append(send)
        return leaving

    def connection_of(self, number: int) -> int | None:
        """Return the connection of a message that leaves now; ``None`` for a datagram."""
        return self._travels_on.get(number)

    def disconnect(self, driver: Any, peer: str) -> None:
        """Close a node's end of a connection, and let the other end know."""
        if self.connections is None:
            self.fail(
                "closes a connection but does not use connections",
                "set connected=True in its Implementation",
            )
        driver.withdraw(peer)
        connection = self.connections.close(driver.name, peer)
        if connection is not None:
            self.notify(peer, driver.name, connection)

    def notice(self, end: str, peer: str) -> None:
        """Tell a node that its connection to a peer has ended."""
        driver = self.drivers[end]
        self.disconnect(driver, peer)
        self.react(driver, driver.disconnected(peer, self.local_time(driver)))

    # Faults --------------------------------------------------------------------------------

    def note(self, kind: str, params: dict[str, Any]) -> None:
        """Count a fault, to be recorded after the step in which it happens."""
        self.faults[kind] += 1
        self._pending_faults.append((kind, params))

    def flush_notes(self) -> None:
        """Record the faults noted so far."""
        if self.recorder is not None:
            for kind, params in self._pending_faults:
                self.recorder.fault(self.now, kind, params)
        self._pending_faults.clear()

    def fault(self, kind: str, params: dict[str, Any]) -> None:
        """Count and record a fault."""
        self.note(kind, params)
        self.flush_notes()

    def cut_link(self, sender: str, receiver: str) -> None:
        """Lose all messages from one node to another from now on."""
        self.cut.add((sender, receiver))
        self.fault("one-way", {"from": sender, "to": receiver})

    def partition(self, groups: Sequence[Sequence[str]]) -> None:
        """Cut all links between nodes of different groups."""
        for group in groups:
            for other in groups:
                if group is not other:
                    self.cut.update((a, b) for a in group for b in other)
        self.fault("partition", {"groups": [list(group) for group in groups]})

    def heal_link(self, sender: str, receiver: str) -> None:
        """Let messages from one node to another through again."""
        self.cut.discard((sender, receiver))
        self.fault("heal", {"from": sender, "to": receiver})

    def heal(self) -> None:
        """Let all messages through again."""
        self.cut.clear()
        self.fault("heal", {})

    # The end -------------------------------------------------------------------------------

    def final_values(self) -> dict[str, Any]:
        """Return what each node that is up ended with, by name."""
        final_value = self.protocol.runnable.final_value
        return {
            name: value
            for name, driver in self.drivers.items()
            if driver.node is not None and (value := final_value(driver.node)) is not None
        }

    def fail(self, what: str, hint: str) -> NoReturn:
        """Raise the error that the protocol breaks a rule."""
        raise InternalError(f"the protocol {self.protocol.name!r} {what}", hint=hint)
