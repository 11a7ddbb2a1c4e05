"""Check a specification and print the result, independently of the command-line parser.

This module does not import Typer, which takes as long to load as Java takes to start.
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
    """Return the exit status for a result of TLC.

    Parameters
    ----------
    result : CheckResult
    disagreements : list of str, optional
        Differences from the result that the manifest expects.

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
    """Return the first line of a configuration file with a name from TLC's message.

    TLC itself does not report the line.
    """
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
    """Return an error message for a check without a verdict: file, line, reason, remedy.

    Parameters
    ----------
    result : CheckResult
        A result that is neither a success nor a violation.
    spec, config : pathlib.Path
        The files that were checked.

    Returns
    -------
    str
    """
    where = str(spec)
    if result.outcome == "config-error":
        where = str(config)
        match = re.search(r"configuration file at line (\d{1,9})", result.message)
        line = int(match[1]) if match else _line_of_first_name(config, result.message)
        if line:
            where += f":{line}"
    if result.location is not None and result.outcome != "config-error":
        module = spec.with_name(f"{result.location.module}.tla")
        file = module if result.location.module and module.is_file() else spec
        where = f"{file}:{result.location.line}:{result.location.column}"
    remedy = {
        "out-of-memory": "give TLC more memory with --memory MB, or make the model smaller",
        "stack-overflow": "a recursive definition is too deep for TLC",
        "time-limit": "give TLC more time with --timeout, or make the model smaller",
    }.get(result.outcome, "")
    if "Module-Table lookup failure" in result.message:
        remedy = f"the file has no module header; begin it with ---- MODULE {spec.stem} ----"
    # The gist comes first, then TLC's full message.
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
    """Check a ``.tla`` file and print the result.

    Parameters
    ----------
    name : str
        The file name as given by the user.
    config, workers, timeout, memory, module_path, class_path, options
        As for :func:`~toolkit.tlc.check`.
    translate : bool
        Whether to translate its PlusCal algorithm first.
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
    """Print a result of TLC.

    Parameters
    ----------
    title : str
        Name of the model or file.
    result : CheckResult
    spec, config : pathlib.Path
        The files that were checked.
    as_json : bool
        Whether to print one JSON document.
    full : bool
        Whether to show all variables in each state of a counterexample.
    entry : Model, optional
        The manifest's entry of the model.
    options : tuple of str
        Further options that were passed to TLC.

    Returns
    -------
    int
        The exit status.
    """
    ran = result.ok or result.violation
    # Further options can change which states TLC explores, so the expected result does not apply.
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
            _print_manifest(entry, disagreements, compared=compared, options=options)
    if not ran:
        error_note(failure_text(result, spec, config))
    return status_of(result, disagreements)


def _print_manifest(
    entry: Model, disagreements: list[str], *, compared: bool, options: tuple[str, ...]
) -> None:
    screen = console()
    if entry.leaves_out:
        screen.print(Text(f"not covered by the model's bounds: {entry.leaves_out}"), soft_wrap=True)
    if disagreements:
        screen.print(Text("DISAGREES with the manifest:", style="bold red"))
        for difference in disagreements:
            screen.print(Text(f"  {difference}"), soft_wrap=True)
    elif compared:
        expected = " (which expects a violation)" if entry.outcome != "success" else ""
        screen.print(Text(f"agrees with the manifest{expected}", style="green"))
    elif options:
        screen.print(Text("not compared with the manifest, because TLC was given further options"))
    else:
        screen.print(Text("not compared with the manifest, because TLC did not reach a verdict"))
