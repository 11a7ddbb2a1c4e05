"""The command ``toolkit demo``: the whole path once, from a handler to a report to look at."""

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
BUGS = "traces-with-a-planted-bug.ndjson"

RUNS = 20
"""Runs with random faults that are recorded and validated."""
BUG_RUNS = 10
"""Runs with a planted bug among which a divergence is looked for."""
QUICK = 10_000
"""Of the small models that must hold, the largest with no more distinct states is checked."""
READABLE = 60
"""The random run that is drawn is the one whose number of steps comes closest to this.  If all
have more than twice as many, it is the longest of the protocol's scenarios that has not."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Everything that a demonstration found out.

    Parameters
    ----------
    protocol : Protocol
    summary : Summary
        Of the runs with random faults.
    traces : tuple of Trace
        These runs.
    shown : Trace
        The one that is drawn, of them or of a scenario that travels with the package.
    followed : SpecReplay
        The specification's state at each of its steps.
    validation : ValidationReport
        Of all of them.
    checks : tuple of (Model, CheckResult)
        The models that were checked.
    bug : str or None
        Name of the planted bug; ``None`` if the protocol has none.
    bug_validation : ValidationReport or None
        Of the runs with the bug.
    bug_traces : tuple of Trace
        These runs.
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
        """The planted bug, a run in which it was caught, and the verdict; None if in none."""
        if self.bug is None or self.bug_validation is None:
            return None
        for trace, verdict in zip(self.bug_traces, self.bug_validation.verdicts, strict=True):
            if verdict.divergence is not None and verdict.divergence.before is not None:
                return self.bug, trace, verdict
        return None

    @property
    def problems(self) -> list[str]:
        """What went otherwise than it should, in sentences; empty if nothing did."""
        found = []
        if not self.validation.ok:
            found.append(f"{self.validation.count('diverged')} of the traces diverged")
        for model, result in self.checks:
            found += [f"model {model.name}: {text}" for text in compare(model, result)]
        if self.bug is not None and (
            self.bug_validation is None or not self.bug_validation.count("diverged")
        ):
            found.append(f"the planted bug {self.bug!r} was not caught in {BUG_RUNS} runs")
        return found


def _small_models(manifest: Manifest, protocol: Protocol) -> list[Model]:
    """Return the first small model that must hold and the last that must fail, if there are."""
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


def _recorded(
    protocol: Protocol, *, runs: int, seed: int, bug: str | None = None
) -> tuple[Summary, tuple[Trace, ...]]:
    sink = MemorySink()
    summary = simulate_runs(protocol, runs=runs, seed=seed, nodes=3, bug=bug, sink=sink)
    return summary, tuple(sink.traces)


def _readable(protocol: Protocol, traces: tuple[Trace, ...]) -> Trace:
    """Return the run that is drawn."""

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
    """Simulate, validate, check, and catch a planted bug, saying on stdout how it goes.

    Parameters
    ----------
    protocol : Protocol
    seed : int
        Seed of the first run.

    Returns
    -------
    Demo
    """
    with stage("Simulating with random faults") as said:
        summary, traces = _recorded(protocol, runs=RUNS, seed=seed)
        faults = ", ".join(f"{count:,} {kind}" for kind, count in summary.faults.items())
        said.append(f"{plural(summary.runs, 'run')}, {plural(summary.steps, 'step')}; {faults}")
    with stage("Validating the traces with TLC") as said:
        validation = validate(traces)
        said.append(
            f"{validation.count('accepted')} accepted, {validation.count('diverged')} diverged, "
            f"{validation.count('not checkable')} not checkable; {len(validation.actions)} "
            f"actions, never seen: {', '.join(validation.unseen) or 'none'}"
        )
    shown = _readable(protocol, traces)
    with stage(f"Following {shown.header.trace} step by step") as said:
        followed = follow(shown)
        said.append(f"{plural(len(followed.states), 'state')} of the specification")
    manifest = load_manifest()
    checks = []
    for model in _small_models(manifest, protocol):
        with stage(f"Model-checking {model.name}") as said:
            result = run_model(manifest, model)
            checks.append((model, result))
            wanted = "" if compare(model, result) else ", as the manifest expects"
            said.append(f"{result.outcome}, {result.distinct or 0:,} distinct states{wanted}")
    bug = next(iter(sorted(protocol.bugs)), None)
    bug_validation: ValidationReport | None = None
    bug_traces: tuple[Trace, ...] = ()
    if bug is not None:
        with stage(f"Planting the bug {bug!r}") as said:
            _, bug_traces = _recorded(protocol, runs=BUG_RUNS, seed=seed, bug=bug)
            bug_validation = validate(bug_traces, explain=1)
            said.append(
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


def _write(found: Demo, out: Path) -> Path:
    # The report draws charts: what that needs takes a second to load, and nothing else needs it.
    from toolkit.cli.demo_report import write_report

    out.mkdir(parents=True, exist_ok=True)
    with TraceWriter(out / TRACES) as writer:
        for trace in found.traces:
            writer.write(trace)
    if found.bug is not None:
        with TraceWriter(out / BUGS) as writer:
            for trace in found.bug_traces:
                writer.write(trace)
    return write_report(
        out / REPORT,
        protocol=found.protocol,
        trace=found.shown,
        followed=found.followed,
        check_results=found.checks,
        validation=found.validation,
        run_summary=found.summary,
        planted=found.planted,
    )


def demo(
    protocol: Annotated[
        str | None,
        typer.Argument(
            metavar="PROTOCOL",
            help="A name that 'toolkit protocols' lists.  \\[default: the first one marked as a "
            "showcase]",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder for the report and the traces.")
    ] = Path("toolkit-demo"),
    seed: Annotated[int, typer.Option(help="Seed of the first run.")] = 1,
) -> int:
    """Go the whole way once, in about a minute, and write a report to look at in a browser.

    Simulate with faults, validate with TLC, model-check, catch a planted bug.

    Exit status: 0 all went as it should, 1 something was found that should not be there, 2 it
    could not be run.
    """
    plugin = get_protocol(protocol or showcase_protocol())
    if out.exists() and not out.is_dir():
        raise SettingError("this is no folder", path=out, hint="name another one with --out")
    screen = console()
    screen.print(Text(f"{plugin.title}: from a handler to a trace that TLC has checked", "bold"))
    found = run_demo(plugin, seed=seed)
    with stage("Writing the report") as said:
        report = _write(found, out)
        said.append(str(report))
    for problem in found.problems:
        screen.print(Text(f"NOT as it should be: {problem}", style="bold red"), soft_wrap=True)
    screen.print()
    screen.print(Text.assemble(("Open this in a browser: ", "bold"), str(report.resolve())),
                 soft_wrap=True)  # fmt: skip
    again = Invocation("validate", {"traces": out / TRACES})
    screen.print(f"The traces lie beside it; ask TLC again: {again}")
    if not found.problems:
        return GOOD
    return FAILED if found.validation.count("not checkable") else FOUND


demo_command = guarded(demo)
"""The command ``toolkit demo``."""
