"""Raft on the simulator: messages a second, committed commands a second, and how both grow."""

from __future__ import annotations

import gc
import io
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from rich.table import Table

from tests.bench.pysyncobj_cluster import pysyncobj_rate
from toolkit.conformance import validate
from toolkit.errors import InternalError
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    Answer,
    Constant,
    LinkSettings,
    Retry,
    RunResult,
    Scenario,
    ScenarioBuilder,
    random_scenario,
    simulate,
)
from toolkit.sim.leaders import who_leads
from toolkit.trace import MemorySink, Sink, TraceWriter

__all__ = ["bench_commands", "bench_growth", "bench_messages", "bench_steps"]

RAFT = get_protocol("raft")
FIRST = 1.0
"""Seconds until clients begin; by then there is a leader."""

OUTSTANDING = ((1, 3_000), (100, 20_000), (10_000, 60_000))
"""Commands outstanding, and how many are to be committed."""

SETTINGS = ({}, {"window": "1", "batch": "10000"})
"""Ours: as they are by default, and a request at a time to each follower, with all that waits."""


class _Enough(Exception):  # noqa: N818 - no error, only the way out of a run
    """As much was committed as was to be."""


class Load:
    """Clients that ask for the next thing as soon as they are answered.

    Parameters
    ----------
    count : int, optional
        After so many answers the run is left.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count
        self.answers = 0
        self.wall = self.cpu = 0.0

    def __call__(self, answer: Answer) -> Any:
        if not self.answers:
            self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.answers += 1
        if self.answers == self.count:
            self.wall = time.perf_counter() - self.wall
            self.cpu = time.process_time() - self.cpu
            raise _Enough
        return {"op": "put", "key": answer.client, "value": self.answers}


def scenario(
    nodes: int,
    clients: int,
    seconds: float,
    settings: dict[str, str] | None = None,
    protocol: Protocol = RAFT,
) -> Scenario:
    """Return a scenario in which clients ask the leader for something when there is one."""
    names = [f"n{number}" for number in range(1, nodes + 1)]
    builder = ScenarioBuilder("bench", protocol.name, names)
    for key, value in (settings or {}).items():
        builder.set(key, value)
    builder.limit(time=FIRST, steps=10**9)
    leader = who_leads(protocol, builder.build(), 1)
    if leader is None:
        raise InternalError("nobody leads when clients are to begin")
    for number in range(clients):
        client = f"c{number}"
        builder.command(FIRST, client, {"op": "put", "key": client, "value": 0}, leader)
    return builder.limit(time=FIRST + seconds).build()


def check_once(result: RunResult, protocol: Protocol = RAFT) -> None:
    """Insist that every client was answered once for a request, and all servers agree."""
    asked = [(answer.client, answer.request) for answer in result.answers]
    if len(set(asked)) < len(asked):
        raise InternalError("a request was answered twice")
    stores = {repr(node.sessions.machine.snapshot()) for node in result.nodes.values()}
    assert protocol.log is not None
    committed = protocol.log.committed
    lengths = {committed(protocol.runnable.variables(node)) for node in result.nodes.values()}
    if len(lengths) == 1 and len(stores) > 1:
        raise InternalError("servers that applied as much hold different things")


def message_rate(
    seconds: float,
    sink: Callable[[], Sink] | None,
    repeats: int,
    protocol: Protocol = RAFT,
) -> tuple[float, RunResult]:
    """Return messages handled a second of processor time, in the best of some runs."""
    plan = scenario(5, 3, seconds, protocol=protocol)
    best = float("inf")
    for _ in range(repeats):
        into = None if sink is None else sink()
        started = time.process_time()
        result = simulate(protocol, plan, seed=1, sink=into, follow_up=Load())
        best = min(best, time.process_time() - started)
    check_once(result, protocol)
    return result.delivered / best, result


def bench_messages(table: Table, *, seconds: float = 2.0, repeats: int = 7) -> None:
    """Measure messages a second on one core, with recording off and on."""
    for name, sink, goal in (
        ("recording off", None, "; goal 60,000"),
        ("recording on, kept in memory", MemorySink, "; goal 30,000"),
        ("recording on, written as NDJSON", lambda: TraceWriter(io.BytesIO()), ""),
    ):
        rate, result = message_rate(seconds, sink, repeats)
        table.add_row(
            "simulated Raft messages a second",
            f"{name}: 5 nodes, default settings, network and disk, 3 clients that ask again when "
            f"answered; {result.delivered:,} messages, {result.steps:,} steps, "
            f"{len(result.answers):,} commands a run; processor time, best of {repeats}{goal}",
            f"{rate:,.0f}",
        )


def commands_rate(
    outstanding: int, count: int, settings: dict[str, str], protocol: Protocol = RAFT
) -> tuple[float, float]:
    """Return committed commands a second, of wall time and of processor time."""
    plan = replace(
        scenario(3, outstanding, 1e6, settings, protocol),
        network=LinkSettings(delay=Constant(0.001), fifo=True),
        retry=Retry(None),
    )
    load = Load(count)
    try:
        simulate(protocol, plan, seed=1, follow_up=load)
    except _Enough:
        return (count - 1) / load.wall, (count - 1) / load.cpu
    raise InternalError("the run ended before enough was committed")


def bench_commands(
    table: Table,
    *,
    sizes: Iterable[tuple[int, int]] = OUTSTANDING,
    pairs: int = 3,
    limit: float = 4.0,
) -> None:
    """Measure committed commands a second, ours and PySyncObj's turn about."""
    for outstanding, count in sizes:
        rates: dict[str, list[tuple[float, float]]] = {}
        for _ in range(pairs):
            for settings in SETTINGS:
                name = ", ".join(f"{key}={value}" for key, value in settings.items()) or "defaults"
                rate = commands_rate(outstanding, count, settings)
                rates.setdefault(f"ours, {name}", []).append(rate)
            for batch in (True, False):
                rate = pysyncobj_rate(outstanding, count, limit, batch=batch)
                rates.setdefault(f"PySyncObj, appendEntriesUseBatch={batch}", []).append(rate)
        best = {name: max(wall for wall, _ in found) for name, found in rates.items()}
        theirs = max(rate for name, rate in best.items() if name.startswith("PySyncObj"))
        for name, found in rates.items():
            wall, cpu = (statistics.median(one) for one in zip(*found, strict=True))
            ratio = (
                f"; best over PySyncObj's best {best[name] / theirs:.2f}, goal above 1"
                if name.startswith("ours")
                else ""
            )
            table.add_row(
                "commands committed a second, 3 nodes",
                f"{outstanding:,} outstanding: {name} (median of {pairs}; {cpu:,.0f} a second of "
                f"processor time{ratio})",
                f"{wall:,.0f}",
            )
    table.add_row(
        "",
        "ours: one process, simulated network (1 ms, in order, as TCP keeps it) and disk (0 s), "
        "every write durable before it is answered, sessions, no sockets, nothing pickled; clients "
        "do not repeat themselves.  PySyncObj: one process, three nodes over loopback sockets, "
        "driven by doTick(0) in turn, pickled, its log in memory, wall clock, no sessions",
        "",
    )


