"""Checks of runs: runs in, findings out.

Each kind is a :class:`Check` in a registry, found by entry points of the group ``toolkit.checks``.
A check says what it looked at and what it skipped: a report without findings shows how much it
covers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import msgspec

from toolkit.errors import SettingError
from toolkit.faces import Shown
from toolkit.protocols.protocol import Protocol
from toolkit.registry import Registry
from toolkit.sim import RunResult
from toolkit.trace import Trace

__all__ = [
    "CHECKS",
    "Check",
    "CheckReport",
    "CheckedRun",
    "Finding",
    "Skipped",
    "register_check",
    "run_check",
    "unregister_check",
]


@dataclass(frozen=True)
class CheckedRun:
    """A run as checks see it.

    Parameters
    ----------
    protocol : Protocol
        What was run.
    trace : Trace
        What was recorded.
    result : RunResult
        What came out.
    """

    protocol: Protocol
    trace: Trace
    result: RunResult


class Finding(msgspec.Struct, frozen=True):
    """Something that a run must not show.

    Parameters
    ----------
    run : int
        The run's place among those that were checked, counted from 0.
    title : str
        What it is, in a few words that are alike for findings that are alike: the name of an
        invariant.
    detail : str
        What is to be seen in this run.
    """

    run: int
    title: str
    detail: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """A run, or a part of it, that could not be checked.

    Parameters
    ----------
    run : int
        The run's place, counted from 0.
    why : str
        The reason.
    undecided : bool
        Whether the check applies to the run and came to no decision.  Otherwise it does not apply.
    """

    run: int
    why: str
    undecided: bool = False


class CheckReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check.

    Parameters
    ----------
    check : str
        The check's name.
    runs : int
        How many runs it was given.
    looked_at : str
        What it looked at, with numbers: ``"120 operations of 10 runs"``.
    findings : tuple of Finding
    skipped : tuple of Skipped
    """

    face: ClassVar[str] = "check-report"

    check: str
    runs: int
    looked_at: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found, and at least one run was checked."""
        return not self.findings and len({one.run for one in self.skipped}) < self.runs

    def of_run(self, run: int) -> str:
        """Return what came out for one run, in a few words.

        Parameters
        ----------
        run : int
            The run's place, counted from 0.

        Returns
        -------
        str
            The titles of its findings; else ``"skipped: "`` and the reason; else ``"passed"``.
        """
        titles = dict.fromkeys(one.title for one in self.findings if one.run == run)
        if titles:
            return ", ".join(titles)
        reasons = [one.why for one in self.skipped if one.run == run]
        return f"skipped: {reasons[0]}" if reasons else "passed"


Look: TypeAlias = Callable[[Sequence[CheckedRun], int | None], CheckReport]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of runs.

    Register one under the entry-point group ``toolkit.checks`` (name to an object of this class),
    or at run time with :func:`register_check`.

    Parameters
    ----------
    name : str
        The name that people type.
    title : str
        What it checks, in a line.
    look : callable
        ``look(runs, workers) -> CheckReport``: check some runs, of one protocol or of several;
        `workers` is the number of TLC's worker threads, ``None`` for its default.
    promised : bool
        Whether every protocol promises it, so that a hunt for bugs makes it unless others are
        asked for.
    """

    name: str
    title: str
    look: Look
    promised: bool = True


CHECKS: Registry[Check] = Registry(
    "check",
    "toolkit.checks",
    lambda plugin: isinstance(plugin, Check),
    "an object of toolkit.checks.Check",
    lambda check: check.name,
)
"""All checks, by name."""


def register_check(check: Check) -> None:
    """Register a check for this process.

    Parameters
    ----------
    check : Check

    Raises
    ------
    SettingError
        If another check has its name.
    """
    CHECKS.register(check)


def unregister_check(name: str) -> None:
    """Forget a check that :func:`register_check` made known; unknown names are ignored."""
    CHECKS.unregister(name)


def run_check(
    check: Check | str, runs: Sequence[CheckedRun], *, workers: int | None = None
) -> CheckReport:
    """Check runs.

    Parameters
    ----------
    check : Check or str
        A check, or its name.
    runs : sequence of CheckedRun
    workers : int, optional
        TLC's worker threads.

    Returns
    -------
    CheckReport

    Raises
    ------
    UnknownNameError
        If no check has the name.
    SettingError
        If the check does not return a report of these runs.
    """
    chosen = CHECKS.get(check) if isinstance(check, str) else check
    report = chosen.look(runs, workers)
    if not isinstance(report, CheckReport):
        raise SettingError(
            f"the check {chosen.name!r} returned {report!r}", hint="it must return a CheckReport"
        )
    if (report.check, report.runs) != (chosen.name, len(runs)):
        raise SettingError(
            f"the check {chosen.name!r} of {len(runs)} runs returned the report of the check "
            f"{report.check!r} of {report.runs} runs",
            hint="set check to its name, and runs to len(runs)",
        )
    named = [one.run for one in report.findings] + [one.run for one in report.skipped]
    for run in named:
        if not 0 <= run < len(runs):
            raise SettingError(
                f"the check {chosen.name!r} speaks of run {run}, and there are {len(runs)}",
                hint="runs are counted from 0",
            )
    return report
