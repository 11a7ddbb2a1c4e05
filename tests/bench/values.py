"""How fast TLA+ values are read, written and turned into tables."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence

from rich.table import Table

from toolkit.errors import InternalError
from toolkit.values import Value, format_value, parse_state, text, to_frame, to_itf

SERVERS = ("s1", "s2", "s3")


def paxos_state(rng: random.Random) -> str:
    """Return a state of a Paxos with a set of messages, about 200 characters, as TLC prints it."""

    def message() -> str:
        ballot, acceptor = rng.randrange(4), f"a{rng.randint(1, 3)}"
        return rng.choice([
            f'[type |-> "1a", bal |-> {ballot}]',
            f'[type |-> "1b", acc |-> {acceptor}, bal |-> {ballot}, mbal |-> -1, mval |-> None]',
            f'[type |-> "2a", bal |-> {ballot}, val |-> v{ballot % 2}]',
            f'[type |-> "2b", acc |-> {acceptor}, bal |-> {ballot}, val |-> v{ballot % 2}]',
        ])  # fmt: skip

    def each(draw: Callable[[], object]) -> str:
        return "(" + " @@ ".join(f"a{number} :> {draw()}" for number in (1, 2, 3)) + ")"

    messages = sorted({message() for _ in range(rng.randrange(4))})
    return "\n".join([
        f"/\\ maxBal = {each(lambda: rng.randrange(-1, 4))}",
        f"/\\ maxVBal = {each(lambda: rng.randrange(-1, 4))}",
        f"/\\ maxVal = {each(lambda: rng.choice(['None', 'v0', 'v1']))}",
        f"/\\ msgs = {{{', '.join(messages)}}}",
    ])  # fmt: skip


def raft_state(rng: random.Random) -> str:
    """Return a state of a Raft, about 320 characters, as TLC prints it."""

    def each(draw: Callable[[], object]) -> str:
        return "(" + " @@ ".join(f"{server} :> {draw()}" for server in SERVERS) + ")"

    def log() -> str:
        entries = [
            f"[term |-> {rng.randrange(4)}, value |-> v{rng.randrange(2)}]"
            for _ in range(rng.randrange(3))
        ]
        return f"<<{', '.join(entries)}>>"

    def votes() -> str:
        return "{" + ", ".join(rng.sample(SERVERS, rng.randrange(4))) + "}"

    roles = ('"Leader"', '"Follower"', '"Candidate"')
    return "\n".join([
        f"/\\ currentTerm = {each(lambda: rng.randrange(4))}",
        f"/\\ state = {each(lambda: rng.choice(roles))}",
        f"/\\ log = {each(log)}",
        f"/\\ votesGranted = {each(votes)}",
        f"/\\ commitIndex = {each(lambda: rng.randrange(3))}",
    ])  # fmt: skip


def unlike_state(rng: random.Random) -> str:
    """Return a state, about 200 characters, of which no other shares any part."""
    numbers = [rng.randrange(10**6) for _ in range(9)]
    return (
        "/\\ f = (s1 :> {} @@ s2 :> {} @@ s3 :> {})\n"
        "/\\ r = [a |-> {}, b |-> <<{}, {}>>, c |-> {{{}}}, d |-> [x |-> {}]]\n"
        '/\\ m = {{[type |-> "prepare", bal |-> {}, acc |-> a1], [type |-> "x", bal |-> 1]}}'
    ).format(*numbers)


def seconds(work: Callable[[], object], turns: int = 3) -> float:
    """Return the median of the seconds that a piece of work takes."""
    taken = []
    for _ in range(turns):
        gc.collect()
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def written(rows: list[dict[str, Value]]) -> list[tuple[str, float]]:
    """Return how many seconds each form takes in which states leave again."""
    return [
        ("as text", seconds(lambda: [format_value(v) for row in rows for v in row.values()], 1)),
        ("as ITF", seconds(lambda: [to_itf(v) for row in rows for v in row.values()], 1)),
        ("as a table", seconds(lambda: to_frame(rows), 1)),
        ("as a flat table", seconds(lambda: to_frame(rows, flatten=True), 1)),
    ]


def bench_values(table: Table, states: int = 100_000, trace: int = 10_000) -> None:
    """Measure reading, writing and tables.

    Parameters
    ----------
    table : rich.table.Table
        Takes the rows: what, how, figure.
    states : int
        States to read for each figure.
    trace : int
        States of a trace, read once from a parser that remembers nothing.
    """
    for name, make, goal in (
        ("a Paxos with messages", paxos_state, "; goal 10 s"),
        ("a Raft", raft_state, ""),
        ("states that share nothing", unlike_state, ""),
    ):
        rng = random.Random(1)
        texts = [make(rng) for _ in range(states)]
        size = statistics.mean(map(len, texts))

        def read(texts: Sequence[str] = texts) -> list[dict[str, Value]]:
            forget()
            return [parse_state(one) for one in texts]

        figure = seconds(read)
        table.add_row(
            "seconds to read states",
            f"{name}: {states:,}, {size:.0f} characters each{goal if states == 100_000 else ''}",
            f"{figure:.1f}",
        )
        rows = read()
        rest = ", ".join(f"{what} {figure:.1f}" for what, figure in written(rows))
        table.add_row("", f"the same out again: {rest}", "")
    rng = random.Random(2)
    texts = [raft_state(rng) for _ in range(trace)]

    def read_trace() -> None:
        forget()
        if len([parse_state(one) for one in texts]) != trace:
            raise InternalError("states were lost")

    table.add_row(
        "seconds to read a trace",
        f"{trace:,} states of a Raft, the text only; goal 5 s",
        f"{seconds(read_trace):.2f}",
    )


def forget() -> None:
    """Empty the parser's memory, so that no figure profits from an earlier one."""
    text._KNOWN.clear()
    text._VARIABLES.clear()
