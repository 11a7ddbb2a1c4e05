"""Batches of runs with consecutive seeds, and summaries of them."""

from __future__ import annotations

import contextlib
import statistics
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from toolkit.errors import SettingError
from toolkit.faces import Shown
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim.library import load_scenario
from toolkit.sim.plan import RunPlan
from toolkit.sim.random_faults import Bounds
from toolkit.sim.results import RunResult
from toolkit.sim.scenario import Scenario
from toolkit.trace import Sink
from toolkit.trace.ndjson import forward_records

if TYPE_CHECKING:
    from toolkit.sim.processes import Finished

__all__ = ["RunOutcome", "Summary", "simulate_runs"]


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """The outcome of one run of a batch.

    Parameters
    ----------
    seed : int
        The run's seed.
    trace : str
        The name of its trace.
    reason : str
        Why the run ended.
    steps : int
        Number of steps.
    time : float
        Time in seconds at which the run ended.
    decided : bool
        Whether a client was answered, or a node knew the outcome at the end.
    requests, unanswered : int
        Number of requests, and of those that were never answered.
    """

    seed: int
    trace: str
    reason: str
    steps: int
    time: float
    decided: bool
    requests: int
    unanswered: int


@dataclass(frozen=True, kw_only=True)
class Summary(Shown):
    """The summary of a batch of runs.

    Parameters
    ----------
    protocol : str
        The protocol's name.
    runs : int
        Number of runs.
    seed : int
        Seed of the first run, which is run 0; run k has the seed `seed` + k.
    recorded : int
        Number of runs with complete traces.
    steps : int
        Number of steps of all runs.
    median_steps : float
        Median number of steps of a run.
    actions : dict of str to int
        Number of steps by action, including 0 for actions that never happened.
    median_actions : dict of str to float
        Median number of steps of a run, by action.
    faults : dict of str to int
        Number of faults by kind, including crashes and restarts.
    reasons : dict of str to int
        Number of runs by the reason why they ended.
    decided, undecided : int
        Number of runs with and without a decision.
    requests, unanswered : int
        Number of requests, and of those that were never answered.
    sent, delivered, lost, duplicated : int
        Number of messages of all runs (see :class:`~toolkit.sim.RunResult`).
    outcomes : tuple of RunOutcome
        The outcome of each run.
    sink_error : str or None
        Why recording stopped, if it did; later runs were not recorded.
    """

    face: ClassVar[str] = "summary"

    protocol: str
    runs: int
    seed: int
    recorded: int
    steps: int
    median_steps: float
    actions: dict[str, int]
    median_actions: dict[str, float]
    faults: dict[str, int]
    reasons: dict[str, int]
    decided: int
    undecided: int
    requests: int
    unanswered: int
    sent: int
    delivered: int
    lost: int
    duplicated: int
    outcomes: tuple[RunOutcome, ...]
    sink_error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON data."""
        return asdict(self) | {"outcomes": [asdict(outcome) for outcome in self.outcomes]}


def node_names(count: int) -> tuple[str, ...]:
    """Return the default names of a number of nodes: n1, n2, ...

    Parameters
    ----------
    count : int
        Number of nodes.

    Raises
    ------
    SettingError
        If `count` is less than 1.

    Examples
    --------
    >>> node_names(2)
    ('n1', 'n2')
    """
    if count < 1:
        raise SettingError(
            f"the number of nodes must be at least 1, got {count}", hint="for instance 3"
        )
    return tuple(f"n{number}" for number in range(1, count + 1))


def simulate_runs(
    protocol: Protocol | str,
    *,
    runs: int = 1,
    seed: int | None = None,
    scenario: Scenario | Path | str | None = None,
    nodes: int | Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    duration: float | None = None,
    bounds: Bounds | None = None,
    bug: str | None = None,
    jobs: int = 1,
    sink: Sink | None = None,
    sink_factory: Callable[[str], AbstractContextManager[Sink]] | None = None,
    on_result: Callable[[RunResult], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Simulate a scenario, or random scenarios, with consecutive seeds.

    Run k, counted from 0, has the seed `seed` + k and does not depend on the runs before it.  The
    header of each trace contains the command that replays that run alone.

    Parameters
    ----------
    protocol : Protocol or str
        The protocol, or its name.
    runs : int
        Number of runs.
    seed : int, optional
        Seed of the first run; by default the scenario's seed, or 0.
    scenario : Scenario, path, name or text, optional
        The scenario to run; by default a random scenario for each seed.
    nodes : int or sequence of str, optional
        The nodes of random scenarios, 3 by default; not allowed with a scenario.
    settings : mapping of str to str, optional
        Settings of the protocol, which override those of the scenario.
    duration : float, optional
        Time limit of each run, in seconds; by default that of the scenario or of `bounds`.
    bounds : Bounds, optional
        The bounds of random scenarios; not allowed with a scenario.
    bug : str, optional
        A seeded bug that every node has.
    jobs : int
        Number of processes; 0 for one per core.  It does not change traces, results and summary
        or their order, except that the `nodes` of a result are not available from another
        process.  If the protocol, a fault or a machine is registered only in this process, all
        runs are executed here, after a warning.
    sink : Sink, optional
        The receiver of all traces.
    sink_factory : callable, optional
        ``sink_factory(name)`` returns a context manager that gives the sink of the trace with
        that name; used instead of `sink`.  If a trace cannot be recorded completely, the context
        is left with an exception.
    on_result : callable, optional
        Called with the result of each run.
    progress : callable, optional
        ``progress(done, runs)`` is called after each run.

    Returns
    -------
    Summary
        The summary of all runs.

    Raises
    ------
    SettingError
        If an argument is invalid, or arguments contradict each other.
    InternalError
        If a process ended before its runs were finished.

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> summary = simulate_runs(get_protocol("paxos"), runs=3, seed=1)
    >>> [outcome.seed for outcome in summary.outcomes]
    [1, 2, 3]
    """
    if isinstance(protocol, str):
        protocol = get_protocol(protocol)
    if runs < 1:
        raise SettingError(
            f"the number of runs must be at least 1, got {runs}", hint="choose 1 or more"
        )
    if duration is not None and not 0.01 <= duration < float("inf"):
        raise SettingError(
            f"the duration of a run must be finite and at least 0.01 s, got {duration} s",
            hint="for instance 5",
        )
    if sink is not None and sink_factory is not None:
        raise SettingError(
            "sink and sink_factory cannot be given together", hint="remove one of them"
        )
    plan, seed = _plan(scenario, nodes, settings, duration, bounds, bug, seed)
    record = sink is not None or sink_factory is not None
    seeds = range(seed, seed + runs)
    made = _run_here(protocol, plan, seeds)
    if jobs != 1:
        from toolkit.sim.processes import can_be_sent, count_jobs

        processes = min(count_jobs(jobs), runs)
        if processes > 1 and can_be_sent(protocol, plan):
            made = _run_elsewhere(protocol, plan, seeds, processes, record)
        elif processes > 1:
            warnings.warn(
                "all runs are executed in one process, because the protocol, a fault or a machine "
                "is registered only in this process",
                stacklevel=2,
            )
    tally = _Tally(protocol, seed)
    with contextlib.closing(made):
        for number, (trace, run) in enumerate(made, 1):
            recording = record and tally.sink_error is None
            place: AbstractContextManager[Sink | None] = contextlib.nullcontext(
                sink if recording else None
            )
            if recording and sink_factory is not None:
                place = sink_factory(trace)
            with contextlib.suppress(_IncompleteTrace), place as into:
                result = run(into)
                if sink_factory is not None and result.sink_error is not None:
                    # Leave the sink with an exception, so that it does not keep a partial trace.
                    raise _IncompleteTrace
            tally.add(result, trace, recorded=recording and result.sink_error is None)
            if on_result is not None:
                on_result(result)
            if progress is not None:
                progress(number, runs)
    return tally.summary()


