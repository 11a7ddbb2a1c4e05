"""Raft, Multi-Paxos and Zab measured alike: messages, commands and validated steps a second."""

from __future__ import annotations

from rich.table import Table

from tests.bench.raft import commands_rate, message_rate, steps_rate
from toolkit.protocols import get_protocol, replicating_protocols
from toolkit.trace import MemorySink

__all__ = ["bench_logs"]


def bench_logs(
    table: Table,
    *,
    seconds: float = 2.0,
    repeats: int = 5,
    outstanding: int = 100,
    commands: int = 10_000,
    traces: int = 500,
    steps: int = 100,
) -> None:
    """Measure all protocols that keep a log, one after the other."""
    for name in replicating_protocols("kv"):
        protocol = get_protocol(name)
        for how, sink in (("off", None), ("on, kept in memory", MemorySink)):
            rate, result = message_rate(seconds, sink, repeats, protocol)
            table.add_row(
                f"{name}: simulated messages a second",
                f"recording {how}: 5 nodes, 3 clients that ask again when answered; "
                f"{result.delivered:,} messages, {len(result.answers):,} commands a run; processor "
                f"time, best of {repeats}",
                f"{rate:,.0f}",
            )
        rates = [commands_rate(outstanding, commands, {}, protocol)[1] for _ in range(3)]
        table.add_row(
            f"{name}: commands committed a second",
            f"3 nodes, {outstanding:,} outstanding, defaults; processor time, best of 3 runs of "
            f"{commands:,}",
            f"{max(rates):,.0f}",
        )
        report, alone = steps_rate(traces, steps, protocol)
        table.add_row(
            f"{name}: validated steps a second",
            f"{traces:,} traces of {steps} steps, 3 nodes, random faults; start included (without "
            f"it {traces * steps / max(report.duration - alone, 1e-9):,.0f})",
            f"{traces * steps / report.duration:,.0f}",
        )
