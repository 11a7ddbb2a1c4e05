"""What the front door offers beyond what the rooms have: runs that can be asked, and shortcuts.

Protocols are given by name or as objects, scenarios by name, path, text or as objects, and traces
as :class:`Run`, :class:`~toolkit.trace.Trace` or path.
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
"""The most steps of a run that is drawn where a notebook shows it."""


@dataclass(frozen=True)
class Run(Shown):
    """A simulated run: its trace, its result, and the questions that can be asked about it.

    Parameters
    ----------
    protocol : Protocol
        What was run.
    trace : Trace
        What was recorded.
    result : RunResult
        What came out.
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
        """The command that repeats the run; ``None`` if no command can."""
        return self.trace.header.replay

    @cached_property
    def scenario(self) -> Scenario:
        """What happened from outside, as the trace's header has it."""
        return parse_scenario(self.trace.header.meta["scenario"])

    @cached_property
    def history(self) -> History:
        """What clients of the replicated machine asked for and were told."""
        return client_history(self.result)

    @cached_property
    def followed(self) -> SpecReplay:
        """The specification's state at each step, and its verdict, as TLC found them."""
        return follow_trace(self.trace)

    def validate(self, **options: Any) -> Verdict:
        """Ask TLC whether the specification allows the run.

        Parameters
        ----------
        **options
            As for :func:`toolkit.conformance.validate`.

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
            If no client used a replicated machine, so that there is nothing to check.
        """
        if not self.history.operations:
            raise SettingError(
                f"no client of the run {self.name!r} used a replicated machine",
                hint="linearizability is checked for protocols that replicate a machine",
            )
        return check_client_history(self.result)

    def check(self, check: Check | str) -> CheckReport:
        """Check the run.

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
            If no check has the name.
        """
        return run_check(check, [CheckedRun(self.protocol, self.trace, self.result)])

    def explore(self, *, follow: bool = False, step: int | None = None) -> TraceExplorer:
        """Open the run in a notebook, step by step.

        Parameters
        ----------
        follow : bool
            Whether to ask TLC for the specification's states and show them too.
        step : int, optional
            What is shown at first: 0 is the initial state, k+1 the state after step k.  By
            default the first divergence, if the run was followed and diverged, else 0.
        """
        return explore(self, follow=follow, step=step)

    def to_frame(self) -> pd.DataFrame:
        """Return the steps as a table (see :class:`toolkit.trace.export.Frames`)."""
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
    # A diagram of a long run would be many screens wide.
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
            f"one trace is expected, and there are {len(traces)}", path=source,
            hint="read_traces() returns all of them",
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
    """Run a protocol in the simulator, and keep what it did.

    Parameters
    ----------
    protocol : Protocol or str
        A protocol, or its name.
    scenario : Scenario, path or str, optional
        A scenario, its name, the path of its file, or its text; by default random faults.
    seed : int, optional
        What all chance is drawn from; by default the scenario's own, or 0.
    nodes : int or sequence of str, optional
        The nodes of a random scenario, 3 by default; a scenario has its own.
    settings : mapping of str to str, optional
        The protocol's settings, on top of the scenario's.
    duration : float, optional
        Simulated seconds after which the run ends.
    bug : str, optional
        A planted bug that every node is to have.

    Returns
    -------
    Run

    Raises
    ------
    UnknownNameError
        If there is no such protocol, scenario or bug.
    SettingError
        If the arguments do not fit together.
    InternalError
        If the run could not be recorded whole.

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
            hint=f"look at 'variables' of the protocol {protocol.name!r}",
        )
    return [
        Run(protocol, trace, result) for trace, result in zip(sink.traces, results, strict=True)
    ]


def validate(traces: AnyTrace | Iterable[AnyTrace], **options: Any) -> ValidationReport:
    """Ask TLC whether the specification allows traces.

    Parameters
    ----------
    traces : Run, Trace, path, or an iterable of them
        What was recorded.
    **options
        As for :func:`toolkit.conformance.validate`.

    Returns
    -------
    ValidationReport
        A verdict for each trace, in order.
    """
    several = [traces] if isinstance(traces, Run | Trace | Path | str) else traces
    return validate_traces(
        [one.trace if isinstance(one, Run) else one for one in several], **options
    )


def follow(trace: AnyTrace, **options: Any) -> SpecReplay:
    """Return the specification's state at every step of a trace, and the verdict.

    Parameters
    ----------
    trace : Run, Trace or path
        A file must hold one trace.
    **options
        As for :func:`toolkit.conformance.follow`.

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
    """Open a run, or a counterexample, in a notebook: a diagram and the state after each step.

    Parameters
    ----------
    source : Run, Trace, path or CheckResult
        A run, or a check whose first counterexample is shown.
    followed : SpecReplay, optional
        The specification's states, shown beside the run's.
    follow : bool
        Whether to ask TLC for these.
    step : int, optional
        What is shown at first: 0 is the initial state, k+1 the state after step k.  By default
        the first divergence if `followed` diverged, the last state of a counterexample, else 0.
    protocol : Protocol or str, optional
        Whose specification was checked; needed for a counterexample.
    **options
        As for :class:`toolkit.widgets.TraceExplorer`.

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
                "the protocol of a counterexample must be given",
                hint="explore(result, protocol=NAME)",
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
    """Check a model of the manifest, or any specification, with TLC.

    Parameters
    ----------
    model : str, path or SpecSource
        The name of a model, as the manifest has it; or a ``.tla`` file.
    config : path, optional
        The ``.cfg`` file of a ``.tla`` file; by default the one beside it.
    **options
        As for :func:`toolkit.tlc.check`; for a model of the manifest, as for
        :func:`toolkit.tlc.run_model`.

    Returns
    -------
    CheckResult

    Raises
    ------
    UnknownNameError
        If the manifest has no such model.
    SettingError
        If `config` is given for a model of the manifest.
    """
    if not isinstance(model, str) or model.endswith(".tla"):
        return check_specification(model, config, **options)
    if config is not None:
        raise SettingError(
            f"the manifest names the configuration of {model!r}", hint="leave out config"
        )
    manifest = load_manifest()
    return run_model(manifest, manifest[model], **options)


def hunt_bugs(
    protocol: Protocol | str, bugs: Sequence[str] | str | None = None, **options: Any
) -> BugTable:
    """Run planted bugs and report which check finds each first.

    Parameters
    ----------
    protocol : Protocol or str
    bugs : str or sequence of str, optional
        By default all that the protocol has.
    **options
        As for :func:`toolkit.checks.find_bugs`.

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
    """Return the first run in which TLC catches a planted bug.

    Parameters
    ----------
    protocol : Protocol or str
    bug : str
        The name of the bug.
    scenario : Scenario, path or str, optional
        Where the bug acts; by default what the protocol names for it, or random faults.
    runs : int
        Runs with random faults, at most.
    seed : int
        Seed of the first of them; a scenario has its own.

    Returns
    -------
    Run
        Its ``followed`` names the step that the specification does not explain.

    Raises
    ------
    UnknownNameError
        If there is no such protocol or bug.
    SettingError
        If the specification allows all these runs.
    """
    plugin = _protocol(protocol)
    if bug not in plugin.bugs:
        raise UnknownNameError(
            f"{plugin.name} has no planted bug {bug!r}",
            hint=f"known: {', '.join(plugin.bugs) or 'none'}",
        )
    setup = plugin.bug_setups.get(bug, BugSetup())
    where = setup.scenario if scenario is None else scenario
    batches: list[dict[str, Any]]
    if where is not None:
        batches = [{"scenario": where}]
    else:
        # TLC starts once for a batch, and most bugs are caught early.
        few = min(10, runs)
        sizes = {seed: few, seed + few: runs - few}
        given = {"nodes": setup.nodes, "settings": setup.settings}
        batches = [{"seed": own, "runs": size, **given} for own, size in sizes.items() if size]
    for batch in batches:
        made = _simulate(plugin, bug=bug, **batch)
        report = validate_traces([run.trace for run in made], explain=0)
        for run, verdict in zip(made, report.verdicts, strict=True):
            if verdict.status == "diverged":
                return run
    raise SettingError(
        f"the specification allows all runs with the bug {bug!r}",
        hint="try more runs, another seed, or hunt_bugs(), which makes other checks as well",
    )
