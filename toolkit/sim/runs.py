"""Many runs, each from a seed of its own, and what they came to."""

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
from toolkit.trace.ndjson import hand_on

if TYPE_CHECKING:
    from toolkit.sim.processes import Finished

__all__ = ["RunOutcome", "Summary", "simulate_runs"]


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """What one of many runs came to.

    Parameters
    ----------
    seed : int
        Its seed.
    trace : str
        The name of its trace.
    reason : str
        Why it ended.
    steps : int
        Its steps.
    time : float
        Seconds at which it ended.
    decided : bool
        Whether a client was answered, or a node knew the outcome at the end.
    requests, unanswered : int
        How much clients asked for, and how much of it was never answered.
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
    """What many runs came to.

    Parameters
    ----------
    protocol : str
        The protocol's name.
    runs : int
        Number of runs.
    seed : int
        Seed of the first; that of run k is `seed` + k.
    recorded : int
        How many were recorded whole.
    steps : int
        Steps of all runs.
    median_steps : float
        Median of the runs' steps.
    actions : dict of str to int
        Steps by action; an action of the protocol that never happened is there with 0.
    median_actions : dict of str to float
        The median of the runs' steps, by action.
    faults : dict of str to int
        Faults by kind, crashes and restarts among them.
    reasons : dict of str to int
        Runs by why they ended.
    decided, undecided : int
        Runs by whether they came to a decision.
    requests, unanswered : int
        How much clients asked for, and how much of it was never answered.
    sent, delivered, lost, duplicated : int
        Messages of all runs (see :class:`~toolkit.sim.RunResult`).
    outcomes : tuple of RunOutcome
        Each run.
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
        """Return all fields, in JSON's types."""
        return asdict(self) | {"outcomes": [asdict(outcome) for outcome in self.outcomes]}


