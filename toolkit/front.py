"""The front door: :class:`Run` and shortcuts to simulate, check, validate and explore.

A protocol is given by its name or as an object; a scenario by its name, path or text or as an
object; a trace as a :class:`Run`, a :class:`~toolkit.trace.Trace` or a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from rich.console import Group
from rich.text import Text

from toolkit.checks import (
    BugTable,
    Check,
    CheckedRun,
    CheckReport,
    check_client_history,
    client_history,
    find_bugs,
    run_check,
)
from toolkit.conformance import (
    SpecReplay,
    ValidationReport,
    Verdict,
    counterexample_trace,
    follow as follow_trace,
    validate as validate_traces,
)
from toolkit.display import spacetime_svg
from toolkit.display.faces import Face, register_face, to_html, to_rich
from toolkit.errors import InternalError, SettingError, UnknownNameError
from toolkit.faces import Shown
from toolkit.histories import History, LinearizabilityResult
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import BugSetup, Protocol
from toolkit.sim import RunResult, Scenario, parse_scenario, simulate_runs
from toolkit.tlc import (
    CheckResult,
    SpecSource,
    check as check_specification,
    load_manifest,
    run_model,
)
from toolkit.trace import MemorySink, Trace, TraceWriter, read_traces
from toolkit.trace.export import to_frames

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.widgets import TraceExplorer

__all__ = [
    "Run",
    "catch_bug",
    "check",
    "explore",
    "follow",
    "hunt_bugs",
    "simulate",
    "validate",
]

MOST_DRAWN = 200
"""The largest number of steps with which a notebook shows a run as a diagram."""


@dataclass(frozen=True)
class Run(Shown):
    """A simulated run: its trace, its result, and methods that check and show it.

    Parameters
    ----------
    protocol : Protocol
        The protocol that was run.
    trace : Trace
        The recorded trace.
    result : RunResult
        Statistics and outcome of the run.
    """

    face: ClassVar[str] = "simulation"

    protocol: Protocol
    trace: Trace
    result: RunResult

    @property
    def name(self) -> str:
        """The name of the trace."""
        return self.trace.header.trace

    @property
    def replay(self) -> str | None:
        """The command that replays the run; ``None`` if there is no such command."""
        return self.trace.header.replay

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario of the run, read from the trace's header."""
        return parse_scenario(self.trace.header.meta["scenario"])

    @cached_property
    def history(self) -> History:
        """The operations of the clients of the replicated machine, with their answers."""
        return client_history(self.result)

    @cached_property
    def followed(self) -> SpecReplay:
        """The specification's state at each step, and TLC's verdict."""
        return follow_trace(self.trace)

    def validate(self, **options: Any) -> Verdict:
        """Validate the run: ask TLC whether the specification allows it.

        Parameters
        ----------
        **options
            Options of :func:`toolkit.conformance.validate`.

        Returns
        -------
        Verdict
        """
        return validate_traces([self.trace], **options).verdicts[0]

    def linearizability(self) -> LinearizabilityResult:
        """Check whether the history of the clients is linearizable.

        Returns
        -------
        LinearizabilityResult

        Raises
        ------
        SettingError
            If no client used a replicated machine.
        """
        if not self.history.operations:
            raise SettingError(
                f"no client of the run {self.name!r} used a replicated machine",
                hint="linearizability is checked for protocols that replicate a machine",
            )
        return check_client_history(self.result)

    def check(self, check: Check | str) -> CheckReport:
        """Run a check on this run.

        Parameters
        ----------
        check : Check or str
            A check, or its name (``toolkit plugins check`` lists them).

        Returns
        -------
        CheckReport

        Raises
        ------
        UnknownNameError
            If the check is unknown.
        """
        return run_check(check, [CheckedRun(self.protocol, self.trace, self.result)])

    def explore(self, *, follow: bool = False, step: int | None = None) -> TraceExplorer:
        """Show the run in a notebook, step by step.

        Parameters
        ----------
        follow : bool
            Whether to compute the specification's states with TLC and show them as well.
        step : int, optional
            The state that is shown first: 0 is the initial state, k+1 the state after step k.
            By default the divergence, if `follow` is true and the run diverged, else 0.

        Returns
        -------
        TraceExplorer
        """
        return explore(self, follow=follow, step=step)

    def to_frame(self) -> pd.DataFrame:
        """Return the steps as a table (see :class:`toolkit.trace.export.Frames`).

        Returns
        -------
        pandas.DataFrame
        """
        return to_frames(self.trace).steps

    def write(self, path: Path | str) -> Path:
        """Write the trace to a file (NDJSON; compressed if the name ends in ``.gz``).

        Parameters
        ----------
        path : path

        Returns
        -------
        pathlib.Path
            The same path.

        Raises
        ------
        TraceError
            If the file cannot be written.
        """
        with TraceWriter(path) as writer:
            writer.write(self.trace)
        return Path(path)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.result.steps:,} steps, ended by {self.result.reason}>"


