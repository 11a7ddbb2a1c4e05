"""The application of the command ``toolkit``, assembled from its commands.

Exit status of every command: 0 the command ran and found no problem, 1 it found a violation or a
divergence, 2 it could not run.  With ``--json`` stdout carries one JSON document and nothing
else; messages for people then go to stderr.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from toolkit import __version__
from toolkit.cli.output import GOOD, console

__all__ = ["COMMANDS", "make_app"]

COMMANDS = {
    "simulate": "simulate:simulate_command",
    "check": "check:check_command",
    "validate": "validate:validate_command",
    "bugs": "bugs:bugs_command",
    "compare": "compare:compare_command",
    "figure": "figure:figure_app",
    "models": "models:models_command",
    "protocols": "protocols:protocols_command",
    "plugins": "plugins:plugins_command",
    "translate": "translate:translate_command",
    "trace-spec": "trace_spec:trace_spec_command",
    "demo": "demo:demo_command",
    "doctor": "doctor:doctor_command",
}
"""Command to ``module:attribute``, in the order of the help text."""


def _version(requested: bool) -> None:
    if requested:
        console().print(f"toolkit {__version__}")
        raise typer.Exit(GOOD)


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Run, model-check, compare and understand consensus protocols."""


def make_app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the application with the given commands.

    Parameters
    ----------
    names : iterable of str
        Commands of :data:`COMMANDS`; only their modules are loaded.

    Returns
    -------
    typer.Typer
    """
    app = typer.Typer(
        name="toolkit",
        help="Run, model-check, compare and understand consensus protocols.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit status: 0 no problem was found, 1 a violation or divergence was found, "
        "2 the command could not run.",
    )
    app.callback()(_options)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(f"toolkit.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command)
        elif name == "check":
            from toolkit.cli.check import PassThrough

            app.command(name, cls=PassThrough)(command)
        else:
            app.command(name)(command)
    return app
