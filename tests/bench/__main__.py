"""What ``make bench`` measures: the simulator, validation, TLC's bridge, logs, figures.

Nothing here asserts a time: figures depend on the machine, which is named beside them.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.bench.controlled import bench_controlled
from tests.bench.figures import bench_figures
from tests.bench.graph import bench_graph, bench_trace
from tests.bench.jobs import bench_jobs
from tests.bench.logs import bench_logs
from tests.bench.raft import bench_commands, bench_growth, bench_messages, bench_steps
from tests.bench.start import bench_minute, bench_start, raw_tlc
from tests.bench.values import bench_values
from toolkit.conformance import validate
from toolkit.errors import InternalError
from toolkit.protocols import get_protocol
from toolkit.sim import Scenario, parse_scenario, simulate, simulate_runs, simulate_trace
from toolkit.tlc import check, find_java, load_manifest
from toolkit.trace import MemorySink, NullSink, Sink, Trace, TraceWriter

SCENARIO = """scenario bench
protocol paxos
nodes n1 n2 n3
set proposers n1
set learners n1,n3
network delay uniform(0.001, 0.02) loss 0.05 duplicate 0.05
disk write uniform(0.0001, 0.001)
at 0.0 client c1 sends v1 to n1
limit time 5 steps 1000
"""


def simulated(scenario: Scenario, runs: int, sink: Callable[[], Sink] | None) -> float:
    """Return simulated steps per second."""
    protocol = get_protocol("paxos")
    steps = 0
    started = time.perf_counter()
    for seed in range(runs):
        result = simulate(protocol, scenario, seed=seed, sink=None if sink is None else sink())
        steps += result.steps
    return steps / (time.perf_counter() - started)


def bench_simulator(table: Table, runs: int) -> None:
    """Measure recording off (two ways) and on (two ways)."""
    scenario = parse_scenario(SCENARIO)
    simulated(scenario, 50, MemorySink)
    for name, sink in (
        ("recording off (no sink)", None),
        ("recording off (null sink)", NullSink),
        ("recording on, kept in memory", MemorySink),
        ("recording on, written as NDJSON", lambda: TraceWriter(io.BytesIO())),
    ):
        rate = statistics.median(simulated(scenario, runs, sink) for _ in range(3))
        table.add_row("simulated steps a second", name, f"{rate:,.0f}")


def bench_validation(table: Table, count: int) -> None:
    """Validate many traces in one go, and one trace alone for what a start costs.

    Short traces of one scenario, which often begin alike, and long ones with random faults,
    which share next to nothing.
    """
    protocol = get_protocol("paxos")
    scenario = parse_scenario(SCENARIO)
    short = [simulate_trace(protocol, scenario, seed=seed)[0] for seed in range(count)]
    validation_rows(table, "one scenario", short, goal=True)
    sink = MemorySink()
    simulate_runs(protocol, runs=max(1, count // 10), seed=1, nodes=3, sink=sink)
    validation_rows(table, "random faults", sink.traces, goal=False)


def bench_invariants(table: Table, runs: int) -> None:
    """Validate Raft's runs with random faults, with invariants and without, by one worker."""
    protocol = get_protocol("raft")
    sink = MemorySink()
    simulate_runs(protocol, runs=runs, seed=1, nodes=3, duration=3.0, sink=sink)
    steps = [len(trace.steps) for trace in sink.traces]
    seconds = {}
    for invariants in (True, False):
        report = validate(sink.traces, invariants=invariants, workers=1)
        if not report.ok:
            raise InternalError("the benchmark's traces were not all accepted")
        seconds[invariants] = report.duration
    table.add_row(
        "validated steps a second",
        f"Raft, random faults, one worker: {runs:,} traces of {statistics.median(steps):.0f} "
        "steps (median), invariants on, start included",
        f"{sum(steps) / seconds[True]:,.0f}",
    )
    table.add_row("", "the same, invariants off", f"{sum(steps) / seconds[False]:,.0f}")
    table.add_row(
        "",
        "time with invariants to time without",
        f"{seconds[True] / seconds[False]:.2f}",
    )


def validation_rows(table: Table, what: str, traces: list[Trace], *, goal: bool) -> None:
    """Validate traces, and say how fast that was."""
    steps = [len(trace.steps) for trace in traces]
    alone = min(validate(traces[:1]).duration for _ in range(3))
    report = validate(traces)
    if not report.ok:
        raise InternalError("the benchmark's traces were not all accepted")
    name = (
        f"{what}: {len(traces):,} traces of {statistics.median(steps):.0f} steps (median), "
        f"{sum(steps):,} steps, of these distinct by their past {report.distinct_steps:,}"
    )
    table.add_row(
        "validated steps a second",
        f"{name}, start included",
        f"{sum(steps) / report.duration:,.0f}",
    )
    table.add_row(
        "",
        f"without the start ({alone:.1f} s, that of one trace alone)"
        f"{'; goal 15,000' if goal else ''}",
        f"{sum(steps) / max(report.duration - alone, 1e-9):,.0f}",
    )
    table.add_row("", f"seconds in all, {report.tlc_seconds:.1f} of them in TLC",
                  f"{report.duration:.1f}")  # fmt: skip


