"""Checks of runs: runs in, findings out.

Each kind is a :class:`Check` in a registry, which loads entry points of the group
``toolkit.checks``.  A check reports what it examined and what it skipped, so that a report without
findings shows how much it covers.
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
    """A run that checks examine.

    Parameters
    ----------
    protocol : Protocol
        The protocol that ran.
    trace : Trace
        The recorded trace.
    result : RunResult
        The result of the simulation.
    """

    protocol: Protocol
    trace: Trace
    result: RunResult


class Finding(msgspec.Struct, frozen=True):
    """A violation that a check found in a run.

    Parameters
    ----------
    run : int
        The run's index among those that were checked.
    title : str
        The kind of finding in a few words, equal for findings of the same kind; for instance the
        name of an invariant.
    detail : str
        What was found in this run.
    """

    run: int
    title: str
    detail: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """A run, or a part of it, that could not be checked.

    Parameters
    ----------
    run : int
        The run's index among those that were checked.
    why : str
        The reason.
    undecided : bool
        Whether the check applies to the run but could not decide.  Otherwise it does not apply.
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
        Number of runs that it received.
    looked_at : str
        What it examined, with numbers: ``"120 operations of 10 runs"``.
    findings : tuple of Finding
        All findings.
    skipped : tuple of Skipped
        Runs that it could not check, with reasons.
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
        return not self.findings and len({skipped.run for skipped in self.skipped}) < self.runs

    def of_run(self, run: int) -> str:
        """Return the outcome for one run, in a few words.

        Parameters
        ----------
        run : int
            The run's index.

        Returns
        -------
        str
            The titles of its findings; else ``"skipped: "`` and the reason; else ``"passed"``.
        """
        titles = dict.fromkeys(finding.title for finding in self.findings if finding.run == run)
        if titles:
            return ", ".join(titles)
        reasons = [skipped.why for skipped in self.skipped if skipped.run == run]
        return f"skipped: {reasons[0]}" if reasons else "passed"


Look: TypeAlias = Callable[[Sequence[CheckedRun], int | None], CheckReport]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of runs.

    Register a check under the entry-point group ``toolkit.checks`` (name to an object of this
    class), or at run time with :func:`register_check`.

    Parameters
    ----------
    name : str
        The name that users type.
    title : str
        The property that it checks, in one line.
    look : callable
        ``look(runs, workers) -> CheckReport``: check runs, of one protocol or of several;
        `workers` is the number of TLC's worker threads, ``None`` for its default.
    promised : bool
        Whether every protocol must pass it.  :func:`~toolkit.checks.find_bugs` makes these checks
        by default.
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
    flaw_of=lambda check: None if callable(check.look) else f"look is not callable: {check.look!r}",
)
"""Registry of checks, by name."""


def register_check(check: Check) -> None:
    """Register a check for this process.

    Parameters
    ----------
    check : Check
        The check.

    Raises
    ------
    SettingError
        If another check has the same name.
    """
    CHECKS.register(check)


def unregister_check(name: str) -> None:
    """Remove a check that :func:`register_check` registered; unknown names are ignored.

    Parameters
    ----------
    name : str
        The check's name.
    """
    CHECKS.unregister(name)


def run_check(
    check: Check | str, runs: Sequence[CheckedRun], *, workers: int | None = None
) -> CheckReport:
    """Run a check on runs, and verify the form of its report.

    Parameters
    ----------
    check : Check or str
        A check, or its name.
    runs : sequence of CheckedRun
        The runs.
    workers : int, optional
        Number of TLC's worker threads.

    Returns
    -------
    CheckReport

    Raises
    ------
    UnknownNameError
        If no check has that name.
    SettingError
        If the check does not return a report on these runs.
    """
    chosen = CHECKS.get(check) if isinstance(check, str) else check
    report = chosen.look(runs, workers)
    if not isinstance(report, CheckReport):
        raise SettingError(
            f"a check must return a CheckReport; {chosen.name!r} returned {report!r}",
            hint="return a CheckReport from the check's function 'look'",
        )
    if (report.check, report.runs) != (chosen.name, len(runs)):
        raise SettingError(
            f"the check {chosen.name!r} received {len(runs)} runs and returned a report of the "
            f"check {report.check!r} on {report.runs} runs",
            hint="in the CheckReport, set check to the check's name and runs to len(runs)",
        )
    for items, kind in ((report.findings, Finding), (report.skipped, Skipped)):
        for item in items:
            if not isinstance(item, kind):
                raise SettingError(
                    f"the report of the check {chosen.name!r} has {item!r} in place of a "
                    f"{kind.__name__}",
                    hint=f"write {kind.__name__}(run, text), with the number of the run",
                )
    named_runs = [finding.run for finding in report.findings]
    for run in named_runs + [skipped.run for skipped in report.skipped]:
        if not 0 <= run < len(runs):
            raise SettingError(
                f"the report of the check {chosen.name!r} names run {run} of {len(runs)} runs",
                hint="runs are counted from 0",
            )
    return report
