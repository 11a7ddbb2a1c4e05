"""A specification checked by the command, and its result for people, without reading a command.

Nothing here needs Typer, which takes as long to load as Java to start.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.progress import Progress as Bar, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from toolkit.cli.common import FAILED, FOUND, GOOD, console, note, plural, write_json
from toolkit.tlc import (
    CheckProgress,
    CheckResult,
    Counterexample,
    Coverage,
    Model,
    TraceState,
    compare,
)
from toolkit.tlc.checker import check
from toolkit.tlc.pluscal import translate_spec
from toolkit.tlc.result import gist
from toolkit.tlc.source import load_spec
from toolkit.values import format_value

__all__ = [
    "check_file",
    "counterexample_view",
    "failure_text",
    "report",
    "result_view",
    "status_of",
    "watched",
]

# A terminal takes minutes to wrap megabytes; the JSON document has everything.
_LONGEST = 2_000
_MOST_LINES = 100


@contextlib.contextmanager
def watched(title: str) -> Iterator[Callable[[CheckProgress], None]]:
    """Show on a terminal's stderr how far a check has come; elsewhere show nothing.

    Parameters
    ----------
    title : str
        What is being checked.

    Yields
    ------
    callable
        To be called with each :class:`~toolkit.tlc.CheckProgress`.
    """
    screen = console(stderr=True)
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[figures]}"),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task(f"TLC checks {title}", total=None, figures="starting")
        started = time.monotonic()

        def show(progress: CheckProgress) -> None:
            rate = progress.generated / max(time.monotonic() - started, 1e-9)
            depth = "" if progress.depth is None else f", depth {progress.depth}"
            bar.update(
                task,
                figures=f"{progress.distinct:,} distinct of {progress.generated:,} states, "
                f"{progress.queue:,} to explore{depth}, {rate:,.0f} a second",
            )

        yield show


def status_of(result: CheckResult, disagreements: list[str] | None = None) -> int:
    """Return the exit status that a result stands for.

    Parameters
    ----------
    result : CheckResult
    disagreements : list of str, optional
        In what it differs from what the manifest expects.

    Returns
    -------
    int
    """
    if result.violation:
        return FOUND
    if not result.ok:
        return FAILED
    return FOUND if disagreements else GOOD


def _cut(text: str) -> str:
    """Return the beginning of what is too long for a terminal, and say so."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} ... ({len(text):,} characters; --json shows all)"


def _cut_lines(text: str) -> str:
    lines = text.splitlines()
    shown = "\n".join(_cut(line) for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown += f"\n... and {len(lines) - _MOST_LINES:,} lines more; --json shows all"
    return shown


def _state_rows(table: Table, state: TraceState, before: TraceState | None, *, full: bool) -> None:
    head = Text(f"{state.index}")
    action = state.action or ("initial state" if before is None else "?")
    where = f"\n{state.location}" if state.location is not None else ""
    first = Text.assemble((action, "bold"), (where, "dim"))
    if state.unparsed is not None:
        table.add_row(
            head, first, "!", "(not read)", _cut(state.unparsed.strip()), end_section=True
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
                Text(_cut(format_value(value)), style="yellow" if changed else ""),
            )
        )
    if same:
        rows.append((Text(), Text(""), Text(f"({plural(same, 'variable')} unchanged)", "dim")))
    for at, row in enumerate(rows or [(Text(), Text(), Text("(no variable)", "dim"))]):
        table.add_row(
            head if at == 0 else "", first if at == 0 else "", *row, end_section=at == len(rows) - 1
        )


