"""The commands ``toolkit simulate`` and ``toolkit protocols``: run a protocol and record it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bar,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from toolkit.cli.common import (
    FOUND,
    GOOD,
    console,
    guarded,
    note,
    parse_settings,
    plural,
    write_json,
)
from toolkit.errors import SettingError, TraceError
from toolkit.protocols import get_protocol, protocol_names
from toolkit.protocols.protocol import Protocol
from toolkit.sim import (
    Scenario,
    Summary,
    compare_expected,
    load_scenario,
    scenario_names,
    simulate_runs,
    simulate_trace,
)
from toolkit.trace import Sink, TraceWriter

__all__ = [
    "counting",
    "protocols",
    "protocols_command",
    "simulate",
    "simulate_command",
    "summary_view",
]


@contextlib.contextmanager
def counting(title: str, *, left: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal's stderr how many of how many are done; elsewhere show nothing.

    Parameters
    ----------
    title : str
        What is being done.
    left : bool
        Whether the time that is left is shown as well.

    Yields
    ------
    callable
        To be called with how many are done, and how many there are.
    """
    screen = console(stderr=True)
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([TimeRemainingColumn()] if left else []),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _counts(
    title: str, counts: Mapping[str, int], none: str, medians: Mapping[str, float] | None = None
) -> Table | Text:
    if not counts:
        return Text(none)
    table = Table(title=title, title_justify="left")
    table.add_column("kind", no_wrap=True)
    table.add_column("count", justify="right")
    if medians is not None:
        table.add_column("median of a run", justify="right")
    for name, count in counts.items():
        style = "" if count else "yellow"
        row = [Text(name, style), Text(f"{count:,}" if count else "never", style)]
        if medians is not None:
            row.append(Text(f"{medians[name]:g}", style))
        table.add_row(*row)
    return table


def summary_view(summary: Summary) -> Group:
    """Return a summary for people.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    rich.console.Group
    """
    last = summary.seed + summary.runs - 1
    seeds = f"seed {summary.seed}" if summary.runs == 1 else f"seeds {summary.seed} to {last}"
    grid = Table.grid(padding=(0, 2))
    grid.add_row("runs", f"{summary.runs:,} of {summary.protocol}, {seeds}")
    grid.add_row("steps", f"{summary.steps:,}, median of a run {summary.median_steps:g}")
    for reason, count in summary.reasons.items():
        grid.add_row("ended by", f"{reason}: {count:,}")
    grid.add_row("decided", f"{summary.decided:,}; undecided: {summary.undecided:,}")
    grid.add_row("requests", f"{summary.requests:,}; never answered: {summary.unanswered:,}")
    grid.add_row(
        "messages",
        f"{summary.sent:,} sent, {summary.duplicated:,} copies more, {summary.delivered:,} "
        f"delivered, {summary.lost:,} lost",
    )
    tables = Table.grid(padding=(0, 4))
    tables.add_row(
        _counts("actions", summary.actions, "no action", summary.median_actions),
        _counts("faults", summary.faults, "no fault happened"),
    )
    return Group(grid, tables)


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
    protocol: Annotated[
        str, typer.Argument(metavar="PROTOCOL", help="A name that 'toolkit protocols' lists.")
    ],
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
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the protocol; repeatable."),
    ] = None,
    bug: Annotated[
        str | None, typer.Option(metavar="NAME", help="Plant a bug in every node, as a lesson.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON document.")
    ] = False,
) -> int:
    """Run a protocol in the deterministic simulator, and record what it does.

    The same command gives the same bytes. Without a scenario each run gets random faults of
    every kind, drawn from its seed; each trace's header holds the command that repeats it alone.

    Exit status: 0 it ran, 1 it ran otherwise than its scenario expects, 2 it could not be run.
    """
    plugin = get_protocol(protocol)
    given = parse_settings(settings)
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
        document = summary.to_json()
        document["out"] = out
        document["expected"] = {
            "compared": differences is not None,
            "differences": differences or [],
        }
        write_json(document)
    else:
        screen = console(stderr=out == "-")
        screen.print(summary_view(summary))
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


def protocols(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """List the protocols, with their settings, scenarios and planted bugs."""
    known = [get_protocol(name) for name in protocol_names()]
    if as_json:
        write_json(
            {
                "protocols": [
                    {
                        "name": one.name,
                        "title": one.title,
                        "settings": dict(one.runnable.settings),
                        "scenarios": scenario_names(one.name),
                        "bugs": sorted(one.bugs),
                        "specification": str(
                            one.specification.folder / f"{one.specification.module}.tla"
                        ),
                    }
                    for one in known
                ]
            }
        )
        return GOOD
    screen = console()
    for one in known:
        screen.print(Text.assemble((one.name, "bold"), f": {one.title}"))
        grid = Table.grid(padding=(0, 2))
        for key, text in one.runnable.settings.items():
            grid.add_row(f"  --set {key}=", text)
        grid.add_row("  --scenario", ", ".join(scenario_names(one.name)) or "none")
        grid.add_row("  --bug", ", ".join(sorted(one.bugs)) or "none")
        grid.add_row(
            "  specification", str(one.specification.folder / f"{one.specification.module}.tla")
        )
        screen.print(grid)
    return GOOD


simulate_command = guarded(simulate)
"""The command ``toolkit simulate``."""

protocols_command = guarded(protocols)
"""The command ``toolkit protocols``."""
