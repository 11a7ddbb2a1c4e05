"""What the first page shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.conformance import validate
from toolkit.trace import read_traces


def blocks(checkout: Path, language: str) -> list[str]:
    text = (checkout / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_every_command_on_the_first_page_exists(checkout: Path) -> None:
    shown = "".join(blocks(checkout, "console"))
    commands = set(re.findall(r"^\$ toolkit (\w+)", shown, re.MULTILINE))
    assert {"simulate", "validate", "check", "doctor"} <= commands
    for command in commands:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
    targets = re.findall(r"^(\w+):", (checkout / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make (\w+)`", (checkout / "README.md").read_text())) <= set(targets)


def test_every_place_in_the_layout_exists(checkout: Path) -> None:
    text = (checkout / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Layout")[2].partition("## ")[0]
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for place in re.findall(r"`(.*?)`", row):
            assert (checkout / place).is_dir(), place


@pytest.mark.slow
def test_the_simulation_that_is_shown_gives_these_figures(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = (one for one in blocks(checkout, "console") if "--runs 1000" in one)
    command, *shown = block.splitlines()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command.split()[2:])
    said = [line.rstrip() for line in result.stdout.splitlines()]
    assert shown[:6] == said[:6]


@pytest.mark.slow
def test_the_front_door_that_is_shown_says_what_its_comments_say(checkout: Path) -> None:
    (block,) = (one for one in blocks(checkout, "python") if "toolkit.simulate(" in one)
    known: dict[str, Any] = {}
    exec(block, known)
    run, caught = known["run"], known["caught"]
    assert (run.linearizability().ok, run.validate().ok) == (True, True)
    assert "DIVERGED at step" in str(caught.followed.verdict)


@pytest.mark.slow
def test_the_trace_from_another_language_is_accepted(checkout: Path, tmp_path: Path) -> None:
    (block,) = blocks(checkout, "json")
    for line in block.splitlines():
        json.loads(line)
    path = tmp_path / "t.ndjson"
    path.write_text(block)
    assert len(list(read_traces(path))) == 1
    report = validate([path])
    assert report.ok
    assert report.verdicts[0].checked.actions == 2
