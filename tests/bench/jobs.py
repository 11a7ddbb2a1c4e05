"""How much faster several processes make runs than one."""

from __future__ import annotations

import io
import time

from rich.table import Table

from toolkit.protocols import protocol_names
from toolkit.sim import simulate_runs
from toolkit.sim.processes import count_jobs
from toolkit.trace import TraceWriter

__all__ = ["bench_jobs"]


def _seconds(name: str, runs: int, jobs: int) -> tuple[float, bytes]:
    stream = io.BytesIO()
    started = time.perf_counter()
    simulate_runs(name, runs=runs, seed=1, jobs=jobs, sink=TraceWriter(stream))
    return time.perf_counter() - started, stream.getvalue()


def bench_jobs(table: Table, runs: int) -> None:
    """Record runs with random faults in one process and in one for each core, in turn.

    The start of the processes counts.

    Raises
    ------
    AssertionError
        If the bytes differ.
    """
    cores = count_jobs(0)
    for name in protocol_names():
        one, expected = _seconds(name, runs, 1)
        several, found = _seconds(name, runs, cores)
        assert found == expected, name
        table.add_row(f"{runs:,} runs of {name}, recorded", "1 process", f"{one:.1f} s")
        how = f"{cores} processes: {one / several:.2f} times as fast"
        table.add_row("", how, f"{several:.1f} s")
