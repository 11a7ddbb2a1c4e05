"""Reading a large state graph, and a long counterexample."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from toolkit.tlc import Message
from toolkit.tlc.interpret import Interpreter

__all__ = ["bench_graph", "bench_trace"]

STATES, STEPS = 100_000, 500_000

READ = """
import resource, sys, time
from toolkit.tlc.graph import read_graph
started = time.perf_counter()
graph = read_graph(sys.argv[1])
frame = graph.states
seconds = time.perf_counter() - started
print(len(graph), len(graph.edges), seconds,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def dump_lines(states: int, steps: int) -> Iterator[str]:
    """Yield a dump as TLC writes it, of states like those of a small Paxos."""
    yield "strict digraph DiskGraph {\nnodesep=0.35;\nsubgraph cluster_graph {\n"
    each = steps // states
    for one in range(states):
        first = ",style = filled]" if one == 0 else "];"
        ballots = ", ".join(f"a{n} |-> {(one >> n) % 7 - 1}" for n in range(3))
        messages = ", ".join(
            f'[type |-> \\"1b\\", acc |-> a{n}, bal |-> {(one >> n) % 9}]' for n in range(3)
        )
        yield (
            f'{one * 7919 + 1} [label="/\\\\ maxBal = [{ballots}]\\n'
            f'/\\\\ msgs = {{{messages}}}\\n/\\\\ round = {one}"{first}\n'
        )
        for step in range(each):
            other = (one * 3 + step) % states
            yield (
                f"{one * 7919 + 1} -> {other * 7919 + 1} "
                f'[label="Phase{step % 4}",color="black",fontcolor="black"];\n'
            )
    yield "}\n}\n"


def bench_graph(table: Table) -> None:
    """Read a dump in a process of its own, since memory is measured too."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.dot"
        with file.open("w") as out:
            out.writelines(dump_lines(STATES, STEPS))
        size = file.stat().st_size / 2**20
        done = subprocess.run(
            [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, check=True
        )
    states, steps, seconds, memory = done.stdout.split()
    table.add_row(
        "reading a state graph, seconds",
        f"{int(states):,} states, {int(steps):,} steps, {size:.0f} MB; "
        f"{int(memory):,} MB of memory (goals: 15 s, 1,500 MB)",
        f"{float(seconds):.1f}",
    )


def bench_trace(table: Table, length: int = 10_000) -> None:
    """Read a long counterexample from TLC's messages."""
    interpreter = Interpreter()
    interpreter.take(Message(2110, 1, "Invariant Low is violated."))
    events = [
        Message(
            2217,
            4,
            f"{one + 1}: <Next line 5, col 9 to line 5, col 24 of module M>\n"
            f"/\\ round = {one}\n/\\ maxBal = [a0 |-> {one % 5}, a1 |-> {one % 7}]\n"
            f'/\\ msgs = {{[type |-> "1a", bal |-> {one}], [type |-> "1b", bal |-> {one % 3}]}}\n',
        )
        for one in range(length)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    for event in events:
        interpreter.take(event)
    example = interpreter.examples()[0]
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    table.add_row(
        "reading a counterexample, seconds",
        f"{len(example.states):,} states; {grown:,} MB more memory (goal: 5 s)",
        f"{seconds:.1f}",
    )