def node_names(count: int) -> tuple[str, ...]:
    """Return the names that so many nodes get: n1, n2, ...

    Examples
    --------
    >>> node_names(2)
    ('n1', 'n2')
    """
    if count < 1:
        raise SettingError(f"{count} nodes cannot run anything", hint="1 or more")
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
    """Run a scenario, or random ones, with one seed after the other.

    Run k has the seed `seed` + k, and is the same whichever runs go before it: the header of
    each trace holds the command that makes it alone.

    Parameters
    ----------
    protocol : Protocol or str
        What is run, or its name.
    runs : int
        How often.
    seed : int, optional
        Seed of the first run; by default the scenario's own, or 0.
    scenario : Scenario, path, name or text, optional
        What is run; by default a random scenario for each seed.
    nodes : int or sequence of str, optional
        The nodes of random scenarios, 3 by default; a scenario has its own.
    settings : mapping of str to str, optional
        The protocol's settings, on top of the scenario's own.
    duration : float, optional
        Time limit of each run, in seconds; by default the scenario's, or that of `bounds`.
    bounds : Bounds, optional
        Within what random scenarios are drawn.
    bug : str, optional
        A planted bug that every node is to have.
    jobs : int
        Processes that make the runs; 0 for one for each core.  Traces, results and summary are
        the same, in the same order, except that the `nodes` of a result stay in the process
        that made it.  If the protocol, or a fault or machine, is known to this process only,
        all runs are made here, after a warning.
    sink : Sink, optional
        Where all traces go.
    sink_factory : callable, optional
        ``sink_factory(name)`` makes the sink of the trace of that name, as a context manager;
        instead of `sink`.  A trace that cannot be recorded whole leaves its sink by an
        exception.
    on_result : callable, optional
        Called with each run's result.
    progress : callable, optional
        ``progress(done, runs)`` is called after each run.

    Returns
    -------
    Summary

    Raises
    ------
    SettingError
        If the arguments do not fit together.
    InternalError
        If a process ended before its runs were made.

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
        raise SettingError(f"{runs} runs show nothing", hint="1 or more")
    if duration is not None and not 0.01 <= duration < float("inf"):
        raise SettingError(f"a run cannot last {duration} s", hint="at least 0.01 s")
    if sink is not None and sink_factory is not None:
        raise SettingError("one sink for all, or one for each trace", hint="give one of the two")
    plan, seed = _plan(scenario, nodes, settings, duration, bounds, bug, seed)
    record = sink is not None or sink_factory is not None
    seeds = range(seed, seed + runs)
    made = _made_here(protocol, plan, seeds)
    if jobs != 1:
        from toolkit.sim.processes import can_be_sent, count_jobs

        processes = min(count_jobs(jobs), runs)
        if processes > 1 and can_be_sent(protocol, plan):
            made = _made_elsewhere(protocol, plan, seeds, processes, record)
        elif processes > 1:
            warnings.warn(
                "all runs are made in one process: the protocol, a fault or a machine is known "
                "to this process only",
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
            with contextlib.suppress(_Torn), place as into:
                result = run(into)
                if sink_factory is not None and result.sink_error is not None:
                    # Its sink is not to keep half a trace.
                    raise _Torn
            tally.add(result, trace, recorded=recording and result.sink_error is None)
            if on_result is not None:
                on_result(result)
            if progress is not None:
                progress(number, runs)
    return tally.summary()


_Made: TypeAlias = Generator[tuple[str, Callable[[Sink | None], RunResult]], None, None]


def _plan(
    scenario: Scenario | Path | str | None,
    nodes: int | Sequence[str] | None,
    settings: Mapping[str, str] | None,
    duration: float | None,
    bounds: Bounds | None,
    bug: str | None,
    seed: int | None,
) -> tuple[RunPlan, int]:
    """Return what is run, and the first seed."""
    given = dict(settings or {})
    if scenario is not None:
        if nodes is not None or bounds is not None:
            raise SettingError(
                "a scenario has nodes and faults of its own", hint="leave out nodes and bounds"
            )
        one = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        reference = one.source
        one = replace(one, settings={**one.settings, **given})
        if duration is not None:
            one = replace(one, time_limit=duration)
        plan = RunPlan(
            scenario=one,
            nodes=one.nodes,
            bounds=Bounds(),
            settings=given,
            bug=bug,
            parameters=None
            if reference is None
            else {"scenario": reference, "duration": duration, "settings": given},
        )
        return plan, (one.seed if seed is None else seed) or 0
    count = 3 if nodes is None else nodes
    names = node_names(count) if isinstance(count, int) else tuple(count)
    within = bounds or Bounds()
    if duration is not None:
        within = replace(within, duration=duration)
    # The command line knows no bounds but the duration and the kinds of faults.
    faults = within.faults
    usual = Bounds(duration=duration or Bounds().duration, faults=faults)
    repeatable = within == usual and names == node_names(len(names)) and faults != ()
    plan = RunPlan(
        scenario=None,
        nodes=names,
        bounds=within,
        settings=given,
        bug=bug,
        parameters={
            "nodes": len(names), "duration": duration, "fault": faults, "settings": given
        } if repeatable else None,
    )  # fmt: skip
    return plan, seed or 0


def _made_here(protocol: Protocol, plan: RunPlan, seeds: Iterable[int]) -> _Made:
    """Yield the name of each trace, and what makes the run in this process."""
    for seed in seeds:
        scenario = plan.draw(protocol, seed)
        yield f"{scenario.name}-{seed}", partial(plan.run, protocol, scenario, seed)


def _made_elsewhere(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], jobs: int, record: bool
) -> _Made:
    """Yield the name of each trace, and what hands on the run that another process made."""
    from toolkit.sim.processes import run_in_processes

    runs = run_in_processes(protocol, plan, seeds, jobs=jobs, record=record)
    with contextlib.closing(runs):
        for run in runs:
            yield run.trace, partial(_pass_on, run)


def _pass_on(run: Finished, sink: Sink | None) -> RunResult:
    """Return the result of a run after its trace has gone to a sink."""
    if sink is None or not sink.enabled:
        return replace(run.result, sink_error=None)
    try:
        hand_on(run.lines, sink)
    except Exception as error:
        return replace(run.result, sink_error=f"{type(error).__name__}: {error}")
    return run.result


class _Torn(Exception):  # noqa: N818 - no error of anybody, only a way out of a sink
    """A trace could not be recorded whole."""


class _Tally:
    """Adds up runs."""

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

    def _named(self) -> list[str]:
        """Return the actions that were seen or expected, the specification's list first."""
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
            actions={name: self.actions[name] for name in self._named()},
            median_actions={
                name: statistics.median(each.get(name, 0) for each in self.each)
                for name in self._named()
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
