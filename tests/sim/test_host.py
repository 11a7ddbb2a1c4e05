"""What the simulator does with a node's effects, and with faults."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from toolkit.errors import InternalError, ScenarioError, SettingError, UnknownNameError
from toolkit.hosting import host
from toolkit.protocols import get_protocol
from toolkit.protocols.base import Effects, Event
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    LinkSettings,
    Passage,
    RunResult,
    ScenarioBuilder,
    StepView,
    load_scenario,
    random_scenario,
    simulate,
    simulate_trace,
)
from toolkit.trace import End, Fault, Header, MemorySink, NullSink, Step, Trace

Build = Callable[[], ScenarioBuilder]
Run = Callable[..., tuple[Trace, RunResult]]


def say(word: str, *to: str, **more: Any) -> dict[str, Any]:
    return {"say": word, "to": list(to), **more}


def shown(trace: Trace) -> list[tuple[str, str | None, list[str]]]:
    """Node, action and the words that left, of every step."""
    return [
        (step.node, step.action, [sent.message["word"] for sent in step.sent or ()])
        for step in trace.steps
    ]


def heard(result: RunResult, node: str) -> list[str]:
    words: list[str] = result.nodes[node].heard
    return words


# The output rule -----------------------------------------------------------------------------


def test_without_a_write_messages_leave_at_once(build: Build, run: Run) -> None:
    trace, _ = run(build().command(0.0, "c", say("a", "n2", answer=1), "n1"))
    assert shown(trace) == [("n1", "Do", ["a"]), ("n2", "HandleHeartbeat", [])]


def test_messages_wait_for_the_write_of_their_own_handler(build: Build, run: Run) -> None:
    trace, result = run(
        build().disk("constant(0.5)").command(0.0, "c", say("a", "n2", write=1, answer=9), "n1")
    )
    assert shown(trace) == [("n1", "Do", []), ("n1", "Flush", ["a"]), ("n2", "HandleHeartbeat", [])]
    assert [step.time for step in trace.steps] == [0.0, 0.5, 0.51]
    assert [(answer.time, answer.result) for answer in result.answers] == [(0.5, 9)]


def test_messages_of_later_handlers_wait_for_the_last_write_queued_before_them(
    build: Build, run: Run
) -> None:
    trace, result = run(
        build()
        .disk("constant(0.5)")
        .command(0.0, "c", say("a", "n2", write=1), "n1")
        .command(0.1, "c", say("b", "n2", answer="b"), "n1")
        .command(0.2, "c", say("c", "n2", write=2), "n1")
        .command(0.3, "c", say("d", "n2", answer="d"), "n1")
        .command(1.5, "c", say("e", "n2"), "n1")
    )
    at_n1 = [(action, words) for node, action, words in shown(trace) if node == "n1"]
    assert at_n1 == [
        ("Do", []), ("Do", []), ("Do", []), ("Do", []),
        ("Flush", ["a", "b"]), ("Flush", ["c", "d"]), ("Do", ["e"]),
    ]  # fmt: skip
    flushes = [step for step in trace.steps if step.action == "Flush"]
    assert [(step.time, step.state) for step in flushes] == [
        (0.5, {"durable": 1}),
        (1.0, {"durable": 2}),
    ]
    assert [(answer.time, answer.result) for answer in result.answers] == [(0.5, "b"), (1.0, "d")]


def test_a_write_that_takes_no_time_is_flushed_in_a_step_of_its_own(build: Build, run: Run) -> None:
    trace, _ = run(build().command(0.0, "c", say("a", "n1", write=1), "n1"))
    assert shown(trace) == [("n1", "Do", []), ("n1", "Flush", ["a"]), ("n1", "HandleHeartbeat", [])]
    assert trace.steps[0].state == {"x": 1}
    assert trace.steps[1].state == {"durable": 1}


# Crashes and restarts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "kept", "durable"), [(0, 0, None), (1, 1, 1), (2, 2, 2), (5, 3, 3)]
)
def test_a_crash_keeps_the_first_writes_and_loses_the_rest_with_what_they_held_back(
    build: Build, run: Run, keep: int, kept: int, durable: int | None
) -> None:
    builder = build().disk("constant(0.5)")
    for number in (1, 2, 3):
        builder.command(0.0, "c", say("a", "n2", write=number, answer=number), "n1")
    trace, result = run(builder.crash(0.1, "n1", keep=keep).restart(0.2, "n1"))
    crash, restart = trace.steps[-2:]
    assert (crash.action, crash.params, crash.sent) == ("Crash", {"kept": kept}, ())
    assert restart.action == "Restart"
    assert heard(result, "n2") == []
    assert result.answers == ()
    state = list(trace.states())[-1][1]["n1"]
    assert (state["durable"], state["x"], state["up"]) == (durable, durable, True)


def test_by_chance_a_crash_keeps_the_write_in_progress_or_not_but_no_other(
    build: Build, run: Run
) -> None:
    builder = build().disk("constant(0.5)")
    for number in (1, 2, 3):
        builder.command(0.0, "c", say("a", write=number), "n1")
    builder.crash(0.1, "n1").crash(0.1, "n2")
    kept = set()
    for seed in range(20):
        crashes = [step for step in run(builder, seed)[0].steps if step.action == "Crash"]
        kept.add(crashes[0].params["kept"] if crashes[0].params else None)
        assert crashes[1].params == {"kept": 0}
    assert kept == {0, 1}


def test_a_crash_shows_the_state_that_the_restart_will_find(build: Build, run: Run) -> None:
    trace, _ = run(
        build().command(0.0, "c", say("a", "n1", write=1), "n1").crash(0.1, "n1").restart(0.2, "n1")
    )
    crash, restart = trace.steps[-2:]
    assert crash.state == {"heard": {"#tup": []}, "up": False}
    assert restart.state == {"up": True}


def test_a_crash_forgets_timers_and_the_write_in_progress(build: Build, run: Run) -> None:
    trace, result = run(
        build()
        .disk("constant(0.5)")
        .command(0.0, "c", {"timers": [["t", 0.3, 0.3]], "write": 1}, "n1")
        .crash(0.1, "n1", keep=0)
        .restart(0.2, "n1")
    )
    assert [step.action for step in trace.steps] == ["Do", "Crash", "Restart"]
    assert result.reason == "quiet"


def test_a_message_to_a_node_that_is_down_is_lost_and_one_that_comes_later_is_not(
    build: Build, run: Run
) -> None:
    builder = build().crash(0.0, "n2").restart(0.1, "n2")
    builder.command(0.05, "c", say("early", "n2"), "n1")
    builder.command(0.095, "c", say("late", "n2"), "n1")
    trace, result = run(builder)
    assert heard(result, "n2") == ["late"]
    assert [(fault.fault, fault.params) for fault in trace.faults] == [
        ("lose", {"id": 0, "to": "n2", "why": "down"})
    ]


# Clocks and timers ---------------------------------------------------------------------------


def test_a_timer_runs_on_the_clock_of_its_node(build: Build, run: Run) -> None:
    order = {"timers": [["t", 1.0, 1.0]]}
    builder = build().clock("n2", offset=5.0, drift=0.25)
    builder.command(1.0, "c", order, "n1").command(1.0, "c", order, "n2")
    trace, result = run(builder)
    ticks = {step.node: step.time for step in trace.steps if step.action == "Tick"}
    assert ticks == {"n1": 2.0, "n2": 1.8}
    assert result.nodes["n2"].times == [5.0, 6.25, 7.25]
    assert [(fault.fault, fault.params) for fault in trace.faults] == [
        ("drift", {"node": "n2", "offset": 5.0, "drift": 0.25})
    ]


def test_a_timer_that_is_set_again_runs_out_once_and_a_cancelled_one_never(
    build: Build, run: Run
) -> None:
    trace, result = run(
        build()
        .command(0.0, "c", {"timers": [["t", 1.0, 1.0], ["u", 1.0, 1.0]]}, "n1")
        .command(0.5, "c", {"timers": [["t", 1.0, 1.0], ["u", None, None]]}, "n1")
    )
    assert heard(result, "n1") == ["timer t"]
    assert (trace.steps[-1].time, result.time) == (1.5, 1.5)


def test_a_timer_is_drawn_from_its_range(build: Build, run: Run) -> None:
    builder = build().command(0.0, "c", {"timers": [["t", 1.0, 3.0]]}, "n1")
    times = [run(builder, seed)[1].time for seed in range(50)]
    assert len(set(times)) == 50
    assert 1.0 <= min(times) < 1.3
    assert 2.7 < max(times) <= 3.0


def test_a_scenario_lets_a_timer_run_out_before_its_time_and_then_not_again(
    build: Build, run: Run
) -> None:
    order = {"timers": [["t", 1.0, 3.0], ["u", 2.0, 2.0]]}
    builder = build().command(0.0, "c", order, "n1").command(0.0, "c", order, "n2")
    trace, result = run(builder.timeout(0.5, "n1", "t"))
    assert heard(result, "n1") == ["timer t", "timer u"]
    ticks = [(step.node, step.time) for step in trace.steps if step.action == "Tick"]
    assert ticks[0] == ("n1", 0.5)
    # What else is drawn stays as it was.
    alone = run(build().command(0.0, "c", order, "n1").command(0.0, "c", order, "n2"))[0]
    others = [(step.node, step.time) for step in alone.steps if step.action == "Tick"]
    assert set(ticks[1:]) < set(others)
    assert len(ticks) == len(others) == 4
    assert [(fault.time, fault.fault, fault.params) for fault in trace.faults] == [
        (0.5, "timeout", {"node": "n1", "timer": "t", "set": True})
    ]
    assert result.faults["timeout"] == 1


def test_a_timer_that_is_not_set_cannot_run_out_nor_one_of_a_node_that_is_down(
    build: Build, run: Run
) -> None:
    order = {"timers": [["t", 1.0, 1.0]]}
    builder = build().timeout(0.0, "n1", "t").command(0.1, "c", order, "n2").crash(0.2, "n2")
    trace, result = run(builder.timeout(0.3, "n2", "t"))
    assert [step.action for step in trace.steps] == ["Do", "Crash"]
    assert heard(result, "n1") == []
    assert [fault.params["set"] for fault in trace.faults] == [False, False]


def test_a_timer_set_while_it_runs_out_is_set(build: Build, run: Run) -> None:
    builder = build().command(0.0, "c", {"timers": [["t", 1.0, 1.0]]}, "n1")
    builder.timeout(0.5, "n1", "t").command(0.5, "c", {"timers": [["t", 1.0, 1.0]]}, "n1")
    trace, _ = run(builder)
    assert [step.time for step in trace.steps if step.action == "Tick"] == [0.5, 1.5]


def test_a_timer_that_the_protocol_does_not_have_is_refused(build: Build, run: Run) -> None:
    with pytest.raises(ScenarioError, match=r"puppet has no timer 'tik' \(did you mean 'tick'\?\)"):
        run(build().timeout(0.5, "n1", "tik"))
    with pytest.raises(ScenarioError, match=r"no timer 'never' \(its timers: t, u, tick\)"):
        run(build().timeout(0.5, "n1", "never"))


@pytest.mark.parametrize("name", ["paxos", "raft"])
def test_a_protocol_lists_the_timers_that_it_sets(name: str) -> None:
    protocol = get_protocol(name)
    names = set()

    def make_node(node: str, config: Any) -> Any:
        made = protocol.runnable.make_node(node, config)
        handle = made.handle

        def watched(event: Event, now: float) -> Effects:
            effects: Effects = handle(event, now)
            names.update(timer.timer for timer in effects.timers)
            return effects

        made.handle = watched
        return made

    settings = {"snapshot": "3"} if name == "raft" else {}
    plan = random_scenario(protocol, ["n1", "n2", "n3"], 1, settings=settings)
    simulate(protocol.altered(make_node=make_node), plan, seed=1)
    assert names == set(protocol.runnable.timers)


# Each kind of fault changes what comes out ---------------------------------------------------


def two_words(builder: ScenarioBuilder) -> ScenarioBuilder:
    builder.command(0.1, "c", say("a", "n2"), "n1").command(0.105, "c", say("b", "n2"), "n1")
    return builder.command(0.2, "c", say("c", "n1"), "n2")


FAULTS: dict[str, tuple[Callable[[ScenarioBuilder], object], list[str], list[str]]] = {
    "none": (lambda b: None, ["a", "b"], ["c"]),
    "loss": (lambda b: b.network(loss=1.0), [], []),
    "duplicate": (lambda b: b.network(duplicate=1.0), ["a", "a", "b", "b"], ["c", "c"]),
    "a slow link": (lambda b: b.slow(0.1, "n1", "n2", 2.0).heal(0.102), ["b", "a"], ["c"]),
    "a slow link, FIFO": (
        lambda b: b.network(fifo=True).slow(0.1, "n1", "n2", 2.0).heal(0.102),
        ["a", "b"],
        ["c"],
    ),
    "a partition": (lambda b: b.partition(0.0, ["n1"], ["n2"]), [], []),
    "a partition without them": (
        lambda b: b.partition(0.0, ["n1", "n2"], ["n3"]), ["a", "b"], ["c"],
    ),
    "a cut": (lambda b: b.cut(0.0, "n1", "n2"), [], ["c"]),
    "a cut the other way": (lambda b: b.cut(0.0, "n2", "n1"), ["a", "b"], []),
    "a cut that heals": (lambda b: b.cut(0.0, "n1", "n2").heal(0.15), [], ["c"]),
    "a cut that heals before": (lambda b: b.cut(0.0, "n1", "n2").heal(0.104), ["b"], ["c"]),
    "another link heals": (
        lambda b: b.cut(0.0, "n1", "n2").cut(0.0, "n2", "n1").heal(0.05, "n2", "n1"),
        [],
        ["c"],
    ),
    "cut while under way": (lambda b: b.cut(0.11, "n1", "n2").heal(0.112), ["b"], ["c"]),
    "cut and healed under way": (
        lambda b: b.cut(0.101, "n1", "n2").heal(0.102), ["a", "b"], ["c"],
    ),
    "a lossy link": (lambda b: b.link("n2", "n1", loss=1.0), ["a", "b"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_what_is_heard(build: Build, run: Run, name: str) -> None:
    change, at_n2, at_n1 = FAULTS[name]
    builder = build()
    change(builder)
    trace, result = run(two_words(builder))
    assert (heard(result, "n2"), heard(result, "n1")) == (at_n2, at_n1)
    copies = result.sent + result.duplicated
    assert copies == result.delivered + result.lost
    lost = [fault for fault in trace.faults if fault.fault == "lose"]
    assert len(lost) == result.lost == 3 + result.duplicated - len(at_n1) - len(at_n2)
    assert len([f for f in trace.faults if f.fault == "duplicate"]) == result.duplicated
    assert {kind: n for kind, n in result.faults.items() if n} == {
        kind: len([f for f in trace.faults if f.fault == kind])
        for kind in sorted({f.fault for f in trace.faults})
    }


def test_reordering_lets_later_messages_overtake_and_is_recorded(build: Build, run: Run) -> None:
    outcomes = {}
    for seed in range(20):
        builder = build().network(reorder=0.5, reorder_by="constant(0.02)")
        trace, result = run(two_words(builder), seed)
        reordered = tuple(f.params["id"] for f in trace.faults if f.fault == "reorder")
        outcomes[reordered] = heard(result, "n2")
    assert outcomes[(0,)] == ["b", "a"]
    assert outcomes[()] == ["a", "b"]


def test_a_slow_disk_flushes_later_until_it_heals(build: Build, run: Run) -> None:
    builder = build().disk("constant(0.1)").disk("constant(0.2)", "n2")
    builder.slow_disk(0.0, "n1", 3.0).command(0.0, "c", {"write": 1}, "n1")
    builder.command(0.0, "c", {"write": 1}, "n2")
    builder.heal(0.5).command(0.5, "c", {"write": 2}, "n1")
    trace, _ = run(builder)
    flushed = [(step.node, step.time) for step in trace.steps if step.action == "Flush"]
    assert flushed == [("n2", 0.2), ("n1", 0.3), ("n1", 0.6)]


def test_what_a_node_sends_to_itself_is_neither_lost_nor_doubled_nor_cut(
    build: Build, run: Run
) -> None:
    builder = build().network(loss=1.0).partition(0.0, ["n1"], ["n2", "n3"])
    _, result = run(builder.command(0.1, "c", say("a", "n1", "n2"), "n1"))
    assert heard(result, "n1") == ["a"]
    assert (result.time, result.lost) == (0.100001, 1)
    _, result = run(build().network(duplicate=1.0).command(0.0, "c", say("a", "n1", "n2"), "n1"))
    assert (heard(result, "n1"), heard(result, "n2")) == (["a"], ["a", "a"])


def test_what_a_node_sends_to_itself_is_lost_when_it_goes_down(build: Build, run: Run) -> None:
    trace, result = run(
        build().command(0.1, "c", say("a", "n1"), "n1").crash(0.1, "n1").restart(0.2, "n1")
    )
    assert heard(result, "n1") == []
    assert trace.faults[0].params == {"id": 0, "to": "n1", "why": "down"}


def test_a_link_of_ones_own_takes_part_and_is_told_the_size(build: Build, run: Run) -> None:
    sizes = []

    class Modem:
        factor = 1.0
        sized = True

        def transmit(self, now: float, size: int, rng: object) -> Passage:
            sizes.append(size)
            return Passage((now + size / 1000,))

    class Modems(LinkSettings):
        def build(self) -> Modem:
            return Modem()

    builder = build().network_as(Modems()).command(0.0, "c", say("abcdef", "n2"), "n1")
    trace, _ = run(builder)
    assert sizes == [len(b'{"type":"text","word":"abcdef"}')]
    assert trace.steps[-1].time == pytest.approx(sizes[0] / 1000)
    assert "of the class Modems: text cannot say it" in trace.header.meta["scenario"]


# Clients -------------------------------------------------------------------------------------


def test_a_client_asks_again_until_it_is_answered(build: Build, run: Run) -> None:
    builder = build().retry(0.5).crash(0.0, "n1").restart(1.2, "n1")
    trace, result = run(builder.command(0.1, "c", {"answer": "yes"}, "n1"))
    assert [step.time for step in trace.steps if step.action == "Do"] == [1.6]
    assert (result.reason, result.requests, result.unanswered) == ("quiet", 1, 0)
    assert (result.answers[0].client, result.answers[0].request) == ("c", 0)


def test_a_client_that_does_not_ask_again_stays_unanswered(build: Build, run: Run) -> None:
    builder = build().crash(0.0, "n1").restart(1.2, "n1")
    _, result = run(builder.command(0.1, "c", {"answer": "yes"}, "n1"))
    assert (result.reason, result.unanswered, result.decided) == ("quiet", 1, False)


def test_a_client_may_turn_to_the_next_node_that_takes_commands(build: Build, run: Run) -> None:
    builder = build().retry(0.5, next_node=True).limit(time=2.2)
    trace, result = run(builder.command(0.0, "c", {}, "n1"))
    assert [step.node for step in trace.steps] == ["n1", "n2", "n1", "n2", "n1"]
    assert result.unanswered == 1


def test_requests_of_a_client_are_numbered(build: Build, run: Run) -> None:
    builder = build()
    for client in ("c", "d", "c"):
        builder.command(0.0, client, {"answer": client}, "n1")
    _, result = run(builder)
    assert [(a.client, a.request) for a in result.answers] == [("c", 0), ("d", 0), ("c", 1)]


# How runs end --------------------------------------------------------------------------------


def test_a_run_says_why_it_ended(build: Build, run: Run) -> None:
    def ticking() -> ScenarioBuilder:
        return build().retry(1.0).command(0.0, "c", {}, "n1")

    trace, result = run(build().command(0.0, "c", {}, "n1"))
    assert (result.reason, result.time) == ("quiet", 0.0)
    assert trace.end == End(reason="quiet", steps=1, time=0.0)
    trace, result = run(ticking().limit(time=3.5))
    assert (result.reason, result.time, result.steps) == ("time limit", 3.5, 4)
    trace, result = run(ticking().limit(steps=3))
    assert (result.reason, result.time, result.steps) == ("step limit", 2.0, 3)
    assert trace.end is not None
    assert trace.end.steps == len(trace.steps) == 3


# Recording -----------------------------------------------------------------------------------


def test_the_header_tells_what_is_observed_and_how_all_began(build: Build, run: Run) -> None:
    trace, _ = run(build().command(0.0, "c", {}, "n1"), 7)
    header = trace.header
    assert header.observed == ("durable", "heard", "up", "x")
    initial = {"heard": {"#tup": []}, "x": None, "durable": None, "up": True}
    assert header.initial == dict.fromkeys(("n1", "n2", "n3"), initial)
    assert (header.seed, header.trace, header.protocol) == (7, "test-7", "puppet")


def test_a_step_records_what_changed_and_nothing_else(build: Build, run: Run) -> None:
    builder = build().command(0.0, "c", {"write": 1}, "n1").command(0.1, "c", {"write": 1}, "n1")
    trace, _ = run(builder)
    assert [step.state for step in trace.steps] == [{"x": 1}, {"durable": 1}, {}, {}]


def test_received_and_sent_carry_the_same_number(build: Build, run: Run) -> None:
    trace, _ = run(build().command(0.0, "c", say("a", "n2", "n3"), "n1"))
    sent = {(m.to, m.id) for m in trace.steps[0].sent or ()}
    received = {(s.node, s.received.id) for s in trace.steps if s.received}
    assert sent == received == {("n2", 0), ("n3", 1)}


class Failing(MemorySink):
    """Fails at a record."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("the disk is full")

    def begin(self, header: Header) -> None:
        self.count()
        super().begin(header)

    def step(self, step: Step) -> None:
        self.count()
        super().step(step)

    def fault(self, fault: Fault) -> None:
        self.count()
        super().fault(fault)

    def end(self, end: End) -> None:
        self.count()
        super().end(end)


