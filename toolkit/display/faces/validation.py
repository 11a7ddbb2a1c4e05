"""Faces of a validation: the verdict on one trace, and the report on many."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.conformance import Divergence, ValidationReport, Verdict
from toolkit.display.faces.base import Face, plural, register_face
from toolkit.trace import Step
from toolkit.values import format_itf

__all__ = ["MOST_NAMED", "divergence_view", "report_view", "verdict_name", "verdict_view"]

MOST_NAMED = 20
"""Maximum number of traces that are listed by name without an explanation."""


def verdict_name(verdict: Verdict) -> str:
    """Return the name of a trace, preceded by its file if it was read from a file.

    Parameters
    ----------
    verdict : Verdict

    Returns
    -------
    str
    """
    return f"{verdict.source}: {verdict.trace}" if verdict.source else verdict.trace


def _recorded(step: Step) -> str:
    parts = [f"{step.time:g} s", f"node {step.node}", step.action or "(action not recorded)"]
    if step.params:
        parts.append(f"with {format_itf(step.params)}")
    if step.received is not None:
        sender = f" from {step.received.sender}" if step.received.sender else ""
        parts.append(f"on receiving {format_itf(step.received.message)}{sender}")
    if step.sent:
        parts.append("sending " + ", ".join(format_itf(sent.message) for sent in step.sent))
    return ", ".join(parts)


def _at(state: dict[str, Any], variable: str, node: str) -> Any:
    """Return a node's value of a variable; the whole value if it has no value per node."""
    value = state.get(variable)
    if not isinstance(value, dict):
        return value
    for key, part in value.get("#map", ()) if "#map" in value else value.items():
        if key == node:
            return part
    return value


def divergence_view(divergence: Divergence) -> Group:
    """Return the recorded step of a divergence, the allowed actions, and the differences.

    Parameters
    ----------
    divergence : Divergence

    Returns
    -------
    rich.console.Group
    """
    step, nearest = divergence.record, divergence.nearest
    if step is None:
        return Group(
            Text("the recorded initial state is not an initial state of the specification")
        )
    parts: list[Any] = [Text.assemble(("recorded: ", "bold"), _recorded(step))]
    if divergence.before is None:
        parts.append(Text("located, not explained"))
        return Group(*parts)
    parts.append(
        Text.assemble(
            ("actions allowed in this state: ", "bold"),
            ", ".join(divergence.allowed) or "nothing",
        )
    )
    if divergence.behaviours != 1:
        parts.append(
            Text(
                f"{plural(divergence.behaviours, 'state')} of the specification agree with the "
                "steps recorded before; one of them is shown"
            )
        )
    differs = {}
    if nearest is None:
        parts.append(Text("no successor to compare with", "bold"))
    else:
        kind = (
            "the recorded action with a different result"
            if nearest.same_occasion
            else "a different step from the recorded one"
        )
        parts.append(
            Text.assemble(
                ("closest allowed step: ", "bold"), f"{nearest.action}({nearest.node}), {kind}"
            )
        )
        differs = {
            (difference.variable, difference.node): difference for difference in nearest.differences
        }
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
    steps = sum(counts.steps for counts in checked)
    grid = Table.grid(padding=(0, 2))
    grid.add_row("traces", f"{total:,}")
    grid.add_row("  accepted", f"{report.count('accepted'):,}")
    grid.add_row("  violating an invariant", f"{report.count('violates'):,}")
    grid.add_row("  diverged", f"{report.count('diverged'):,}")
    grid.add_row("  not checkable", f"{report.count('not checkable'):,}")
    grid.add_row("steps checked", f"{steps:,} of {sum(v.steps for v in report.verdicts):,}")
    grid.add_row("  distinct prefixes", f"{report.distinct_steps:,} (TLC checks each once)")
    grid.add_row("  with the action", f"{sum(counts.actions for counts in checked):,}")
    grid.add_row("  with its parameters", f"{sum(counts.params for counts in checked):,}")
    grid.add_row("  with the received message", f"{sum(counts.received for counts in checked):,}")
    grid.add_row("  with the sent messages", f"{sum(counts.sent for counts in checked):,}")
    grid.add_row("  with nothing to compare", f"{sum(counts.unchecked for counts in checked):,}")
    grid.add_row("values of variables compared", f"{sum(counts.variables for counts in checked):,}")
    taken = len(report.actions) - len(report.unseen)
    never = f"; never taken: {', '.join(report.unseen)}" if report.unseen else ""
    grid.add_row("actions taken", f"{taken} of {len(report.actions)}{never}")
    for name, why in report.unchecked.items():
        grid.add_row(f"not checked in {name}", f"{why} ({plural(report.actions[name], 'step')})")
    names = ", ".join(report.invariants) or "none"
    grid.add_row("invariants evaluated in every state", names)
    unclosed = sum(not verdict.complete for verdict in report.verdicts)
    if unclosed:
        grid.add_row("traces without an end record", f"{unclosed:,} (possibly incomplete)")
    grid.add_row(
        "time",
        f"{report.duration:.1f} s, of which {report.tlc_seconds:.1f} s in "
        f"{plural(report.runs, 'run')} of {report.tlc_version or 'TLC'}",
    )
    return grid


