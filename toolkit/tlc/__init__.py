"""The bridge to TLC: find it, run it and parse its output."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.tlc.behaviour import behaviour_from_itf, behaviour_to_itf, read_itf
    from toolkit.tlc.cache import ResultCache, cached_check
    from toolkit.tlc.checker import check
    from toolkit.tlc.config import config_sections
    from toolkit.tlc.coverage import ActionCoverage, Coverage, ExpressionCoverage
    from toolkit.tlc.distributed import check_distributed, worker_command
    from toolkit.tlc.graph import Graph, GraphTear, dump_graph, iter_graph, read_graph
    from toolkit.tlc.live import RunningCheck, start_check
    from toolkit.tlc.locate import Jar, Java, find_java, find_tlc
    from toolkit.tlc.manifest import Manifest, Model, compare, load_manifest, run_model
    from toolkit.tlc.messages import Message, MessageParser, Unmarked, parse_messages
    from toolkit.tlc.modules import Location
    from toolkit.tlc.parse import parse_problem
    from toolkit.tlc.pluscal import Translation, translate_pluscal, translate_spec
    from toolkit.tlc.result import CheckProgress, CheckResult, Counterexample, TraceState
    from toolkit.tlc.run import TlcRun, default_memory, remove_stale_runs
    from toolkit.tlc.source import SpecSource, load_spec, spec_from_text
    from toolkit.tlc.sweeps import SmallestFailing, SweepResult, SweepRow, sweep_constants

__all__ = [
    "ActionCoverage",
    "CheckProgress",
    "CheckResult",
    "Counterexample",
    "Coverage",
    "ExpressionCoverage",
    "Graph",
    "GraphTear",
    "Jar",
    "Java",
    "Location",
    "Manifest",
    "Message",
    "MessageParser",
    "Model",
    "ResultCache",
    "RunningCheck",
    "SmallestFailing",
    "SpecSource",
    "SweepResult",
    "SweepRow",
    "TlcRun",
    "TraceState",
    "Translation",
    "Unmarked",
    "behaviour_from_itf",
    "behaviour_to_itf",
    "cached_check",
    "check",
    "check_distributed",
    "compare",
    "config_sections",
    "default_memory",
    "dump_graph",
    "find_java",
    "find_tlc",
    "iter_graph",
    "load_manifest",
    "load_spec",
    "parse_messages",
    "parse_problem",
    "read_graph",
    "read_itf",
    "remove_stale_runs",
    "run_model",
    "spec_from_text",
    "start_check",
    "sweep_constants",
    "translate_pluscal",
    "translate_spec",
    "worker_command",
]

# Modules are loaded on first use: a command starts TLC before it loads the rest.
_MODULES = {
    "behaviour": "behaviour_from_itf behaviour_to_itf read_itf",
    "cache": "ResultCache cached_check",
    "checker": "check",
    "config": "config_sections",
    "coverage": "ActionCoverage Coverage ExpressionCoverage",
    "distributed": "check_distributed worker_command",
    "graph": "Graph GraphTear dump_graph iter_graph read_graph",
    "live": "RunningCheck start_check",
    "locate": "Jar Java find_java find_tlc",
    "manifest": "Manifest Model compare load_manifest run_model",
    "messages": "Message MessageParser Unmarked parse_messages",
    "modules": "Location",
    "parse": "parse_problem",
    "pluscal": "Translation translate_pluscal translate_spec",
    "result": "CheckProgress CheckResult Counterexample TraceState",
    "run": "TlcRun default_memory remove_stale_runs",
    "source": "SpecSource load_spec spec_from_text",
    "sweeps": "SmallestFailing SweepResult SweepRow sweep_constants",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    return value