@pytest.mark.parametrize("at", [0, 1, 5, 15, 16])
def test_a_sink_that_fails_changes_nothing_but_the_recording(at: int) -> None:
    paxos, scenario = get_protocol("paxos"), load_scenario("paxos-lost-acceptor")
    undisturbed = replace(simulate(paxos, scenario, seed=3), nodes={})
    result = simulate(paxos, scenario, seed=3, sink=(sink := Failing(at)))
    assert result.sink_error == "OSError: the disk is full"
    assert replace(result, nodes={}, sink_error=None) == undisturbed
    assert sum(1 + len(trace.records) for trace in sink.traces) == at


def test_a_view_that_fails_changes_nothing_but_the_recording(
    puppet: Protocol, build: Build
) -> None:
    def failing(node: object) -> dict[str, Any]:
        raise ZeroDivisionError

    broken = puppet.altered(variables=failing)
    scenario = build().command(0.0, "c", say("a", "n2"), "n1").build()
    assert simulate(broken, scenario, sink=MemorySink()).steps == 2
    assert simulate(broken, scenario, sink=NullSink()).sink_error is None
    with pytest.raises(InternalError, match="could not be recorded: ZeroDivisionError"):
        simulate_trace(broken, scenario)


def test_recording_changes_nothing_in_the_run() -> None:
    paxos, scenario = get_protocol("paxos"), load_scenario("paxos-partition")
    results = [
        replace(simulate(paxos, scenario, seed=5, sink=sink), nodes={})
        for sink in (None, NullSink(), MemorySink())
    ]
    assert results[0] == results[1] == results[2]


