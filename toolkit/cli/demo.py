"""The command ``toolkit demo``: simulate, validate and model-check, and write a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from toolkit.cli.output import FAILED, FOUND, GOOD, console, guarded
from toolkit.cli.progress import stage
from toolkit.conformance import SpecReplay, ValidationReport, Verdict, follow, validate
from toolkit.display.faces.base import plural
from toolkit.errors import SettingError
from toolkit.invocation import Invocation
from toolkit.protocols import get_protocol, showcase_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim import Summary, scenario_names, simulate_runs
from toolkit.tlc import CheckResult, Manifest, Model, compare, load_manifest, run_model
from toolkit.trace import MemorySink, Trace, TraceWriter

__all__ = ["Demo", "demo", "demo_command", "run_demo"]

REPORT = "report.html"
TRACES = "traces.ndjson"
BUGS = "traces-with-a-seeded-bug.ndjson"

RUNS = 20
"""Number of runs with random faults that are recorded and validated."""
BUG_RUNS = 10
"""Number of runs with a seeded bug that are recorded and validated."""
QUICK = 10_000
"""The demo checks the largest small model that must hold and has at most this many states."""
READABLE = 60
"""The demo draws the random run whose number of steps is closest to this.

If every random run has more than twice as many steps, it draws the longest run of the protocol's
scenarios that has at most twice as many."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The results of a demonstration.

    Parameters
    ----------
    protocol : Protocol
    summary : Summary
        Summary of the runs with random faults.
    traces : tuple of Trace
        Traces of these runs.
    shown : Trace
        The trace that is drawn: one of ``traces``, or the run of a scenario of the package.
    followed : SpecReplay
        The specification's state at each step of ``shown``.
    validation : ValidationReport
        Validation of ``traces``.
    checks : tuple of (Model, CheckResult)
        The models that were checked.
    bug : str or None
        Name of the seeded bug; ``None`` if the protocol has none.
    bug_validation : ValidationReport or None
        Validation of ``bug_traces``.
    bug_traces : tuple of Trace
        Traces of the runs with the bug.
    """

    protocol: Protocol
    summary: Summary
    traces: tuple[Trace, ...]
    shown: Trace
    followed: SpecReplay
    validation: ValidationReport
    checks: tuple[tuple[Model, CheckResult], ...]
    bug: str | None
    bug_validation: ValidationReport | None
    bug_traces: tuple[Trace, ...]

    @property
    def planted(self) -> tuple[str, Trace, Verdict] | None:
        """The seeded bug, a trace that caught it and the verdict; ``None`` if not caught."""
        if self.bug is None or self.bug_validation is None:
            return None
        for trace, verdict in zip(self.bug_traces, self.bug_validation.verdicts, strict=True):
            if verdict.divergence is not None and verdict.divergence.before is not None:
                return self.bug, trace, verdict
        return None

    @property
    def problems(self) -> list[str]:
        """Descriptions of unexpected results; empty if there are none."""
        problems = []
        if not self.validation.ok:
            problems.append(f"{self.validation.count('diverged')} of the traces diverged")
        for model, result in self.checks:
            problems += [f"model {model.name}: {text}" for text in compare(model, result)]
        if self.bug is not None and (
            self.bug_validation is None or not self.bug_validation.count("diverged")
        ):
            problems.append(f"the seeded bug {self.bug!r} was not caught in {BUG_RUNS} runs")
        return problems


def _small_models(manifest: Manifest, protocol: Protocol) -> list[Model]:
    """Return a small model that must hold and a small model that must fail, if they exist."""
    own = [
        model
        for model in manifest.models
        if model.size == "small"
        and (manifest.path.parent / model.spec).resolve().parent
        == protocol.specification.folder.resolve()
    ]
    holding = [model for model in own if model.outcome == "success"]
    quick = [model for model in holding if (model.distinct or 0) <= QUICK]
    chosen = sorted(quick or holding, key=lambda model: -(model.distinct or 0))[:1]
    return chosen + [model for model in own if model.outcome != "success"][:1]


def _record_runs(
    protocol: Protocol, *, runs: int, seed: int, bug: str | None = None
) -> tuple[Summary, tuple[Trace, ...]]:
    sink = MemorySink()
    summary = simulate_runs(protocol, runs=runs, seed=seed, nodes=3, bug=bug, sink=sink)
    return summary, tuple(sink.traces)


def _choose_shown(protocol: Protocol, traces: tuple[Trace, ...]) -> Trace:
    """Return the trace to draw (see :data:`READABLE`)."""

    def distance(trace: Trace) -> tuple[int, str]:
        return abs(len(trace.steps) - READABLE), trace.header.trace

    shown = min(traces, key=distance)
    if len(shown.steps) <= 2 * READABLE:
        return shown
    sink = MemorySink()
    for name in scenario_names(protocol.name):
        simulate_runs(protocol, scenario=name, sink=sink)
    short = [trace for trace in sink.traces if len(trace.steps) <= 2 * READABLE]
    return max(short, key=lambda trace: (len(trace.steps), trace.header.trace), default=shown)


def run_demo(protocol: Protocol, *, seed: int = 1) -> Demo:
    """Simulate, validate, model-check and catch a seeded bug, and print the progress on stdout.

    Parameters
    ----------
    protocol : Protocol
    seed : int
        Seed of the first run.

    Returns
    -------
    Demo
    """
    with stage("Simulating with random faults") as output:
        summary, traces = _record_runs(protocol, runs=RUNS, seed=seed)
        faults = ", ".join(f"{count:,} {kind}" for kind, count in summary.faults.items())
        output.append(f"{plural(summary.runs, 'run')}, {plural(summary.steps, 'step')}; {faults}")
    with stage("Validating the traces with TLC") as output:
        validation = validate(traces)
        output.append(
            f"{validation.count('accepted')} accepted, {validation.count('diverged')} diverged, "
            f"{validation.count('not checkable')} not checkable; {len(validation.actions)} "
            f"actions, never taken: {', '.join(validation.unseen) or 'none'}"
        )
    shown = _choose_shown(protocol, traces)
    with stage(f"Replaying {shown.header.trace} against the specification") as output:
        followed = follow(shown)
        output.append(f"{plural(len(followed.states), 'state')} of the specification")
    manifest = load_manifest()
    checks = []
    for model in _small_models(manifest, protocol):
        with stage(f"Model-checking {model.name}") as output:
            result = run_model(manifest, model)
            checks.append((model, result))
            agreement = "" if compare(model, result) else ", as the manifest expects"
            output.append(f"{result.outcome}, {result.distinct or 0:,} distinct states{agreement}")
    bug = next(iter(sorted(protocol.bugs)), None)
    bug_validation: ValidationReport | None = None
    bug_traces: tuple[Trace, ...] = ()
    if bug is not None:
        with stage(f"Running the seeded bug {bug!r}") as output:
            _, bug_traces = _record_runs(protocol, runs=BUG_RUNS, seed=seed, bug=bug)
            bug_validation = validate(bug_traces, explain=1)
            output.append(
                f"{bug_validation.count('diverged')} of {plural(len(bug_traces), 'run')} diverged"
            )
    return Demo(
        protocol=protocol,
        summary=summary,
        traces=traces,
        shown=shown,
        followed=followed,
        validation=validation,
        checks=tuple(checks),
        bug=bug,
        bug_validation=bug_validation,
        bug_traces=bug_traces,
    )


def _write(demo: Demo, out: Path) -> Path:
    # The charts of the report need modules that take a second to load.
    from toolkit.cli.demo_report import write_report

    out.mkdir(parents=True, exist_ok=True)
    with TraceWriter(out / TRACES) as writer:
        for trace in demo.traces:
            writer.write(trace)
    if demo.bug is not None:
        with TraceWriter(out / BUGS) as writer:
            for trace in demo.bug_traces:
                writer.write(trace)
    return write_report(
        out / REPORT,
        protocol=demo.protocol,
        trace=demo.shown,
        followed=demo.followed,
        check_results=demo.checks,
        validation=demo.validation,
        run_summary=demo.summary,
        planted=demo.planted,
    )


def demo(
    protocol: Annotated[
        str | None,
        typer.Argument(
            metavar="PROTOCOL",
            help="A name listed by 'toolkit protocols'.  \\[default: the first protocol marked as "
            "a showcase]",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the report and the traces.")
    ] = Path("toolkit-demo"),
    seed: Annotated[int, typer.Option(help="Seed of the first run.")] = 1,
) -> int:
    """Show every main feature in about a minute and write an HTML report.

    Simulate with faults, validate with TLC, model-check, catch a seeded bug.

    Exit status: 0 all results are as expected, 1 a result is not as expected, 2 the demo could not
    run.
    """
    plugin = get_protocol(protocol or showcase_protocol())
    if out.exists() and not out.is_dir():
        raise SettingError("not a folder", path=out, hint="name another folder with --out")
    screen = console()
    screen.print(Text(f"{plugin.title}: simulation, trace validation and model checking", "bold"))
    result = run_demo(plugin, seed=seed)
    with stage("Writing the report") as output:
        report = _write(result, out)
        output.append(str(report))
    for problem in result.problems:
        screen.print(Text(f"NOT as expected: {problem}", style="bold red"), soft_wrap=True)
    screen.print()
    screen.print(Text.assemble(("Open this in a browser: ", "bold"), str(report.resolve())),
                 soft_wrap=True)  # fmt: skip
    command = Invocation("validate", {"traces": out / TRACES})
    screen.print(f"The traces are in the same folder; validate them with: {command}")
    if not result.problems:
        return GOOD
    return FAILED if result.validation.count("not checkable") else FOUND


demo_command = guarded(demo)
"""The command ``toolkit demo``."""
