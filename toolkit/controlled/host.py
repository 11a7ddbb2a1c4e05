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

import io
import pickle
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from toolkit import __version__
from toolkit.controlled.choices import Choice
from toolkit.controlled.digest import canonical_bytes, combine
from toolkit.errors import SettingError
from toolkit.hosting import Host, Leaving, NodeDriver, Recorder
from toolkit.hosting.host import Received
from toolkit.hosting.mailbox import InFlight, Mailbox
from toolkit.protocols.base import Command, Message, Output, Redirect, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.sim.scenario import Retry, Scenario
from toolkit.sim.scenario_checks import planted
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["ControlledHost", "SavedState", "StepTaken"]


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


class SavedState(msgspec.Struct, frozen=True):
    """A state of a controlled host, for :meth:`ControlledHost.restore` of the same host."""

    nodes: dict[str, bytes]
    timers: dict[str, dict[str, Any]]
    up: dict[str, bool]
    lives: dict[str, int]
    mailbox: Mailbox
    cut: frozenset[tuple[str, str]]
    connections: bytes
    counters: tuple[Any, ...]
    requests: dict[str, int]
    answers: tuple[tuple[str, int, Any], ...]
    history: tuple[Choice, ...]
    digests: dict[str, bytes]


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
        # What has been saved and digested of each node since it last changed.
        self._saved: dict[str, bytes] = {}
        self._digests: dict[str, bytes] = {}
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
        self._happen(choice)
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
        if choice.kind == "restart" and driver.node is not None:
            self._refuse(choice, "the node is up")
        if choice.kind in ("crash", "timeout", "notice") and driver.node is None:
            self._refuse(choice, "the node is down")
        if choice.kind == "timeout" and choice.timer not in driver.timers:
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
            driver.timers[timer.timer] = 0

    def begin_write(self, driver: NodeDriver) -> None:
        """Do nothing: a write becomes durable when a flush is chosen."""

    def transmit(self, driver: NodeDriver, leaving: list[Leaving]) -> None:
        """Let messages wait in the mailbox, unless their link is cut."""
        for number, to, message in leaving:
            if to not in self.drivers:
                self.fail(
                    f"sends to {to!r}, which is not a node", f"nodes: {', '.join(self.drivers)}"
                )
            connection = self.connection_of(driver.name, to, message)
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
                self._saved[name] = _pickle(
                    (driver.node, driver.durable, driver._queue), self.config
                )
        return SavedState(
            nodes=dict(self._saved),
            timers={name: dict(driver.timers) for name, driver in self.drivers.items()},
            up={name: driver.node is not None for name, driver in self.drivers.items()},
            lives={name: driver.life for name, driver in self.drivers.items()},
            mailbox=self.mailbox.copy(),
            cut=frozenset(self.cut),
            connections=pickle.dumps(self.connections, protocol=pickle.HIGHEST_PROTOCOL),
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
            What :meth:`save` of this host returned; it can be restored any number of times.
        """
        for name, driver in self.drivers.items():
            if self._saved.get(name) is not saved.nodes[name]:
                driver.node, driver.durable, driver._queue = _unpickle(
                    saved.nodes[name], self.config
                )
            driver.timers = dict(saved.timers[name])
            driver.life = saved.lives[name]
        self._saved = dict(saved.nodes)
        self._digests = dict(saved.digests)
        self.mailbox = saved.mailbox.copy()
        self.cut = set(saved.cut)
        self.connections = pickle.loads(saved.connections)
        (
            self.now, self.steps, self.sent, self.delivered, self.lost, self.duplicated,
            self._message_number, actions, faults,
        ) = saved.counters  # fmt: skip
        self.actions, self.faults = Counter(actions), Counter(faults)
        self._requests = Counter(saved.requests)
        self.answers = list(saved.answers)
        self.history = list(saved.history)

    def digest(self) -> bytes:
        """Return 16 bytes that identify the state: equal for equal states.

        Message numbers, counters and the history do not count, nor do answers that clients have
        been given.
        """
        for name, driver in self.drivers.items():
            if name not in self._digests:
                self._digests[name] = canonical_bytes(
                    (driver.node, driver.durable, driver._queue, sorted(driver.timers)),
                    skip=self.config,
                )
        order = {
            connection: place
            for place, connection in enumerate(
                sorted({f.connection for f in self.mailbox if f.connection is not None})
            )
        }
        flights = sorted(
            (
                flight.sender,
                flight.to,
                -1 if flight.connection is None else order[flight.connection],
                flight.number if flight.connection is not None else 0,
                type(flight.message).__name__,
                canonical_bytes(flight.message),
                flight.copies,
            )
            for flight in self.mailbox
        )
        in_order = [(*flight[:3], *flight[4:]) for flight in flights]
        return combine(
            *(self._digests[name] for name in self.drivers),
            canonical_bytes((in_order, sorted(self.cut), dict(self._requests))),
            b"" if self.connections is None else self.connections.canonical(),
        )

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
            The records that the simulator makes of :meth:`scenario`, with another origin.
        """
        sink = MemorySink()
        again = ControlledHost(
            self.protocol,
            tuple(self.drivers),
            self.settings,
            bug=self.bug,
            tick=self.tick,
            sink=_Renamed(sink, f"{name}-0", self.scenario(name), self.bug),
        )
        again.follow(self.history)
        assert again.recorder is not None
        again.recorder.end("end of schedule", again.now, again.final_values())
        return sink.traces[0]

    def follow(self, choices: Iterable[Choice]) -> None:
        """Make choices one after the other.

        Raises
        ------
        SettingError
            If one is not possible.
        """
        for choice in choices:
            self.choose(choice)


class _Renamed(MemorySink):
    """A sink whose header tells how the simulator repeats the run."""

    def __init__(self, sink: MemorySink, trace: str, scenario: Scenario, bug: str | None) -> None:
        super().__init__()
        self._sink = sink
        self._meta: dict[str, Any] = {"scenario": format_scenario(scenario, expected=False)}
        if bug is not None:
            self._meta["bug"] = bug
        self._trace = trace
        self.step = sink.step  # type: ignore[method-assign]
        self.fault = sink.fault  # type: ignore[method-assign]
        self.end = sink.end  # type: ignore[method-assign]

    def begin(self, header: Any) -> None:
        """Begin the trace with the header of the scenario's run."""
        self._sink.begin(msgspec.structs.replace(header, trace=self._trace, meta=self._meta))


class _Pickler(pickle.Pickler):
    """Copies nodes, and refers to their configuration instead of copying it."""

    def __init__(self, file: io.BytesIO, config: Any) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._config = config

    def persistent_id(self, value: Any) -> str | None:
        """Return a reference to the configuration."""
        return "config" if value is self._config else None


class _Unpickler(pickle.Unpickler):
    """Puts the configuration back where :class:`_Pickler` referred to it."""

    def __init__(self, file: io.BytesIO, config: Any) -> None:
        super().__init__(file)
        self._config = config

    def persistent_load(self, reference: Any) -> Any:
        """Return the configuration."""
        return self._config


def _pickle(value: Any, config: Any) -> bytes:
    file = io.BytesIO()
    try:
        _Pickler(file, config).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(
            f"the state of a node cannot be saved: {error}",
            hint="keep no lambda, generator or open file in a node; a bound method is fine",
        ) from error
    return file.getvalue()


def _unpickle(data: bytes, config: Any) -> Any:
    return _Unpickler(io.BytesIO(data), config).load()
