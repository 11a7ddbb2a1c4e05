"""Runs with seeded bugs: which check finds each bug, and after how many runs.

A check that never fails shows little.  Here every seeded bug of a protocol runs, and all checks of
:mod:`toolkit.checks.check` that every protocol must pass examine its runs: whether the
specification allows them, whether its invariants hold in the recorded states, whether the clients'
history is linearizable, and the checks that other packages add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from toolkit.checks.builtin import CONFORMANCE, LINEARIZABILITY, NOT_ALLOWED
from toolkit.checks.check import CHECKS, CheckedRun, CheckReport, Finding, run_check
from toolkit.errors import UnknownNameError
from toolkit.faces import Shown
from toolkit.protocols.protocol import BugSetup, Protocol
from toolkit.sim import RunResult, simulate_runs
from toolkit.trace import MemorySink

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BugReport", "BugTable", "find_bugs"]


class BugReport(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of all checks in the runs with one seeded bug.

    Parameters
    ----------
    bug : str
        The bug's name.
    rule : str
        What the bug does wrong.
    stage : BugSetup
        The setup of the runs.
    seed : int
        The first run's seed; the further runs use the next seeds.
    runs : int
        Number of runs.
    validation : tuple of int
        The runs, counted from 1, that the specification does not allow.
    invariants : dict of str to int
        Invariants that do not hold in a recorded state, each with the first such run.
    history : tuple of int
        The runs whose clients' history is not linearizable.
    others : dict of str to tuple of int
        Every further check that was made, with the runs in which it found something.
    undecided : int
        Number of runs on which an applicable check could not decide.
    replay : str or None
        The command that replays the first run in which the bug was caught.
    """

    bug: str
    rule: str
    stage: BugSetup
    seed: int
    runs: int
    validation: tuple[int, ...]
    invariants: dict[str, int]
    history: tuple[int, ...]
    undecided: int
    replay: str | None
    others: dict[str, tuple[int, ...]] = {}

    @property
    def caught(self) -> int | None:
        """The first run in which a check found the bug, counted from 1; ``None`` if none did."""
        caught_in = [*self.validation, *self.invariants.values(), *self.history]
        caught_in += [run for runs in self.others.values() for run in runs]
        return min(caught_in, default=None)


