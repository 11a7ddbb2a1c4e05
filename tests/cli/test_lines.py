"""Command lines that ``cli`` renders are understood by the commands themselves."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from toolkit.cli import app
from toolkit.cli.lines import ARGUMENTS, command_line
from toolkit.invocation import Invocation


def parameters(command: str) -> dict[str, Any]:
    """Return the parameters of a command by name, as the application declares them."""
    found: Any = get_command(app)
    for name in command.split():
        found = found.commands[name]
    return {str(one.name): one for one in found.params}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_arguments_are_those_that_the_command_declares(command: str) -> None:
    declared = [
        name for name, one in parameters(command).items() if one.param_type_name == "argument"
    ]
    assert tuple(declared) == ARGUMENTS[command]


@pytest.mark.parametrize(
    ("invocation", "line"),
    [
        (
            Invocation("simulate", {"protocol": "p", "nodes": 3, "scenario": None, "bug": None,
                                    "settings": {"timeout": "0.2", "name": "a b"}}),
            "toolkit simulate p --nodes 3 --set timeout=0.2 --set 'name=a b'",
        ),
        (
            Invocation("compare", {"rate": 40.0, "protocol": ["p", "q"], "fault": None,
                                   "settings": {"p": {"snapshot": "5"}}}),
            "toolkit compare --rate 40.0 --protocol p --protocol q --set p:snapshot=5",
        ),
        (
            Invocation("figure run", {"figure": "A", "use_recorded_fit": True, "out": Path("x/A")}),
            "toolkit figure run A --use-recorded-fit --out x/A",
        ),
        (
            Invocation("figure run", {"figure": "A", "use_recorded_fit": False}),
            "toolkit figure run A",
        ),
        (Invocation("doctor"), "toolkit doctor"),
    ],
)  # fmt: skip
def test_an_invocation_is_rendered_and_its_options_exist(invocation: Invocation, line: str) -> None:
    assert command_line(invocation) == str(invocation) == line
    spelt = {
        option
        for one in parameters(invocation.command).values()
        if one.param_type_name == "option"
        for option in one.opts
    }
    assert {word for word in shlex.split(line) if word.startswith("--")} <= spelt


def test_a_library_that_renders_a_line_does_not_load_the_application() -> None:
    program = (
        "import sys\nfrom toolkit.invocation import Invocation\nprint(Invocation('doctor'))\n"
        "print([m for m in ('typer', 'rich', 'toolkit.sim') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    assert done.stdout.splitlines() == ["toolkit doctor", "[]"]