def bench_bridge(table: Table, pairs: int) -> None:
    """Run the largest model that is not long, raw and through the bridge, turn about.

    With one worker: it takes more than ten seconds then, and the machine's other processor is
    left to what else goes on.
    """
    manifest = load_manifest()
    model = max(
        (model for model in manifest.models if model.size != "long" and model.outcome == "success"),
        key=lambda model: model.distinct or 0,
    )
    spec, config = manifest.path.parent / model.spec, manifest.path.parent / model.config
    workers = 1
    ratios: list[float] = []
    times: dict[str, list[float]] = {"raw": [], "bridge": []}
    for turn in range(pairs):
        # The order changes from pair to pair, so that neither always profits from warm caches.
        seconds = {}
        for which in ("raw", "bridge") if turn % 2 == 0 else ("bridge", "raw"):
            if which == "raw":
                seconds[which] = raw_tlc(spec, config, deadlock=model.deadlock, workers=workers)
            else:
                started = time.perf_counter()
                result = check(spec, config, deadlock=model.deadlock, workers=workers)
                seconds[which] = time.perf_counter() - started
                if result.distinct != model.distinct:
                    raise InternalError(f"{model.name}: {result.distinct} states, not as pinned")
        ratios.append(seconds["bridge"] / seconds["raw"])
        for which, figure in seconds.items():
            times[which].append(figure)
    fastest = min(times["bridge"]) / min(times["raw"])
    table.add_row(
        "TLC through the bridge over raw TLC",
        f"model {model.name}, {model.distinct:,} states, one worker, "
        f"{statistics.median(times['raw']):.1f} s raw; median of {pairs} pairs "
        f"({', '.join(f'{ratio:.3f}' for ratio in ratios)}); fastest over fastest {fastest:.3f}; "
        "goal 1.03",
        f"{statistics.median(ratios):.3f}",
    )


def main() -> int:
    """Measure what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        help="simulator, jobs, validation, invariants, bridge, start, minute, graph, trace, "
        "values, controlled; of Raft: messages, commands, steps, growth; of all three logs: logs; "
        "figures; all by default",
    )
    parser.add_argument("--runs", type=int, default=2000, help="simulated runs for each figure")
    parser.add_argument("--traces", type=int, default=10_000, help="traces to validate")
    parser.add_argument("--raft-traces", type=int, default=2_000, help="Raft traces to validate")
    parser.add_argument(
        "--random-traces", type=int, default=300, help="Raft traces with random faults to validate"
    )
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs of TLC")
    options = parser.parse_args()
    parts = {
        "simulator": lambda: bench_simulator(table, options.runs),
        "jobs": lambda: bench_jobs(table, options.runs // 4),
        "validation": lambda: bench_validation(table, options.traces),
        "invariants": lambda: bench_invariants(table, options.random_traces),
        "bridge": lambda: bench_bridge(table, options.pairs),
        "start": lambda: bench_start(table, options.pairs),
        "minute": lambda: bench_minute(table, options.pairs),
        "graph": lambda: bench_graph(table),
        "trace": lambda: bench_trace(table),
        "values": lambda: bench_values(table),
        "messages": lambda: bench_messages(table),
        "commands": lambda: bench_commands(table),
        "steps": lambda: bench_steps(table, traces=options.raft_traces),
        "growth": lambda: bench_growth(table),
        "logs": lambda: bench_logs(table),
        "controlled": lambda: bench_controlled(table),
        "figures": lambda: bench_figures(table),
    }
    for part in options.parts:
        if part not in parts:
            parser.error(f"there is no part {part!r}")
    load = os.getloadavg()[0]
    table = Table(
        title=f"{os.cpu_count()} processors ({platform.machine()}), load {load:.1f} at the start, "
        f"Python {platform.python_version()}, Java {find_java().version}"
    )
    for column in ("what", "how"):
        table.add_column(column, overflow="fold")
    table.add_column("figure", justify="right", no_wrap=True)
    for name in options.parts or parts:
        print(f"measuring: {name} ...", file=sys.stderr, flush=True)
        parts[name]()
        table.add_section()
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
