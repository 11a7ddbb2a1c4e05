"""Planted bugs: by what each is found, and after how many runs.

A check that never failed shows little.  Here every bug that a protocol has planted is run, and its
runs are put to every check of :mod:`toolkit.checks.check` that a protocol promises to pass: whether
the specification allows them, whether its invariants hold in what they recorded, whether the
clients' history is linearizable, and the checks that other packages add.
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
    """What became of a planted bug.

    Parameters
    ----------
    bug : str
    rule : str
        What it does wrong.
    stage : BugSetup
        Where it was let loose.
    seed : int
        The first run's seed; the others' follow on.
    runs : int
    validation : tuple of int
        The runs, counted from 1, that the specification does not allow.
    invariants : dict of str to int
        Invariants that do not hold in what was recorded, each with the first such run.
    history : tuple of int
        The runs in which what clients saw is not linearizable.
    others : dict of str to tuple of int
        Every further check that was made, with the runs in which it found something.
    undecided : int
        Runs that a check applies to and could not decide on.
    replay : str or None
        The command for the first run that was found out.
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
        """The first run that was found out, counted from 1; ``None`` if none was."""
        found = [*self.validation, *self.invariants.values(), *self.history]
        found += [run for runs in self.others.values() for run in runs]
        return min(found, default=None)


class BugTable(Shown, list[BugReport]):
    """The reports on the planted bugs of a protocol, in a list that shows itself as a table.

    Parameters
    ----------
    protocol : str
        The protocol's name.
    reports : iterable of BugReport
    """

    face: ClassVar[str] = "bugs"

    def __init__(self, protocol: str, reports: Iterable[BugReport]) -> None:
        super().__init__(reports)
        self.protocol = protocol

    @property
    def ok(self) -> bool:
        """Whether each bug was caught."""
        return all(one.caught for one in self)

    def to_json(self) -> dict[str, Any]:
        """Return the reports as JSON data: ``protocol`` and ``bugs``, each with ``caught``."""
        return {
            "protocol": self.protocol,
            "bugs": [msgspec.to_builtins(one) | {"caught": one.caught} for one in self],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the reports as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each bug: ``bug``, ``rule``, ``stage`` (text), ``runs``, ``caught`` (the
            first run that was found out, counted from 1), ``validation`` and ``history`` (the
            first run that each of them found), ``validation_runs`` and ``history_runs`` (how
            many they found), ``invariants`` (text: names with the first run), ``undecided``,
            ``replay``; and, if further checks were made, ``others`` (text, as ``invariants``).
        """
        import pandas as pd

        rows = [
            {
                "bug": one.bug,
                "rule": one.rule,
                "stage": str(one.stage),
                "runs": one.runs,
                "caught": one.caught,
                "validation": next(iter(one.validation), None),
                "validation_runs": len(one.validation),
                "invariants": ", ".join(f"{name} {at}" for name, at in one.invariants.items()),
                "history": next(iter(one.history), None),
                "history_runs": len(one.history),
                "undecided": one.undecided,
                "replay": one.replay,
            }
            for one in self
        ]
        frame = pd.DataFrame(rows)
        if any(one.others for one in self):
            frame["others"] = [
                ", ".join(f"{name} {runs[0]}" for name, runs in one.others.items() if runs)
                for one in self
            ]
        for column in ("caught", "validation", "history"):
            frame[column] = frame[column].astype("Int64")
        return frame


def _rule(factory: object) -> str:
    return (factory.__doc__ or "").strip().split("\n")[0]


def _runs(
    protocol: Protocol, bug: str, stage: BugSetup, runs: int, seed: int, duration: float, jobs: int
) -> list[CheckedRun]:
    """Return runs with a bug."""
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
    """Let planted bugs loose, and see what finds them.

    Parameters
    ----------
    protocol : Protocol
    bugs : sequence of str, optional
        By default all.
    runs : int
        Runs of each bug with random faults; a bug whose stage asks for more gets more, and one
        whose stage is a scenario gets one.
    seed : int
        Of the first run.
    duration : float
        Seconds that a run simulates.
    checks : sequence of str, optional
        Names of the checks; by default all that every protocol promises to pass
        (:class:`~toolkit.checks.check.Check`).
    jobs : int
        Processes that simulate; 0 for one for each core.
    workers : int, optional
        TLC's worker threads.
    progress : callable, optional
        Called with bugs done and bugs in all.

    Returns
    -------
    BugTable
        A report for each, in the order of `bugs`.

    Raises
    ------
    UnknownNameError
        If there is no such bug or check.
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
                f"{protocol.name} has no planted bug {name!r}",
                hint=f"known: {', '.join(protocol.bugs) or 'none'}",
            )
    runs_of_all: list[CheckedRun] = []
    parts: list[tuple[str, BugSetup, int, int]] = []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        stage = protocol.bug_setups.get(name, BugSetup())
        more = _runs(protocol, name, stage, max(runs, stage.runs), seed, duration, jobs)
        parts.append((name, stage, len(runs_of_all), len(runs_of_all) + len(more)))
        runs_of_all += more
    # All at once: TLC starts once for all that have the same settings.
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
    """Return what the checks found in the runs of one bug, which begin at `first` in them all."""
    found: dict[str, list[Finding]] = {}
    undecided: set[int] = set()
    for report in reports:
        found[report.check] = [
            one for one in report.findings if first <= one.run < first + len(runs)
        ]
        undecided |= {
            one.run
            for one in report.skipped
            if one.undecided and first <= one.run < first + len(runs)
        }
    conformance = found.pop(CONFORMANCE.name, [])
    history = found.pop(LINEARIZABILITY.name, [])
    invariants: dict[str, int] = {}
    for one in sorted(conformance, key=lambda one: one.run):
        if one.title != NOT_ALLOWED:
            invariants.setdefault(one.title, one.run - first + 1)
    diverged = [one for one in conformance if one.title == NOT_ALLOWED]
    bug_report = BugReport(
        bug=name,
        rule=_rule(protocol.bugs[name]),
        stage=stage,
        seed=seed,
        runs=len(runs),
        validation=_numbers(diverged, first),
        invariants=invariants,
        history=_numbers(history, first),
        others={check: _numbers(some, first) for check, some in found.items()},
        undecided=len(undecided),
        replay=None,
    )
    if bug_report.caught is None:
        return bug_report
    replay = runs[bug_report.caught - 1].trace.header.replay
    return msgspec.structs.replace(bug_report, replay=replay)


def _numbers(findings: Sequence[Finding], first: int) -> tuple[int, ...]:
    """Return the runs of some findings, counted from 1, each once."""
    return tuple(sorted({one.run - first + 1 for one in findings}))
