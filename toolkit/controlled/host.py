"""The controlled host.

Theory of operation
-------------------
:meth:`ControlledHost.possible` lists what may happen next, and :meth:`ControlledHost.choose` lets
it happen.  Messages wait in a mailbox, timers and writes wait with their nodes.

**Time** is not real.  Each choice happens `tick` seconds after the last one, on clocks that all
agree; with a tick of 0 the time stands still, so that states that differ in nothing else are
equal.  A timer can run out as soon as it is set, whatever its delay.

**States** can be saved and restored.  Only the nodes that have changed since the last save are
copied; a node's configuration is shared.  :meth:`ControlledHost.digest` identifies a state:
nodes, disks, timers, messages, links, connections and the requests of clients.  Numbers of
messages and of past steps do not count.

**Replay.** :meth:`ControlledHost.scenario` returns the choices so far as a manual scenario: the
simulator runs it to the same trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from toolkit import __version__
from toolkit.controlled.choices import Choice
from toolkit.controlled.digest import canonical_bytes, combine
from toolkit.controlled.states import SavedState, pickle_state, unpickle_state
from toolkit.errors import InternalError, SettingError
from toolkit.hosting import Host, Leaving, NodeDriver, Recorder
from toolkit.hosting.host import Received
from toolkit.hosting.mailbox import InFlight, Mailbox
from toolkit.protocols.base import Command, Message, Output, Redirect, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.settings import current_name
from toolkit.sim.scenario import Retry, Scenario
from toolkit.sim.scenario_checks import planted
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["ControlledHost", "StepTaken"]


class StepTaken(msgspec.Struct, frozen=True, gc=False):
    """A step that a choice led to.

    Parameters
    ----------
    node : str
        The node.
    action : str
        The specification's action.
    received : Message or None
        The message that it handled.
    sent : tuple of (int, str, Message)
        Number, receiving node and message of each message that left.
    """

    node: str
    action: str
    received: Message | None
    sent: tuple[Leaving, ...]


class ControlledHost(Host):
    """A host whose next event is chosen by a caller.

    Parameters
    ----------
    protocol : Protocol
        A protocol with an implementation.
    nodes : sequence of str
        Names of the nodes.
    settings : mapping of str to str, optional
        The protocol's settings.
    bug : str, optional
        A seeded bug for every node.
    tick : float
        Seconds between two choices.
    sink : Sink, optional
        Where a trace is recorded while choices are made; a host that records cannot restore.

    Raises
    ------
    SettingError
        If the settings are wrong, or the protocol has no implementation.
    UnknownNameError
        If there is no such seeded bug.

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> host = ControlledHost(get_protocol("paxos"), ["n1", "n2", "n3"])
    >>> [str(choice) for choice in host.possible(crashes=0, losses=0)]
    []
    >>> [step.action for step in host.choose(Choice.command("c", "v1", "n1"))]
    ['Request']
    >>> [str(choice) for choice in host.possible(crashes=0, losses=0)]
    ['timeout n1 ballot']

    A breadth-first search keeps saved states and skips states that it has seen:

    >>> host = ControlledHost(get_protocol("paxos"), ["n1", "n2", "n3"], tick=0.0)
    >>> _ = host.choose(Choice.command("c", "v1", "n1"))
    >>> seen, queue = {host.digest()}, [host.save()]
    >>> while queue and len(seen) < 100:
    ...     state = queue.pop(0)
    ...     host.restore(state)
    ...     for choice in host.possible(crashes=0, losses=0):
    ...         host.restore(state)
    ...         _ = host.choose(choice)
    ...         if (digest := host.digest()) not in seen:
    ...             seen.add(digest)
    ...             queue.append(host.save())
    >>> len(seen) >= 100
    True
    """

    def __init__(
        self,
        protocol: Protocol,
        nodes: Sequence[str],
        settings: Mapping[str, str] | None = None,
        *,
        bug: str | None = None,
        tick: float = 0.001,
        sink: Sink | None = None,
    ) -> None:
        if not 0 <= tick < float("inf"):
            raise SettingError(
                f"tick must be at least 0 seconds, got {tick!r}", hint="for example 0.001"
            )
        implementation = protocol.runnable
        self.settings = dict(settings or {})
        self.bug = bug
        self.tick = tick
        config = implementation.configure(tuple(nodes), self.settings)
        recorder = Recorder(sink, protocol) if sink is not None and sink.enabled else None
        super().__init__(protocol, config, recorder)
        factory = implementation.make_node if bug is None else planted(protocol, bug)
        self.drivers: dict[str, NodeDriver] = {
            name: NodeDriver(name, implementation, config, factory) for name in nodes
        }
        self.mailbox = Mailbox()
        self.history: list[Choice] = []
        self.answers: list[tuple[str, int, Any]] = []
        self._requests: Counter[str] = Counter()
        self._taken: list[StepTaken] = []
        self._identity = (
            protocol.name, tuple(nodes), tuple(sorted(self.settings.items())), bug, tick,
        )  # fmt: skip
        # What has been saved and digested of each node since it last changed.
        self._saved: dict[str, bytes] = {}
        self._digests: dict[str, bytes] = {}
        self._messages: dict[int, tuple[Message, bytes]] = {}
        started = self.begin(
            trace=f"{protocol.name}-controlled",
            origin=f"toolkit {__version__} controlled host",
            seed=0,
            replay=None,
            meta={},
        )
        for driver, reaction in started:
            self.react(driver, reaction)

    # What may happen -----------------------------------------------------------------------

    def possible(
        self,
        *,
        crashes: int | None = None,
        losses: int | None = None,
        duplicates: int = 0,
        cuts: bool = False,
    ) -> list[Choice]:
        """Return what may happen next, in an order that depends on nothing but the state.

        Parameters
        ----------
        crashes, losses : int, optional
            How many crashes and lost messages a run may have in all; by default any number.
        duplicates : int
            How many duplicated messages a run may have in all.
        cuts : bool
            Whether links may be cut and healed.

        Returns
        -------
        list of Choice
            Commands are not among them: a caller knows what its clients want.
        """
        found = []
        may_lose = losses is None or self.faults["lose"] < losses
        may_duplicate = self.duplicated < duplicates
        for flight in self.mailbox.deliverable():
            found.append(Choice("deliver", number=flight.number))
        for flight in self.mailbox:
            if may_lose:
                found.append(Choice("lose", number=flight.number))
            if may_duplicate and flight.connection is None:
                found.append(Choice("duplicate", number=flight.number))
        may_crash = crashes is None or self.faults["crash"] < crashes
        for name, driver in self.drivers.items():
            if driver.node is None:
                found.append(Choice("restart", node=name))
                continue
            found += [Choice("timeout", node=name, timer=timer) for timer in sorted(driver.timers)]
            if driver.waiting:
                found.append(Choice("flush", node=name))
            if may_crash:
                found += [
                    Choice("crash", node=name, keep=keep) for keep in range(driver.waiting + 1)
                ]
            found += [
                Choice("notice", node=name, peer=peer)
                for peer in self.drivers
                if self.has_ended(name, peer)
            ]
        if cuts:
            for sender in self.drivers:
                for receiver in self.drivers:
                    if sender != receiver:
                        kind = "heal" if (sender, receiver) in self.cut else "cut"
                        found.append(Choice(kind, node=sender, peer=receiver))
        return found

    def choose(self, choice: Choice) -> list[StepTaken]:
        """Let something happen.

        Parameters
        ----------
        choice : Choice
            One of :meth:`possible`, or a command.

        Returns
        -------
        list of StepTaken
            The steps that it led to: mostly one; none for a lost message, say.

        Raises
        ------
        SettingError
            If it is not possible; nothing has happened then.
        """
        self._check(choice)
        self.now = round(self.tick * (len(self.history) + 1), 9)
        self.history.append(choice)
        self._taken = []
        try:
            self._happen(choice)
        except BaseException:
            # A handler that failed half-way may have changed its node.
            self._saved.clear()
            self._digests.clear()
            raise
        return self._taken

    def _check(self, choice: Choice) -> None:
        """Raise an error if a choice is not possible."""
        choice.event(0.0)
        driver = None
        if choice.node is not None:
            driver = self.drivers.get(choice.node)
            if driver is None or (choice.peer is not None and choice.peer not in self.drivers):
                self._refuse(choice, f"the nodes are {', '.join(self.drivers)}")
        if choice.number is not None:
            flight = self.mailbox.get(choice.number)
            if flight is None:
                self._refuse(choice, "this message is not under way")
            elif choice.kind == "deliver" and not self.mailbox.may_arrive(flight):
                self._refuse(choice, "an earlier message of its connection is under way")
            elif choice.kind == "duplicate" and flight.connection is not None:
                self._refuse(choice, "it travels on a connection")
        if driver is None:
            return
        if choice.kind in ("cut", "heal") and choice.peer == choice.node:
            self._refuse(choice, "a node has no link to itself")
        if choice.kind == "restart" and driver.node is not None:
            self._refuse(choice, "the node is up")
        if choice.kind in ("crash", "timeout", "notice") and driver.node is None:
            self._refuse(choice, "the node is down")
        if choice.kind == "timeout" and (
            current_name(choice.timer or "", driver.timers) not in driver.timers
        ):
            self._refuse(choice, f"timers that are set: {', '.join(driver.timers) or 'none'}")
        if choice.kind == "flush" and not driver.waiting:
            self._refuse(choice, "no write waits for the disk")
        if choice.kind == "notice" and not self.has_ended(driver.name, choice.peer or ""):
            self._refuse(choice, "its connection has not ended, or it knows that")

    def _refuse(self, choice: Choice, why: str) -> None:
        raise SettingError(f"{choice} is not possible: {why}", hint="choose one of possible()")

    def _happen(self, choice: Choice) -> None:
        kind = choice.kind
        if choice.number is not None:
            self._message(kind, choice.number)
            return
        node = choice.node or ""
        driver = self.drivers[node]
        if kind == "timeout":
            self.time_out(driver, choice.timer or "")
        elif kind == "flush":
            self.flush(driver)
        elif kind == "crash":
            self.crash(driver, choice.keep or 0)
        elif kind == "restart":
            self.restart(driver)
        elif kind == "notice":
            self.notice(node, choice.peer or "")
        elif kind == "cut":
            self.cut_link(node, choice.peer or "")
        elif kind == "heal":
            self.heal_link(node, choice.peer or "")
        else:
            client = choice.client or ""
            number = self._requests[client]
            self._requests[client] += 1
            operation = msgspec.json.decode(choice.operation or "null")
            if driver.node is not None:
                command = Command(client, number, operation)
                self.react(driver, driver.command(command, self.local_time(driver)))

    def _message(self, kind: str, number: int) -> None:
        if kind == "duplicate":
            flight = self.mailbox.get(number)
            if flight is not None and self.mailbox.duplicate(number):
                self.duplicated += 1
                self.fault("duplicate", {"id": number, "to": flight.to})
            return
        flight = self.mailbox.take(number)
        if flight is None:
            return
        if kind == "lose":
            self.lose(number, flight.to, "chosen", flight.sender, flight.connection)
            self.flush_notes()
        elif flight.connection is None:
            self.deliver(flight.to, flight.sender, number, flight.message)
        else:
            self.arrive(flight.to, flight.sender, number, flight.message, flight.connection)

    # What the rules of hosts leave to this one -----------------------------------------------

    def local_time(self, driver: NodeDriver) -> float:
        """Return the time, which is the same for all nodes."""
        return self.now

    def set_timer(self, driver: NodeDriver, timer: SetTimer) -> None:
        """Remember that a timer is set; it can run out at any time."""
        self._changed(driver)
        if timer.low is None or timer.high is None:
            driver.timers.pop(timer.timer, None)
        else:
            driver.timers[timer.timer] = timer

    def begin_write(self, driver: NodeDriver) -> None:
        """Do nothing: a write becomes durable when a flush is chosen."""

    def transmit(self, driver: NodeDriver, leaving: list[Leaving]) -> None:
        """Let messages wait in the mailbox, unless their link is cut."""
        for number, to, message in leaving:
            if to not in self.drivers:
                self.fail(
                    f"sends to {to!r}, which is not a node", f"nodes: {', '.join(self.drivers)}"
                )
            connection = self.connection_of(number)
            if (driver.name, to) in self.cut:
                self.lose(number, to, "cut", driver.name, connection)
            else:
                self.mailbox.put(InFlight(number, to, driver.name, message, connection))

    def answer(self, driver: NodeDriver, output: Output) -> None:
        """Keep a client's answer."""
        self.answers.append((output.client, output.request, output.result))

    def redirect(self, driver: NodeDriver, output: Redirect) -> None:
        """Do nothing: the caller decides where a client asks."""

    def notify(self, end: str, peer: str, connection: int) -> None:
        """Do nothing: a node learns of it when a notice is chosen."""

    def stepped(
        self, driver: NodeDriver, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Keep the step for the caller."""
        message = None if received is None else received[2]
        self._taken.append(StepTaken(driver.name, action, message, tuple(sent)))

    def react(
        self,
        driver: NodeDriver,
        reaction: Any,
        received: Received | None = None,
        *,
        flushed: bool = False,
    ) -> None:
        """Do what a reaction asks for (see :meth:`toolkit.hosting.Host.react`)."""
        self._changed(driver)
        super().react(driver, reaction, received, flushed=flushed)

    def _changed(self, driver: NodeDriver) -> None:
        self._saved.pop(driver.name, None)
        self._digests.pop(driver.name, None)

    def disconnect(self, driver: NodeDriver, peer: str) -> None:
        """Close a node's end of a connection, which may drop what it holds back."""
        self._changed(driver)
        super().disconnect(driver, peer)

    # States ----------------------------------------------------------------------------------

    def save(self) -> SavedState:
        """Return the present state; nodes that have not changed are not copied again.

        Raises
        ------
        SettingError
            If the host records a trace, or a node holds what cannot be copied.
        """
        if self.recorder is not None:
            raise SettingError(
                "a host that records cannot save its state",
                hint="make one without a sink; trace() records all choices afterwards",
            )
        for name, driver in self.drivers.items():
            if name not in self._saved:
                self._saved[name] = pickle_state(
                    (driver.node, driver.durable, driver._queue), self.config
                )
        return SavedState(
            host=self._identity,
            nodes=dict(self._saved),
            timers={name: dict(driver.timers) for name, driver in self.drivers.items()},
            lives={name: driver.life for name, driver in self.drivers.items()},
            mailbox=self.mailbox.copy(),
            cut=frozenset(self.cut),
            connections=None if self.connections is None else self.connections.copy(),
            counters=(
                self.now, self.steps, self.sent, self.delivered, self.lost, self.duplicated,
                self._message_number, Counter(self.actions), Counter(self.faults),
            ),
            requests=dict(self._requests),
            answers=tuple(self.answers),
            history=tuple(self.history),
            digests=dict(self._digests),
        )  # fmt: skip

    def restore(self, saved: SavedState) -> None:
        """Go back to a saved state.

        Parameters
        ----------
        saved : SavedState
            What :meth:`save` returned, of this host or of one with the same protocol, nodes,
            settings, bug and tick; it can be restored any number of times.

        Raises
        ------
        SettingError
            If it was saved by a host that differs, or this host records a trace.
        """
        if saved.host != self._identity:
            raise SettingError(
                "the state was saved by a host with another protocol, nodes, settings, bug or tick",
                hint="restore it into a host that was made with the same arguments",
            )
        if self.recorder is not None:
            raise SettingError(
                "a host that records cannot go back to a saved state",
                hint="make one without a sink; trace() records all choices afterwards",
            )
        for name, driver in self.drivers.items():
            if self._saved.get(name) is not saved.nodes[name]:
                driver.node, driver.durable, driver._queue = unpickle_state(
                    saved.nodes[name], self.config
                )
            driver.timers = dict(saved.timers[name])
            driver.life = saved.lives[name]
        self._saved = dict(saved.nodes)
        self._digests = dict(saved.digests)
        self.mailbox = saved.mailbox.copy()
        self.cut = set(saved.cut)
        self.connections = None if saved.connections is None else saved.connections.copy()
        (
            self.now, self.steps, self.sent, self.delivered, self.lost, self.duplicated,
            self._message_number, actions, faults,
        ) = saved.counters  # fmt: skip
        self.actions, self.faults = Counter(actions), Counter(faults)
        self._requests = Counter(saved.requests)
        self.answers = list(saved.answers)
        self.history = list(saved.history)
        self._pending_faults.clear()
        self._idle = 0

    def digest(self, *, faults: bool = False) -> bytes:
        """Return 16 bytes that identify the state: equal for equal states.

        Message numbers, counters and the history do not count, nor do answers that clients have
        been given.

        Parameters
        ----------
        faults : bool
            Whether the numbers of crashes, lost and duplicated messages so far count as well.  A
            search that bounds them in :meth:`possible` needs this: of two states that are equal
            otherwise, the one with fewer faults behind it has more ahead.

        Raises
        ------
        SettingError
            If a node holds an object whose state cannot be read.
        """
        for name, driver in self.drivers.items():
            if name not in self._digests:
                self._digests[name] = canonical_bytes(
                    (driver.node, driver.durable, driver._queue, sorted(driver.timers)),
                    skip=self.config,
                )
        ends: list[Any] = []
        labels: dict[int, tuple[int, bool, bool]] = {}
        if self.connections is not None:
            labels = self.connections.labels(
                (flight.sender, flight.to, flight.connection)
                for flight in self.mailbox
                if flight.connection is not None
            )
            ends = sorted((end, labels[it]) for end, it in self.connections.ends().items())
        datagrams, in_order = [], []
        for flight in self.mailbox:
            message = (flight.sender, flight.to, self._message_digest(flight.message))
            if flight.connection is None:
                datagrams += [message] * flight.copies
            else:
                in_order.append((flight.sender, flight.to, labels[flight.connection], message[2]))
        # Datagrams are a multiset; the messages of a connection have an order, and those of
        # different ones none.
        datagrams.sort()
        in_order.sort(key=itemgetter(0, 1, 2))
        counted = (self.faults["crash"], self.faults["lose"], self.duplicated) if faults else ()
        return combine(
            *(self._digests[name] for name in self.drivers),
            canonical_bytes(
                (datagrams, in_order, sorted(self.cut), dict(self._requests), ends, counted)
            ),
        )

    def _message_digest(self, message: Message) -> bytes:
        """Return a message's digest; those of messages under way are remembered."""
        known = self._messages.get(id(message))
        if known is None or known[0] is not message:
            if len(self._messages) >= _REMEMBERED:
                self._messages.clear()
            known = self._messages[id(message)] = (message, canonical_bytes(message))
        return known[1]

    def has_ended(self, end: str, peer: str) -> bool:
        """Return whether a node's connection to a peer has ended without its knowing."""
        if self.connections is None:
            return False
        connection = self.connections.attached(end, peer)
        return connection is not None and not self.connections.carries(connection)

    # Replay ----------------------------------------------------------------------------------

    def scenario(self, name: str = "chosen") -> Scenario:
        """Return the choices so far as a manual scenario for the simulator.

        Parameters
        ----------
        name : str
            The scenario's name.
        """
        events = [
            choice.event(round(self.tick * number, 9))
            for number, choice in enumerate(self.history, 1)
        ]
        return Scenario(
            name=name,
            protocol=self.protocol.name,
            nodes=tuple(self.drivers),
            settings=self.settings,
            retry=Retry(None),
            manual=True,
            events=tuple(events),
            time_limit=max(10.0, 2 * self.tick * (len(events) + 1)),
            step_limit=max(100_000, len(events) + 1),  # a choice is one step at most
            seed=0,
        )

    def trace(self, name: str = "chosen") -> Trace:
        """Return the trace of the choices so far, made by choosing them again.

        Parameters
        ----------
        name : str
            The scenario's name, which the trace's name begins with.

        Returns
        -------
        Trace
            The records that the simulator makes of :meth:`scenario`: all of them are equal, byte
            for byte, times included, except for the header's origin.

        Raises
        ------
        InternalError
            If the protocol's view failed, so that the trace is incomplete.
        """
        sink = MemorySink()
        again = ControlledHost(
            self.protocol,
            tuple(self.drivers),
            self.settings,
            bug=self.bug,
            tick=self.tick,
            sink=sink,
        )
        again.follow(self.history)
        recorder = again.recorder
        assert recorder is not None  # it has a sink
        recorder.end("end of schedule", again.now, again.final_values())
        if recorder.error is not None:
            raise InternalError(
                f"the choices could not be recorded: {recorder.error}",
                hint=f"look at 'variables' of the protocol {self.protocol.name!r}",
            )
        meta: dict[str, Any] = {"scenario": format_scenario(self.scenario(name), expected=False)}
        if self.bug is not None:
            meta["bug"] = self.bug
        trace = sink.traces[0]
        trace.header = msgspec.structs.replace(trace.header, trace=f"{name}-0", meta=meta)
        return trace

    def follow(self, choices: Iterable[Choice]) -> None:
        """Make choices one after the other.

        Raises
        ------
        SettingError
            If one is not possible.
        """
        for choice in choices:
            self.choose(choice)


_REMEMBERED = 10_000
"""So many messages' digests are kept."""
