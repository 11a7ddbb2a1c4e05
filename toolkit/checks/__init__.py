"""Checks of runs, registered by name, and runs with seeded bugs, which test the checks."""

from __future__ import annotations

from toolkit.checks.bugs import BugReport, BugTable, find_bugs
from toolkit.checks.check import (
    CHECKS,
    Check,
    CheckedRun,
    CheckReport,
    Finding,
    Skipped,
    register_check,
    run_check,
    unregister_check,
)
from toolkit.checks.client_history import check_client_history, client_history

__all__ = [
    "CHECKS",
    "BugReport",
    "BugTable",
    "Check",
    "CheckReport",
    "CheckedRun",
    "Finding",
    "Skipped",
    "check_client_history",
    "client_history",
    "find_bugs",
    "register_check",
    "run_check",
    "unregister_check",
]
