"""The commands ``toolkit check`` and ``toolkit models``: put a question to TLC."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group
from rich.progress import Progress as Bar, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand

from toolkit.cli.common import FAILED, FOUND, GOOD, console, guarded, note, plural, write_json
from toolkit.errors import SettingError, UnknownNameError
from toolkit.tlc import (
    CheckResult,
    Counterexample,
    Coverage,
    Manifest,
    Model,
    TraceState,
    check as run_check,
    compare,
    load_manifest,
    load_spec,
    run_model,
    translate_spec,
)
from toolkit.tlc.result import CheckProgress, gist
from toolkit.values import format_value

__all__ = [
    "PassThrough",
    "check",
    "check_command",
    "counterexample_view",
    "failure_text",
    "models",
    "models_command",
    "result_view",
    "status_of",
    "watched",
]

_META = "toolkit.tlc_options"
# A terminal takes minutes to wrap megabytes; the JSON document has everything.
_LONGEST = 2_000
_MOST_LINES = 100


class PassThrough(TyperCommand):
    """A command whose arguments after ``--`` belong to another program."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put aside what follows ``--`` and read the rest."""
        own, rest = args, []
        if "--" in args:
            at = args.index("--")
            own, rest = args[:at], args[at + 1 :]
        ctx.meta[_META] = tuple(rest)
        return list(super().parse_args(ctx, list(own)))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Say in the usage line that something may follow."""
        return [*super().collect_usage_pieces(ctx), "[-- TLC OPTIONS]"]


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


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """List the models of the manifest, with what each is expected to show."""
    manifest = load_manifest()
    if as_json:
        write_json({"models": [msgspec.to_builtins(model) for model in manifest.models]})
        return GOOD
    table = Table(title=f"Models in {manifest.path}", title_justify="left")
    for column in ("name", "expected", "states", "size", "question"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for model in manifest.models:
        expected = model.outcome + (f" of {model.violated}" if model.violated else "")
        states = "" if model.distinct is None else f"{model.distinct:,}"
        table.add_row(model.name, expected, states, model.size, model.title)
    console().print(table)
    return GOOD


def check(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL|SPEC.tla", help="A name that 'toolkit models' lists, or a file."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The configuration of a SPEC.tla; otherwise the .cfg of the same name beside it."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="TLC's worker threads; otherwise what the manifest says, or one per processor."
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="End the run after so many seconds.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(help="TLC's heap in MB; otherwise half the machine's.")
    ] = None,
    translate: Annotated[
        bool,
        typer.Option("--translate", help="Translate the PlusCal of a SPEC.tla first."),
    ] = False,
    module_path: Annotated[
        list[Path] | None,
        typer.Option(help="A further folder with modules of a SPEC.tla; may be repeated."),
    ] = None,
    class_path: Annotated[
        list[Path] | None,
        typer.Option(
            help="A further jar, with modules written in Java: it runs code; may be repeated."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show all variables in each state of a counterexample.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the models and stop.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, values in ITF encoding.")
    ] = False,
) -> int:
    """Model-check a specification with TLC.

    What follows -- goes to TLC as it is, for instance: toolkit check MODEL -- -coverage 1

    Exit status: 0 nothing is wrong, 1 something is violated (also where the manifest expects
    it, and when the manifest expects something else), 2 TLC could not come to a verdict.
    """
    options: tuple[str, ...] = ctx.meta.get(_META, ())
    if listing:
        if model is not None:
            raise SettingError("--list stands alone", hint=f"leave out {model!r}")
        return models(as_json)
    if model is None:
        raise SettingError(
            "nothing to check", hint="name a model ('toolkit models' lists them) or a SPEC.tla"
        )
    if model.endswith(".tla"):
        spec, cfg = Path(model), config if config is not None else Path(model).with_suffix(".cfg")
        source = load_spec(spec, config, module_path=module_path or ())
        if translate:
            source = translate_spec(source)
        with watched(model) as on_progress:
            result = run_check(
                source,
                workers=workers,
                timeout=timeout,
                memory=memory,
                options=options,
                class_path=class_path or (),
                on_progress=on_progress,
            )
        return _report(model, result, spec, cfg, as_json=as_json, full=full)
    for name, given in (
        ("--config", config is not None),
        ("--translate", translate),
        ("--module-path", module_path),
        ("--class-path", class_path),
    ):
        if given:
            raise SettingError(
                f"{name} goes with a SPEC.tla", hint=f"the manifest says what {model!r} is"
            )
    manifest, entry = _find(model)
    with watched(model) as on_progress:
        result = run_model(
            manifest,
            entry,
            workers=workers,
            timeout=timeout,
            memory=memory,
            options=options,
            on_progress=on_progress,
        )
    folder = manifest.path.parent
    return _report(
        model,
        result,
        folder / entry.spec,
        folder / entry.config,
        as_json=as_json,
        full=full,
        entry=entry,
        options=options,
    )


def _find(name: str) -> tuple[Manifest, Model]:
    manifest = load_manifest()
    try:
        return manifest, manifest[name]
    except UnknownNameError as error:
        raise UnknownNameError(
            error.message,
            path=error.path,
            hint=f"{error.hint}; or name a file that ends in .tla",
        ) from None


def _report(
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


check_command = guarded(check)
"""The command ``toolkit check``."""

models_command = guarded(models)
"""The command ``toolkit models``."""
