"""Planted bugs: by what each is found, and after how many runs.

A check that never failed shows little.  Here every bug that a protocol has planted is let loose,
and its runs are put to every check: whether the specification allows them, whether its invariants
hold in what they recorded, and whether the clients' history is linearizable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from toolkit.checks.client_history import client_history
from toolkit.conformance.validation import validate
from toolkit.conformance.verdict import Verdict
from toolkit.errors import UnknownNameError
from toolkit.faces import Shown
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols.protocol import BugSetup, Protocol
from toolkit.sim import RunResult, simulate_runs
from toolkit.trace import MemorySink, Trace

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
    undecided : int
        Runs whose history was not decided, or that could not be validated.
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

    @property
    def caught(self) -> int | None:
        """The first run that was found out, counted from 1; ``None`` if none was."""
        found = [*self.validation, *self.invariants.values(), *self.history]
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
            ``replay``.
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
        for column in ("caught", "validation", "history"):
            frame[column] = frame[column].astype("Int64")
        return frame


def _rule(factory: object) -> str:
    return (factory.__doc__ or "").strip().split("\n")[0]


def _runs(
    protocol: Protocol, bug: str, stage: BugSetup, runs: int, seed: int, duration: float
) -> tuple[list[Trace], list[bool | None]]:
    """Return the traces of runs with a bug, and of each whether its history is linearizable."""
    sink = MemorySink()
    fine: list[bool | None] = []

    def judge(result: RunResult) -> None:
        verdict = check_linearizable(client_history(result), KEY_VALUE)
        fine.append(None if verdict.verdict == "not decided" else verdict.ok)

    if stage.scenario is not None:
        simulate_runs(protocol, scenario=stage.scenario, bug=bug, sink=sink, on_result=judge)
    else:
        simulate_runs(
            protocol,
            runs=runs,
            seed=seed,
            nodes=stage.nodes,
            settings=stage.settings,
            duration=duration,
            bug=bug,
            sink=sink,
            on_result=judge,
        )
    return sink.traces, fine


def find_bugs(
    protocol: Protocol,
    bugs: Sequence[str] | None = None,
    *,
    runs: int = 10,
    seed: int = 1,
    duration: float = 5.0,
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
        If there is no such bug.
    """
    names = list(protocol.bugs) if bugs is None else list(bugs)
    for name in names:
        if name not in protocol.bugs:
            raise UnknownNameError(
                f"{protocol.name} has no planted bug {name!r}",
                hint=f"known: {', '.join(protocol.bugs) or 'none'}",
            )
    traces: list[Trace] = []
    fine: list[bool | None] = []
    parts: list[tuple[str, BugSetup, int, int]] = []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        stage = protocol.bug_setups.get(name, BugSetup())
        more, good = _runs(protocol, name, stage, max(runs, stage.runs), seed, duration)
        parts.append((name, stage, len(traces), len(traces) + len(more)))
        traces += more
        fine += good
    # All at once: TLC starts once for all that have the same settings.
    verdicts = validate(traces, explain=0, workers=workers).verdicts
    if progress is not None:
        progress(len(names), len(names))
    return BugTable(
        protocol.name,
        [
            _report(protocol, name, stage, seed, verdicts[low:high], fine[low:high])
            for name, stage, low, high in parts
        ],
    )


def _report(
    protocol: Protocol,
    name: str,
    stage: BugSetup,
    seed: int,
    verdicts: Sequence[Verdict],
    fine: Sequence[bool | None],
) -> BugReport:
    invariants: dict[str, int] = {}
    for number, verdict in enumerate(verdicts, 1):
        for one in verdict.broken:
            invariants.setdefault(one.invariant, number)
    found = [
        number
        for number, (verdict, good) in enumerate(zip(verdicts, fine, strict=True), 1)
        if verdict.status in {"diverged", "violates"} or good is False
    ]
    return BugReport(
        bug=name,
        rule=_rule(protocol.bugs[name]),
        stage=stage,
        seed=seed,
        runs=len(verdicts),
        validation=tuple(n for n, one in enumerate(verdicts, 1) if one.status == "diverged"),
        invariants=invariants,
        history=tuple(n for n, good in enumerate(fine, 1) if good is False),
        undecided=sum(
            verdict.status == "not checkable" or good is None
            for verdict, good in zip(verdicts, fine, strict=True)
        ),
        replay=verdicts[found[0] - 1].replay if found else None,
    )
