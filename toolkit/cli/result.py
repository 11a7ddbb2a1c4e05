"""A specification checked by the command, and its result for people, without reading a command.

Nothing here needs Typer, which takes as long to load as Java to start.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from toolkit.cli.output import FAILED, FOUND, GOOD, console, error_note, write_json
from toolkit.cli.progress import checking
from toolkit.display.faces import to_json, to_rich
from toolkit.display.faces.base import shorten, shorten_lines
from toolkit.tlc import CheckResult, Model, compare
from toolkit.tlc.checker import check
from toolkit.tlc.pluscal import translate_spec
from toolkit.tlc.result import gist
from toolkit.tlc.source import load_spec

__all__ = ["check_file", "failure_text", "report", "status_of"]


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
    message, first = shorten_lines(result.message.strip()), shorten(gist(result.message))
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
    with checking(name) as on_progress:
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
        document = to_json(result)
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
        screen.print(to_rich(result, title=title, full=full))
        if entry is not None:
            _say_manifest(entry, disagreements, compared=compared, options=options)
    if not ran:
        error_note(failure_text(result, spec, config))
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
