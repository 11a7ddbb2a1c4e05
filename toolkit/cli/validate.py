"""The command ``toolkit validate``: hold recorded traces against their specification."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.progress import Progress as Bar, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from toolkit.cli.common import FAILED, FOUND, GOOD, console, guarded, note, plural, write_json
from toolkit.conformance import Divergence, ValidationReport, Verdict, validate as run_validation
from toolkit.errors import SettingError
from toolkit.trace import Step
from toolkit.values import format_itf

__all__ = [
    "divergence_view",
    "report_status",
    "report_view",
    "validate",
    "validate_command",
    "validating",
]

_MORE_SHOWN = 20
"""Traces beyond those explained that are still named one by one."""


@contextlib.contextmanager
def validating() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal's stderr how far a validation has come; elsewhere show nothing.

    Yields
    ------
    callable
        To be called with traces done and traces read so far.
    """
    screen = console(stderr=True)
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task("TLC follows the traces", total=None)

        def show(done: int, known: int) -> None:
            bar.update(
                task,
                description=f"TLC follows the traces: {done:,} done of {known:,} read so far",
            )

        yield show


def report_status(report: ValidationReport) -> int:
    """Return the exit status that a report stands for."""
    if report.count("diverged") or report.count("violates"):
        return FOUND
    return GOOD if report.ok else FAILED


def _name(verdict: Verdict) -> str:
    return f"{verdict.source}: {verdict.trace}" if verdict.source else verdict.trace


def _recorded(step: Step) -> str:
    parts = [f"{step.time:g} s", f"node {step.node}", step.action or "(action not recorded)"]
    if step.params:
        parts.append(f"with {format_itf(step.params)}")
    if step.received is not None:
        sender = f" from {step.received.sender}" if step.received.sender else ""
        parts.append(f"on receiving {format_itf(step.received.message)}{sender}")
    if step.sent:
        parts.append("sending " + ", ".join(format_itf(one.message) for one in step.sent))
    return ", ".join(parts)


def _at(state: dict[str, Any], variable: str, node: str) -> Any:
    """Return a node's part of a variable, or all of it where it is not one value a node."""
    value = state.get(variable)
    if not isinstance(value, dict):
        return value
    for key, part in value.get("#map", ()) if "#map" in value else value.items():
        if key == node:
            return part
    return value


def divergence_view(divergence: Divergence) -> Group:
    """Return a divergence for people: what was recorded, what was allowed, what differs.

    Parameters
    ----------
    divergence : Divergence

    Returns
    -------
    rich.console.Group
    """
    step, nearest = divergence.record, divergence.nearest
    if step is None:
        return Group(Text("the initial state is not one of the specification's"))
    parts: list[Any] = [Text.assemble(("recorded: ", "bold"), _recorded(step))]
    if divergence.before is None:
        parts.append(Text("located only; --explain N says how many are explained"))
        return Group(*parts)
    parts.append(
        Text.assemble(
            ("allowed by the specification there: ", "bold"),
            ", ".join(divergence.allowed) or "nothing",
        )
    )
    if divergence.behaviours != 1:
        parts.append(
            Text(
                f"{plural(divergence.behaviours, 'state')} of the specification agreed with all "
                "that was recorded before; one of them is shown"
            )
        )
    differs = {}
    if nearest is None:
        parts.append(Text("no successor to compare with", "bold"))
    else:
        kind = (
            "the recorded action, with another result"
            if nearest.same_occasion
            else "another step than the recorded one"
        )
        parts.append(
            Text.assemble(
                ("closest that was allowed: ", "bold"), f"{nearest.action}({nearest.node}), {kind}"
            )
        )
        differs = {(one.variable, one.node): one for one in nearest.differences}
    table = Table()
    for title in ("", "variable", f"before, at {step.node}", "recorded", "specification"):
        table.add_column(title, overflow="fold", no_wrap=title in {"", "variable"})
    recorded = step.state or {}
    variables = [*divergence.before, *(name for name in recorded if name not in divergence.before)]
    for variable in variables:
        before = _at(divergence.before, variable, step.node)
        difference = differs.pop((variable, step.node), None)
        if difference is None and variable not in recorded:
            continue
        style = "bold red" if difference is not None else ""
        after = recorded.get(variable, difference.recorded if difference is not None else before)
        allowed = difference.spec if difference is not None else after
        table.add_row(
            Text("!" if difference is not None else "", style),
            Text(variable, style),
            format_itf(before),
            Text(format_itf(after), style),
            Text(format_itf(allowed) if nearest is not None else "", style),
        )
    for other in differs.values():
        table.add_row(
            Text("!", "bold red"),
            Text(f"{other.variable} at {other.node}", "bold red"),
            "",
            Text(format_itf(other.recorded), "bold red"),
            Text(format_itf(other.spec), "bold red"),
        )
    if table.row_count:
        parts.append(table)
    return Group(*parts)


