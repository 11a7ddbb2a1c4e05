"""What the how-to guides to hosts show runs, and does what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from toolkit.conformance import validate


def run_block(guide: Path, number: int, folder: Path) -> dict[str, Any]:
    """Run a block of Python of a guide as a module of its own, and return its names."""
    blocks = re.findall(r"^```python\n(.*?)^```$", guide.read_text("utf-8"), re.DOTALL | re.M)
    module = folder / f"block{number}.py"
    module.write_text(blocks[number], encoding="utf-8")
    return runpy.run_path(str(module))


@pytest.fixture
def host_guide(checkout: Path) -> Path:
    return checkout / "docs" / "how-to" / "add-a-host.md"


@pytest.fixture
def choice_guide(checkout: Path) -> Path:
    return checkout / "docs" / "how-to" / "choose-each-event.md"


def shown_output(guide: Path) -> list[str]:
    """Return what the guide says that its blocks print."""
    return re.findall(r"prints `(.*?)`", guide.read_text("utf-8"))


def test_a_host_over_drivers_elects_a_leader(
    host_guide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_block(host_guide, 0, tmp_path)
    assert capsys.readouterr().out.strip() == shown_output(host_guide)[0]


def test_a_host_of_ones_own_records_a_trace(
    host_guide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_block(host_guide, 1, tmp_path)
    assert capsys.readouterr().out.strip() == shown_output(host_guide)[1]
    assert names["trace"].complete
    assert {step.action for step in names["trace"].steps} >= {"Timeout", "GrantVote"}


@pytest.mark.slow
def test_the_trace_of_a_host_of_ones_own_is_accepted(host_guide: Path, tmp_path: Path) -> None:
    report = validate([run_block(host_guide, 1, tmp_path)["trace"]])
    assert [verdict.status for verdict in report.verdicts] == ["accepted"]


def test_choices_are_made_and_undone_by_hand(
    choice_guide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_block(choice_guide, 0, tmp_path)
    timers = [f"timeout n{number} election" for number in (1, 2, 3)]
    assert capsys.readouterr().out.splitlines() == [*timers, "n2 GrantVote"]
    assert [str(choice) for choice in names["host"].history] == [
        "timeout n1 election", "flush n1", "deliver 0",
    ]  # fmt: skip


def test_a_thousand_states_are_explored_breadth_first(
    choice_guide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_block(choice_guide, 1, tmp_path)
    assert capsys.readouterr().out == "True\n"
    assert len(names["seen"]) >= 1000


def test_choices_are_replayed_as_a_scenario(
    choice_guide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_block(choice_guide, 2, tmp_path)
    assert "timeout n1 ballot" in capsys.readouterr().out
    assert len(names["trace"].steps) == 2


def test_the_guide_names_every_field_and_every_call_of_a_driver(host_guide: Path) -> None:
    from toolkit.hosting import NodeDriver, Reaction

    text = host_guide.read_text("utf-8")
    for name in Reaction.__struct_fields__:
        assert f"`{name}`" in text, name
    events = {"start", "receive", "time_out", "command", "disconnected", "flush", "crash"}
    for name in {*events, "restart"}:
        assert hasattr(NodeDriver, name)
        assert f"`{name}(" in text, name
