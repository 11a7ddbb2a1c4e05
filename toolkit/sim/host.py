"""The simulator: a deterministic discrete-event host for a protocol's nodes.

Theory of operation
-------------------
All future events are in a heap, ordered by time and, for equal times, by the order in which they
were added.  The simulator takes the first event, tells the node's driver
(:mod:`toolkit.hosting.driver`) and executes the reaction: it sets timers, starts the write on the
node's disk, and puts messages on their links.

A run depends only on the scenario and the seed: random streams are derived from the seed by name
(``network``, ``disk``, ``timers``, ``faults``), times are rounded to a nanosecond, and the code
does not iterate over sets.

A message is lost if the link loses it, if its link is cut at the time it is sent or at the time
it would arrive, or if its receiver is down at that time.  A message from a node to itself takes a
microsecond and is lost only if the node is down when it arrives.  On a connection
(:mod:`toolkit.hosting.connections`) messages are neither duplicated nor reordered, and a loss
breaks the connection; both ends are notified 10 ms later, regardless of the delay of the link.
Commands and answers of clients take no time, and a command to a node that is down is lost.

In a *manual* scenario nothing is drawn: messages, timers and writes wait until events of the
scenario deliver them, let them run out or make them durable.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import msgspec

from toolkit import __version__
from toolkit.errors import HostError, InternalError, SettingError
from toolkit.hosting import Host, Leaving, NodeDriver, Recorder
from toolkit.hosting.connections import NOTICE
from toolkit.hosting.host import IDLE_LIMIT, Received
from toolkit.hosting.mailbox import InFlight, Mailbox
from toolkit.protocols.base import Command, Message, Output, Redirect, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.sim.clients import Clients, Request
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.faults.network import check_factor
from toolkit.sim.network import Disk, Link
from toolkit.sim.results import Answer, RunResult, StepView
from toolkit.sim.scenario import Clock, Scenario
from toolkit.sim.scenario_checks import bug_factory, check_events
from toolkit.sim.streams import stream
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["LOOPBACK", "Simulation", "simulate", "simulate_trace"]

LOOPBACK = 1e-6
"""Delay in seconds of a message from a node to itself."""

_DELIVER, _TIMER, _FLUSH, _RETRY, _SCENARIO_EVENT, _REDIRECT, _ARRIVE, _NOTICE = range(8)


class _Machine(NodeDriver):
    """A node with its clock, its disk and its outgoing links.

    The clock shows ``offset + rate * t`` at time t.
    """

    __slots__ = ("disk", "links", "offset", "rate")

    offset: float
    rate: float
    disk: Disk
    links: dict[str, Link]


class Simulation(Host):
    """One run of a scenario, to which the scenario's faults are applied.

    Parameters
    ----------
    protocol : Protocol
        The protocol to run.
    scenario : Scenario
        The plan of the run.
    seed : int
        The seed of all random streams.
    recorder : Recorder or None
        The recorder of the trace; ``None`` to record nothing.
    bug : str or None
        A seeded bug that every node has.
    follow_up, stop_when : callable or None
        As for :func:`simulate`.
    """

    __slots__ = (
        "_heap", "_sequence", "clients", "disk_rng", "fault_rng", "mailbox", "network_rng",
        "scenario", "seed", "stop_when", "stopped", "timer_rng",
    )  # fmt: skip

    def __init__(
        self,
        protocol: Protocol,
        scenario: Scenario,
        seed: int,
        recorder: Recorder | None,
        bug: str | None,
        follow_up: Callable[[Answer], Any] | None,
        stop_when: Callable[[StepView], bool] | None,
    ) -> None:
        check_events(protocol, scenario)
        implementation = protocol.runnable
        config = implementation.configure(scenario.nodes, scenario.settings)
        super().__init__(protocol, config, recorder)
        self.scenario = scenario
        self.seed = seed
        self.stop_when = stop_when
        self.observed = stop_when is not None
        self.stopped = False
        self.network_rng = stream(seed, "network")
        self.disk_rng = stream(seed, "disk")
        self.timer_rng = stream(seed, "timers")
        self.fault_rng = stream(seed, "faults")
        self.mailbox = Mailbox() if scenario.manual else None
        self.clients = Clients(self, follow_up)
        self._heap: list[tuple[float, int, int, Any, Any, Any, Any]] = []
        self._sequence = 0
        factory = implementation.make_node if bug is None else bug_factory(protocol, bug)
        self.drivers: dict[str, _Machine] = {}
        for name in scenario.nodes:
            machine = self.drivers[name] = _Machine(name, implementation, config, factory)
            clock = scenario.clocks.get(name, Clock())
            machine.offset, machine.rate = clock.offset, 1.0 + clock.drift
            machine.disk = scenario.disks.get(name, scenario.disk).build()
            machine.links = {
                other: scenario.link(name, other).build()
                for other in scenario.nodes
                if other != name
            }

    # The loop ------------------------------------------------------------------------------

    def push(
        self, time: float, kind: int, a: Any, b: Any = None, c: Any = None, d: Any = None
    ) -> None:
        """Add a future event to the heap."""
        self._sequence += 1
        heapq.heappush(self._heap, (round(time, 9), self._sequence, kind, a, b, c, d))

    def start(self, trace: str, replay: str | None, meta: dict[str, Any]) -> None:
        """Start the nodes, record the header, and schedule the scenario's events."""
        started = self.begin(
            trace=trace,
            origin=f"toolkit {__version__} simulator",
            seed=self.seed,
            replay=replay,
            meta=meta,
        )
        for name, clock in self.scenario.clocks.items():
            if clock != Clock():
                self.fault("drift", {"node": name, "offset": clock.offset, "drift": clock.drift})
        for event in self.scenario.events:
            self.schedule(event)
        for driver, reaction in started:
            self.react(driver, reaction)

    def loop(self) -> str:
        """Process events until the run ends; return the reason why it ended."""
        heap, drivers = self._heap, self.drivers
        limit, step_limit = self.scenario.time_limit, self.scenario.step_limit
        while heap:
            time, _, kind, a, b, c, d = heapq.heappop(heap)
            if kind == _DELIVER:
                pass
            elif kind == _TIMER:
                if drivers[a].timers.get(b) != c:
                    continue
            elif kind == _FLUSH:
                if drivers[a].life != b:
                    continue
            elif kind == _NOTICE:
                if self.connections is None or self.connections.attached(a, b) != c:
                    continue
            elif kind in (_RETRY, _REDIRECT) and a.answered:
                continue
            if time > limit:
                self.now = limit
                return "time limit"
            self.now = time
            if kind == _DELIVER:
                self.deliver(a, b, c, d)
            elif kind == _TIMER:
                driver = drivers[a]
                self.react(driver, driver.time_out(b, self.local_time(driver)))
            elif kind == _FLUSH:
                self.flush(drivers[a])
            elif kind == _RETRY:
                self.clients.ask(a)
            elif kind == _REDIRECT:
                self.clients.put(a, b)
            elif kind == _ARRIVE:
                self.arrive(a, b, c, *d)
            elif kind == _NOTICE:
                self.notice(a, b)
            else:
                self._apply(a)
            if self.stopped:
                return "stopped"
            if self.steps >= step_limit:
                return "step limit"
        return "quiet" if self.mailbox is None else "end of schedule"

    def _apply(self, event: ScenarioEvent) -> None:
        """Apply an event of the scenario."""
        self._idle += 1
        if self._idle > IDLE_LIMIT:
            raise SettingError(
                f"{IDLE_LIMIT:,} events in a row changed no node, the last one "
                f"'{event.format()}' at {event.time!r} s",
                hint="an event that schedules itself again must do so at a later time",
            )
        try:
            event.apply(self)
        except (HostError, SettingError) as error:
            raise type(error)(
                f"'{event.format()}' at {event.time!r} s, in a run with seed {self.seed}: "
                f"{error.message}",
                hint=error.hint,
            ) from error

    # Methods that Host leaves to the simulator ------------------------------------------

    def local_time(self, driver: _Machine) -> float:
        """Return the time on a node's own clock, which can have an offset and drift."""
        return driver.offset + driver.rate * self.now

    def set_timer(self, driver: _Machine, timer: SetTimer) -> None:
        """Set or cancel a timer, and draw the time when it runs out."""
        low, high = timer.low, timer.high
        if low is None or high is None:
            driver.timers.pop(timer.timer, None)
            return
        if self.mailbox is not None:
            driver.timers[timer.timer] = 0
            return
        delay = low if low == high else low + (high - low) * self.timer_rng.random()
        self._sequence = number = self._sequence + 1
        at = round(self.now + delay / driver.rate, 9)
        heapq.heappush(self._heap, (at, number, _TIMER, driver.name, timer.timer, number, None))
        driver.timers[timer.timer] = number

    def begin_write(self, driver: _Machine) -> None:
        """Start a write, and draw the time when it is durable."""
        if self.mailbox is None:
            done = driver.disk.complete(self.now, driver.first_write, self.disk_rng)
            self.push(done, _FLUSH, driver.name, driver.life)

    def answer(self, driver: _Machine, output: Output) -> None:
        """Pass an answer to the client."""
        self.clients.answer(driver.name, output)

    def redirect(self, driver: _Machine, output: Redirect) -> None:
        """Redirect a client, which sends its request to another node after a delay."""
        self.clients.redirect(output)

    def notify(self, end: str, peer: str, connection: int) -> None:
        """Schedule the notice to a node that its connection to a peer has ended."""
        if self.mailbox is None:
            self.push(self.now + NOTICE, _NOTICE, end, peer, connection)

    def stepped(
        self, driver: _Machine, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Pass the step to `stop_when`, which may stop the run."""
        if self.stop_when is not None and not self.stopped:
            message = None if received is None else received[2]
            self.stopped = self.stop_when(
                StepView(self.now, driver.name, action, message, driver.node, self.sent)
            )

    def transmit(self, driver: _Machine, leaving: list[Leaving]) -> None:
        """Send messages on their links, and schedule the arrivals."""
        name, now, links, connections = driver.name, self.now, driver.links, self.connections
        for number, to, message in leaving:
            link = links.get(to)
            if link is None and to != name:
                self.fail(f"sends to an unknown node {to!r}", f"known: {', '.join(self.drivers)}")
            if self.mailbox is not None:
                self._post(self.mailbox, name, number, to, message)
                continue
            if link is None:
                self.push(now + LOOPBACK, _DELIVER, to, to, number, message)
                continue
            connection = None if connections is None else self.connection_of(number)
            if self.cut and (name, to) in self.cut:
                self.lose(number, to, "cut", name, connection)
                continue
            size = len(msgspec.json.encode(message)) if link.sized else 0
            arrivals, reordered = link.transmit(now, size, self.network_rng)
            if not arrivals:
                self.lose(number, to, "loss", name, connection)
                continue
            if connection is not None and connections is not None:
                at = connections.arrival(name, to, connection, arrivals[0])
                self.push(at, _ARRIVE, to, name, number, (message, connection))
                continue
            if reordered:
                self.note("reorder", {"id": number, "to": to})
            if len(arrivals) > 1:
                for _ in arrivals[1:]:
                    self.duplicated += 1
                    self.note("duplicate", {"id": number, "to": to})
            for arrival in arrivals:
                self._sequence = sequence = self._sequence + 1
                heapq.heappush(
                    self._heap, (round(arrival, 9), sequence, _DELIVER, to, name, number, message)
                )

    def _post(self, mailbox: Mailbox, sender: str, number: int, to: str, message: Message) -> None:
        """Put a message into the mailbox, or lose it if its link is cut."""
        connection = self.connection_of(number)
        if (sender, to) in self.cut:
            self.lose(number, to, "cut", sender, connection)
        else:
            mailbox.put(InFlight(number, to, sender, message, connection))

    # Methods for faults and clients ---------------------------------------------------------

    def schedule(self, event: ScenarioEvent) -> None:
        """Schedule an event at its time, which must not have passed.

        Parameters
        ----------
        event : ScenarioEvent
            The event.

        Raises
        ------
        SettingError
            If its time has passed, or it is not an event.
        """
        if not isinstance(event, ScenarioEvent):
            raise SettingError(
                f"only a scenario event can be scheduled, got {event!r}",
                hint="for instance run.schedule(Heal(run.now + 0.5))",
            )
        if round(event.time, 9) < self.now:
            raise SettingError(
                f"'{event.format()}' cannot be scheduled at {event.time!r} s: it is {self.now!r} s",
                hint="add run.now to the delay",
            )
        self.push(event.time, _SCENARIO_EVENT, event)

    def later(self, delay: float, request: Request, to: str | None = None) -> None:
        """Schedule a client's request after a delay in seconds.

        Parameters
        ----------
        delay : float
            The delay.
        request : Request
            The request.
        to : str, optional
            The node; by default the request's own node at that time.
        """
        if to is None:
            self.push(self.now + delay, _RETRY, request)
        else:
            self.push(self.now + delay, _REDIRECT, request, to)

    def command(self, name: str, command: Command) -> None:
        """Pass a client's command to a node, if the node is up."""
        driver = self.drivers[name]
        if driver.node is not None:
            self.react(driver, driver.command(command, self.local_time(driver)))

    def has_ended(self, end: str, peer: str) -> bool:
        """Return True if a node's connection to a peer has ended and the node does not know it."""
        if self.connections is None:
            return False
        connection = self.connections.attached(end, peer)
        return connection is not None and not self.connections.carries(connection)

    def crash_node(self, name: str, keep: int | None = None) -> None:
        """Crash a node that is up.

        Parameters
        ----------
        name : str
            The node.
        keep : int or None
            Maximum number of waiting writes that still become durable.  ``None``: the write in
            progress becomes durable with probability 1/2.

        Raises
        ------
        SettingError
            If there is no such node.
        HostError
            If the node is down.
        """
        driver = self._driver(name)
        if driver.node is None:
            raise HostError(
                f"the node {name!r} is down and cannot crash",
                hint=f"run.drivers[{name!r}].node is None while it is down",
            )
        if keep is None:
            keep = int(self.fault_rng.random() < 0.5) if driver.waiting else 0
        self.crash(driver, keep)

    def _driver(self, name: str) -> _Machine:
        self.check_nodes(name)
        return self.drivers[name]

    def _link(self, sender: str, receiver: str) -> Link:
        self.check_nodes(sender, receiver)
        link = self.drivers[sender].links.get(receiver)
        if link is None:
            raise SettingError(f"the node {sender!r} has no link to itself")
        return link

    def slow_link(self, sender: str, receiver: str, factor: float) -> None:
        """Multiply all later delays of a link by a factor."""
        check_factor(factor)
        self._link(sender, receiver).factor = factor
        self.fault("slow", {"from": sender, "to": receiver, "factor": factor})

    def slow_disk(self, name: str, factor: float) -> None:
        """Multiply the times of all later writes of a node by a factor."""
        check_factor(factor)
        self._driver(name).disk.factor = factor
        self.fault("slow-disk", {"node": name, "factor": factor})

    def heal_link(self, sender: str, receiver: str) -> None:
        """Heal one direction of a link, and reset its speed."""
        self._link(sender, receiver).factor = 1.0
        super().heal_link(sender, receiver)

    def heal(self) -> None:
        """End all cuts, slow links and slow disks."""
        for driver in self.drivers.values():
            driver.disk.factor = 1.0
            for link in driver.links.values():
                link.factor = 1.0
        super().heal()

    # The end -----------------------------------------------------------------------------------

    def finish(self, reason: str) -> RunResult:
        """Record the end of the run and return its result."""
        final_values = self.final_values()
        if self.recorder is not None:
            self.recorder.end(reason, self.now, final_values)
        specification = self.protocol.specification
        expected = specification.expected_actions
        machine = self.protocol.runnable.machine(self.scenario.settings)
        return RunResult(
            seed=self.seed,
            reason=reason,
            steps=self.steps,
            time=self.now,
            sent=self.sent,
            delivered=self.delivered,
            lost=self.lost,
            duplicated=self.duplicated,
            actions=dict(sorted(self.actions.items())),
            expected=specification.actions if expected is None else expected(self.constants),
            faults=dict(sorted(self.faults.items())),
            answers=tuple(self.clients.answers),
            calls=self.clients.calls(),
            requests=len(self.clients.requests),
            unanswered=self.clients.unanswered(),
            final_values=final_values,
            nodes={name: driver.node for name, driver in self.drivers.items()},
            machine=None if machine is None else machine.name,
            sink_error=None if self.recorder is None else self.recorder.error,
        )


def simulate(
    protocol: Protocol,
    scenario: Scenario,
    *,
    seed: int | None = None,
    sink: Sink | None = None,
    bug: str | None = None,
    replay: str | None = None,
    follow_up: Callable[[Answer], Any] | None = None,
    stop_when: Callable[[StepView], bool] | None = None,
) -> RunResult:
    """Simulate a scenario.

    Parameters
    ----------
    protocol : Protocol
        The protocol that the scenario is for.
    scenario : Scenario
        The plan of the run.
    seed : int, optional
        The seed of all random streams; by default the scenario's seed, or 0.
    sink : Sink, optional
        The receiver of the trace.  If it fails, recording stops, the run continues, and the
        result contains the error.
    bug : str, optional
        A seeded bug that every node has.
    replay : str, optional
        The command that replays this run, for the trace's header.
    follow_up : callable, optional
        ``follow_up(answer) -> operation``: the client's next operation after the first answer to
        a request, sent to the node that answered; ``None`` for no operation.  Clients can
        generate a continuous load with it.  It must depend only on the answers that it received.
    stop_when : callable, optional
        ``stop_when(step) -> bool``: called with each step, recorded or not; if it returns True,
        the run ends after that step.  Experiments can measure with it without recording.  It must
        not change the nodes, and must depend only on the steps that it received.

    Returns
    -------
    RunResult
        The result of the run.

    Raises
    ------
    SettingError
        If the scenario is for another protocol, or a setting is invalid.
    ScenarioError
        If the scenario contains a timeout of a timer that the protocol does not have.
    UnknownNameError
        If the protocol has no such seeded bug.
    InternalError
        If the protocol breaks the rules of :mod:`toolkit.protocols.base`.

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> from toolkit.sim import load_scenario
    >>> result = simulate(get_protocol("paxos"), load_scenario("paxos-happy"), seed=1)
    >>> result.reason, result.final_values["n2"]
    ('quiet', 'v1')
    """
    if scenario.protocol != protocol.name:
        raise SettingError(
            f"the scenario {scenario.name!r} is for {scenario.protocol!r}, not {protocol.name!r}",
            path=scenario.source,
            hint=f"simulate {scenario.protocol}, or choose another scenario",
        )
    if seed is None:
        seed = scenario.seed or 0
    recorder = Recorder(sink, protocol) if sink is not None and sink.enabled else None
    run = Simulation(protocol, scenario, seed, recorder, bug, follow_up, stop_when)
    meta: dict[str, Any] = {}
    if recorder is not None:
        meta = {"scenario": format_scenario(scenario, expected=False)}
        if bug is not None:
            meta["bug"] = bug
        if follow_up is not None:
            meta["follow-up"] = "clients that were answered asked for more than the scenario says"
    run.start(f"{scenario.name}-{seed}", replay, meta)
    return run.finish(run.loop())


def simulate_trace(
    protocol: Protocol,
    scenario: Scenario,
    *,
    seed: int | None = None,
    bug: str | None = None,
    replay: str | None = None,
) -> tuple[Trace, RunResult]:
    """Simulate a scenario and return its trace and its result (see :func:`simulate`).

    Parameters
    ----------
    protocol, scenario, seed, bug, replay
        As for :func:`simulate`.

    Returns
    -------
    trace : Trace
        The recorded run.
    result : RunResult
        The result of the run.

    Raises
    ------
    InternalError
        If the protocol's view failed, so that the trace is incomplete.
    """
    sink = MemorySink()
    result = simulate(protocol, scenario, seed=seed, sink=sink, bug=bug, replay=replay)
    if result.sink_error is not None:
        raise InternalError(
            f"the run could not be recorded: {result.sink_error}",
            hint=f"look at 'variables' of the protocol {protocol.name!r}",
        )
    return sink.traces[0], result
