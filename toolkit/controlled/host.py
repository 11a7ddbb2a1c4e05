"""The controlled host.

Theory of operation
-------------------
:meth:`ControlledHost.possible` lists the possible next events, and :meth:`ControlledHost.choose`
lets one happen.  Messages wait in a mailbox; timers and writes wait with their nodes.

**Time** is simulated.  Each choice happens `tick` seconds after the last one, and all clocks agree.
With a tick of 0 the time does not advance, so that states that would differ only in time are
equal.  A timer can run out as soon as it is set, whatever its delay.

**States** can be saved and restored.  Only the nodes that have changed since the last save are
copied; a node's configuration is shared.  :meth:`ControlledHost.digest` identifies a state:
nodes, disks, timers, messages, links, connections and the requests of clients.  The numbers of
messages and of past steps are ignored.

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
from toolkit.sim.scenario_checks import bug_factory
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["ControlledHost", "StepTaken"]


class StepTaken(msgspec.Struct, frozen=True, gc=False):
    """A step that resulted from a choice.

    Parameters
    ----------
    node : str
        The node.
    action : str
        The specification's action.
    received : Message or None
        The message that it handled.
    sent : tuple of (int, str, Message)
        Number, receiving node and message of each message sent.
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
        Receiver of a trace that is recorded while choices are made; a host that records cannot
        save or restore states.

    Raises
    ------
    SettingError
        If a setting is invalid, or the protocol has no implementation.
    UnknownNameError
        If the protocol has no such seeded bug.

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
        if not isinstance(protocol, Protocol):
            raise SettingError(
                f"the protocol must be a Protocol, not {protocol!r}",
                hint="toolkit.protocols.get_protocol(name) returns one",
            )
        if isinstance(nodes, str) or len(set(nodes)) < len(nodes):
            raise SettingError(
                f"the nodes must be a list of different names, not {nodes!r}",
                hint="for example ['n1', 'n2', 'n3']",
            )
        implementation = protocol.runnable
        self.settings = dict(settings or {})
        self.bug = bug
        self.tick = tick
        config = implementation.configure(tuple(nodes), self.settings)
        recorder = Recorder(sink, protocol) if sink is not None and sink.enabled else None
        super().__init__(protocol, config, recorder)
        factory = implementation.make_node if bug is None else bug_factory(protocol, bug)
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
        # Each node's saved state and digest, dropped when the node changes.
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

    # Choices -------------------------------------------------------------------------------

    def possible(
        self,
        *,
        crashes: int | None = None,
        losses: int | None = None,
        duplicates: int = 0,
        cuts: bool = False,
    ) -> list[Choice]:
        """Return the possible next events, in an order that depends only on the state.

        Parameters
        ----------
        crashes, losses : int, optional
            Maximum number of crashes and of lost messages in the whole run; by default unlimited.
        duplicates : int
            Maximum number of duplicated messages in the whole run.
        cuts : bool
            Whether links may be cut and healed.

        Returns
        -------
        list of Choice
            The choices, without commands, which the caller must create itself.
        """
        choices = []
        may_lose = losses is None or self.faults["lose"] < losses
        may_duplicate = self.duplicated < duplicates
        for flight in self.mailbox.deliverable():
            choices.append(Choice("deliver", number=flight.number))
        for flight in self.mailbox:
            if may_lose:
                choices.append(Choice("lose", number=flight.number))
            if may_duplicate and flight.connection is None:
                choices.append(Choice("duplicate", number=flight.number))
        may_crash = crashes is None or self.faults["crash"] < crashes
        for name, driver in self.drivers.items():
            if driver.node is None:
                choices.append(Choice("restart", node=name))
                continue
            choices += [
                Choice("timeout", node=name, timer=timer) for timer in sorted(driver.timers)
            ]
            if driver.waiting:
                choices.append(Choice("flush", node=name))
            if may_crash:
                choices += [
                    Choice("crash", node=name, keep=keep) for keep in range(driver.waiting + 1)
                ]
            choices += [
                Choice("notice", node=name, peer=peer)
                for peer in self.drivers
                if self.has_ended(name, peer)
            ]
        if cuts:
            for sender in self.drivers:
                for receiver in self.drivers:
                    if sender != receiver:
                        kind = "heal" if (sender, receiver) in self.cut else "cut"
                        choices.append(Choice(kind, node=sender, peer=receiver))
        return choices

    def choose(self, choice: Choice) -> list[StepTaken]:
        """Execute a chosen event.

        Parameters
        ----------
        choice : Choice
            A choice from :meth:`possible`, or a command.

        Returns
        -------
        list of StepTaken
            The steps that it led to: usually one; none for instance for a lost message.

        Raises
        ------
        SettingError
            If the choice is not possible; then the state is unchanged.
        """
        self._check_possible(choice)
        self.now = round(self.tick * (len(self.history) + 1), 9)
        self.history.append(choice)
        self._taken = []
        try:
            self._apply(choice)
        except BaseException:
            # A handler that failed may have changed its node partly.
            self._saved.clear()
            self._digests.clear()
            raise
        return self._taken

    def _check_possible(self, choice: Choice) -> None:
        """Raise an error if a choice is not possible."""
        if not isinstance(choice, Choice):
            raise SettingError(
                f"{choice!r} is not a Choice", hint="take choices from ControlledHost.possible()"
            )
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
            self._refuse(choice, "its connection has not ended, or it already knows")

    def _refuse(self, choice: Choice, why: str) -> None:
        raise SettingError(f"{choice} is not possible: {why}", hint="choose one of possible()")

    def _apply(self, choice: Choice) -> None:
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

    # Methods that Host leaves to the controlled host -----------------------------------------

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
        """Put messages into the mailbox, or lose them if their link is cut."""
        for number, to, message in leaving:
            if to not in self.drivers:
                self.fail(f"sends to an unknown node {to!r}", f"known: {', '.join(self.drivers)}")
            connection = self.connection_of(number)
            if (driver.name, to) in self.cut:
                self.lose(number, to, "cut", driver.name, connection)
            else:
                self.mailbox.put(InFlight(number, to, driver.name, message, connection))

    def answer(self, driver: NodeDriver, output: Output) -> None:
        """Store a client's answer."""
        self.answers.append((output.client, output.request, output.result))

    def redirect(self, driver: NodeDriver, output: Redirect) -> None:
        """Do nothing: the caller decides which node a client asks."""

    def notify(self, end: str, peer: str, connection: int) -> None:
        """Do nothing: a node is notified when a notice is chosen."""

    def stepped(
        self, driver: NodeDriver, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Store the step for the caller."""
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
        """Execute a reaction (see :meth:`toolkit.hosting.Host.react`)."""
        self._changed(driver)
        super().react(driver, reaction, received, flushed=flushed)

    def _changed(self, driver: NodeDriver) -> None:
        self._saved.pop(driver.name, None)
        self._digests.pop(driver.name, None)

    def disconnect(self, driver: NodeDriver, peer: str) -> None:
        """Close a node's end of a connection, and drop its messages that wait for the disk."""
        self._changed(driver)
        super().disconnect(driver, peer)

    # States ----------------------------------------------------------------------------------

    def save(self) -> SavedState:
        """Return the present state; unchanged nodes are not copied again.

        Raises
        ------
        SettingError
            If the host records a trace, or a node contains an object that cannot be copied.
        """
        if self.recorder is not None:
            raise SettingError(
                "a host that records a trace cannot save its state",
                hint="create a host without a sink; trace() records all choices afterwards",
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
        """Restore a saved state.

        Parameters
        ----------
        saved : SavedState
            A result of :meth:`save`, of this host or of a host with the same protocol, nodes,
            settings, bug and tick.  It can be restored any number of times.

        Raises
        ------
        SettingError
            If the state is of a host with other arguments, or this host records a trace.
        """
        if saved.host != self._identity:
            raise SettingError(
                "the state was saved by a host with another protocol, nodes, settings, bug or tick",
                hint="restore it into a host that was created with the same arguments",
            )
        if self.recorder is not None:
            raise SettingError(
                "a host that records a trace cannot restore a saved state",
                hint="create a host without a sink; trace() records all choices afterwards",
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

        Message numbers, counters, the history and past answers to clients are ignored.

        Parameters
        ----------
        faults : bool
            Whether to include the numbers of crashes, lost and duplicated messages so far.  A
            search that bounds them in :meth:`possible` needs this, because states that differ
            only in these numbers have different choices.

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
        # Datagrams are a multiset.  Messages of the same connection are ordered; messages of
        # different connections are not.
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
        """Return a message's digest, from a cache if possible."""
        known = self._messages.get(id(message))
        if known is None or known[0] is not message:
            if len(self._messages) >= _REMEMBERED:
                self._messages.clear()
            known = self._messages[id(message)] = (message, canonical_bytes(message))
        return known[1]

    def has_ended(self, end: str, peer: str) -> bool:
        """Return True if a node's connection to a peer has ended and the node does not know it."""
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
            The scenario's name; the trace's name begins with it.

        Returns
        -------
        Trace
            The same records, byte for byte, as the simulator's for :meth:`scenario`, except for
            the header's origin.

        Raises
        ------
        InternalError
            If the protocol's view failed, so that the trace is incomplete.
        """
        sink = MemorySink()
        replayed = ControlledHost(
            self.protocol,
            tuple(self.drivers),
            self.settings,
            bug=self.bug,
            tick=self.tick,
            sink=sink,
        )
        replayed.follow(self.history)
        recorder = replayed.recorder
        assert recorder is not None  # it has a sink
        recorder.end("end of schedule", replayed.now, replayed.final_values())
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
        """Choose events one after the other.

        Parameters
        ----------
        choices : iterable of Choice
            The choices.

        Raises
        ------
        SettingError
            If a choice is not possible.
        """
        for choice in choices:
            self.choose(choice)


_REMEMBERED = 10_000
"""Maximum number of message digests in the cache."""