_RunFunctions: TypeAlias = Generator[tuple[str, Callable[[Sink | None], RunResult]], None, None]


def _plan(
    scenario: Scenario | Path | str | None,
    nodes: int | Sequence[str] | None,
    settings: Mapping[str, str] | None,
    duration: float | None,
    bounds: Bounds | None,
    bug: str | None,
    seed: int | None,
) -> tuple[RunPlan, int]:
    """Return the plan of the runs, and the first seed."""
    given = dict(settings or {})
    if scenario is not None:
        if nodes is not None or bounds is not None:
            raise SettingError(
                "nodes, faults and bounds cannot be given with a scenario, which has its own",
                hint="leave them out, or leave out the scenario",
            )
        fixed = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        reference = fixed.source
        fixed = replace(fixed, settings={**fixed.settings, **given})
        if duration is not None:
            fixed = replace(fixed, time_limit=duration)
        plan = RunPlan(
            scenario=fixed,
            nodes=fixed.nodes,
            bounds=Bounds(),
            settings=given,
            bug=bug,
            parameters=None
            if reference is None
            else {"scenario": reference, "duration": duration, "settings": given},
        )
        return plan, (fixed.seed if seed is None else seed) or 0
    count = 3 if nodes is None else nodes
    names = node_names(count) if isinstance(count, int) else tuple(count)
    drawn = bounds or Bounds()
    if duration is not None:
        drawn = replace(drawn, duration=duration)
    # The command line has no options for bounds except the duration and the kinds of faults.
    faults = drawn.faults
    expressible = Bounds(duration=duration or Bounds().duration, faults=faults)
    repeatable = drawn == expressible and names == node_names(len(names)) and faults != ()
    plan = RunPlan(
        scenario=None,
        nodes=names,
        bounds=drawn,
        settings=given,
        bug=bug,
        parameters={
            "nodes": len(names), "duration": duration, "fault": faults, "settings": given
        } if repeatable else None,
    )  # fmt: skip
    return plan, seed or 0


