"""Reading a large state graph, and a long counterexample."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.table import Table

from toolkit.errors import InternalError
from toolkit.tlc import Message, SpecSource, check
from toolkit.tlc.interpret import Interpreter

__all__ = ["bench_graph", "bench_trace"]

COUNT = 100_000

# States like those of a small Paxos, each with five steps; one more than N, the initial one.
MODULE = """---- MODULE Large ----
EXTENDS Integers
CONSTANT N
VARIABLES round, maxBal, msgs
vars == <<round, maxBal, msgs>>
Acceptors == {"a1", "a2", "a3"}
Go(k) ==
  /\\ round' = k
  /\\ maxBal' = [a \\in Acceptors |-> ((IF a = "a1" THEN k ELSE IF a = "a2" THEN k \\div 7
                                      ELSE k \\div 49) % 7) - 1]
  /\\ msgs' = {[type |-> "1b", acc |-> a, bal |-> (k \\div 3) % 9] : a \\in Acceptors}
             \\cup {[type |-> "1a", bal |-> k % 11]}
Init == round = 0 /\\ maxBal = [a \\in Acceptors |-> -1] /\\ msgs = {}
Next ==
  \\/ \\E d \\in 1..3 : Go((2 * round + d) % N)
  \\/ Go((round + (N \\div 2)) % N)
  \\/ Go((7 * round + 5) % N)
Spec == Init /\\ [][Next]_vars
====
"""

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


def bench_graph(table: Table) -> None:
    """Read a dump that TLC made, in a process of its own, since memory is measured too."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.dot"
        result = check(
            SpecSource("Large", {"Large": MODULE}, f"SPECIFICATION Spec CONSTANT N = {COUNT}"),
            workers=1,
            options=["-dump", "dot,actionlabels", str(file.with_suffix(""))],
        )
        size = file.stat().st_size / 2**20
        done = subprocess.run(
            [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, check=True
        )
    states, steps, seconds, memory = done.stdout.split()
    # Every state that TLC generated is the initial one or the end of a step.
    if (int(states), int(steps) + 1) != (result.distinct, result.generated):
        raise InternalError(
            f"{states} states and {steps} steps were read, and TLC counted {result.distinct} "
            f"states and generated {result.generated}"
        )
    table.add_row(
        "reading a state graph, seconds",
        f"{int(states):,} states, {int(steps):,} steps, {size:.0f} MB, written by TLC; "
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
