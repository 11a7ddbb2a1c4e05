"""Run, model-check, compare and understand consensus protocols.

The names in ``__all__`` are loaded from their modules on first use, so that ``import toolkit`` is
fast.

>>> import toolkit
>>> run = toolkit.simulate("raft", "raft-happy")
>>> run.result.steps, run.linearizability().ok
(52, True)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.comparison.compare import compare
    from toolkit.conformance import counterexample_trace
    from toolkit.display.charts import draw
    from toolkit.errors import ToolkitError
    from toolkit.front import (
        Run,
        catch_bug,
        check,
        explore,
        follow,
        hunt_bugs,
        simulate,
        validate,
    )
    from toolkit.protocols import get_protocol, protocol_names
    from toolkit.protocols.specification import Specification
    from toolkit.reproduction.reproduce import recorded, reproduce
    from toolkit.sim import Scenario, ScenarioBuilder, load_scenario, scenario_names, simulate_runs
    from toolkit.trace import Trace, read_traces

__all__ = [
    "Run",
    "Scenario",
    "ScenarioBuilder",
    "Specification",
    "ToolkitError",
    "Trace",
    "__version__",
    "catch_bug",
    "check",
    "compare",
    "counterexample_trace",
    "draw",
    "explore",
    "follow",
    "get_protocol",
    "hunt_bugs",
    "load_scenario",
    "protocol_names",
    "read_traces",
    "recorded",
    "reproduce",
    "scenario_names",
    "simulate",
    "simulate_runs",
    "validate",
]

__version__ = "0.1.0"

_MODULES = {
    "toolkit.comparison.compare": ("compare",),
    "toolkit.conformance": ("counterexample_trace",),
    "toolkit.display.charts": ("draw",),
    "toolkit.errors": ("ToolkitError",),
    "toolkit.front": (
        "Run",
        "catch_bug",
        "check",
        "explore",
        "follow",
        "hunt_bugs",
        "simulate",
        "validate",
    ),
    "toolkit.protocols": ("get_protocol", "protocol_names"),
    "toolkit.protocols.specification": ("Specification",),
    "toolkit.reproduction.reproduce": ("recorded", "reproduce"),
    "toolkit.sim": (
        "Scenario",
        "ScenarioBuilder",
        "load_scenario",
        "scenario_names",
        "simulate_runs",
    ),
    "toolkit.trace": ("Trace", "read_traces"),
}

_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
