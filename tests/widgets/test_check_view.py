"""The widget that checks: what it shows, and that its button stops the check."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from toolkit.errors import SettingError, ToolkitError
from toolkit.tlc import spec_from_text
from toolkit.widgets import CheckView

ENDLESS = """---- MODULE Endless ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == x' = x + 1 /\\ y' \\in 0..x
====
"""
CONFIG = "INIT Init\nNEXT Next\n"


def label(view: CheckView) -> str:
    return str(view.children[0].children[1].value)


def shown(view: CheckView) -> str:
    return str(view.children[1].value)


def javas() -> list[int]:
    return [
        one.pid for one in psutil.process_iter(["name"]) if "java" in (one.info["name"] or "")
        and any(parent.pid == psutil.Process().pid for parent in one.parents())
    ]  # fmt: skip


@pytest.mark.slow
def test_a_model_of_the_manifest_is_checked_and_compared() -> None:
    view = CheckView("paxos-2-ballots")
    result = view.wait(400)
    assert view.result is result
    assert (result.outcome, result.distinct) == ("success", 1235)
    assert "1,235 distinct states; agrees with the manifest" in label(view)
    assert "No error was found" in shown(view)
    assert view.children[0].children[0].disabled


@pytest.mark.slow
def test_a_file_is_checked_and_its_counterexample_shown(tmp_path: Path) -> None:
    path = tmp_path / "Endless.tla"
    path.write_text(ENDLESS.replace("====", "Small == x < 3\n===="))
    path.with_name("small.cfg").write_text(CONFIG + "INVARIANT Small\n")
    view = CheckView(path, path.with_name("small.cfg"), workers=1)
    assert view.wait(400).name == "Small"
    assert "Invariant Small is violated" in shown(view)
    assert "invariant of Small" in label(view)


@pytest.mark.slow
def test_the_button_stops_the_check_and_no_java_stays() -> None:
    view = CheckView(spec_from_text(ENDLESS, CONFIG), workers=1, memory=512)
    first = label(view)
    deadline = time.monotonic() + 400
    # The clock of the label goes on, whether or not TLC has anything to say.
    while label(view) == first or not javas():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(SettingError, match="has not ended"):
        view.wait(0.01)
    view.children[0].children[0].click()
    result = view.wait(400)
    assert result.outcome == "cancelled"
    assert not javas()
    assert "cancelled" in label(view)
    assert "cancelled before" in shown(view)


def test_what_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    for spec in ("no-such-model", str(tmp_path / "no.tla")):
        with pytest.raises(ToolkitError):
            CheckView(spec)


@pytest.mark.slow
def test_a_check_that_cannot_be_run_says_so_in_its_label(tmp_path: Path) -> None:
    view = CheckView(spec_from_text(ENDLESS, CONFIG), jar=tmp_path / "no.jar")
    with pytest.raises(ToolkitError):
        view.wait(400)
    assert "could not be run" in label(view)
