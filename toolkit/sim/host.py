"""The simulator: a deterministic discrete-event host for a protocol's nodes.

Theory of operation
-------------------
All that is going to happen lies in a heap, ordered by time and, within a time, by when it was
put there.  Taking it out, the host hands a node an event and does what the node's effects ask
for: it sets timers, queues the write on the node's disk, and lets messages and answers leave
by the output rule of :mod:`toolkit.protocols.base`.

Nothing depends on anything but the scenario and the seed: random streams are derived from the
seed by name (``network``, ``disk``, ``timers``, ``faults``), times are rounded to a
nanosecond, and no set or hash is iterated over.

A message is lost when the link loses it, when its link is cut at the time it is sent or at
the time it would arrive, or when its receiver is down then.  What a node sends to itself
takes a microsecond and is lost only if the node is down when it arrives.  On a connection
(:mod:`toolkit.sim.connections`) messages are neither duplicated nor reordered, and whatever would
lose one breaks it; both ends learn of that 10 ms later, however far apart they are.  Clients
sit beside their nodes: commands and answers take no time, and a command to a node that is down
is lost.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from toolkit.errors import InternalError, SettingError
from toolkit.protocols.base import (
    Command,
    Disconnected,
    Effects,
    Event as NodeEvent,
    Message,
    Output,
    Receive,
    Redirect,
    Restart as RestartEvent,
    Send,
    Start,
    Timeout,
)
from toolkit.protocols.protocol import Protocol
from toolkit.sim import scenario as plan
from toolkit.sim.connections import NOTICE, Connections
from toolkit.sim.network import Disk, Link
from toolkit.sim.recorder import Recorder
from toolkit.sim.results import Answer, Call, RunResult, StepView
from toolkit.sim.scenario import Scenario
from toolkit.sim.scenario_checks import check_timers, planted
from toolkit.sim.streams import stream
from toolkit.sim.text import format_scenario
from toolkit.trace import MemorySink, Sink, Trace

__all__ = ["LOOPBACK", "simulate", "simulate_trace"]

LOOPBACK = 1e-6
"""Seconds that a message takes from a node to itself."""

_STILL = 1_000_000
"""So many events in a row that are no step, at one time, are an endless loop."""

REDIRECT = 0.005
"""Seconds until a client that is sent elsewhere asks there."""

_DELIVER, _TIMER, _FLUSH, _TRY, _PLANNED, _FOLLOW, _ARRIVE, _NOTICE = range(8)


class _Pending(msgspec.Struct, gc=False):
    """A client's request."""

    client: str
    request: int
    operation: Any
    node: str
    called: float
    answered: bool = False
    returned: float | None = None
    result: Any = None


class _Queued(msgspec.Struct, gc=False):
    """A write that waits for the disk, with what it holds back."""

    write: Mapping[str, Any]
    sends: list[Send]
    outputs: list[Output | Redirect]


class _Host:
    """A node with its clock, timers and disk."""

    __slots__ = (
        "clock", "disk", "durable", "life", "links", "name", "node", "queue", "timers",
    )  # fmt: skip

    def __init__(self, name: str, clock: plan.Clock, disk: Disk, links: dict[str, Link]) -> None:
        self.name = name
        self.clock = clock
        self.disk = disk
        self.links = links
        self.node: Any = None
        self.durable: dict[str, Any] = {}
        self.queue: deque[_Queued] = deque()
        self.timers: dict[str, int] = {}
        self.life = 0


@dataclass
class _Tally:
    """What is counted whether anything is recorded or not."""

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0


