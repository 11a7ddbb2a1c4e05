"""The controlled host: choices, saved states, restored states and digests a second."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from rich.table import Table

from toolkit.controlled import Choice, ControlledHost
from toolkit.protocols import get_protocol, protocol_names

__all__ = ["bench_controlled"]

NODES = ("n1", "n2", "n3")


def schedule(protocol: str, seed: int, count: int) -> list[Choice]:
    """Return random choices, a command first and now and then."""
    rng = random.Random(seed)
    host = ControlledHost(get_protocol(protocol), NODES)
    operation = host.protocol.runnable.random_operation
    for number in range(count):
        possible = host.possible(crashes=2, losses=count // 20)
        asked = operation(host.config, rng, "n1") if number % 20 == 0 else None
        if asked is not None:
            host.choose(Choice.command("c", asked, "n1"))
        elif possible:
            host.choose(rng.choice(possible))
    return host.history


def rate(count: int, repeats: int, work: Callable[[], Any]) -> float:
    """Return how often something is done a second of processor time, in the best of some runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return count / best


def bench_controlled(table: Table, *, choices: int = 400, repeats: int = 5) -> None:
    """Measure each protocol on a random schedule, and on the states that it goes through."""
    for name in protocol_names():
        _bench_protocol(table, name, choices, repeats)


def _bench_protocol(table: Table, name: str, choices: int, repeats: int) -> None:
    history = schedule(name, 1, choices)
    protocol = get_protocol(name)

    def follow(each: Callable[[ControlledHost], Any] | None = None) -> ControlledHost:
        host = ControlledHost(protocol, NODES)
        for choice in history:
            host.choose(choice)
            if each is not None:
                each(host)
        return host

    end = follow()
    saved = end.save()
    how = f"{len(history)} random choices, 3 nodes; processor time, best of {repeats}"
    alone = rate(len(history), repeats, follow)
    table.add_row(f"{name}: choices a second", how, f"{alone:,.0f}")
    for what, each in (
        ("listing what is possible", lambda host: host.possible(crashes=2)),
        ("saving the state", ControlledHost.save),
        ("digest of the state", ControlledHost.digest),
    ):
        both = rate(len(history), repeats, lambda each=each: follow(each))
        alone_again = rate(len(history), repeats, follow)
        seconds = max(1 / both - 1 / alone_again, 1e-9)
        table.add_row(
            f"{name}: {what}, a second", f"{how}; after each choice", f"{1 / seconds:,.0f}"
        )
    undone = rate(len(history), repeats, lambda: [_try(end, saved) for _ in history])
    table.add_row(f"{name}: choices tried and undone a second", how, f"{undone:,.0f}")


def _try(host: ControlledHost, saved: Any) -> None:
    host.restore(saved)
    possible = host.possible(crashes=0, losses=0)
    if possible:
        host.choose(possible[0])
