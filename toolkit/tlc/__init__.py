"""The bridge to TLC: find it, run it, understand what it says."""

from __future__ import annotations

from toolkit.tlc.check import check
from toolkit.tlc.config import config_sections
from toolkit.tlc.coverage import ActionCoverage, Coverage, ExpressionCoverage
from toolkit.tlc.distributed import check_distributed, worker_command
from toolkit.tlc.live import RunningCheck, start_check
from toolkit.tlc.locate import Jar, Java, find_java, find_tlc
from toolkit.tlc.manifest import Manifest, Model, compare, load_manifest, run_model
from toolkit.tlc.messages import Message, MessageParser, Unmarked, parse_messages
from toolkit.tlc.modules import Location
from toolkit.tlc.remember import Memory, remembered_check
from toolkit.tlc.result import CheckResult, Counterexample, Progress, TraceState
from toolkit.tlc.run import TlcRun, default_memory, sweep
from toolkit.tlc.source import SpecSource, load_spec
from toolkit.tlc.sweeps import SmallestFailing, SweepResult, SweepRow, sweep_constants

__all__ = [
    "ActionCoverage",
    "CheckResult",
    "Counterexample",
    "Coverage",
    "ExpressionCoverage",
    "Jar",
    "Java",
    "Location",
    "Manifest",
    "Memory",
    "Message",
    "MessageParser",
    "Model",
    "Progress",
    "RunningCheck",
    "SmallestFailing",
    "SpecSource",
    "SweepResult",
    "SweepRow",
    "TlcRun",
    "TraceState",
    "Unmarked",
    "check",
    "check_distributed",
    "compare",
    "config_sections",
    "default_memory",
    "find_java",
    "find_tlc",
    "load_manifest",
    "load_spec",
    "parse_messages",
    "remembered_check",
    "run_model",
    "start_check",
    "sweep",
    "sweep_constants",
    "worker_command",
]
