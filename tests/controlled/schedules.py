"""Random schedules for the controlled host, drawn from a seed."""

from __future__ import annotations

import random
from typing import Any

from toolkit.controlled import Choice, ControlledHost
from toolkit.protocols import get_protocol

SETTINGS: dict[str, list[dict[str, str]]] = {
    "paxos": [{}],
    "multipaxos": [{}, {"snapshot": "2"}],
    "raft": [
        {},
        {"snapshot": "2"},
        {"pre-vote": "yes", "check-quorum": "yes"},
        {"reads": "index", "transfer": "yes"},
    ],
    "zab": [{}, {"snapshot": "2", "window": "2"}],
}
"""Protocol to the settings that schedules are drawn for, in turn."""

NODES = ("n1", "n2", "n3")


def random_choices(host: ControlledHost, rng: random.Random, count: int) -> None:
    """Make choices, most of them deliveries, and send a command now and then."""
    operation = host.protocol.runnable.random_operation
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
        weights = [_WEIGHTS[choice.kind] for choice in possible]
        host.choose(rng.choices(possible, weights)[0])


_WEIGHTS = {
    "deliver": 10.0, "flush": 10.0, "notice": 5.0, "restart": 3.0, "timeout": 2.0, "lose": 0.3,
    "duplicate": 0.3, "crash": 0.1, "cut": 0.1, "heal": 0.5,
}  # fmt: skip


def scheduled(protocol: str, seed: int, count: int = 120, **options: Any) -> ControlledHost:
    """Return a host after a random schedule."""
    settings = SETTINGS[protocol][seed % len(SETTINGS[protocol])]
    host = ControlledHost(get_protocol(protocol), NODES, settings, **options)
    random_choices(host, random.Random(f"{protocol} {seed}"), count)
    return host