def steps_rate(traces: int, steps: int, protocol: Protocol = RAFT) -> tuple[Any, float]:
    """Validate traces with random faults; return the report, and the seconds for one alone."""
    sink = MemorySink()
    names = ["n1", "n2", "n3"]
    seed = 0
    while len(sink.traces) < traces:
        seed += 1
        plan = replace(random_scenario(protocol, names, seed), step_limit=steps)
        simulate(protocol, plan, seed=seed, sink=sink)
        if len(sink.traces[-1].steps) < steps:
            sink.traces.pop()
    alone = validate(sink.traces[:1]).duration
    report = validate(sink.traces)
    if not report.ok:
        raise InternalError("the benchmark's traces were not all accepted")
    return report, alone


def bench_steps(table: Table, *, traces: int = 2_000, steps: int = 100) -> None:
    """Measure how fast Raft traces with random faults are validated."""
    report, alone = steps_rate(traces, steps)
    total = traces * steps
    table.add_row(
        "validated Raft steps a second",
        f"{traces:,} traces of {steps} steps, 3 nodes, random faults; of these steps "
        f"{report.distinct_steps:,} distinct by their past; start included; goal 5,000",
        f"{total / report.duration:,.0f}",
    )
    table.add_row(
        "",
        f"without the start ({alone:.1f} s, that of one trace alone)",
        f"{total / max(report.duration - alone, 1e-9):,.0f}",
    )
    table.add_row("", f"seconds in all, {report.tlc_seconds:.1f} of them in TLC",
                  f"{report.duration:.1f}")  # fmt: skip


def second_of(nodes: int, seconds: float) -> tuple[float, float]:
    """Return processor seconds for a simulated second, and for a message in microseconds."""
    plan = scenario(nodes, 3, seconds)
    started = time.process_time()
    result = simulate(RAFT, plan, seed=1, follow_up=Load())
    taken = time.process_time() - started
    return taken / result.time, 1e6 * taken / result.delivered


def server_memory(seconds: float, snapshot: int) -> tuple[int, int, int]:
    """Return commands answered, most entries that a server holds, and bytes of the servers.

    The bytes are what tracemalloc has seen allocated during the run and is alive when nothing
    but the three servers is kept: their logs, machines and sessions.  In this process they
    share the entries themselves.
    """
    settings = {"window": "1", "batch": "1000", "snapshot": str(snapshot), "chunk": "100000"}
    plan = scenario(3, 20, seconds, settings)
    gc.collect()
    tracemalloc.start()
    try:
        result = simulate(RAFT, plan, seed=1, follow_up=Load())
        answers, nodes = len(result.answers), list(result.nodes.values())
        del result
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return answers, max(len(node.log) for node in nodes), size


def bench_growth(
    table: Table,
    *,
    clusters: Iterable[int] = (3, 5, 7, 9, 13, 17, 21),
    seconds: float = 2.0,
    lengths: Iterable[float] = (1.0, 2.0, 4.0, 8.0),
    snapshot: int = 500,
) -> None:
    """Measure what a larger cluster costs, and what a longer log does."""
    for nodes in clusters:
        taken, each = second_of(nodes, seconds)
        table.add_row(
            "processor seconds for a simulated second",
            f"{nodes} nodes, default settings, 3 clients that ask again when answered; "
            f"{each:.1f} microseconds a message",
            f"{taken:.3f}",
        )
    for setting in (0, snapshot):
        for length in lengths:
            answers, held, size = server_memory(length, setting)
            how = f"a snapshot each {setting} entries" if setting else "no snapshots"
            table.add_row(
                "MB of three servers (tracemalloc)",
                f"{how}: after {answers:,} commands, {held:,} entries held at most; 20 clients, "
                "each with a key of its own",
                f"{size / 1e6:.2f}",
            )
