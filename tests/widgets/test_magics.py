"""``%%tla`` and ``%%tlc``, as a notebook's cells use them."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from toolkit.tlc import CheckResult
from toolkit.widgets import CheckView, ModuleView

LAMP = """---- MODULE Lamp ----
VARIABLE on
Init == on = FALSE
Next == on' = ~on
Spec == Init /\\ [][Next]_on
Dark == ~on
====
"""
CONFIG = "SPECIFICATION Spec\nINVARIANT Dark\n"
PLUSCAL = """---- MODULE Up ----
EXTENDS Naturals
(* --algorithm up
variables x = 0;
begin
  loop: while x < 3 do
    x := x + 1;
  end while;
end algorithm; *)
====
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    # A shell puts a module of its own in this one's place, which no process can be started from.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    made = InteractiveShell()
    made.run_line_magic("load_ext", "toolkit.widgets")
    yield made
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)


def run(shell: InteractiveShell, magic: str, line: str, cell: str) -> Any:
    return shell.run_cell_magic(magic, line, cell)


@pytest.mark.slow
def test_a_module_of_one_cell_is_checked_by_another(shell: InteractiveShell) -> None:
    view = run(shell, "tla", "", LAMP)
    assert isinstance(view, ModuleView)
    assert view.problem is None
    assert "MODULE" in view._repr_html_()
    result = run(shell, "tlc", "Lamp --out found", CONFIG)
    assert isinstance(result, CheckResult)
    assert (result.outcome, result.name, len(result.trace)) == ("invariant", "Dark", 2)
    assert shell.user_ns["found"] is result


@pytest.mark.slow
def test_the_answer_is_remembered_until_it_is_asked_again(shell: InteractiveShell) -> None:
    run(shell, "tla", "--quiet", LAMP)
    first = run(shell, "tlc", "Lamp", CONFIG)
    second = run(shell, "tlc", "Lamp", CONFIG)
    again = run(shell, "tlc", "Lamp --again", CONFIG)
    assert [one.remembered is not None for one in (first, second, again)] == [False, True, False]
    other = run(shell, "tlc", "Lamp", "SPECIFICATION Spec\n")
    assert (other.outcome, other.remembered) == ("success", None)


@pytest.mark.slow
def test_a_module_can_extend_another_cells_and_a_files(
    shell: InteractiveShell, tmp_path: Path
) -> None:
    (tmp_path / "Deep.tla").write_text("---- MODULE Deep ----\nLow == FALSE\n====\n")
    run(
        shell,
        "tla",
        "--quiet",
        LAMP.replace("VARIABLE on", "EXTENDS Deep\nCONSTANT Size\nVARIABLE on"),
    )
    more = "---- MODULE More ----\nEXTENDS Lamp\nLit == on = Low\n====\n"
    assert run(shell, "tla", "--quiet --out text", more) is None
    assert shell.user_ns["text"] == more
    result = run(shell, "tlc", "More", "SPECIFICATION Spec\nINVARIANT Lit\nCONSTANT Size = 1")
    assert (result.name, sorted(result.modules)) == ("Lit", ["Deep", "Lamp", "More"])
    path = tmp_path / "Lamp2.tla"
    path.write_text(LAMP.replace("Lamp", "Lamp2"))
    assert run(shell, "tlc", str(path), CONFIG).name == "Dark"


@pytest.mark.slow
def test_a_module_that_cannot_be_read_is_shown_and_not_defined(shell: InteractiveShell) -> None:
    run(shell, "tla", "--quiet", LAMP)
    view = run(shell, "tla", "--quiet", LAMP.replace("~on\nSpec", "~of\nSpec"))
    assert view is not None
    assert str(view.location) == "Lamp:4:16"
    assert "`of'" in view.problem
    assert "of" in view._repr_html_()
    assert "cannot be parsed: Lamp:4:16" in repr(view)
    with pytest.raises(UsageError, match="no cell has defined a correct module 'Lamp'"):
        run(shell, "tlc", "Lamp", CONFIG)


@pytest.mark.slow
def test_pluscal_is_translated_and_its_errors_are_placed(shell: InteractiveShell) -> None:
    run(shell, "tla", "--translate", PLUSCAL)
    result = run(shell, "tlc", "Up", "SPECIFICATION Spec\n")
    assert (result.outcome, result.distinct) == ("success", 5)
    view = run(shell, "tla", "--translate", PLUSCAL.replace("x + 1", "+ ;"))
    # Where the translator noticed it: behind the line that is wrong.
    assert view.location.line == 8
    assert "PlusCal" in view.problem


@pytest.mark.slow
def test_options_reach_tlc(shell: InteractiveShell) -> None:
    stuck = LAMP.replace("on' = ~on", "~on /\\ on' = TRUE")
    run(shell, "tla", "--quiet", stuck)
    config = "SPECIFICATION Spec\n"
    assert run(shell, "tlc", "Lamp", config).outcome == "deadlock"
    result = run(shell, "tlc", "Lamp --no-deadlock --coverage --workers 2", config)
    assert (result.outcome, result.workers) == ("success", 2)
    assert result.coverage is not None
    sampled = run(shell, "tlc", "Lamp --no-deadlock --simulate 5 --depth 3 --seed 7", config)
    assert (sampled.seed, sampled.complete) == (7, False)
    going = run(shell, "tlc", "Lamp --keep-going --no-deadlock", config + "INVARIANT Dark\n")
    assert len(going.counterexamples) == 1


@pytest.mark.slow
def test_a_live_check_gives_a_view_at_once(shell: InteractiveShell) -> None:
    run(shell, "tla", "--quiet", LAMP)
    view = run(shell, "tlc", "Lamp --live --out view", CONFIG)
    assert isinstance(view, CheckView)
    assert shell.user_ns["view"] is view
    assert view.wait(400).name == "Dark"


@pytest.mark.parametrize(
    ("magic", "line", "cell", "says"),
    [
        ("tla", "", "no module", "does not contain a module"),
        ("tla", "--nonsense", LAMP, "nonsense"),
        ("tla", "--fairness odd --translate", PLUSCAL, "fairness"),
        ("tlc", "Nowhere", CONFIG, "no cell has defined"),
        ("tlc", "nowhere.tla", CONFIG, "cannot read the file"),
        ("tlc", "'", CONFIG, "quotation"),
        ("tlc", "", CONFIG, "required"),
    ],
)
def test_wrong_use_is_told_in_a_line(
    shell: InteractiveShell, magic: str, line: str, cell: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        run(shell, magic, line, cell)


@pytest.mark.slow
def test_a_constant_that_no_module_has_is_told(shell: InteractiveShell) -> None:
    run(shell, "tla", "--quiet", LAMP)
    with pytest.raises(UsageError, match="unknown constant"):
        run(shell, "tlc", "Lamp", CONFIG + "CONSTANT N = 3\n")
    with pytest.raises(UsageError, match="must be the name of a variable"):
        run(shell, "tlc", "Lamp --out 1x", CONFIG)