class BugTable(Shown, list[BugReport]):
    """A list of reports on a protocol's seeded bugs, displayed as a table.

    Parameters
    ----------
    protocol : str
        The protocol's name.
    reports : iterable of BugReport
        One report for each bug.
    """

    face: ClassVar[str] = "bugs"

    def __init__(self, protocol: str, reports: Iterable[BugReport]) -> None:
        super().__init__(reports)
        self.protocol = protocol

    @property
    def ok(self) -> bool:
        """Whether each bug was caught."""
        return all(report.caught for report in self)

    def to_json(self) -> dict[str, Any]:
        """Return the reports as JSON data: ``protocol`` and ``bugs``, each with ``caught``."""
        return {
            "protocol": self.protocol,
            "bugs": [msgspec.to_builtins(report) | {"caught": report.caught} for report in self],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the reports as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each bug: ``bug``, ``rule``, ``stage`` (text), ``runs``, ``caught`` (the
            first run in which the bug was caught, counted from 1), ``validation`` and ``history``
            (the first run in which that check found the bug), ``validation_runs`` and
            ``history_runs`` (number of such runs), ``invariants`` (text: names with the first
            run), ``undecided``, ``replay``; and, if further checks were made, ``others`` (text,
            in the form of ``invariants``).
        """
        import pandas as pd

        rows = [
            {
                "bug": report.bug,
                "rule": report.rule,
                "stage": str(report.stage),
                "runs": report.runs,
                "caught": report.caught,
                "validation": next(iter(report.validation), None),
                "validation_runs": len(report.validation),
                "invariants": ", ".join(f"{name} {at}" for name, at in report.invariants.items()),
                "history": next(iter(report.history), None),
                "history_runs": len(report.history),
                "undecided": report.undecided,
                "replay": report.replay,
            }
            for report in self
        ]
        frame = pd.DataFrame(rows)
        if any(report.others for report in self):
            frame["others"] = [
                ", ".join(f"{name} {runs[0]}" for name, runs in report.others.items() if runs)
                for report in self
            ]
        for column in ("caught", "validation", "history"):
            frame[column] = frame[column].astype("Int64")
        return frame


def _broken_rule(factory: object) -> str:
    return (factory.__doc__ or "").strip().split("\n")[0]


def _simulate(
    protocol: Protocol, bug: str, stage: BugSetup, runs: int, seed: int, duration: float, jobs: int
) -> list[CheckedRun]:
    """Simulate runs with a seeded bug."""
    sink = MemorySink()
    results: list[RunResult] = []
    if stage.scenario is not None:
        simulate_runs(
            protocol, scenario=stage.scenario, bug=bug, sink=sink, on_result=results.append
        )
    else:
        simulate_runs(
            protocol,
            runs=runs,
            seed=seed,
            nodes=stage.nodes,
            settings=stage.settings,
            duration=duration,
            bug=bug,
            jobs=jobs,
            sink=sink,
            on_result=results.append,
        )
    return [
        CheckedRun(protocol, trace, result)
        for trace, result in zip(sink.traces, results, strict=True)
    ]


def find_bugs(
    protocol: Protocol,
    bugs: Sequence[str] | None = None,
    *,
    runs: int = 10,
    seed: int = 1,
    duration: float = 5.0,
    checks: Sequence[str] | None = None,
    jobs: int = 1,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BugTable:
    """Run seeded bugs and report which check finds each.

    Parameters
    ----------
    protocol : Protocol
        The protocol whose bugs run.
    bugs : sequence of str, optional
        Names of the bugs; by default all.
    runs : int
        Number of runs with random faults for each bug.  A bug whose setup requires more runs gets
        more; a bug whose setup is a scenario gets one.
    seed : int
        Seed of the first run.
    duration : float
        Simulated seconds of a run.
    checks : sequence of str, optional
        Names of the checks; by default all that every protocol must pass
        (:class:`~toolkit.checks.check.Check`).
    jobs : int
        Number of processes that simulate; 0 for one per core.
    workers : int, optional
        Number of TLC's worker threads.
    progress : callable, optional
        Called with the number of bugs done and the number of all bugs.

    Returns
    -------
    BugTable
        A report for each bug, in the order of `bugs`.

    Raises
    ------
    UnknownNameError
        If a bug or check is unknown.
    """
    chosen = (
        [check for check in CHECKS.all() if check.promised]
        if checks is None
        else [CHECKS.get(name) for name in checks]
    )
    names = list(protocol.bugs) if bugs is None else list(bugs)
    for name in names:
        if name not in protocol.bugs:
            raise UnknownNameError(
                f"{protocol.name} has no seeded bug {name!r}",
                hint=f"known: {', '.join(protocol.bugs) or 'none'}",
            )
    runs_of_all: list[CheckedRun] = []
    parts: list[tuple[str, BugSetup, int, int]] = []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        stage = protocol.bug_setups.get(name, BugSetup())
        more = _simulate(protocol, name, stage, max(runs, stage.runs), seed, duration, jobs)
        parts.append((name, stage, len(runs_of_all), len(runs_of_all) + len(more)))
        runs_of_all += more
    # Check all runs together: TLC starts only once for all runs with the same settings.
    reports = [run_check(check, runs_of_all, workers=workers) for check in chosen]
    if progress is not None:
        progress(len(names), len(names))
    return BugTable(
        protocol.name,
        [
            _report(protocol, name, stage, seed, runs_of_all[low:high], low, reports)
            for name, stage, low, high in parts
        ],
    )


def _report(
    protocol: Protocol,
    name: str,
    stage: BugSetup,
    seed: int,
    runs: Sequence[CheckedRun],
    first: int,
    reports: Sequence[CheckReport],
) -> BugReport:
    """Return the report on one bug, whose runs begin at index `first` of all runs."""
    findings: dict[str, list[Finding]] = {}
    undecided: set[int] = set()
    for report in reports:
        findings[report.check] = [
            finding for finding in report.findings if first <= finding.run < first + len(runs)
        ]
        undecided |= {
            skipped.run
            for skipped in report.skipped
            if skipped.undecided and first <= skipped.run < first + len(runs)
        }
    conformance = findings.pop(CONFORMANCE.name, [])
    history = findings.pop(LINEARIZABILITY.name, [])
    invariants: dict[str, int] = {}
    for finding in sorted(conformance, key=lambda finding: finding.run):
        if finding.title != NOT_ALLOWED:
            invariants.setdefault(finding.title, finding.run - first + 1)
    diverged = [finding for finding in conformance if finding.title == NOT_ALLOWED]
    bug_report = BugReport(
        bug=name,
        rule=_broken_rule(protocol.bugs[name]),
        stage=stage,
        seed=seed,
        runs=len(runs),
        validation=_run_numbers(diverged, first),
        invariants=invariants,
        history=_run_numbers(history, first),
        others={check: _run_numbers(of_check, first) for check, of_check in findings.items()},
        undecided=len(undecided),
        replay=None,
    )
    if bug_report.caught is None:
        return bug_report
    replay = runs[bug_report.caught - 1].trace.header.replay
    return msgspec.structs.replace(bug_report, replay=replay)


def _run_numbers(findings: Sequence[Finding], first: int) -> tuple[int, ...]:
    """Return the distinct runs of findings, counted from 1."""
    return tuple(sorted({finding.run - first + 1 for finding in findings}))