# Determinism ---------------------------------------------------------------------------------

SCRIPT = """
import sys
from toolkit.protocols import get_protocol
from toolkit.sim import simulate_runs
from toolkit.trace import TraceWriter
with TraceWriter(sys.stdout.buffer) as sink:
    simulate_runs(get_protocol("paxos"), runs=20, seed=1, nodes=5, sink=sink)
"""


def test_traces_have_the_same_bytes_whatever_the_hash_seed() -> None:
    digests = set()
    for hash_seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        )
        assert done.stdout.count(b"\n") > 1000
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1


def test_another_seed_makes_another_run(build: Build, run: Run) -> None:
    builder = build().network(delay="uniform(0, 1)").command(0.0, "c", say("a", "n2"), "n1")
    assert len({run(builder, seed)[1].time for seed in range(10)}) == 10


def test_drawing_more_for_the_disk_leaves_the_network_as_it_was(build: Build, run: Run) -> None:
    def travel(write: str) -> float:
        builder = build().network(delay="uniform(0, 1)").disk(write)
        builder.command(0.0, "c", {"write": 1}, "n3").command(2.0, "c", say("a", "n2"), "n1")
        return run(builder)[1].time

    assert travel("constant(0.1)") == travel("uniform(0, 0.2)")


# Rules that a protocol must keep -------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (say("a", "n2", action=None), "sends or writes without naming an action"),
        ({"action": None, "write": 1}, "sends or writes without naming an action"),
        ({"action": "Dance"}, "took the action 'Dance'"),
        (say("a", "n9"), "sends to an unknown node 'n9'"),
        ({"answer": 1, "client": "x"}, "answers an unknown request 0 of client 'x'"),
        ({"timers": [["endless", 0.0, 0.0]]}, "had 1,000 timeouts in a row"),
    ],
)
def test_a_protocol_that_breaks_the_rules_is_named(
    build: Build, run: Run, monkeypatch: pytest.MonkeyPatch, order: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(host, "IDLE_LIMIT", 1000)
    with pytest.raises(InternalError, match=rf"the (protocol 'puppet'|node 'n1') {said}"):
        run(build().command(0.0, "c", order, "n1"))


def test_a_scenario_of_another_protocol_is_refused(puppet: Protocol) -> None:
    with pytest.raises(SettingError, match="is for 'paxos', not 'puppet'"):
        simulate(puppet, load_scenario("paxos-happy"))


def test_an_unknown_planted_bug_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'forgets-promise'"):
        simulate(get_protocol("paxos"), load_scenario("paxos-happy"), bug="forget-promise")


def test_a_planted_bug_takes_effect_and_is_noted_in_the_header() -> None:
    paxos, scenario = get_protocol("paxos"), load_scenario("paxos-value-adopted")
    right, _ = simulate_trace(paxos, scenario)
    wrong, _ = simulate_trace(paxos, scenario, bug="ignores-accepted")
    assert wrong.header.meta["bug"] == "ignores-accepted"
    assert "bug" not in right.header.meta
    assert right.end is not None
    assert wrong.end is not None
    assert (right.end.results["n2"], wrong.end.results["n2"]) == ("v1", "v2")


def test_a_trace_survives_its_file(build: Build, run: Run) -> None:
    trace, _ = run(two_words(build().network(duplicate=0.5)))
    again = msgspec.convert(msgspec.to_builtins(trace), Trace)
    assert again == trace


# Who looks on --------------------------------------------------------------------------------


def looked_at(
    name: str = "raft-happy", stop: int | None = None
) -> tuple[list[StepView], RunResult]:
    """Run a scenario with somebody who looks on, and ends the run after so many steps."""
    seen: list[StepView] = []

    def until(moment: StepView) -> bool:
        seen.append(moment)
        return len(seen) == stop

    result = simulate(get_protocol("raft"), load_scenario(name), seed=1, stop_when=until)
    return seen, result


def test_who_looks_on_sees_every_step_and_changes_nothing() -> None:
    trace, plain = simulate_trace(get_protocol("raft"), load_scenario("raft-happy"), seed=1)
    seen, result = looked_at()
    assert [(one.time, one.node, one.action) for one in seen] == [
        (step.time, step.node, step.action) for step in trace.steps
    ]
    assert [None if one.received is None else one.received.term for one in seen] == [
        None if step.received is None else step.received.message["term"] for step in trace.steps
    ]
    assert (result.steps, result.sent, result.answers) == (plain.steps, plain.sent, plain.answers)
    assert seen[-1].sent == result.sent
    assert all(one.state is not None for one in seen)


def test_who_looks_on_ends_the_run_after_the_step() -> None:
    whole, _ = looked_at()
    for stop in (1, 5, len(whole)):
        seen, result = looked_at(stop=stop)
        assert [one[:3] for one in seen] == [one[:3] for one in whole[:stop]]
        assert (result.reason, result.steps) == ("stopped", stop)
        assert result.time == whole[stop - 1].time


def test_a_node_that_is_down_shows_no_state() -> None:
    seen, _ = looked_at("raft-figure-8-d")
    crashes = [one for one in seen if one.action == "Crash"]
    assert len(crashes) == 3
    assert all(one.state is None for one in crashes)