def counterexample_view(example: Counterexample, *, full: bool = False) -> Group:
    """Return a counterexample as a table for people, with what changed marked ``*``.

    Parameters
    ----------
    example : Counterexample
    full : bool
        Whether to repeat in every state the variables that did not change.

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
        Text(_cut_lines(example.message.strip() or example.kind), style="bold red"),
        table,
    ]
    if example.loop is not None:
        parts.append(Text(f"... and from there back to state {example.loop}, for ever"))
    if example.stuttering:
        parts.append(Text("... and then nothing more happens, for ever (stuttering)"))
    return Group(*parts)


def result_view(title: str, result: CheckResult, *, full: bool = False) -> Group:
    """Return a result for people.

    Parameters
    ----------
    title : str
        What was checked.
    result : CheckResult
    full : bool
        See :func:`counterexample_view`.

    Returns
    -------
    rich.console.Group
    """
    good = result.ok
    verdict = result.outcome + (f" of {result.name}" if result.name else "")
    grid = Table.grid(padding=(0, 2))
    for name, count in (
        ("distinct states", result.distinct),
        ("states generated", result.generated),
        ("left unexplored", result.left_on_queue),
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
    grid.add_row("made by", f"{result.tlc_version or 'TLC'}; Java {result.java_version}")
    parts: list[Any] = [
        Text.assemble(f"{title}: ", (verdict, "bold green" if good else "bold red")),
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
        known = "violated by this behaviour, each of them" if result.name else "one of these failed"
        parts.append(Text(f"{known}: {names}"))
    if result.prints.strip():
        parts += [
            Text("printed by the specification:", "bold"),
            Text(_cut_lines(result.prints.rstrip())),
        ]
    if result.coverage is not None:
        parts.append(_coverage_table(result.coverage))
    for number, example in enumerate(result.counterexamples, 1):
        if len(result.counterexamples) > 1:
            parts.append(Text(f"counterexample {number} of {len(result.counterexamples)}", "bold"))
        parts.append(counterexample_view(example, full=full))
    if result.violation and not result.counterexamples:
        parts.append(Text(_cut_lines(result.message.strip()), style="bold red"))
    return Group(*parts)


def _coverage_table(coverage: Coverage) -> Table:
    title = "coverage" if coverage.final else "coverage so far"
    table = Table(title=title, title_justify="left")
    for column in ("action", "at", "new states", "taken"):
        table.add_column(column, overflow="fold", justify="right" if column[0] in "nt" else "left")
    for one in coverage.actions:
        if one.generated is not None:
            style = "" if one.generated else "bold yellow"
            counts = (f"{one.distinct:,}", f"{one.generated:,}" if one.generated else "never")
            table.add_row(one.name, str(one.inner or one.location or ""), *counts, style=style)
    return table


def _line_of_first_name(config: Path, message: str) -> int | None:
    """Return where a configuration mentions a name that TLC complains of; TLC does not say."""
    try:
        lines = config.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for name in re.findall(r"\w+", message):
        for number, line in enumerate(lines, 1):
            if re.search(rf"\b{re.escape(name)}\b", line.partition("\\*")[0]):
                return number
    return None


def failure_text(result: CheckResult, spec: Path, config: Path) -> str:
    """Return what to tell people when TLC came to no verdict: file, place, reason, remedy.

    Parameters
    ----------
    result : CheckResult
        One that is neither a success nor a violation.
    spec, config : pathlib.Path
        What was checked.

    Returns
    -------
    str
    """
    where = str(spec)
    if result.outcome == "config-error":
        where = str(config)
        told = re.search(r"configuration file at line (\d{1,9})", result.message)
        line = int(told[1]) if told else _line_of_first_name(config, result.message)
        if line:
            where += f":{line}"
    if result.location is not None and result.outcome != "config-error":
        module = spec.with_name(f"{result.location.module}.tla")
        file = module if result.location.module and module.is_file() else spec
        where = f"{file}:{result.location.line}:{result.location.column}"
    remedy = {
        "out-of-memory": "give it more with --memory MB, or make the model smaller",
        "stack-overflow": "a recursive definition is too deep for TLC",
        "time-limit": "give it more with --timeout, or make the model smaller",
    }.get(result.outcome, "")
    if "Module-Table lookup failure" in result.message:
        remedy = f"no module begins there: ---- MODULE {spec.stem} ---- must stand above it"
    # What is wrong comes first, and all that TLC says of it after that.
    message, first = _cut_lines(result.message.strip()), _cut(gist(result.message))
    text = f"{where}: {result.outcome}: "
    text += message if message.startswith(first) else f"{first}\n\n{message}"
    return f"{text}\n({remedy})" if remedy else text


def check_file(
    name: str,
    config: Path | None = None,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    translate: bool = False,
    module_path: Sequence[Path] = (),
    class_path: Sequence[Path] = (),
    options: tuple[str, ...] = (),
    full: bool = False,
    as_json: bool = False,
) -> int:
    """Check a ``.tla`` file, and print the result.

    Parameters
    ----------
    name : str
        The file, as it was given.
    config, workers, timeout, memory, module_path, class_path, options
        As for :func:`~toolkit.tlc.check`.
    translate : bool
        Whether to translate its PlusCal first.
    full, as_json : bool
        See :func:`report`.

    Returns
    -------
    int
        The exit status.
    """
    spec, cfg = Path(name), config if config is not None else Path(name).with_suffix(".cfg")
    source = load_spec(spec, config, module_path=module_path)
    if translate:
        source = translate_spec(source)
    with watched(name) as on_progress:
        result = check(
            source,
            workers=workers,
            timeout=timeout,
            memory=memory,
            options=options,
            class_path=class_path,
            on_progress=on_progress,
        )
    return report(name, result, spec, cfg, as_json=as_json, full=full)


def report(
    title: str,
    result: CheckResult,
    spec: Path,
    config: Path,
    *,
    as_json: bool,
    full: bool,
    entry: Model | None = None,
    options: tuple[str, ...] = (),
) -> int:
    """Print a result.

    Parameters
    ----------
    title : str
        What was checked.
    result : CheckResult
    spec, config : pathlib.Path
        Its files.
    as_json : bool
        Whether to print one JSON document.
    full : bool
        Whether to show all variables in each state of a counterexample.
    entry : Model, optional
        What the manifest says of it.
    options : tuple of str
        Further options that TLC was given.

    Returns
    -------
    int
        The exit status.
    """
    ran = result.ok or result.violation
    # TLC's own options can change what is explored: then the manifest has nothing to say.
    compared = entry is not None and ran and not options
    disagreements = compare(entry, result) if entry is not None and compared else []
    if as_json:
        document = result.to_json()
        if entry is not None:
            document["manifest"] = {
                "model": entry.name,
                "compared": compared,
                "agrees": not disagreements if compared else None,
                "disagreements": disagreements,
                "leaves_out": entry.leaves_out,
            }
        write_json(document)
    else:
        screen = console()
        screen.print(result_view(title, result, full=full))
        if entry is not None:
            _say_manifest(entry, disagreements, compared=compared, options=options)
    if not ran:
        note(Text.assemble(("error: ", "bold red"), failure_text(result, spec, config)))
    return status_of(result, disagreements)


def _say_manifest(
    entry: Model, disagreements: list[str], *, compared: bool, options: tuple[str, ...]
) -> None:
    screen = console()
    if entry.leaves_out:
        screen.print(Text(f"left out by the model's bounds: {entry.leaves_out}"), soft_wrap=True)
    if disagreements:
        screen.print(Text("DISAGREES with the manifest:", style="bold red"))
        for difference in disagreements:
            screen.print(Text(f"  {difference}"), soft_wrap=True)
    elif compared:
        expected = " (a violation is what it expects)" if entry.outcome != "success" else ""
        screen.print(Text(f"agrees with the manifest{expected}", style="green"))
    elif options:
        screen.print(Text("not compared with the manifest, since TLC was given other options"))
    else:
        screen.print(Text("not compared with the manifest, since TLC came to no verdict"))
