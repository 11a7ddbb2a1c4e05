"""Trace validation: TLC checks recorded runs against a specification."""

from __future__ import annotations

from toolkit.conformance.counterexample import counterexample_trace
from toolkit.conformance.validation import follow, validate
from toolkit.conformance.verdict import (
    Broken,
    Checked,
    Difference,
    Divergence,
    SpecReplay,
    Successor,
    ValidationReport,
    Verdict,
)

__all__ = [
    "Broken",
    "Checked",
    "Difference",
    "Divergence",
    "SpecReplay",
    "Successor",
    "ValidationReport",
    "Verdict",
    "counterexample_trace",
    "follow",
    "validate",
]
