"""The command ``toolkit simulate``: run a protocol and record it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from toolkit.checks import CHECKS, CheckedRun, CheckReport, run_check
from toolkit.cli.options import AsJson, Jobs, MachineName, ProtocolName, Settings, parse_settings
from toolkit.cli.output import FAILED, FOUND, GOOD, console, guarded, note, write_json
from toolkit.cli.progress import counting
from toolkit.display.faces import to_json, to_rich
from toolkit.display.faces.base import plural
from toolkit.errors import SettingError, TraceError
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    Bounds,
    RunResult,
    Scenario,
    Summary,
    compare_expected,
    load_scenario,
    simulate_runs,
    simulate_trace,
)
from toolkit.trace import MemorySink, Sink, TeeSink, TraceWriter

__all__ = ["simulate", "simulate_command"]


@contextlib.contextmanager
def _recording(out: str) -> Iterator[dict[str, Any]]:
    """Yield how simulate_runs is to record; what is not whole is not left behind."""
    if out == "-":
        yield {"sink": TraceWriter(sys.stdout.buffer)}
        sys.stdout.buffer.flush()
    elif out.endswith("/") or Path(out).is_dir():
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)

        def one(trace: str) -> AbstractContextManager[Sink]:
            return TraceWriter(folder / f"{trace}.ndjson")

        yield {"sink_factory": one}
    else:
        with TraceWriter(Path(out)) as writer:
            yield {"sink": writer}


def _kept_too(where: dict[str, Any], memory: MemorySink) -> dict[str, Any]:
    """Return how simulate_runs is to record, so that traces are kept in memory as well."""
    if "sink" in where:
        return {"sink": TeeSink(where["sink"], memory)}

    @contextlib.contextmanager
    def one(trace: str) -> Iterator[Sink]:
        with where["sink_factory"](trace) as sink:
            yield TeeSink(sink, memory)

    return {"sink_factory": one}


def _record(protocol: Protocol, out: str, memory: MemorySink | None, **options: Any) -> Summary:
    with _recording(out) as file, counting(f"simulating {protocol.name}") as progress:
        where = file if memory is None else _kept_too(file, memory)
        summary = simulate_runs(protocol, progress=progress, **where, **options)
        if summary.sink_error is not None:
            torn = summary.outcomes[summary.recorded].trace
            raise TraceError(
                f"the trace {torn!r} could not be recorded: {summary.sink_error}",
                path=None if out == "-" else out,
                hint="nothing half-written was kept" if out != "-" else None,
            )
        return summary


def _compare(
    protocol: Protocol, scenario: Scenario | None, summary: Summary, changed: bool
) -> list[str] | None:
    """Return in what the run differs from its scenario's expectation; None if not compared."""
    if scenario is None or scenario.expected is None:
        return None
    if changed or summary.runs > 1 or summary.seed != (scenario.seed or 0):
        return None
    trace, _ = simulate_trace(protocol, scenario, seed=summary.seed)
    return compare_expected(trace, scenario)


def simulate(
    protocol: ProtocolName,
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where the traces go: one NDJSON file (.gz: compressed), a folder with a file "
            "for each run (it exists, or the name ends in /), or - for stdout.",
        ),
    ],
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="What happens; otherwise random faults."),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(help="How many nodes, where no scenario says so.  \\[default: 3]")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The first run's seed; run k has seed + k.  \\[default: the scenario's, 0]"
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="How many runs, each with a seed of its own.")] = 1,
    jobs: Jobs = 1,
    duration: Annotated[
        float | None, typer.Option(help="Simulated seconds after which a run ends.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Without a scenario: draw only faults of this kind, as 'toolkit plugins fault' "
            "lists them; repeatable.",
        ),
    ] = None,
    settings: Settings = None,
    machine: MachineName = None,
    bug: Annotated[
        str | None, typer.Option(metavar="NAME", help="Plant a bug in every node, as a lesson.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Check the runs, as 'toolkit plugins check' lists the checks; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run a protocol in the deterministic simulator, and record what it does.

    The same command gives the same bytes. Without a scenario each run gets random faults of
    every kind, drawn from its seed; each trace's header holds the command that repeats it alone.

    Exit status: 0 it ran and the checks passed, 1 it ran otherwise than its scenario expects or a
    check found something, 2 it could not be run or a check could not decide.
    """
    plugin = get_protocol(protocol)
    given = plugin.runnable.with_machine(parse_settings(settings), machine)
    if out == "-" and as_json:
        raise SettingError("--out - and --json both want stdout", hint="let the trace go to a file")
    plan = None if scenario is None else load_scenario(scenario)
    checks = [CHECKS.get(name) for name in dict.fromkeys(check or [])]
    memory = MemorySink() if checks else None
    results: list[RunResult] = []
    summary = _record(
        plugin,
        out,
        memory,
        runs=runs,
        jobs=jobs,
        seed=seed,
        scenario=plan,
        nodes=nodes,
        settings=given,
        duration=duration,
        bounds=Bounds(faults=tuple(fault)) if fault else None,
        bug=bug,
        on_result=results.append if checks else None,
    )
    reports: list[CheckReport] = []
    if memory is not None:
        checked = [
            CheckedRun(plugin, trace, result)
            for trace, result in zip(memory.traces, results, strict=True)
        ]
        reports = [run_check(one, checked) for one in checks]
    changed = bool(given) or duration is not None or bug is not None
    differences = _compare(plugin, plan, summary, changed)
    if as_json:
        document = to_json(summary)
        document["out"] = out
        document["expected"] = {
            "compared": differences is not None,
            "differences": differences or [],
        }
        document["checks"] = [to_json(report) for report in reports]
        write_json(document)
    else:
        screen = console(stderr=out == "-")
        screen.print(to_rich(summary))
        if out != "-":
            screen.print(Text(f"{plural(summary.recorded, 'trace')} in {out}"), soft_wrap=True)
        if differences:
            screen.print(Text("it ran OTHERWISE than the scenario expects:", "bold red"))
            for line in differences:
                screen.print(Text(f"  {line}"), soft_wrap=True)
        elif differences is not None:
            screen.print(Text("it ran as the scenario expects", "green"))
        elif plan is not None and plan.expected is not None:
            screen.print(
                Text("not compared with what the scenario expects: seed or settings differ")
            )
        for report in reports:
            screen.print(to_rich(report, names=[one.trace for one in summary.outcomes]))
    if differences and as_json:
        note(Text("it ran otherwise than the scenario expects"))
    if differences or any(report.findings for report in reports):
        return FOUND
    return GOOD if all(report.ok for report in reports) else FAILED


simulate_command = guarded(simulate)
"""The command ``toolkit simulate``."""
