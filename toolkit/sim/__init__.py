"""The deterministic simulator: scenarios, networks, disks, clocks, faults, clients."""

from __future__ import annotations

from toolkit.sim.builder import ScenarioBuilder
from toolkit.sim.delays import (
    Constant,
    Delay,
    Exponential,
    LogNormal,
    Normal,
    Samples,
    Uniform,
    parse_delay,
)
from toolkit.sim.faults import (
    ClientCommand,
    Crash,
    Cut,
    Heal,
    Partition,
    Restart,
    ScenarioEvent,
    Slow,
    SlowDisk,
    Timeout,
    register_fault,
    unregister_fault,
)
from toolkit.sim.golden import compare_expected, format_steps
from toolkit.sim.host import simulate, simulate_trace
from toolkit.sim.library import load_scenario, scenario_names, scenario_path
from toolkit.sim.network import (
    Disk,
    DiskSettings,
    Link,
    LinkOverride,
    LinkSettings,
    Passage,
)
from toolkit.sim.random_faults import Bounds, random_scenario
from toolkit.sim.results import Answer, Call, RunResult, StepView
from toolkit.sim.runs import RunOutcome, Summary, simulate_runs
from toolkit.sim.scenario import Clock, Retry, Scenario
from toolkit.sim.streams import stream
from toolkit.sim.text import format_scenario, parse_scenario, read_scenario

__all__ = [
    "Answer",
    "Bounds",
    "Call",
    "ClientCommand",
    "Clock",
    "Constant",
    "Crash",
    "Cut",
    "Delay",
    "Disk",
    "DiskSettings",
    "Exponential",
    "Heal",
    "Link",
    "LinkOverride",
    "LinkSettings",
    "LogNormal",
    "Normal",
    "Partition",
    "Passage",
    "Restart",
    "Retry",
    "RunOutcome",
    "RunResult",
    "Samples",
    "Scenario",
    "ScenarioBuilder",
    "ScenarioEvent",
    "Slow",
    "SlowDisk",
    "StepView",
    "Summary",
    "Timeout",
    "Uniform",
    "compare_expected",
    "format_scenario",
    "format_steps",
    "load_scenario",
    "parse_delay",
    "parse_scenario",
    "random_scenario",
    "read_scenario",
    "register_fault",
    "scenario_names",
    "scenario_path",
    "simulate",
    "simulate_runs",
    "simulate_trace",
    "stream",
    "unregister_fault",
]
