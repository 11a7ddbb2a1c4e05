"""Scenario events: faults, commands of clients, and choices of manual scenarios.

Each kind is a class in a registry, which loads entry points of the group ``toolkit.faults``.
"""

from __future__ import annotations

from toolkit.sim.faults.base import Choice, LinkEvent, ScenarioEvent
from toolkit.sim.faults.choices import Deliver, Duplicate, Flush, Lose, Notice
from toolkit.sim.faults.clients import ClientCommand
from toolkit.sim.faults.network import Cut, Heal, Partition, Slow
from toolkit.sim.faults.nodes import Crash, Restart, SlowDisk, Timeout
from toolkit.sim.faults.registry import (
    FAULTS,
    drawn_faults,
    event_list,
    parse_events,
    recorded_fault,
    register_fault,
    unregister_fault,
)

__all__ = [
    "FAULTS",
    "Choice",
    "ClientCommand",
    "Crash",
    "Cut",
    "Deliver",
    "Duplicate",
    "Flush",
    "Heal",
    "LinkEvent",
    "Lose",
    "Notice",
    "Partition",
    "Restart",
    "ScenarioEvent",
    "Slow",
    "SlowDisk",
    "Timeout",
    "drawn_faults",
    "event_list",
    "parse_events",
    "recorded_fault",
    "register_fault",
    "unregister_fault",
]
