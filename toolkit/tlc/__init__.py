"""The bridge to TLC: find it, run it, understand what it says."""

from __future__ import annotations

from toolkit.tlc.check import TlcRun, check, default_memory, sweep
from toolkit.tlc.locate import Jar, Java, find_java, find_tlc
from toolkit.tlc.manifest import Manifest, Model, compare, load_manifest, run_model
from toolkit.tlc.messages import Message, MessageParser, Unmarked, parse_messages
from toolkit.tlc.result import CheckResult, Counterexample, Location, Progress, TraceState
from toolkit.tlc.source import SpecSource, load_spec

__all__ = [
    "CheckResult",
    "Counterexample",
    "Jar",
    "Java",
    "Location",
    "Manifest",
    "Message",
    "MessageParser",
    "Model",
    "Progress",
    "SpecSource",
    "TlcRun",
    "TraceState",
    "Unmarked",
    "check",
    "compare",
    "default_memory",
    "find_java",
    "find_tlc",
    "load_manifest",
    "load_spec",
    "parse_messages",
    "run_model",
    "sweep",
]