def _run_view(run: Run) -> Group:
    parts = [to_rich(run.result, title=f"{run.name} of {run.protocol.title}")]
    if run.replay is not None:
        parts.append(Text(f"run it again: {run.replay}"))
    return Group(*parts)


def _run_html(run: Run) -> str:
    # The diagram of a long run would be many screens wide.
    drawing = spacetime_svg(run.trace) if len(run.trace.steps) <= MOST_DRAWN else ""
    head = f"<b>{run.name}</b> of {run.protocol.title}"
    return f'<div>{head}{to_html(run.result)}<div style="overflow-x:auto">{drawing}</div></div>'


register_face(Run.face, Face(rich=_run_view, html=_run_html))

AnyTrace: TypeAlias = Run | Trace | Path | str


def _protocol(protocol: Protocol | str) -> Protocol:
    return get_protocol(protocol) if isinstance(protocol, str) else protocol


def _trace(source: AnyTrace) -> Trace:
    if isinstance(source, Run):
        return source.trace
    if isinstance(source, Trace):
        return source
    traces = list(read_traces(source))
    if len(traces) != 1:
        raise SettingError(
            f"the file must hold one trace, not {len(traces)}", path=source,
            hint="read_traces() returns all traces of a file",
        )  # fmt: skip
    return traces[0]


def simulate(
    protocol: Protocol | str,
    scenario: Scenario | Path | str | None = None,
    *,
    seed: int | None = None,
    nodes: int | Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    duration: float | None = None,
    bug: str | None = None,
) -> Run:
    """Run a protocol in the simulator and record its trace.

    Parameters
    ----------
    protocol : Protocol or str
        A protocol, or its name.
    scenario : Scenario, path or str, optional
        A scenario, its name, the path of its file, or its text; by default random faults.
    seed : int, optional
        The seed of all randomness; by default the scenario's seed, or 0.
    nodes : int or sequence of str, optional
        The nodes of a random scenario, 3 by default.  A given scenario lists its nodes itself.
    settings : mapping of str to str, optional
        Settings of the protocol; they override the scenario's settings.
    duration : float, optional
        Simulated seconds after which the run ends.
    bug : str, optional
        A seeded bug that every node gets.

    Returns
    -------
    Run

    Raises
    ------
    UnknownNameError
        If the protocol, scenario or bug is unknown.
    SettingError
        If the arguments contradict each other.
    InternalError
        If the run could not be recorded completely.

    Examples
    --------
    >>> run = simulate("paxos", seed=3)
    >>> run
    <Run paxos-random-3: 138 steps, ended by quiet>
    >>> simulate("paxos", seed=3, bug="accepts-below-promise").trace.header.meta["bug"]
    'accepts-below-promise'
    """
    (run,) = _simulate(
        _protocol(protocol), scenario=scenario, seed=seed, nodes=nodes, settings=settings,
        duration=duration, bug=bug,
    )  # fmt: skip
    return run


def _simulate(protocol: Protocol, **options: Any) -> list[Run]:
    sink = MemorySink()
    results: list[RunResult] = []
    summary = simulate_runs(protocol, sink=sink, on_result=results.append, **options)
    if summary.sink_error is not None:
        raise InternalError(
            f"the run could not be recorded: {summary.sink_error}",
            hint=f"look at 'variables' and 'constants' of the protocol {protocol.name!r}",
        )
    return [
        Run(protocol, trace, result) for trace, result in zip(sink.traces, results, strict=True)
    ]


def validate(traces: AnyTrace | Iterable[AnyTrace], **options: Any) -> ValidationReport:
    """Validate traces: ask TLC whether the specification allows them.

    Parameters
    ----------
    traces : Run, Trace, path, or an iterable of them
        The recorded traces.
    **options
        Options of :func:`toolkit.conformance.validate`.

    Returns
    -------
    ValidationReport
        A verdict for each trace, in order.
    """
    sources = [traces] if isinstance(traces, Run | Trace | Path | str) else traces
    return validate_traces(
        [source.trace if isinstance(source, Run) else source for source in sources], **options
    )


def follow(trace: AnyTrace, **options: Any) -> SpecReplay:
    """Return the specification's state at every step of a trace, and the verdict.

    Parameters
    ----------
    trace : Run, Trace or path
        A file must hold one trace.
    **options
        Options of :func:`toolkit.conformance.follow`.

    Returns
    -------
    SpecReplay
    """
    return follow_trace(_trace(trace), **options)


