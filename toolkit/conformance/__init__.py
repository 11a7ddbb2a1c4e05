"""Trace validation: implementation and specification held together, TLC deciding."""

from __future__ import annotations

from toolkit.conformance.bugs import BugReport, bugs_frame, find_bugs
from toolkit.conformance.counterexample import counterexample_trace
from toolkit.conformance.histories import client_history
from toolkit.conformance.validation import Followed, follow, validate
from toolkit.conformance.verdict import (
    Broken,
    Checked,
    Difference,
    Divergence,
    Successor,
    ValidationReport,
    Verdict,
)

__all__ = [
    "Broken",
    "BugReport",
    "Checked",
    "Difference",
    "Divergence",
    "Followed",
    "Successor",
    "ValidationReport",
    "Verdict",
    "bugs_frame",
    "client_history",
    "counterexample_trace",
    "find_bugs",
    "follow",
    "validate",
]
