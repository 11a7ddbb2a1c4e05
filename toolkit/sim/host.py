"""The simulator: a deterministic discrete-event host for a protocol's nodes.

Theory of operation
-------------------
All that is going to happen lies in a heap, ordered by time and, within a time, by when it was
put there.  The simulator takes it out, tells the node's driver (:mod:`toolkit.hosting.driver`) and
does what the reaction asks for: it sets timers, starts the write on the node's disk, and puts
messages on their links.

Nothing depends on anything but the scenario and the seed: random streams are derived from the
seed by name (``network``, ``disk``, ``timers``, ``faults``), times are rounded to a
nanosecond, and no set or hash is iterated over.

A message is lost when the link loses it, when its link is cut at the time it is sent or at
the time it would arrive, or when its receiver is down then.  What a node sends to itself
takes a microsecond and is lost only if the node is down when it arrives.  On a connection
(:mod:`toolkit.hosting.connections`) messages are neither duplicated nor reordered, and a loss
breaks it; both ends learn of that 10 ms later, however far apart they are.  Clients
sit beside their nodes: commands and answers take no time, and a command to a node that is down
is lost.

In a *manual* scenario nothing is drawn: messages, timers and writes wait until the scenario's own
events deliver them, let them run out or make them durable.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import msgspec

from toolkit import __version__
from toolkit.errors import InternalError, SettingError
from toolkit.hosting import Host, Leaving, NodeDriver, Recorder
from toolkit.hosting.connections import NOTICE
from toolkit.hosting.host import Received
from toolkit.hosting.mailbox import InFlight, Mailbox
from toolkit.protocols.base import Command, Message, Output, Redirect, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.sim.clients import Clients, Request
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.network import Disk, Link
from toolkit.sim.results import Answer, RunResult, StepView
from toolkit.sim.scenario import Clock, Scenario
from toolkit.sim.scenario_checks import check_events, planted
from toolkit.sim.streams import stream
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["LOOPBACK", "Simulation", "simulate", "simulate_trace"]

LOOPBACK = 1e-6
"""Seconds that a message takes from a node to itself."""

_DELIVER, _TIMER, _FLUSH, _TRY, _PLANNED, _FOLLOW, _ARRIVE, _NOTICE = range(8)


class _Machine(NodeDriver):
    """A node with its clock, its disk and the links from it to the other nodes.

    Its clock shows ``offset + rate * t`` at time t.
    """

    __slots__ = ("disk", "links", "offset", "rate")

    offset: float
    rate: float
    disk: Disk
    links: dict[str, Link]


class Simulation(Host):
    """One run of a scenario; faults of the scenario are applied to it."""

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
        factory = implementation.make_node if bug is None else planted(protocol, bug)
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
        """Put something that is going to happen into the heap."""
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
        """Let things happen until the run ends; return why it did."""
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
            elif kind in (_TRY, _FOLLOW) and a.answered:
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
            elif kind == _TRY:
                self.clients.ask(a)
            elif kind == _FOLLOW:
                self.clients.put(a, b)
            elif kind == _ARRIVE:
                self.arrive(a, b, c, *d)
            elif kind == _NOTICE:
                self.notice(a, b)
            else:
                a.apply(self)
            if self.stopped:
                return "stopped"
            if self.steps >= step_limit:
                return "step limit"
        return "quiet" if self.mailbox is None else "end of schedule"

    # What the rules of hosts leave to the simulator ------------------------------------------

    def local_time(self, driver: _Machine) -> float:
        """Return the time on a node's own clock, which may be off and drift."""
        return driver.offset + driver.rate * self.now

    def set_timer(self, driver: _Machine, timer: SetTimer) -> None:
        """Draw when a timer runs out."""
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
        """Draw how long a write takes."""
        if self.mailbox is None:
            done = driver.disk.complete(self.now, driver.first_write, self.disk_rng)
            self.push(done, _FLUSH, driver.name, driver.life)

    def answer(self, driver: _Machine, output: Output) -> None:
        """Hand a client its answer."""
        self.clients.answer(driver.name, output)

    def redirect(self, driver: _Machine, output: Redirect) -> None:
        """Send a client to another node, where it asks a moment later."""
        self.clients.redirect(output)

    def notify(self, end: str, peer: str, connection: int) -> None:
        """Let a node know, a moment later, that its connection to a peer has ended."""
        if self.mailbox is None:
            self.push(self.now + NOTICE, _NOTICE, end, peer, connection)

    def stepped(
        self, driver: _Machine, action: str, received: Received | None, sent: list[Leaving]
    ) -> None:
        """Show the step to who may stop the run."""
        if self.stop_when is not None and not self.stopped:
            message = None if received is None else received[2]
            self.stopped = self.stop_when(
                StepView(self.now, driver.name, action, message, driver.node, self.sent)
            )

    def transmit(self, driver: _Machine, leaving: list[Leaving]) -> None:
        """Put messages on their links."""
        name, now, links, connections = driver.name, self.now, driver.links, self.connections
        for number, to, message in leaving:
            link = links.get(to)
            if link is None and to != name:
                self.fail(
                    f"sends to {to!r}, which is not a node", f"nodes: {', '.join(self.drivers)}"
                )
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
        """Let a message wait in the mailbox, unless its link is cut."""
        connection = self.connection_of(number)
        if (sender, to) in self.cut:
            self.lose(number, to, "cut", sender, connection)
        else:
            mailbox.put(InFlight(number, to, sender, message, connection))

    # What faults and clients do ----------------------------------------------------------------

    def schedule(self, event: ScenarioEvent) -> None:
        """Let an event happen at its time, which must not have passed: the end of a fault."""
        self.push(event.time, _PLANNED, event)

    def later(self, delay: float, request: Request, to: str | None = None) -> None:
        """Let a client ask after a delay in seconds: a node, or the one that it thinks of then."""
        if to is None:
            self.push(self.now + delay, _TRY, request)
        else:
            self.push(self.now + delay, _FOLLOW, request, to)

    def command(self, name: str, command: Command) -> None:
        """Hand a node a client's command, if it is up."""
        driver = self.drivers[name]
        if driver.node is not None:
            self.react(driver, driver.command(command, self.local_time(driver)))

    def has_ended(self, end: str, peer: str) -> bool:
        """Return whether a node's connection to a peer has ended without its knowing."""
        if self.connections is None:
            return False
        connection = self.connections.attached(end, peer)
        return connection is not None and not self.connections.carries(connection)

    def crash_node(self, name: str, keep: int | None) -> None:
        """Crash a node; without `keep` the write in progress becomes durable by chance."""
        driver = self.drivers[name]
        if keep is None:
            keep = int(self.fault_rng.random() < 0.5) if driver.waiting else 0
        self.crash(driver, keep)

    def slow_link(self, sender: str, receiver: str, factor: float) -> None:
        """Multiply the delays of a link from now on."""
        self.drivers[sender].links[receiver].factor = factor
        self.fault("slow", {"from": sender, "to": receiver, "factor": factor})

    def slow_disk(self, name: str, factor: float) -> None:
        """Multiply the times of a node's writes that begin from now on."""
        self.drivers[name].disk.factor = factor
        self.fault("slow-disk", {"node": name, "factor": factor})

    def heal_link(self, sender: str, receiver: str) -> None:
        """Let messages through again, at the link's own speed."""
        self.drivers[sender].links[receiver].factor = 1.0
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
        """Record the end and return the result."""
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
    """Run a scenario.

    Parameters
    ----------
    protocol : Protocol
        The protocol that the scenario is for.
    scenario : Scenario
        The plan.
    seed : int, optional
        What all chance is drawn from; by default the scenario's own, or 0.
    sink : Sink, optional
        Where the trace goes.  If it fails, recording stops, the run goes on, and the result
        says so.
    bug : str, optional
        A planted bug that every node is to have.
    replay : str, optional
        The command that makes this trace again, for its header.
    follow_up : callable, optional
        ``follow_up(answer) -> operation``: what a client asks for next, of the node that has
        just answered its request for the first time; ``None`` for nothing.  So clients can keep
        a load up.  It must depend on nothing but the answers that it has been given.
    stop_when : callable, optional
        ``stop_when(step) -> bool``: is shown every step, recorded or not, and ends the run after
        the first of which it returns true.  So an experiment measures without recording.  It
        must change nothing, and depend on nothing but what it has been shown.

    Returns
    -------
    RunResult

    Raises
    ------
    SettingError
        If the scenario is for another protocol, or its settings cannot be.
    ScenarioError
        If it lets a timer run out that the protocol does not have.
    UnknownNameError
        If there is no such planted bug.
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
            hint=f"run it with {scenario.protocol}",
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
    """Run a scenario and keep its trace in memory (see :func:`simulate`).

    Parameters
    ----------
    protocol, scenario, seed, bug, replay
        As for :func:`simulate`.

    Returns
    -------
    trace : Trace
        The recorded run.
    result : RunResult
        What came out.

    Raises
    ------
    InternalError
        If the protocol's view failed, so that the trace is not whole.
    """
    sink = MemorySink()
    result = simulate(protocol, scenario, seed=seed, sink=sink, bug=bug, replay=replay)
    if result.sink_error is not None:
        raise InternalError(
            f"the run could not be recorded: {result.sink_error}",
            hint=f"look at 'variables' of the protocol {protocol.name!r}",
        )
    return sink.traces[0], result
