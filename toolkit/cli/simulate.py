"""The command ``toolkit simulate``: run a protocol in the simulator and record traces."""

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
    """Yield the recording arguments of simulate_runs; remove incomplete files on failure."""
    if out == "-":
        yield {"sink": TraceWriter(sys.stdout.buffer)}
        sys.stdout.buffer.flush()
    elif out.endswith("/") or Path(out).is_dir():
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)

        def open_file(trace: str) -> AbstractContextManager[Sink]:
            return TraceWriter(folder / f"{trace}.ndjson")

        yield {"sink_factory": open_file}
    else:
        with TraceWriter(Path(out)) as writer:
            yield {"sink": writer}


def _add_memory(where: dict[str, Any], memory: MemorySink) -> dict[str, Any]:
    """Return recording arguments that also keep the traces in memory."""
    if "sink" in where:
        return {"sink": TeeSink(where["sink"], memory)}

    @contextlib.contextmanager
    def open_both(trace: str) -> Iterator[Sink]:
        with where["sink_factory"](trace) as sink:
            yield TeeSink(sink, memory)

    return {"sink_factory": open_both}


def _record(protocol: Protocol, out: str, memory: MemorySink | None, **options: Any) -> Summary:
    with _recording(out) as file, counting(f"simulating {protocol.name}") as progress:
        where = file if memory is None else _add_memory(file, memory)
        summary = simulate_runs(protocol, progress=progress, **where, **options)
        if summary.sink_error is not None:
            incomplete = summary.outcomes[summary.recorded].trace
            raise TraceError(
                f"cannot record the trace {incomplete!r}: {summary.sink_error}",
                path=None if out == "-" else out,
                hint="incomplete files were removed" if out != "-" else None,
            )
        return summary


def _compare(
    protocol: Protocol, scenario: Scenario | None, summary: Summary, changed: bool
) -> list[str] | None:
    """Return differences from the scenario's expected result; None if not compared."""
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
            help="Output: an NDJSON file (.gz: compressed), a folder for one file per run "
            "(an existing folder, or a name that ends in /), or - for stdout.",
        ),
    ],
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Scenario to run.  \\[default: random faults]"),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(help="Number of nodes, unless a scenario sets it.  \\[default: 3]")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of the first run; run k has seed + k.  \\[default: the scenario's, 0]"
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="Number of runs, each with its own seed.")] = 1,
    jobs: Jobs = 1,
    duration: Annotated[float | None, typer.Option(help="Simulated seconds per run.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Without a scenario: draw only faults of this kind ('toolkit plugins fault' lists "
            "them); repeatable.",
        ),
    ] = None,
    settings: Settings = None,
    machine: MachineName = None,
    bug: Annotated[
        str | None, typer.Option(metavar="NAME", help="Seeded bug for every node.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run this check ('toolkit plugins check' lists them); repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run a protocol in the deterministic simulator and record traces.

    The same command writes the same bytes. Without a scenario, each run has random faults of
    every kind, drawn from its seed. Each trace's header holds the command that repeats that run.

    Exit status: 0 all checks passed, 1 a run differs from its scenario's expected result or a
    check has a finding, 2 the command could not run or a check could not decide.
    """
    plugin = get_protocol(protocol)
    given = plugin.runnable.with_machine(parse_settings(settings), machine)
    if out == "-" and as_json:
        raise SettingError(
            "--out - cannot be combined with --json: both write to stdout",
            hint="write the trace to a file",
        )
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
        reports = [run_check(check_object, checked) for check_object in checks]
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
            screen.print(Text("the run DIFFERS from the scenario's expected result:", "bold red"))
            for line in differences:
                screen.print(Text(f"  {line}"), soft_wrap=True)
        elif differences is not None:
            screen.print(Text("the run has the scenario's expected result", "green"))
        elif plan is not None and plan.expected is not None:
            screen.print(
                Text("not compared with the scenario's expected result: seed or settings differ")
            )
        for report in reports:
            screen.print(to_rich(report, names=[outcome.trace for outcome in summary.outcomes]))
    if differences and as_json:
        note(Text("the run differs from the scenario's expected result"))
    if differences or any(report.findings for report in reports):
        return FOUND
    return GOOD if all(report.ok for report in reports) else FAILED


simulate_command = guarded(simulate)
"""The command ``toolkit simulate``."""