def explore(
    source: AnyTrace | CheckResult,
    followed: SpecReplay | None = None,
    *,
    follow: bool = False,
    step: int | None = None,
    protocol: Protocol | str | None = None,
    **options: Any,
) -> TraceExplorer:
    """Show a run or a counterexample in a notebook: a diagram and the state after each step.

    Parameters
    ----------
    source : Run, Trace, path or CheckResult
        A recorded run, or the result of a check, whose first counterexample is shown.
    followed : SpecReplay, optional
        The specification's states, shown next to those of the run.
    follow : bool
        Whether to compute them with TLC.
    step : int, optional
        The state that is shown first: 0 is the initial state, k+1 the state after step k.  By
        default the last state of a counterexample; of a run the divergence, if `followed` has
        one, else 0.
    protocol : Protocol or str, optional
        The protocol whose specification was checked; required for a counterexample.
    **options
        Options of :class:`toolkit.widgets.TraceExplorer`.

    Returns
    -------
    TraceExplorer

    Raises
    ------
    SettingError
        If `protocol` is missing for a counterexample.
    """
    from toolkit.widgets import TraceExplorer

    if isinstance(source, CheckResult):
        if protocol is None:
            raise SettingError(
                "a counterexample needs the protocol whose specification was checked",
                hint="call explore(result, protocol=NAME)",
            )
        trace = counterexample_trace(source, _protocol(protocol).specification)
        step = len(trace.steps) if step is None else step
    else:
        trace = _trace(source)
        if followed is None and follow:
            followed = source.followed if isinstance(source, Run) else follow_trace(trace)
    explorer = TraceExplorer(trace, followed, **options)
    divergence = followed.verdict.divergence if followed is not None else None
    if step is not None:
        explorer.step = step
    elif divergence is not None:
        explorer.step = divergence.step + 1
    return explorer


def check(
    model: str | Path | SpecSource, config: Path | str | None = None, **options: Any
) -> CheckResult:
    """Check a model of the manifest or any other specification with TLC.

    Parameters
    ----------
    model : str, path or SpecSource
        The name of a model of the manifest, or a ``.tla`` file.
    config : path, optional
        The configuration file (``.cfg``) of a ``.tla`` file; by default the file of the same name
        next to it.
    **options
        Options of :func:`toolkit.tlc.check`; for a model of the manifest, options of
        :func:`toolkit.tlc.run_model`.

    Returns
    -------
    CheckResult

    Raises
    ------
    UnknownNameError
        If the manifest does not contain the model.
    SettingError
        If `config` is given for a model of the manifest.
    """
    if not isinstance(model, str) or model.endswith(".tla"):
        return check_specification(model, config, **options)
    if config is not None:
        raise SettingError(
            f"the manifest sets the configuration file of the model {model!r}", hint="omit config"
        )
    manifest = load_manifest()
    return run_model(manifest, manifest[model], **options)


def hunt_bugs(
    protocol: Protocol | str, bugs: Sequence[str] | str | None = None, **options: Any
) -> BugTable:
    """Run seeded bugs and report which check finds each first.

    Parameters
    ----------
    protocol : Protocol or str
    bugs : str or sequence of str, optional
        Names of bugs; by default all bugs of the protocol.
    **options
        Options of :func:`toolkit.checks.find_bugs`.

    Returns
    -------
    BugTable
    """
    names = [bugs] if isinstance(bugs, str) else bugs
    return find_bugs(_protocol(protocol), names, **options)


def catch_bug(
    protocol: Protocol | str,
    bug: str,
    scenario: Scenario | Path | str | None = None,
    *,
    runs: int = 200,
    seed: int = 1,
) -> Run:
    """Return the first run in which TLC finds a seeded bug.

    Parameters
    ----------
    protocol : Protocol or str
    bug : str
        The name of the bug.
    scenario : Scenario, path or str, optional
        The scenario to run; by default the protocol's scenario for the bug, or random faults.
    runs : int
        The largest number of runs with random faults.
    seed : int
        Seed of the first run with random faults.  A scenario has its own seed.

    Returns
    -------
    Run
        Its ``followed`` reports the step that the specification does not allow.

    Raises
    ------
    UnknownNameError
        If the protocol or the bug is unknown.
    SettingError
        If the specification allows all runs.
    """
    plugin = _protocol(protocol)
    if bug not in plugin.bugs:
        raise UnknownNameError(
            f"unknown seeded bug {bug!r} of {plugin.name}",
            hint=f"known: {', '.join(plugin.bugs) or 'none'}",
        )
    setup = plugin.bug_setups.get(bug, BugSetup())
    where = setup.scenario if scenario is None else scenario
    batches: list[dict[str, Any]]
    if where is not None:
        batches = [{"scenario": where}]
    else:
        # TLC starts once for each batch, and most bugs are found early.
        first = min(10, runs)
        sizes = {seed: first, seed + first: runs - first}
        options = {"nodes": setup.nodes, "settings": setup.settings}
        batches = [
            {"seed": start, "runs": size, **options} for start, size in sizes.items() if size
        ]
    for batch in batches:
        recorded = _simulate(plugin, bug=bug, **batch)
        report = validate_traces([run.trace for run in recorded], explain=0)
        for run, verdict in zip(recorded, report.verdicts, strict=True):
            if verdict.status == "diverged":
                return run
    raise SettingError(
        f"the specification allows all runs with the bug {bug!r}",
        hint="try more runs or another seed; hunt_bugs() runs other checks as well",
    )