def _broken_view(verdict: Verdict) -> list[Text]:
    names = ", ".join(
        f"{violation.invariant} (after {plural(violation.step, 'step')})"
        for violation in verdict.broken
    )
    where = " in its recorded states" if verdict.divergence is not None else ""
    lines = [Text(f"{verdict_name(verdict)} VIOLATES{where}: {names}", style="bold red")]
    if verdict.divergence is None and verdict.replay:
        lines.append(Text(f"run it again: {verdict.replay}"))
    return lines


def verdict_view(verdict: Verdict) -> Group:
    """Return the verdict on one trace, with its divergence and the command to replay it.

    Parameters
    ----------
    verdict : Verdict

    Returns
    -------
    rich.console.Group
    """
    parts: list[Any] = _broken_view(verdict) if verdict.broken else []
    divergence = verdict.divergence
    if verdict.status == "diverged" and divergence is not None:
        parts += [Text(_diverged(verdict), style="bold red"), divergence_view(divergence)]
    elif verdict.status != "violates":
        style = "bold green" if verdict.status == "accepted" else "bold red"
        line = f"{verdict_name(verdict)}: {verdict.status}, {plural(verdict.steps, 'step')}"
        parts.append(Text(line, style))
    if verdict.reason:
        parts.append(Text(verdict.reason))
    if divergence is not None and verdict.replay:
        parts.append(Text(f"run it again: {verdict.replay}"))
    return Group(*parts)


def _diverged(verdict: Verdict) -> str:
    assert verdict.divergence is not None
    step = verdict.divergence.step
    where = "its initial state" if step < 0 else f"step {step}"
    return f"{verdict_name(verdict)} DIVERGED at {where} of {plural(verdict.steps, 'step')}"


def report_view(report: ValidationReport) -> Group:
    """Return the report on many traces.

    Parameters
    ----------
    report : ValidationReport

    Returns
    -------
    rich.console.Group
    """
    parts: list[Any] = [_summary(report)]
    located_only = []
    for verdict in report.verdicts:
        divergence = verdict.divergence
        unexplained = divergence is not None and divergence.before is None
        if divergence is not None and not (unexplained and divergence.record is not None):
            parts += [Text(), verdict_view(verdict)]
            continue
        if verdict.broken:
            parts += _broken_view(verdict)
        if divergence is not None:
            located_only.append(_diverged(verdict))
    if located_only:
        parts += [Text(), Text("also diverged (located, not explained):", "bold")]
        parts += [Text(line) for line in located_only[:MOST_NAMED]]
        if len(located_only) > MOST_NAMED:
            rest = len(located_only) - MOST_NAMED
            parts.append(Text(f"and {rest:,} more; the JSON output lists all"))
    if report.ok:
        holds = ", and its invariants hold in every state" if report.invariants else ""
        parts.append(Text(f"The specification allows every trace{holds}.", style="bold green"))
    return Group(*parts)


register_face("validation", Face(rich=report_view))
register_face("verdict", Face(rich=verdict_view))
