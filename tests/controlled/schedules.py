"""Random schedules for the controlled host, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from toolkit.controlled import Choice, ControlledHost
from toolkit.protocols import get_protocol

SETTINGS: dict[str, list[dict[str, str]]] = {
    "paxos": [{}],
    "multipaxos": [
        {},
        {"snapshot": "2", "most": "1"},
        {"membership": "yes", "members": "n1,n2", "alpha": "2"},
    ],
    "raft": [
        {},
        {"snapshot": "2", "chunk": "20"},
        {"pre-vote": "yes", "check-quorum": "yes"},
        {"reads": "index", "transfer": "yes"},
        {"reads": "lease", "check-quorum": "yes"},
        {"membership": "joint", "voters": "n1,n2"},
    ],
    "zab": [
        {},
        {"snapshot": "2", "window": "2"},
        {"observers": "n3", "reads": "sync"},
    ],
}
"""Protocol to the settings that schedules are drawn for, in turn."""

NODES = ("n1", "n2", "n3")

_WILD = {
    "deliver": 10.0, "flush": 10.0, "notice": 5.0, "restart": 3.0, "timeout": 2.0, "lose": 0.3,
    "duplicate": 0.3, "crash": 0.1, "cut": 0.1, "heal": 0.5,
}  # fmt: skip
_CALM = {
    "deliver": 10.0, "flush": 10.0, "notice": 5.0, "restart": 1.0, "timeout": 0.3, "lose": 0.003,
    "duplicate": 0.01, "crash": 0.0003, "cut": 0.003, "heal": 0.5,
}  # fmt: skip
"""Kind of choice to its weight.  In a calm schedule timers with long delays rarely run out, so that
a leader is elected and stays."""


def random_choices(
    host: ControlledHost, rng: random.Random, count: int, *, calm: bool = False
) -> None:
    """Make choices, most of them deliveries, and send a command now and then."""
    operation = host.protocol.runnable.random_operation
    weights = _CALM if calm else _WILD
    for number in range(count):
        if rng.random() < 0.1:
            node = rng.choice(NODES)
            asked = operation(host.config, rng, node)
            if asked is not None:
                host.choose(Choice.command(f"c{number % 3}", asked, node))
                continue
        possible = host.possible(crashes=3, losses=8, duplicates=4, cuts=rng.random() < 0.1)
        if not possible:
            continue
        drawn = [
            weights[choice.kind] * (_shortness(host, choice) if calm else 1.0)
            for choice in possible
        ]
        host.choose(rng.choices(possible, drawn)[0])


def _shortness(host: ControlledHost, choice: Choice) -> float:
    """Return a factor for a timer that grows as its delay becomes shorter."""
    if choice.kind != "timeout":
        return 1.0
    timers: Mapping[str, Any] = host.drivers[choice.node or ""].timers
    low: float = timers[choice.timer or ""].low
    return min(1.0, (0.02 / max(low, 0.001)) ** 2)


def scheduled(protocol: str, seed: int, count: int = 120, **options: Any) -> ControlledHost:
    """Return a host after a random schedule; two of three are calm."""
    turn, settings = divmod(seed, len(SETTINGS[protocol]))
    host = ControlledHost(get_protocol(protocol), NODES, SETTINGS[protocol][settings], **options)
    rng = random.Random(f"{protocol} {seed}")
    random_choices(host, rng, count, calm=turn % 3 > 0)
    return host
