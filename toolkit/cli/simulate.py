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

from toolkit.cli.options import AsJson, MachineName, ProtocolName, Settings, parse_settings
from toolkit.cli.output import FOUND, GOOD, console, guarded, note, write_json
from toolkit.cli.progress import counting
from toolkit.display.faces import to_json, to_rich
from toolkit.display.faces.base import plural
from toolkit.errors import SettingError, TraceError
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    Scenario,
    Summary,
    compare_expected,
    load_scenario,
    simulate_runs,
    simulate_trace,
)
from toolkit.trace import Sink, TraceWriter

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


def _record(protocol: Protocol, out: str, **options: Any) -> Summary:
    with _recording(out) as where, counting(f"simulating {protocol.name}") as progress:
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
        int | None, typer.Option(help="How many nodes, where no scenario says so.  [default: 3]")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The first run's seed; run k has seed + k.  [default: the scenario's, 0]"
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="How many runs, each with a seed of its own.")] = 1,
    duration: Annotated[
        float | None, typer.Option(help="Simulated seconds after which a run ends.")
    ] = None,
    settings: Settings = None,
    machine: MachineName = None,
    bug: Annotated[
        str | None, typer.Option(metavar="NAME", help="Plant a bug in every node, as a lesson.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run a protocol in the deterministic simulator, and record what it does.

    The same command gives the same bytes. Without a scenario each run gets random faults of
    every kind, drawn from its seed; each trace's header holds the command that repeats it alone.

    Exit status: 0 it ran, 1 it ran otherwise than its scenario expects, 2 it could not be run.
    """
    plugin = get_protocol(protocol)
    given = plugin.runnable.with_machine(parse_settings(settings), machine)
    if out == "-" and as_json:
        raise SettingError("--out - and --json both want stdout", hint="let the trace go to a file")
    plan = None if scenario is None else load_scenario(scenario)
    summary = _record(
        plugin,
        out,
        runs=runs,
        seed=seed,
        scenario=plan,
        nodes=nodes,
        settings=given,
        duration=duration,
        bug=bug,
    )
    changed = bool(given) or duration is not None or bug is not None
    differences = _compare(plugin, plan, summary, changed)
    if as_json:
        document = to_json(summary)
        document["out"] = out
        document["expected"] = {
            "compared": differences is not None,
            "differences": differences or [],
        }
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
    if differences and as_json:
        note(Text("it ran otherwise than the scenario expects"))
    return FOUND if differences else GOOD


simulate_command = guarded(simulate)
"""The command ``toolkit simulate``."""