class _Run:
    """One run."""

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
        self.protocol = protocol
        self.scenario = scenario
        check_timers(protocol, scenario)
        self.seed = seed
        self.recorder = recorder
        self.follow_up = follow_up
        self.stop_when = stop_when
        self.stopped = False
        self.config = protocol.runnable.configure(scenario.nodes, scenario.settings)
        self.constants = protocol.runnable.constants(self.config)
        self.make_node = protocol.runnable.make_node if bug is None else planted(protocol, bug)
        self.known_actions = frozenset(protocol.specification.actions)
        self.network_rng = stream(seed, "network")
        self.disk_rng = stream(seed, "disk")
        self.timer_rng = stream(seed, "timers")
        self.fault_rng = stream(seed, "faults")
        self.now = 0.0
        self.heap: list[tuple[float, int, int, Any, Any, Any, Any]] = []
        self.sequence = 0
        self.message_number = 0
        self.steps = 0
        self.still = 0
        self.tally = _Tally()
        self.actions: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.answers: list[Answer] = []
        self.requests: dict[tuple[str, int], _Pending] = {}
        self.next_request: Counter[str] = Counter()
        self.cut: set[tuple[str, str]] = set()
        self.wires = Connections() if protocol.runnable.connected else None
        # Faults of the step under way: they are recorded after it.
        self.pending_faults: list[tuple[str, dict[str, Any]]] = []
        self.hosts = {
            name: _Host(
                name,
                scenario.clocks.get(name, plan.Clock()),
                scenario.disks.get(name, scenario.disk).build(),
                {
                    other: scenario.link(name, other).build()
                    for other in scenario.nodes
                    if other != name
                },
            )
            for name in scenario.nodes
        }

    # The loop ------------------------------------------------------------------------------

    def push(
        self, time: float, kind: int, a: Any, b: Any = None, c: Any = None, d: Any = None
    ) -> None:
        self.sequence += 1
        heapq.heappush(self.heap, (round(time, 9), self.sequence, kind, a, b, c, d))

    def start(self, trace: str, replay: str | None, meta: Mapping[str, Any]) -> None:
        started: list[tuple[_Host, Effects]] = []
        for host in self.hosts.values():
            host.node = self.make_node(host.name, self.config)
            effects = host.node.handle(Start(), host.clock.show(0.0))
            if effects.action is not None:
                self.fail(f"called its start {effects.action!r}", "Start is no action")
            started.append((host, effects))
        if self.recorder is not None:
            self.recorder.begin(
                trace=trace,
                nodes={name: host.node for name, host in self.hosts.items()},
                constants=self.constants,
                durable={name: host.durable for name, host in self.hosts.items()},
                seed=self.seed,
                replay=replay,
                meta=meta,
            )
        for name, clock in self.scenario.clocks.items():
            if clock != plan.Clock():
                self.fault("drift", {"node": name, "offset": clock.offset, "drift": clock.drift})
        for event in self.scenario.events:
            self.push(event.time, _PLANNED, event)
        for host, effects in started:
            self.take(host, effects, None)

    def loop(self) -> str:
        """Let things happen until the run ends; return why it did."""
        heap, hosts = self.heap, self.hosts
        limit, step_limit = self.scenario.time_limit, self.scenario.step_limit
        while heap:
            time, _, kind, a, b, c, d = heapq.heappop(heap)
            if kind == _DELIVER:
                pass
            elif kind == _TIMER:
                host = hosts[a]
                if host.timers.get(b) != c:
                    continue
            elif kind == _FLUSH:
                if hosts[a].life != b:
                    continue
            elif kind == _NOTICE:
                if self.wires is None or self.wires.attached(a, b) != c:
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
                del host.timers[b]
                self.handle(host, Timeout(b))
            elif kind == _FLUSH:
                self.flush(hosts[a])
            elif kind == _TRY:
                self.ask(a)
            elif kind == _FOLLOW:
                self.put(a, b)
            elif kind == _ARRIVE:
                self.arrive(a, b, c, *d)
            elif kind == _NOTICE:
                self.disconnect(hosts[a], b)
                self.handle(hosts[a], Disconnected(b))
            else:
                self.happen(a)
            if self.stopped:
                return "stopped"
            if self.steps >= step_limit:
                return "step limit"
        return "quiet"

    # Nodes ---------------------------------------------------------------------------------

    def handle(
        self, host: _Host, event: NodeEvent, received: tuple[str, int, Message] | None = None
    ) -> None:
        clock = host.clock
        effects = host.node.handle(event, clock.offset + (1.0 + clock.drift) * self.now)
        self.take(host, effects, received)

    def take(
        self, host: _Host, effects: Effects, received: tuple[str, int, Message] | None
    ) -> None:
        """Do what a handler's effects ask for, and record the step that it was."""
        for timer in effects.timers:
            low, high = timer.low, timer.high
            if low is None or high is None:
                host.timers.pop(timer.timer, None)
                continue
            delay = low if low == high else low + (high - low) * self.timer_rng.random()
            self.sequence = number = self.sequence + 1
            at = round(self.now + delay / (1.0 + host.clock.drift), 9)
            heapq.heappush(self.heap, (at, number, _TIMER, host.name, timer.timer, number, None))
            host.timers[timer.timer] = number
        action = effects.action
        if action is None:
            if effects.sends or effects.write is not None:
                self.fail("sends or writes without naming an action", "give Effects an action")
            self.still += 1
            if self.still > _STILL:
                self.fail(
                    f"sets timers without end at {self.now} s, and no action comes of it",
                    "let such a timer wait",
                )
        for peer in effects.closes:
            self.disconnect(host, peer)
        leaving: list[tuple[int, str, Message]] = []
        if effects.write is not None:
            host.queue.append(_Queued(effects.write, effects.sends, effects.outputs))
            if len(host.queue) == 1:
                self.begin_write(host)
        elif host.queue:
            last = host.queue[-1]
            if effects.sends:
                last.sends = [*last.sends, *effects.sends]
            if effects.outputs:
                last.outputs = [*last.outputs, *effects.outputs]
        else:
            leaving = self.leave(host, effects.sends, effects.outputs)
        if action is not None:
            self.step(host, action, effects.params, received, leaving)

    def step(
        self,
        host: _Host,
        action: str,
        params: dict[str, Any],
        received: tuple[str, int, Message] | None,
        sent: list[tuple[int, str, Message]],
        *,
        flushed: bool = False,
    ) -> None:
        if action not in self.known_actions:
            self.fail(
                f"named the action {action!r}, which it does not list",
                f"its actions: {', '.join(self.protocol.specification.actions)}",
            )
        self.steps += 1
        self.still = 0
        self.actions[action] += 1
        if self.recorder is not None:
            # A handler changes the node alone, and a flush the disk alone.
            node, durable = host.node, None
            up = node is not None
            if flushed:
                node, durable = None, host.durable
            elif node is None:
                # The specification resets what is volatile when a node crashes; the view of
                # a node that came up with this disk shows to what.
                node = self.make_node(host.name, self.config)
                node.handle(RestartEvent(dict(host.durable)), host.clock.show(self.now))
                durable = host.durable
            self.recorder.step(
                self.now, host.name, action, params, received, sent, node, durable, up
            )
        if self.pending_faults:
            if self.recorder is not None:
                for kind, what in self.pending_faults:
                    self.recorder.fault(self.now, kind, what)
            self.pending_faults.clear()
        if self.stop_when is not None and not self.stopped:
            message = None if received is None else received[2]
            self.stopped = self.stop_when(
                StepView(self.now, host.name, action, message, host.node, self.tally.sent)
            )

    # The network ---------------------------------------------------------------------------

    def leave(
        self, host: _Host, sends: list[Send], outputs: list[Output | Redirect]
    ) -> list[tuple[int, str, Message]]:
        """Let messages and answers leave; return the messages with their numbers."""
        for output in outputs:
            if isinstance(output, Redirect):
                self.redirect(host, output)
            else:
                self.answer(host, output)
        if self.wires is not None:
            sends = self.connected(host, self.wires, sends)
        if not sends:
            return []
        leaving = [
            (number, send.to, send.message)
            for number, send in enumerate(sends, self.message_number)
        ]
        self.message_number += len(leaving)
        self.tally.sent += len(leaving)
        self.transmit(host, leaving)
        return leaving

    def transmit(self, host: _Host, leaving: list[tuple[int, str, Message]]) -> None:
        """Put messages on their links."""
        name, now = host.name, self.now
        for number, to, message in leaving:
            if to == name:
                self.push(now + LOOPBACK, _DELIVER, to, to, number, message)
                continue
            link = host.links.get(to)
            if link is None:
                self.fail(f"sends to {to!r}, which is no node", f"nodes: {', '.join(self.hosts)}")
            wire = None
            if self.wires is not None and message.transport != "datagram":
                wire = self.wires.number(name, to)
            if self.cut and (name, to) in self.cut:
                self.lose(number, to, "cut", name, wire)
                continue
            size = len(msgspec.json.encode(message)) if link.sized else 0
            arrivals, reordered = link.transmit(now, size, self.network_rng)
            if not arrivals:
                self.lose(number, to, "loss", name, wire)
                continue
            if wire is not None and self.wires is not None:
                at = self.wires.arrival(name, to, wire, arrivals[0])
                self.push(at, _ARRIVE, to, name, number, (message, wire))
                continue
            if reordered:
                self.note("reorder", {"id": number, "to": to})
            if len(arrivals) > 1:
                for _ in arrivals[1:]:
                    self.tally.duplicated += 1
                    self.note("duplicate", {"id": number, "to": to})
            for arrival in arrivals:
                self.sequence = sequence = self.sequence + 1
                heapq.heappush(
                    self.heap, (round(arrival, 9), sequence, _DELIVER, to, name, number, message)
                )

    def deliver(self, to: str, sender: str, number: int, message: Message) -> None:
        host = self.hosts[to]
        if host.node is None or (self.cut and (sender, to) in self.cut):
            self.lose(number, to, "down" if host.node is None else "cut")
            self.flush_notes()
            return
        self.tally.delivered += 1
        self.handle(host, Receive(sender, message), (sender, number, message))

    def lose(
        self, number: int, to: str, why: str, sender: str = "", wire: int | None = None
    ) -> None:
        """Note that a message is lost, and that this breaks the connection that it was sent on."""
        self.tally.lost += 1
        self.note("lose", {"id": number, "to": to, "why": why})
        if wire is not None and self.wires is not None and self.wires.lose(wire):
            self.notify(sender, to, wire)
            self.notify(to, sender, wire)

    # Connections ---------------------------------------------------------------------------

    def connected(self, host: _Host, wires: Connections, sends: list[Send]) -> list[Send]:
        """Open what is to be opened, and return what can leave."""
        leaving: list[Send] = []
        for send in sends:
            if send.message.transport == "opening":
                before = wires.open(host.name, send.to)
                if before is not None:
                    self.notify(send.to, host.name, before)
            elif (
                send.message.transport == "connection" and wires.number(host.name, send.to) is None
            ):
                continue
            leaving.append(send)
        return leaving

    def notify(self, end: str, peer: str, wire: int) -> None:
        """Let an end know, a moment later, that its connection is gone or broken."""
        self.push(self.now + NOTICE, _NOTICE, end, peer, wire)

    def arrive(self, to: str, sender: str, number: int, message: Message, wire: int) -> None:
        """Deliver what was sent on a connection."""
        host, wires = self.hosts[to], self.wires
        if wires is None or not wires.carries(wire):
            self.lose(number, to, "broken")
        elif host.node is None or (self.cut and (sender, to) in self.cut):
            self.lose(number, to, "down" if host.node is None else "cut", sender, wire)
        else:
            if message.transport == "opening":
                self.withdraw(host, sender)
                wires.accept(to, sender, wire)
            self.tally.delivered += 1
            self.handle(host, Receive(sender, message), (sender, number, message))
            return
        self.flush_notes()

    def disconnect(self, host: _Host, peer: str) -> None:
        """Close a node's end of a connection, and let the other end know."""
        if self.wires is None:
            self.fail("closes a connection", "say connected=True, which it does not")
        self.withdraw(host, peer)
        wire = self.wires.close(host.name, peer)
        if wire is not None:
            self.notify(peer, host.name, wire)

    def withdraw(self, host: _Host, peer: str) -> None:
        """Drop what waits for the disk and was to leave on a connection that is no more."""
        for waiting in host.queue:
            waiting.sends = [
                send
                for send in waiting.sends
                if send.to != peer or send.message.transport == "datagram"
            ]

    # Faults --------------------------------------------------------------------------------

    def note(self, kind: str, params: dict[str, Any]) -> None:
        """Count a fault, to be recorded after the step in which it happens."""
        self.faults[kind] += 1
        self.pending_faults.append((kind, params))

    def flush_notes(self) -> None:
        if self.recorder is not None:
            for kind, params in self.pending_faults:
                self.recorder.fault(self.now, kind, params)
        self.pending_faults.clear()

    def fault(self, kind: str, params: dict[str, Any]) -> None:
        self.note(kind, params)
        self.flush_notes()

    def happen(self, event: plan.ScenarioEvent) -> None:
        """Let something planned happen."""
        if isinstance(event, plan.ClientCommand):
            self.ask(self.request(event.client, event.operation, event.node))
        elif isinstance(event, plan.Crash):
            self.crash(self.hosts[event.node], event.keep)
        elif isinstance(event, plan.Restart):
            self.restart(self.hosts[event.node])
        elif isinstance(event, plan.Partition):
            for one in event.groups:
                for other in event.groups:
                    if one is not other:
                        self.cut.update((a, b) for a in one for b in other)
            self.fault("partition", {"groups": [list(group) for group in event.groups]})
        elif isinstance(event, plan.Cut):
            self.cut.add((event.sender, event.receiver))
            self.fault("one-way", {"from": event.sender, "to": event.receiver})
        elif isinstance(event, plan.Heal):
            self.heal(event)
        elif isinstance(event, plan.Slow):
            self.hosts[event.sender].links[event.receiver].factor = event.factor
            self.fault("slow", {"from": event.sender, "to": event.receiver, "factor": event.factor})
        elif isinstance(event, plan.SlowDisk):
            self.hosts[event.node].disk.factor = event.factor
            self.fault("slow-disk", {"node": event.node, "factor": event.factor})
        else:
            self.run_out(self.hosts[event.node], event.timer)

    def run_out(self, host: _Host, timer: str) -> None:
        """Let a timer run out now, if it is set."""
        # What lies in the heap for it is passed over, as if the node had set it anew.
        is_set = host.timers.pop(timer, None) is not None
        self.fault("timeout", {"node": host.name, "timer": timer, "set": is_set})
        if is_set:
            self.handle(host, Timeout(timer))

    def heal(self, event: plan.Heal) -> None:
        if event.sender is not None and event.receiver is not None:
            self.cut.discard((event.sender, event.receiver))
            self.hosts[event.sender].links[event.receiver].factor = 1.0
            self.fault("heal", {"from": event.sender, "to": event.receiver})
            return
        self.cut.clear()
        for host in self.hosts.values():
            host.disk.factor = 1.0
            for link in host.links.values():
                link.factor = 1.0
        self.fault("heal", {})

    # Disks, crashes, restarts --------------------------------------------------------------

    def begin_write(self, host: _Host) -> None:
        done = host.disk.complete(self.now, host.queue[0].write, self.disk_rng)
        self.push(done, _FLUSH, host.name, host.life)

    def flush(self, host: _Host) -> None:
        written = host.queue.popleft()
        self.protocol.runnable.apply_write(host.durable, written.write)
        leaving = self.leave(host, written.sends, written.outputs)
        if host.queue:
            self.begin_write(host)
        self.step(host, "Flush", {}, None, leaving, flushed=True)

    def crash(self, host: _Host, keep: int | None) -> None:
        waiting = len(host.queue)
        if keep is None:
            kept = int(self.fault_rng.random() < 0.5) if waiting else 0
        else:
            kept = min(keep, waiting)
        for _ in range(kept):
            self.protocol.runnable.apply_write(host.durable, host.queue.popleft().write)
        host.queue.clear()
        host.timers.clear()
        host.life += 1
        host.node = None
        if self.wires is not None:
            for peer in host.links:
                self.disconnect(host, peer)
        self.faults["crash"] += 1
        self.step(host, "Crash", {"kept": kept}, None, [])

    def restart(self, host: _Host) -> None:
        self.faults["restart"] += 1
        host.node = self.make_node(host.name, self.config)
        self.handle(host, RestartEvent(dict(host.durable)))

    # Clients -------------------------------------------------------------------------------

    def request(self, client: str, operation: Any, node: str) -> _Pending:
        """Return a client's next request, which is now asked for."""
        number = self.next_request[client]
        self.next_request[client] = number + 1
        pending = _Pending(client, number, operation, node, self.now)
        self.requests[client, number] = pending
        return pending

    def ask(self, pending: _Pending) -> None:
        """Let a client ask its node, and think of asking again."""
        retry = self.scenario.retry
        host = self.hosts[pending.node]
        if retry.next_node:
            pending.node = self.next_node(pending.node)
        if retry.every is not None:
            self.push(self.now + retry.every, _TRY, pending)
        self.put(pending, host.name)

    def put(self, pending: _Pending, name: str) -> None:
        """Let a client's request arrive at a node, if it is up."""
        host = self.hosts[name]
        if host.node is not None:
            self.handle(host, Command(pending.client, pending.request, pending.operation))

    def next_node(self, name: str) -> str:
        names = self.scenario.nodes
        probe = stream(self.seed, "probe")
        for step in range(1, len(names) + 1):
            candidate = names[(names.index(name) + step) % len(names)]
            if self.protocol.runnable.random_operation(self.config, probe, candidate) is not None:
                return candidate
        return name

    def redirect(self, host: _Host, output: Redirect) -> None:
        """Let a client ask where it was sent to, a moment later, and go on there."""
        pending = self.request_of(output)
        if output.to is None:
            return
        if output.to not in self.hosts:
            self.fail(f"sends a client to {output.to!r}, which is no node", "name a node, or None")
        pending.node = output.to
        self.push(self.now + REDIRECT, _FOLLOW, pending, output.to)

    def request_of(self, output: Output | Redirect) -> _Pending:
        pending = self.requests.get((output.client, output.request))
        if pending is None:
            self.fail(
                f"answers {output.client!r} on request {output.request!r}, which nobody made",
                "answer with the client and request of the Command",
            )
        return pending

    def answer(self, host: _Host, output: Output) -> None:
        answer = Answer(self.now, host.name, output.client, output.request, output.result)
        self.answers.append(answer)
        pending = self.request_of(output)
        if not pending.answered:
            pending.answered = True
            pending.returned, pending.result = self.now, output.result
            if self.follow_up is not None:
                operation = self.follow_up(answer)
                if operation is not None:
                    # In an event of its own: the step that answers is still under way.
                    self.push(self.now, _TRY, self.request(output.client, operation, host.name))

    # The end -------------------------------------------------------------------------------

    def fail(self, what: str, hint: str) -> NoReturn:
        raise InternalError(f"the protocol {self.protocol.name!r} {what}", hint=hint)

    def finish(self, reason: str) -> RunResult:
        final_values = {
            name: value
            for name, host in self.hosts.items()
            if host.node is not None
            and (value := self.protocol.runnable.final_value(host.node)) is not None
        }
        if self.recorder is not None:
            self.recorder.end(reason, self.now, final_values)
        tally = self.tally
        expected = self.protocol.specification.expected_actions
        return RunResult(
            seed=self.seed,
            reason=reason,
            steps=self.steps,
            time=self.now,
            sent=tally.sent,
            delivered=tally.delivered,
            lost=tally.lost,
            duplicated=tally.duplicated,
            actions=dict(sorted(self.actions.items())),
            expected=self.protocol.specification.actions
            if expected is None
            else expected(self.constants),
            faults=dict(sorted(self.faults.items())),
            answers=tuple(self.answers),
            calls=tuple(
                Call(
                    asked.client,
                    asked.request,
                    asked.operation,
                    asked.called,
                    asked.returned,
                    asked.result,
                )
                for asked in self.requests.values()
            ),
            requests=len(self.requests),
            unanswered=sum(not pending.answered for pending in self.requests.values()),
            final_values=final_values,
            nodes={name: host.node for name, host in self.hosts.items()},
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
    run = _Run(protocol, scenario, seed, recorder, bug, follow_up, stop_when)
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