def _summary(report: ValidationReport) -> Table:
    total = len(report.verdicts)
    checked = [verdict.checked for verdict in report.verdicts]
    steps = sum(one.steps for one in checked)
    grid = Table.grid(padding=(0, 2))
    grid.add_row("traces", f"{total:,}")
    grid.add_row("  accepted", f"{report.count('accepted'):,}")
    grid.add_row("  violating an invariant", f"{report.count('violates'):,}")
    grid.add_row("  diverged", f"{report.count('diverged'):,}")
    grid.add_row("  not checkable", f"{report.count('not checkable'):,}")
    grid.add_row("steps followed", f"{steps:,} of {sum(v.steps for v in report.verdicts):,}")
    grid.add_row("  distinct by their past", f"{report.distinct_steps:,} (TLC checks these once)")
    grid.add_row("  with the action", f"{sum(one.actions for one in checked):,}")
    grid.add_row("  with its parameters", f"{sum(one.params for one in checked):,}")
    grid.add_row("  with the message received", f"{sum(one.received for one in checked):,}")
    grid.add_row("  with the messages sent", f"{sum(one.sent for one in checked):,}")
    grid.add_row("  with nothing to compare", f"{sum(one.unchecked for one in checked):,}")
    grid.add_row("values of variables compared", f"{sum(one.variables for one in checked):,}")
    seen = len(report.actions) - len(report.unseen)
    never = f"; never seen: {', '.join(report.unseen)}" if report.unseen else ""
    grid.add_row("actions of the specification seen", f"{seen} of {len(report.actions)}{never}")
    for name, why in report.unchecked.items():
        grid.add_row(f"not checked of {name}", f"{why} ({plural(report.actions[name], 'step')})")
    claims = ", ".join(report.invariants) or "none"
    grid.add_row("invariants evaluated in every state", claims)
    unclosed = sum(not verdict.complete for verdict in report.verdicts)
    if unclosed:
        grid.add_row("traces that were not closed", f"{unclosed:,}: they may go on")
    grid.add_row(
        "time",
        f"{report.duration:.1f} s, of these {report.tlc_seconds:.1f} s in "
        f"{plural(report.runs, 'run')} of {report.tlc_version or 'TLC'}",
    )
    return grid


def _broken_view(verdict: Verdict) -> list[Text]:
    names = ", ".join(
        f"{one.invariant} (after {plural(one.step, 'step')})" for one in verdict.broken
    )
    where = " in what it recorded" if verdict.divergence is not None else ""
    lines = [Text(f"{_name(verdict)} VIOLATES{where}: {names}", style="bold red")]
    if verdict.divergence is None and verdict.replay:
        lines.append(Text(f"run it again: {verdict.replay}"))
    return lines


def report_view(report: ValidationReport) -> Group:
    """Return a report for people.

    Parameters
    ----------
    report : ValidationReport

    Returns
    -------
    rich.console.Group
    """
    parts: list[Any] = [_summary(report)]
    more = []
    for verdict in report.verdicts:
        if verdict.broken:
            parts += _broken_view(verdict)
        divergence = verdict.divergence
        if verdict.status != "diverged" or divergence is None:
            continue
        where = "its initial state" if divergence.step < 0 else f"step {divergence.step}"
        line = f"{_name(verdict)} DIVERGED at {where} of {plural(verdict.steps, 'step')}"
        if divergence.record is not None and divergence.before is None:
            more.append(line)
            continue
        parts += [Text(), Text(line, style="bold red"), divergence_view(divergence)]
        if verdict.reason:
            parts.append(Text(verdict.reason))
        if verdict.replay:
            parts.append(Text(f"run it again: {verdict.replay}"))
    if more:
        parts += [Text(), Text("diverged too, located but not explained (--explain N):", "bold")]
        parts += [Text(line) for line in more[:_MORE_SHOWN]]
        if len(more) > _MORE_SHOWN:
            parts.append(Text(f"and {len(more) - _MORE_SHOWN:,} more; --json names them all"))
    if report.ok:
        holds = ", and its invariants hold in every state" if report.invariants else ""
        parts.append(Text(f"The specification allows every trace{holds}.", style="bold green"))
    return Group(*parts)


def validate(
    traces: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRACE...", help="Trace files (NDJSON, also .gz), or folders of them."
        ),
    ],
    explain: Annotated[
        int, typer.Option(min=0, help="Explain at most so many divergences; locate the others.")
    ] = 10,
    invariants: Annotated[
        bool,
        typer.Option(help="Evaluate the specification's invariants in every state as well."),
    ] = True,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Evaluate this property as well, which the specification defines and does not "
            "promise; may be repeated.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="TLC's worker threads; otherwise one per processor.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="End a run of TLC after so many seconds.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(help="TLC's heap in MB; otherwise half the machine's.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, values in ITF encoding.")
    ] = False,
) -> int:
    """Ask TLC whether the specification allows recorded traces.

    Exit status: 0 every trace is accepted, 1 at least one diverges or violates an invariant,
    2 at least one could not be checked and none does.
    """
    with validating() as progress:
        report = run_validation(
            _files(traces),
            explain=explain,
            invariants=invariants,
            claims=claim or (),
            workers=workers,
            timeout=timeout,
            memory=memory,
            progress=progress,
        )
    if as_json:
        write_json(report.to_json())
    else:
        console().print(report_view(report))
    unchecked = [verdict for verdict in report.verdicts if verdict.status == "not checkable"]
    for verdict in unchecked[:_MORE_SHOWN]:
        note(Text.assemble(("error: ", "bold red"), f"{_name(verdict)}: {verdict.reason}"))
    if len(unchecked) > _MORE_SHOWN:
        note(f"and {len(unchecked) - _MORE_SHOWN:,} more that could not be checked; see --json")
    return report_status(report)


def _files(paths: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(
                file
                for file in path.iterdir()
                if file.name.endswith((".ndjson", ".ndjson.gz")) and not file.name.startswith(".")
            )
            if not found:
                raise SettingError("there is no .ndjson file in this folder", path=path)
            files += found
        else:
            files.append(path)
    return files


validate_command = guarded(validate)
"""The command ``toolkit validate``."""
