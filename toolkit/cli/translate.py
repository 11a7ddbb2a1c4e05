"""The command ``toolkit translate``: translate PlusCal to TLA+."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.output import GOOD, guarded, note
from toolkit.errors import SettingError, SpecError
from toolkit.tlc import translate_pluscal

__all__ = ["translate", "translate_command"]


def translate(
    file: Annotated[
        Path, typer.Argument(metavar="SPEC.tla", help="A module with a PlusCal algorithm.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="File for the translated module.  \\[default: standard output]"),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace the file with the translated module.")
    ] = False,
    fairness: Annotated[
        str, typer.Option(help="Fairness that Spec assumes: none, wf, sf or wfNext.")
    ] = "none",
    label: Annotated[bool, typer.Option("--label", help="Add missing labels.")] = False,
) -> int:
    """Translate the PlusCal algorithm of a module to TLA+.

    Exit status: 0 the module was translated, 2 it could not be translated.
    """
    if in_place and out is not None:
        raise SettingError("--in-place and --out cannot be combined", hint="remove one of them")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f"cannot read the file: {error}", path=file, hint="check the path"
        ) from error
    try:
        translation = translate_pluscal(text, fairness=fairness, label=label)  # type: ignore[arg-type]
    except SpecError as error:
        raise SpecError(
            error.message, path=file, line=error.line, column=error.column, hint=error.hint
        ) from error
    for line in translation.notes:
        note(line)
    target = file if in_place else out
    if target is None:
        typer.echo(translation.text, nl=False)
    else:
        _replace(target, translation.text)
        note(f"{target}: written (pcal.trans {translation.version})")
    return GOOD


def _replace(target: Path, text: str) -> None:
    """Write a file atomically."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        if target.exists():
            part.chmod(target.stat().st_mode & 0o7777)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpecError(f"cannot write the file: {error.strerror}", path=target) from error


translate_command = guarded(translate)
"""The command ``toolkit translate``."""
