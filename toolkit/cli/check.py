"""The command ``toolkit check``: model-check a specification with TLC."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from toolkit.cli.models import models
from toolkit.cli.options import JsonWithItf, Memory, Timeout
from toolkit.cli.output import guarded
from toolkit.cli.progress import checking
from toolkit.cli.result import check_file, report
from toolkit.errors import SettingError, UnknownNameError
from toolkit.tlc import Manifest, Model, load_manifest, run_model

__all__ = ["PassThrough", "check", "check_command"]

_TLC_OPTIONS = "toolkit.tlc_options"


class PassThrough(TyperCommand):
    """A command whose arguments after ``--`` belong to another program."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put aside what follows ``--`` and read the rest."""
        own, rest = args, []
        if "--" in args:
            at = args.index("--")
            own, rest = args[:at], args[at + 1 :]
        ctx.meta[_TLC_OPTIONS] = tuple(rest)
        return list(super().parse_args(ctx, list(own)))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Say in the usage line that something may follow."""
        return [*super().collect_usage_pieces(ctx), "[-- TLC OPTIONS]"]


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
    timeout: Timeout = None,
    memory: Memory = None,
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
    as_json: JsonWithItf = False,
) -> int:
    """Model-check a specification with TLC.

    What follows -- goes to TLC as it is, for instance: toolkit check MODEL -- -coverage 1

    Exit status: 0 nothing is wrong, 1 something is violated (also where the manifest expects
    it, and when the manifest expects something else), 2 TLC could not come to a verdict.
    """
    options: tuple[str, ...] = ctx.meta.get(_TLC_OPTIONS, ())
    if listing:
        if model is not None:
            raise SettingError("--list stands alone", hint=f"leave out {model!r}")
        return models(as_json)
    if model is None:
        raise SettingError(
            "nothing to check", hint="name a model ('toolkit models' lists them) or a SPEC.tla"
        )
    if model.endswith(".tla"):
        return check_file(
            model,
            config,
            workers=workers,
            timeout=timeout,
            memory=memory,
            translate=translate,
            module_path=module_path or (),
            class_path=class_path or (),
            options=options,
            full=full,
            as_json=as_json,
        )
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
    with checking(model) as on_progress:
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
    return report(
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


check_command = guarded(check)
"""The command ``toolkit check``."""
