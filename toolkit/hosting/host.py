"""Base class of hosts of several nodes: steps, messages, connections, faults.

A host that runs nodes in one process derives from :class:`Host` and decides how time passes, when
a timer runs out, when a write is durable, and when a message arrives or is lost.  The base class
implements the rules of :mod:`toolkit.protocols.base` and the recording, so that every host records
the same trace.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, TypeVar

from toolkit.errors import InternalError, SettingError
from toolkit.hosting.connections import Connections
from toolkit.hosting.driver import NodeDriver, Reaction, check_reaction
from toolkit.hosting.recorder import Recorder
from toolkit.protocols.base import Message, Output, Redirect, Send, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.settings import current_name

__all__ = ["IDLE_LIMIT", "Host", "Leaving", "Received"]

Leaving: TypeAlias = tuple[int, str, Message]
"""A message that is sent: its number, the receiving node, the message."""

Received: TypeAlias = tuple[str, int, Message]
"""A message that arrives: the sending node, its number, the message."""

IDLE_LIMIT = 1_000_000
"""Maximum number of consecutive events without a step; more count as an endless loop."""

Driver = TypeVar("Driver", bound=NodeDriver)


class Host(ABC):
    """A host of several nodes in one process.

    Parameters
    ----------
    protocol : Protocol
        A protocol with an implementation.
    config : object
        The protocol's configuration.
    recorder : Recorder or None
        The recorder of the run; ``None`` to record nothing.

    Attributes
    ----------
    drivers : dict of str to NodeDriver
        The nodes, by name; a subclass fills it before :meth:`begin`.
    now : float
        The time in seconds.
    steps : int
        Number of steps so far.
    actions, faults : Counter
        Number of steps by action, and of faults by kind.
    sent, delivered, lost, duplicated : int
        Numbers of messages.
    cut : set of (str, str)
        The links, from sender to receiver, on which messages are lost.
    connections : Connections or None
        The connections; ``None`` for a protocol that does not use connections.
    observed : bool
        Whether to call :meth:`stepped`; a host that does not need it can set this to False.
    """

    # Slots are faster than a dictionary of so many attributes, in a loop of millions of events.
    __slots__ = (
        "_idle", "_message_connections", "_message_number", "_pending_faults", "actions", "config",
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
        # The connections of the messages sent in the current step, by message number.
        self._message_connections: dict[int, int] = {}
        self._idle = 0
        # Faults of the current step, which are recorded after it.
        self._pending_faults: list[tuple[str, dict[str, Any]]] = []

    # Methods of subclasses -----------------------------------------------------------------

    @abstractmethod
    def local_time(self, driver: Any) -> float:
        """Return the time on a node's own clock, in seconds.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        """

    @abstractmethod
    def set_timer(self, driver: Any, timer: SetTimer) -> None:
        """Set or cancel a timer of a node.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        timer : SetTimer
            The timer, with its range of delays.
        """

    @abstractmethod
    def begin_write(self, driver: Any) -> None:
        """Start the first waiting write of a node's disk.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        """

    @abstractmethod
    def transmit(self, driver: Any, leaving: list[Leaving]) -> None:
        """Send messages.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        leaving : list of Leaving
            The messages, with numbers and receivers.
        """

    @abstractmethod
    def answer(self, driver: Any, output: Output) -> None:
        """Pass an answer to the client.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        output : Output
            The answer.
        """

    @abstractmethod
    def redirect(self, driver: Any, output: Redirect) -> None:
        """Send a client to another node.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        output : Redirect
            The redirect.
        """

    @abstractmethod
    def notify(self, end: str, peer: str, connection: int) -> None:
        """Schedule the notice to a node that its connection to a peer has ended.

        Parameters
        ----------
        end : str
            The node that is notified.
        peer : str
            The other end of the connection.
        connection : int
            The number of the connection.
        """

    @abstractmethod
    def stepped(
        self, driver: Any, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Observe a step.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        action : str
            The step's action.
        received : Received or None
            The message received.
        sent : list of Leaving
            The messages sent.
        """

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
        """Start all nodes and record the header of the trace.

        Parameters
        ----------
        trace, origin, seed, replay, meta
            Fields of the header (see :class:`toolkit.trace.Header`).

        Returns
        -------
        list of (NodeDriver, Reaction)
            The nodes with their reactions to the start, which the host executes with
            :meth:`react`.
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
        """Execute a driver's reaction, and record the step if there was one.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        reaction : Reaction
            The reaction.
        received : (str, int, Message), optional
            The message that caused the reaction.
        flushed : bool
            Whether a write became durable, which changes only the disk's content.
        """
        try:
            for timer in reaction.timers:
                self.set_timer(driver, timer)
            for peer in reaction.closes:
                self.disconnect(driver, peer)
            sends, outputs = reaction.sends, reaction.outputs
            leaving = self._send_all(driver, sends, outputs) if sends or outputs else []
        except (AttributeError, TypeError):
            check_reaction(driver.name, reaction)
            raise
        if reaction.writing:
            self.begin_write(driver)
        action = reaction.action
        if action is None:
            self._idle += 1
            if self._idle > IDLE_LIMIT:
                self.fail(
                    f"had {IDLE_LIMIT:,} timeouts in a row without a step, at {self.now} s",
                    "set the timer to a longer delay",
                )
            return
        if self.known_actions and action not in self.known_actions:
            self.fail(
                f"took the action {action!r}, which its specification does not list",
                f"known: {', '.join(self.protocol.specification.actions)}",
            )
        self.steps += 1
        self._idle = 0
        self.actions[action] += 1
        if self.recorder is not None:
            # A handler changes only the node, and a flush only the disk.
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
        """Make the first waiting write of a node durable.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        """
        self.react(driver, driver.flush(), flushed=True)

    def crash(self, driver: Any, keep: int) -> None:
        """Crash a node.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        keep : int
            Maximum number of waiting writes that still become durable.
        """
        reaction = driver.crash(keep)
        if self.connections is not None:
            for peer in self.drivers:
                if peer != driver.name:
                    self.disconnect(driver, peer)
        self.faults["crash"] += 1
        self.react(driver, reaction)

    def restart(self, driver: Any) -> None:
        """Restart a node that is down.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        """
        self.faults["restart"] += 1
        self.react(driver, driver.restart(self.local_time(driver)))

    def time_out(self, driver: Any, timer: str) -> None:
        """Make a timer run out early, if it is set.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        timer : str
            Name of the timer.
        """
        current = current_name(timer, driver.timers)
        is_set = current in driver.timers
        self.fault("timeout", {"node": driver.name, "timer": timer, "set": is_set})
        if is_set:
            self.react(driver, driver.time_out(current, self.local_time(driver)))

    # Messages ------------------------------------------------------------------------------

    def _send_all(
        self, driver: Any, sends: list[Send], outputs: list[Output | Redirect]
    ) -> list[Leaving]:
        """Send messages and answers; return the messages with their numbers."""
        for output in outputs:
            if isinstance(output, Redirect):
                if output.to is not None and output.to not in self.drivers:
                    self.fail(
                        f"redirects a client to an unknown node {output.to!r}",
                        f"name one of {', '.join(self.drivers)}, or None if the leader is unknown",
                    )
                self.redirect(driver, output)
            else:
                self.answer(driver, output)
        if self.connections is not None:
            sends = self._connect(driver, self.connections, sends)
        if not sends:
            return []
        first = self._message_number
        leaving = [(number, send.to, send.message) for number, send in enumerate(sends, first)]
        self._message_number = first + len(leaving)
        self.sent += len(leaving)
        self.transmit(driver, leaving)
        return leaving

    def deliver(self, to: str, sender: str, number: int, message: Message) -> None:
        """Deliver a datagram, or lose it if the receiver is down or the link is cut.

        Parameters
        ----------
        to : str
            The receiving node.
        sender : str
            The sending node.
        number : int
            The message's number.
        message : Message
            The message.
        """
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
        """Deliver a message on a connection, or lose it, which breaks the connection.

        Parameters
        ----------
        to : str
            The receiving node.
        sender : str
            The sending node.
        number : int
            The message's number.
        message : Message
            The message.
        connection : int
            The number of the connection.
        """
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
        """Record that a message is lost, which breaks its connection.

        Parameters
        ----------
        number : int
            The message's number.
        to : str
            The receiving node.
        why : str
            The reason, for the record.
        sender : str
            The sending node, if the message was sent on a connection.
        connection : int or None
            The number of that connection.
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

    def _connect(self, driver: Any, connections: Connections, sends: list[Send]) -> list[Send]:
        """Open connections, and return the messages that can be sent."""
        self._message_connections.clear()
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
                self._message_connections[self._message_number + len(leaving)] = connection
                leaving.append(send)
        return leaving

    def connection_of(self, number: int) -> int | None:
        """Return the connection of a message sent in this step; ``None`` for a datagram.

        Parameters
        ----------
        number : int
            The message's number.
        """
        return self._message_connections.get(number)

    def disconnect(self, driver: Any, peer: str) -> None:
        """Close a node's end of a connection, and notify the other end.

        Parameters
        ----------
        driver : NodeDriver
            The node.
        peer : str
            The other end of the connection.
        """
        if self.connections is None:
            self.fail(
                "closes a connection, but does not declare that it uses connections",
                "set connected=True in its Implementation",
            )
        driver.withdraw(peer)
        connection = self.connections.close(driver.name, peer)
        if connection is not None:
            self.notify(peer, driver.name, connection)

    def notice(self, end: str, peer: str) -> None:
        """Notify a node that its connection to a peer has ended.

        Parameters
        ----------
        end : str
            The node that is notified.
        peer : str
            The other end of the connection.
        """
        driver = self.drivers[end]
        self.disconnect(driver, peer)
        self.react(driver, driver.disconnected(peer, self.local_time(driver)))

    # Faults --------------------------------------------------------------------------------

    def note(self, kind: str, params: dict[str, Any]) -> None:
        """Count a fault, and record it after the current step.

        Parameters
        ----------
        kind : str
            The kind of fault.
        params : dict
            The fault's parameters, as recorded.
        """
        self.faults[kind] += 1
        self._pending_faults.append((kind, params))

    def flush_notes(self) -> None:
        """Record the pending faults."""
        if self.recorder is not None:
            for kind, params in self._pending_faults:
                self.recorder.fault(self.now, kind, params)
        self._pending_faults.clear()

    def fault(self, kind: str, params: dict[str, Any]) -> None:
        """Count and record a fault.

        Parameters
        ----------
        kind : str
            The kind of fault.
        params : dict
            The fault's parameters, as recorded.
        """
        self.note(kind, params)
        self.flush_notes()

    def check_nodes(self, *names: str) -> None:
        """Check that nodes exist.

        Parameters
        ----------
        *names : str
            Names of nodes.

        Raises
        ------
        SettingError
            If the host has no node with one of the names.
        """
        for name in names:
            if name not in self.drivers:
                raise SettingError(
                    f"unknown node {name!r}", hint=f"known: {', '.join(self.drivers)}"
                )

    def cut_link(self, sender: str, receiver: str) -> None:
        """Cut one direction of a link, so that its messages are lost.

        Parameters
        ----------
        sender : str
            The sending node.
        receiver : str
            The receiving node.
        """
        self.check_nodes(sender, receiver)
        self.cut.add((sender, receiver))
        self.fault("one-way", {"from": sender, "to": receiver})

    def partition(self, groups: Sequence[Sequence[str]]) -> None:
        """Cut all links between nodes of different groups.

        Parameters
        ----------
        groups : sequence of sequence of str
            The groups of nodes.
        """
        self.check_nodes(*(name for group in groups for name in group))
        for group in groups:
            for other in groups:
                if group is not other:
                    self.cut.update((a, b) for a in group for b in other)
        self.fault("partition", {"groups": [list(group) for group in groups]})

    def heal_link(self, sender: str, receiver: str) -> None:
        """End the cut of one direction of a link.

        Parameters
        ----------
        sender : str
            The sending node.
        receiver : str
            The receiving node.
        """
        self.cut.discard((sender, receiver))
        self.fault("heal", {"from": sender, "to": receiver})

    def heal(self) -> None:
        """End all cuts and partitions."""
        self.cut.clear()
        self.fault("heal", {})

    # The end -------------------------------------------------------------------------------

    def final_values(self) -> dict[str, Any]:
        """Return the final value of each node that is up and has one, by name."""
        final_value = self.protocol.runnable.final_value
        return {
            name: value
            for name, driver in self.drivers.items()
            if driver.node is not None and (value := final_value(driver.node)) is not None
        }

    def fail(self, what: str, hint: str) -> NoReturn:
        """Raise an InternalError that says which rule the protocol broke.

        Parameters
        ----------
        what : str
            The verb phrase of the message, such as ``"closes a connection"``.
        hint : str
            How to correct it.

        Raises
        ------
        InternalError
            Always.
        """
        raise InternalError(f"the protocol {self.protocol.name!r} {what}", hint=hint)
