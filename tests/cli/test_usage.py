"""What every command promises: help, statuses, and errors without tracebacks."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

import toolkit as package
from tests.cli.conftest import Process, Toolkit
from toolkit.cli.options import parse_settings
from toolkit.cli.output import guarded
from toolkit.errors import SettingError, ToolkitError

COMMANDS = [
    "simulate", "check", "models", "validate", "bugs", "compare", "figure", "translate", "doctor",
    "demo", "trace-spec", "plugins", "protocols",
]  # fmt: skip


def test_help_names_every_command(toolkit: Toolkit) -> None:
    result = toolkit("--help")
    assert result.exit_code == 0
    for command in COMMANDS:
        assert command in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(toolkit: Toolkit, command: str) -> None:
    result = toolkit(command, "--help")
    assert result.exit_code == 0
    assert f"toolkit {command}" in result.stdout


def test_version_is_the_packages(toolkit: Toolkit) -> None:
    assert toolkit("--version").stdout.strip() == f"toolkit {package.__version__}"


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["check"],
        ["check", "paxos", "--nonsense"],
        ["check", "paxos", "stray"],
        ["check", "paxos", "--config", "x.cfg"],
        ["check", "paxos", "--list"],
        ["check", "paxos", "--translate"],
        ["check", "paxos", "--module-path", "."],
        ["bugs"],
        ["bugs", "raft", "--bug", "no-such-bug"],
        ["bugs", "raft", "--runs", "0"],
        ["translate"],
        ["translate", "no-such-file.tla"],
        ["translate", "x.tla", "--in-place", "--out", "y.tla"],
        ["check", "no-such-model"],
        ["simulate"],
        ["simulate", "paxos"],
        ["simulate", "no-such-protocol", "--out", "x.ndjson"],
        ["validate"],
        ["validate", "no-such-file.ndjson"],
        ["demo", "no-such-protocol"],
    ],
)
def test_wrong_usage_ends_with_2_and_an_empty_stdout(toolkit: Toolkit, args: list[str]) -> None:
    result = toolkit(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "rror" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_misspelt_model_gets_a_suggestion(toolkit: Toolkit) -> None:
    assert "did you mean 'paxos'?" in toolkit("check", "paxoss").stderr


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ToolkitError("odd", path="f.tla", line=3), 2, "error: f.tla:3: odd"),
        (FileNotFoundError(2, "No such file or directory", "f"), 2, "error: f: No such file"),
        (OSError("disk gone"), 2, "error: disk gone"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("x"), 2, "error: this is a bug in the toolkit"),
    ],
)
def test_whatever_a_command_raises_becomes_a_status_and_a_message(
    error: BaseException, status: int, said: str
) -> None:
    app = typer.Typer()

    @app.command()
    @guarded
    def command() -> int:
        raise error

    result = CliRunner().invoke(app, [])
    assert result.exit_code == status
    assert said in result.stderr
    assert ("Traceback" in result.stderr) == isinstance(error, ZeroDivisionError)
    assert result.stdout == ""


@pytest.mark.parametrize("pairs", [["a"], ["=1"], ["a=1", "a=2"]])
def test_settings_that_cannot_be_are_refused(pairs: list[str]) -> None:
    with pytest.raises(SettingError):
        parse_settings(pairs)


def test_help_loads_neither_pandas_nor_altair_nor_jupyter() -> None:
    program = (
        "import sys, toolkit.cli.commands; toolkit.cli.commands.make_app()\n"
        "print([m for m in ('pandas', 'altair', 'IPython', 'ipywidgets', 'vl_convert', 'numpy')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_reader_that_goes_away_gets_no_traceback(process: Process) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m toolkit.cli models --json | head -c 1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "{}", "x"],
        ["validate", "{}", "P", "missing.ndjson"],
        ["figure", "run", "Q", "{}"],
    ],
)
def test_the_old_spelling_of_an_option_is_kept(toolkit: Toolkit, words: list[str]) -> None:
    spellings = {
        "compare": ("--fault-duration", "--lasts", "--fault-interval", "--rest"),
        "validate": ("--property", "--claim"),
        "figure": ("--use-recorded-fit", "--recorded-fit"),
    }
    for option in (*spellings[words[0]], "--nonsense"):
        result = toolkit(*(word.replace("{}", option) for word in words))
        assert result.exit_code == 2
        assert ("No such option" in result.stderr) == (option == "--nonsense")


@pytest.mark.parametrize("command", ["simulate", "bugs", "compare", "demo", "figure run"])
def test_help_shows_the_defaults_that_it_tells_in_words(toolkit: Toolkit, command: str) -> None:
    told = toolkit(*command.split(), "--help").stdout
    spaced = " ".join(re.sub(r"[│\n]", " ", told).split())
    assert "[default: " in spaced
    assert "\\[" not in spaced
    if command == "simulate":
        assert "[default: the scenario's, 0]" in spaced
