"""Checks of runs beyond one trace: clients' histories, and the hunt for seeded bugs."""

from __future__ import annotations

from toolkit.checks.bugs import BugReport, BugTable, find_bugs
from toolkit.checks.client_history import check_client_history, client_history

__all__ = ["BugReport", "BugTable", "check_client_history", "client_history", "find_bugs"]