def _run_here(protocol: Protocol, plan: RunPlan, seeds: Iterable[int]) -> _RunFunctions:
    """Yield the name of each trace, and a function that executes the run in this process."""
    for seed in seeds:
        scenario = plan.draw(protocol, seed)
        yield f"{scenario.name}-{seed}", partial(plan.run, protocol, scenario, seed)


def _run_elsewhere(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], jobs: int, record: bool
) -> _RunFunctions:
    """Yield the name of each trace, and a function that forwards another process's run."""
    from toolkit.sim.processes import run_in_processes

    runs = run_in_processes(protocol, plan, seeds, jobs=jobs, record=record)
    with contextlib.closing(runs):
        for run in runs:
            yield run.trace, partial(_forward_run, run)


def _forward_run(run: Finished, sink: Sink | None) -> RunResult:
    """Forward the trace of a run to a sink, and return the run's result."""
    if sink is None or not sink.enabled:
        return replace(run.result, sink_error=None)
    try:
        forward_records(run.lines, sink)
    except Exception as error:
        return replace(run.result, sink_error=f"{type(error).__name__}: {error}")
    return run.result


class _IncompleteTrace(Exception):  # noqa: N818 - used only to leave the context of a sink
    """A trace could not be recorded completely."""


class _Tally:
    """Accumulator of the results of runs."""

    def __init__(self, protocol: Protocol, seed: int) -> None:
        self.protocol = protocol
        self.seed = seed
        self.actions: Counter[str] = Counter()
        self.each: list[dict[str, int]] = []
        self.faults: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()
        self.outcomes: list[RunOutcome] = []
        self.recorded = 0
        self.sink_error: str | None = None

    def add(self, result: RunResult, trace: str, *, recorded: bool) -> None:
        for name in result.expected:
            self.actions.setdefault(name, 0)
        self.actions.update(result.actions)
        self.each.append(result.actions)
        self.faults.update(result.faults)
        self.reasons[result.reason] += 1
        for name in ("sent", "delivered", "lost", "duplicated"):
            self.messages[name] += getattr(result, name)
        self.recorded += recorded
        self.sink_error = self.sink_error or result.sink_error
        self.outcomes.append(
            RunOutcome(
                seed=result.seed,
                trace=trace,
                reason=result.reason,
                steps=result.steps,
                time=result.time,
                decided=result.decided,
                requests=result.requests,
                unanswered=result.unanswered,
            )
        )

    def _ordered_actions(self) -> list[str]:
        """Return the actions seen or expected, in the specification's order, then by name."""
        listed = [name for name in self.protocol.specification.actions if name in self.actions]
        return [*listed, *sorted(set(self.actions) - set(listed))]

    def summary(self) -> Summary:
        outcomes = self.outcomes
        decided = sum(outcome.decided for outcome in outcomes)
        return Summary(
            protocol=self.protocol.name,
            runs=len(outcomes),
            seed=self.seed,
            recorded=self.recorded,
            steps=sum(outcome.steps for outcome in outcomes),
            median_steps=statistics.median(outcome.steps for outcome in outcomes),
            actions={name: self.actions[name] for name in self._ordered_actions()},
            median_actions={
                name: statistics.median(each.get(name, 0) for each in self.each)
                for name in self._ordered_actions()
            },
            faults=dict(sorted(self.faults.items())),
            reasons=dict(sorted(self.reasons.items())),
            decided=decided,
            undecided=len(outcomes) - decided,
            requests=sum(outcome.requests for outcome in outcomes),
            unanswered=sum(outcome.unanswered for outcome in outcomes),
            outcomes=tuple(outcomes),
            sink_error=self.sink_error,
            **{name: self.messages[name] for name in ("sent", "delivered", "lost", "duplicated")},
        )
