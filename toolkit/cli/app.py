"""The command ``toolkit``.

Exit status of every command: 0 it was asked and found good, 1 a violation or divergence was
found, 2 it could not be run.  With ``--json`` stdout carries one JSON document and nothing
else; what is for people then goes to stderr.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from toolkit import __version__
from toolkit.cli.bugs import bugs_command
from toolkit.cli.check import PassThrough, check_command, models_command
from toolkit.cli.common import FAILED, GOOD, console, guarded, write_json
from toolkit.cli.compare import compare_command
from toolkit.cli.demo import demo_command
from toolkit.cli.figure import figure_app
from toolkit.cli.simulate import protocols_command, simulate_command
from toolkit.cli.translate import translate_command
from toolkit.cli.validate import validate_command

__all__ = ["app", "main"]

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


def _version(asked: bool) -> None:
    if asked:
        console().print(f"toolkit {__version__}")
        raise typer.Exit(GOOD)


@app.callback()
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


app.command("simulate")(simulate_command)
app.command("check", cls=PassThrough)(check_command)
app.command("validate")(validate_command)
app.command("bugs")(bugs_command)
app.command("compare")(compare_command)
app.add_typer(figure_app)
app.command("models")(models_command)
app.command("protocols")(protocols_command)
app.command("translate")(translate_command)
app.command("demo")(demo_command)
app.command("doctor")(guarded(doctor))


def main() -> None:
    """Run the command; the entry point of the installed script."""
    app(prog_name="toolkit")
