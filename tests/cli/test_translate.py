"""``toolkit translate`` and ``toolkit check --translate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Toolkit

LOOP = """---- MODULE Loop ----
EXTENDS Naturals
(* --algorithm loop
variables x = 0;
begin
  up: while x < 3 do
    x := x + 1;
  end while;
end algorithm; *)
====
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "Loop.tla"
    path.write_text(LOOP)
    path.with_suffix(".cfg").write_text("SPECIFICATION Spec\n")
    return path


@pytest.mark.slow
def test_the_translation_goes_to_standard_output_a_file_or_in_place(
    toolkit: Toolkit, spec: Path
) -> None:
    shown = toolkit("translate", str(spec))
    assert shown.exit_code == 0
    assert "Next == up" in shown.stdout
    assert spec.read_text() == LOOP
    out = spec.with_name("Out.tla")
    assert toolkit("translate", str(spec), "--out", str(out)).exit_code == 0
    assert out.read_text() == shown.stdout
    assert toolkit("translate", str(spec), "--in-place").exit_code == 0
    assert spec.read_text() == shown.stdout
    assert sorted(one.name for one in spec.parent.iterdir()) == ["Loop.cfg", "Loop.tla", "Out.tla"]


@pytest.mark.slow
def test_a_check_can_translate_first(toolkit: Toolkit, spec: Path) -> None:
    without = toolkit("check", str(spec), "--workers", "1")
    assert without.exit_code == 2
    assert "translate it first" in without.stdout
    result = toolkit("check", str(spec), "--translate", "--workers", "1", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["distinct"] == 5


@pytest.mark.slow
def test_an_algorithm_that_is_wrong_is_told_with_file_line_and_column(
    toolkit: Toolkit, spec: Path
) -> None:
    spec.write_text(LOOP.replace("x := x + 1;", "x := ;"))
    result = toolkit("translate", str(spec), "--in-place")
    assert result.exit_code == 2
    assert "Loop.tla:7:" in result.stderr.replace("\n", "")
    assert "x := ;" in spec.read_text()
