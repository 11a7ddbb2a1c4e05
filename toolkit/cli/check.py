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
        """Set aside the arguments after ``--`` and parse the others."""
        own, rest = args, []
        if "--" in args:
            at = args.index("--")
            own, rest = args[:at], args[at + 1 :]
        ctx.meta[_TLC_OPTIONS] = tuple(rest)
        return list(super().parse_args(ctx, list(own)))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, including ``-- TLC OPTIONS``."""
        return [*super().collect_usage_pieces(ctx), "[-- TLC OPTIONS]"]


def check(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL|SPEC.tla", help="A name listed by 'toolkit models', or a file."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration file of SPEC.tla.  \\[default: SPEC.cfg in the same folder]"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="TLC's worker threads.  \\[default: the manifest's number, or one per processor]"
        ),
    ] = None,
    timeout: Timeout = None,
    memory: Memory = None,
    translate: Annotated[
        bool,
        typer.Option("--translate", help="Translate the PlusCal algorithm of SPEC.tla first."),
    ] = False,
    module_path: Annotated[
        list[Path] | None,
        typer.Option(help="Another folder with modules that SPEC.tla uses; repeatable."),
    ] = None,
    class_path: Annotated[
        list[Path] | None,
        typer.Option(help="A jar with modules written in Java, whose code TLC runs; repeatable."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show all variables in each state of a counterexample.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the models and exit.")] = False,
    as_json: JsonWithItf = False,
) -> int:
    """Model-check a specification with TLC.

    Arguments after -- are passed to TLC unchanged, for example:
    toolkit check MODEL -- -coverage 1

    Exit status: 0 no violation was found, 1 a violation was found (even if the manifest expects
    it) or the result differs from the manifest, 2 TLC did not reach a verdict.
    """
    options: tuple[str, ...] = ctx.meta.get(_TLC_OPTIONS, ())
    if listing:
        if model is not None:
            raise SettingError("--list cannot be combined with a model", hint=f"remove {model!r}")
        return models(as_json)
    if model is None:
        raise SettingError(
            "no model or specification was given",
            hint="name a model ('toolkit models' lists them) or a .tla file",
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
                f"{name} can only be used with a .tla file",
                hint=f"{model!r} is a model, which the manifest configures",
            )
    manifest, entry = _load_model(model)
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


def _load_model(name: str) -> tuple[Manifest, Model]:
    manifest = load_manifest()
    try:
        return manifest, manifest[name]
    except UnknownNameError as error:
        raise UnknownNameError(
            error.message,
            path=error.path,
            hint=f"{error.hint}; or give a file name that ends in .tla",
        ) from None


check_command = guarded(check)
"""The command ``toolkit check``."""
