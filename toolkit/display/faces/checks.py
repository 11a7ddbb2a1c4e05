"""Faces of TLC's results: a check and its counterexamples."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.display.faces.base import Face, plural, register_face, shorten, shorten_lines
from toolkit.tlc import CheckResult, Counterexample, Coverage, TraceState
from toolkit.values import format_value

__all__ = ["check_html", "check_view", "counterexample_html", "counterexample_view"]


def _state_rows(table: Table, state: TraceState, before: TraceState | None, *, full: bool) -> None:
    head = Text(f"{state.index}")
    action = state.action or ("initial state" if before is None else "?")
    where = f"\n{state.location}" if state.location is not None else ""
    first = Text.assemble((action, "bold"), (where, "dim"))
    if state.unparsed is not None:
        table.add_row(
            head, first, "!", "(not parsed)", shorten(state.unparsed.strip()), end_section=True
        )
        return
    rows = []
    same = 0
    for name, value in state.variables.items():
        changed = before is not None and (
            name not in before.variables or before.variables[name] != value
        )
        if not changed and before is not None and not full:
            same += 1
            continue
        rows.append(
            (
                Text("*" if changed else "", style="bold yellow"),
                Text(name, style="bold yellow" if changed else ""),
                Text(shorten(format_value(value)), style="yellow" if changed else ""),
            )
        )
    if same:
        rows.append((Text(), Text(""), Text(f"({plural(same, 'variable')} unchanged)", "dim")))
    for at, row in enumerate(rows or [(Text(), Text(), Text("(no variable)", "dim"))]):
        table.add_row(
            head if at == 0 else "", first if at == 0 else "", *row, end_section=at == len(rows) - 1
        )


def counterexample_view(example: Counterexample, *, full: bool = False) -> Group:
    """Return a counterexample as a table that marks changed variables with ``*``.

    Parameters
    ----------
    example : Counterexample
    full : bool
        Whether to show unchanged variables in every state.

    Returns
    -------
    rich.console.Group
    """
    table = Table(show_lines=False, expand=False)
    for title in ("state", "action", "", "variable", "value"):
        table.add_column(title, overflow="fold", no_wrap=title in {"state", "", "variable"})
    before: TraceState | None = None
    for state in example.states:
        _state_rows(table, state, before, full=full)
        before = state
    parts: list[Any] = [
        Text(shorten_lines(example.message.strip() or example.kind), style="bold red"),
        table,
    ]
    if example.loop is not None:
        parts.append(Text(f"... and back to state {example.loop}, repeating forever"))
    if example.stuttering:
        parts.append(Text("... and then nothing more happens, forever (stuttering)"))
    return Group(*parts)


def check_view(result: CheckResult, *, title: str = "", full: bool = False) -> Group:
    """Return the text and tables of a TLC result.

    Parameters
    ----------
    result : CheckResult
    title : str
        Name of the model or file.
    full : bool
        See :func:`counterexample_view`.

    Returns
    -------
    rich.console.Group
    """
    verdict = result.outcome + (f" of {result.name}" if result.name else "")
    grid = Table.grid(padding=(0, 2))
    for name, count in (
        ("distinct states", result.distinct),
        ("states generated", result.generated),
        ("states left unexplored", result.left_on_queue),
        ("depth", result.depth),
    ):
        if count is not None:
            grid.add_row(name, f"{count:,}")
    grid.add_row(
        "exhaustive",
        "yes, all states within the model's bounds"
        if result.complete
        else "no, not all states were explored",
    )
    grid.add_row("time", f"{result.duration:.1f} s, {plural(result.workers, 'worker')}")
    grid.add_row("TLC version", f"{result.tlc_version or 'TLC'}; Java {result.java_version}")
    parts: list[Any] = [
        Text.assemble(
            f"{title}: " if title else "", (verdict, "bold green" if result.ok else "bold red")
        ),
        grid,
    ]
    parts += [Text(f"note: {text}", style="yellow") for text in result.caveats]
    parts += [Text(f"warning: {text}", style="yellow") for text in result.warnings]
    if result.location is not None and result.violation:
        parts.append(Text(f"at {result.location}", "bold"))
        if result.source is not None:
            parts.append(Text("\n".join(f"    {line}" for line in result.source.splitlines())))
    if result.candidates:
        names = ", ".join(result.candidates)
        heading = "all violated by this behaviour" if result.name else "one of these is violated"
        parts.append(Text(f"{heading}: {names}"))
    if result.prints.strip():
        parts += [
            Text("printed by the specification:", "bold"),
            Text(shorten_lines(result.prints.rstrip())),
        ]
    if result.coverage is not None:
        parts.append(_coverage_table(result.coverage))
    for number, example in enumerate(result.counterexamples, 1):
        if len(result.counterexamples) > 1:
            parts.append(Text(f"counterexample {number} of {len(result.counterexamples)}", "bold"))
        parts.append(counterexample_view(example, full=full))
    if result.violation and not result.counterexamples:
        parts.append(Text(shorten_lines(result.message.strip()), style="bold red"))
    return Group(*parts)


def _coverage_table(coverage: Coverage) -> Table:
    title = "coverage" if coverage.final else "coverage so far"
    table = Table(title=title, title_justify="left")
    for column in ("action", "at", "new states", "taken"):
        table.add_column(column, overflow="fold", justify="right" if column[0] in "nt" else "left")
    for action in coverage.actions:
        if action.generated is not None:
            style = "" if action.generated else "bold yellow"
            taken = f"{action.generated:,}" if action.generated else "never"
            place = str(action.inner or action.location or "")
            table.add_row(action.name, place, f"{action.distinct:,}", taken, style=style)
    return table


def check_html(result: CheckResult) -> str:
    """Return a result of TLC as HTML, with the source code at the location of an error.

    Parameters
    ----------
    result : CheckResult

    Returns
    -------
    str
    """
    # Imported here, because this module takes a second to load.
    from toolkit.tlc.html.render import render_result

    return render_result(result)


def counterexample_html(example: Counterexample) -> str:
    """Return a counterexample as HTML.

    Parameters
    ----------
    example : Counterexample

    Returns
    -------
    str
    """
    from toolkit.tlc.html.render import render_counterexample

    return render_counterexample(example)


register_face("check", Face(rich=check_view, html=check_html))
register_face("counterexample", Face(rich=counterexample_view, html=counterexample_html))
