"""Random runs: lively, within bounds, reproducible one by one; and their summary."""

from __future__ import annotations

import io
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from toolkit.errors import SettingError
from toolkit.protocols import get_protocol
from toolkit.sim import (
    Bounds,
    Crash,
    Heal,
    Restart,
    Slow,
    SlowDisk,
    Summary,
    format_scenario,
    load_scenario,
    parse_scenario,
    random_scenario,
    simulate,
    simulate_runs,
    simulate_trace,
)
from toolkit.trace import MemorySink, Sink, TraceWriter

PAXOS = get_protocol("paxos")
KINDS = {
    "crash", "drift", "duplicate", "heal", "lose", "one-way", "partition", "reorder", "restart",
    "slow", "slow-disk",
}  # fmt: skip


def recorded(**options: object) -> tuple[bytes, Summary]:
    stream = io.BytesIO()
    summary = simulate_runs(PAXOS, sink=TraceWriter(stream), **options)  # type: ignore[arg-type]
    return stream.getvalue(), summary


@pytest.fixture(scope="module")
def thousand() -> Summary:
    return simulate_runs(PAXOS, runs=1000, seed=1)


def test_a_thousand_runs_are_lively_and_see_every_fault_and_action(thousand: Summary) -> None:
    assert thousand.median_steps >= 100
    assert set(thousand.faults) == KINDS
    assert min(thousand.faults.values()) >= 100
    assert set(thousand.actions) == set(PAXOS.specification.actions)
    assert min(thousand.actions.values()) >= 100
    assert thousand.steps == sum(thousand.actions.values())


def test_nearly_all_of_a_thousand_runs_decide_and_come_to_rest(thousand: Summary) -> None:
    assert thousand.decided >= 990
    assert thousand.reasons["quiet"] >= 950
    assert thousand.unanswered <= 0.01 * thousand.requests


def test_runs_of_five_nodes_are_lively_too() -> None:
    assert simulate_runs(PAXOS, runs=200, seed=1, nodes=5).median_steps >= 100


def test_the_same_runs_have_the_same_bytes() -> None:
    assert recorded(runs=5, seed=1)[0] == recorded(runs=5, seed=1)[0]


def test_a_run_among_many_is_the_run_of_its_seed_alone() -> None:
    many, _ = recorded(runs=4, seed=1)
    alone, summary = recorded(runs=1, seed=3)
    assert alone in many
    assert summary.outcomes[0].seed == 3


@pytest.mark.parametrize(
    "options",
    [
        {"nodes": 5, "duration": 2.5},
        {"settings": {"values": "a b,c"}, "bug": "forgets-promise"},
        {"scenario": "paxos-duelling", "settings": {"backoff": "0.1"}, "duration": 0.5},
    ],
)
def test_the_command_in_a_header_says_what_makes_the_trace_again(
    options: dict[str, object],
) -> None:
    sink = MemorySink()
    simulate_runs(PAXOS, runs=3, seed=7, sink=sink, **options)  # type: ignore[arg-type]
    header = sink.traces[2].header
    assert header.replay is not None
    words = shlex.split(header.replay)
    assert words[:3] == ["toolkit", "simulate", "paxos"]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    assert (given["--seed"], given["--runs"]) == ("9", "1")
    key, _, value = given.get("--set", "").partition("=")
    again = MemorySink()
    simulate_runs(
        PAXOS,
        runs=int(given["--runs"]),
        seed=int(given["--seed"]),
        scenario=given.get("--scenario"),
        nodes=int(given["--nodes"]) if "--nodes" in given else None,
        settings={key: value} if key else {},
        duration=float(given["--duration"]) if "--duration" in given else None,
        bug=given.get("--bug"),
        sink=again,
    )
    assert again.traces == [sink.traces[2]]


def test_a_run_that_no_command_can_repeat_does_not_claim_one() -> None:
    sink = MemorySink()
    simulate_runs(PAXOS, bounds=Bounds(crashes=0), sink=sink)
    simulate_runs(PAXOS, nodes=["a", "b"], sink=sink)
    simulate_runs(PAXOS, scenario=replace(load_scenario("paxos-happy"), source=None), sink=sink)
    assert [trace.header.replay for trace in sink.traces] == [None, None, None]


def test_a_random_run_can_be_repeated_from_its_printed_scenario() -> None:
    for seed in range(20):
        scenario = random_scenario(PAXOS, ["n1", "n2", "n3"], seed)
        again = parse_scenario(format_scenario(scenario))
        assert again == scenario
        assert simulate_trace(PAXOS, again)[0] == simulate_trace(PAXOS, scenario)[0]


def test_the_header_holds_the_scenario_that_ran() -> None:
    scenario = random_scenario(PAXOS, ["n1", "n2", "n3"], 5)
    trace, _ = simulate_trace(PAXOS, scenario)
    assert parse_scenario(trace.header.meta["scenario"]) == scenario


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**64),
    nodes=st.integers(1, 7),
    bounds=st.builds(
        Bounds,
        duration=st.floats(0.01, 100),
        window=st.floats(0.01, 1),
        loss=st.floats(0, 1),
        crashes=st.integers(0, 8),
        partitions=st.integers(0, 3),
        slow_links=st.integers(0, 3),
        slow_disks=st.integers(0, 3),
        slowdown=st.floats(1, 100),
        commands=st.tuples(st.integers(0, 3), st.integers(3, 6)),
    ),
)
def test_random_scenarios_stay_within_their_bounds(seed: int, nodes: int, bounds: Bounds) -> None:
    names = [f"n{number}" for number in range(nodes)]
    scenario = random_scenario(PAXOS, names, seed, bounds)
    end = bounds.duration * bounds.window
    assert scenario.time_limit == bounds.duration
    assert scenario.network.loss <= bounds.loss + 1e-3
    counts = Counter(type(event) for event in scenario.events)
    assert counts[Crash] == counts[Restart] <= bounds.crashes
    assert counts[SlowDisk] <= bounds.slow_disks
    assert counts[Slow] <= bounds.slow_links
    for event in scenario.events:
        if not hasattr(event, "operation"):
            assert event.time <= end + 1e-3
        if isinstance(event, Slow | SlowDisk):
            assert 1 <= event.factor <= bounds.slowdown * 1.001
    assert isinstance(scenario.events[-1], Heal)
    assert parse_scenario(format_scenario(scenario)) == scenario


