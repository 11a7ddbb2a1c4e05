"""The command ``toolkit``.

Exit status of every command: 0 it was asked and found good, 1 a violation or divergence was
found, 2 it could not be run.  With ``--json`` stdout carries one JSON document and nothing
else; what is for people then goes to stderr.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from toolkit import __version__
from toolkit.cli.common import FAILED, GOOD, console, guarded, write_json

__all__ = ["COMMANDS", "make_app"]

COMMANDS = {
    "simulate": "simulate:simulate_command",
    "check": "check:check_command",
    "validate": "validate:validate_command",
    "bugs": "bugs:bugs_command",
    "compare": "compare:compare_command",
    "figure": "figure:figure_app",
    "models": "check:models_command",
    "protocols": "simulate:protocols_command",
    "translate": "translate:translate_command",
    "demo": "demo:demo_command",
    "doctor": "commands:doctor_command",
}
"""Each command's module and name there, in the order of the help text."""


def _version(asked: bool) -> None:
    if asked:
        console().print(f"toolkit {__version__}")
        raise typer.Exit(GOOD)


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Run, model-check, compare and understand consensus protocols."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Look whether everything that is needed is there, and say how to mend what is not."""
    from toolkit.cli.installation import examine

    diagnosis = examine()
    if as_json:
        write_json(diagnosis.to_json())
        return GOOD if diagnosis.ok else FAILED
    table = Table(show_header=True)
    table.add_column("what", no_wrap=True)
    table.add_column("how it is", no_wrap=True)
    table.add_column("details", overflow="fold")
    for found in diagnosis.findings:
        grave = "bold red" if found.essential else "yellow"
        need = "" if found.essential else " (optional)"
        state = Text("ok", "green") if found.status == "ok" else Text(found.status + need, grave)
        detail = f"{found.detail}\n-> {found.mend}" if found.mend else found.detail
        table.add_row(found.name, state, detail)
    screen = console()
    screen.print(table)
    if diagnosis.ok:
        screen.print(Text("Everything that is essential is there.", style="green"))
        return GOOD
    screen.print(Text("Something essential is missing; the arrows say how to mend it.", "bold red"))
    return FAILED


doctor_command = guarded(doctor)
"""The command ``toolkit doctor``."""


def make_app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the application with some of its commands.

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
        epilog="Exit status: 0 found good, 1 a violation or divergence was found, "
        "2 it could not be run.",
    )
    app.callback()(_options)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(f"toolkit.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found)
        elif name == "check":
            from toolkit.cli.check import PassThrough

            app.command(name, cls=PassThrough)(found)
        else:
            app.command(name)(found)
    return app