def test_bounds_that_nothing_lies_within_are_refused() -> None:
    for wrong in ({"loss": 1.5}, {"commands": (3, 2)}, {"duration": 0.0}, {"window": 2.0}):
        with pytest.raises(SettingError, match="bounds are out of range"):
            Bounds(**wrong)  # type: ignore[arg-type]


def test_faults_of_zero_bounds_never_happen() -> None:
    calm = Bounds(loss=0, duplicate=0, reorder=0, crashes=0, partitions=0, cuts=0, slow_links=0,
                  slow_disks=0, drift=0, offset=0)  # fmt: skip
    summary = simulate_runs(PAXOS, runs=30, seed=1, bounds=calm)
    assert set(summary.faults) == {"heal"}
    assert (summary.lost, summary.duplicated) == (0, 0)
    assert summary.actions["Crash"] == 0


# The summary ---------------------------------------------------------------------------------


def test_the_summary_adds_up_its_runs() -> None:
    sink = MemorySink()
    seen: list[tuple[int, int]] = []
    summary = simulate_runs(
        PAXOS, runs=10, seed=4, sink=sink, progress=lambda done, runs: seen.append((done, runs))
    )
    assert seen == [(number, 10) for number in range(1, 11)]
    steps = [len(trace.steps) for trace in sink.traces]
    assert [outcome.steps for outcome in summary.outcomes] == steps
    assert (summary.runs, summary.recorded, summary.steps) == (10, 10, sum(steps))
    assert summary.median_steps == (sorted(steps)[4] + sorted(steps)[5]) / 2
    actions = Counter(step.action for trace in sink.traces for step in trace.steps)
    assert summary.actions == {action: actions[action] for action in PAXOS.specification.actions}
    faults = Counter(fault.fault for trace in sink.traces for fault in trace.faults)
    assert summary.faults == dict(
        sorted({**faults, "crash": actions["Crash"], "restart": actions["Restart"]}.items())
    )
    assert sum(summary.reasons.values()) == summary.decided + summary.undecided == 10
    assert [outcome.trace for outcome in summary.outcomes] == [
        trace.header.trace for trace in sink.traces
    ]
    assert summary.to_json()["outcomes"][3]["seed"] == 7


def test_undecided_runs_are_counted() -> None:
    summary = simulate_runs(PAXOS, runs=3, scenario="paxos-happy", duration=0.02)
    assert (summary.decided, summary.undecided) == (0, 3)
    assert summary.reasons == {"time limit": 3}


def test_a_scenario_brings_its_own_seed_unless_another_is_given() -> None:
    assert simulate_runs(PAXOS, scenario="paxos-happy").seed == 1
    assert simulate_runs(PAXOS, scenario="paxos-happy", seed=5).seed == 5
    assert simulate(PAXOS, load_scenario("paxos-happy")).seed == 1


def test_each_trace_may_have_a_sink_of_its_own() -> None:
    sinks: dict[str, MemorySink] = {}
    closed = []

    @contextmanager
    def own(name: str) -> Iterator[Sink]:
        sinks[name] = MemorySink()
        yield sinks[name]
        closed.append(name)

    summary = simulate_runs(PAXOS, runs=2, seed=1, sink_factory=own)
    assert list(sinks) == closed == [outcome.trace for outcome in summary.outcomes]
    assert [sink.traces[0].header.trace for sink in sinks.values()] == closed


def test_when_a_sink_fails_the_runs_go_on_and_the_summary_says_so() -> None:
    class Full(MemorySink):
        def end(self, end: object) -> None:
            raise OSError("no space left")

    sink = Full()
    summary = simulate_runs(PAXOS, runs=3, seed=1, sink=sink)
    assert (summary.runs, summary.recorded) == (3, 0)
    assert summary.sink_error == "OSError: no space left"
    assert len(sink.traces) == 1
    assert summary.outcomes == simulate_runs(PAXOS, runs=3, seed=1).outcomes


def test_a_trace_that_is_torn_leaves_no_file(tmp_path: Path) -> None:
    class Full(TraceWriter):
        def end(self, end: object) -> None:
            raise OSError("no space left")

    summary = simulate_runs(
        PAXOS, runs=2, seed=1, sink_factory=lambda name: Full(tmp_path / f"{name}.ndjson")
    )
    assert (summary.runs, summary.recorded) == (2, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": 0}, "runs must be at least 1, got 0"),
        ({"nodes": 0}, "nodes must be at least 1, got 0"),
        ({"duration": 0.0}, "at least 0.01 s, got 0.0 s"),
        ({"duration": float("nan")}, "at least 0.01 s, got nan s"),
        ({"scenario": "paxos-happy", "nodes": 3}, "cannot be given with a scenario"),
        ({"settings": {"backof": "1"}}, "unknown setting 'backof'"),
        ({"sink": MemorySink(), "sink_factory": MemorySink}, "cannot be given together"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        simulate_runs(PAXOS, **options)  # type: ignore[arg-type]
