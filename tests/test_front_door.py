"""``import toolkit``: fast, about twenty names, and runs that can be asked."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit
from toolkit.display.faces import to_html, to_text
from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.sim import format_scenario, load_scenario, simulate_trace

HEAVY = ("pandas", "altair", "networkx", "ipywidgets", "anywidget", "numpy", "rich", "toolkit.sim")


def modules_after(program: str) -> list[str]:
    """Return those of :data:`HEAVY` that a program loads."""
    program += f"\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    return list(ast.literal_eval(done.stdout))


def test_import_toolkit_loads_nothing_heavy() -> None:
    assert modules_after("import toolkit; dir(toolkit)") == []


def test_a_simulation_loads_neither_pandas_nor_altair_nor_jupyter() -> None:
    loaded = modules_after("import toolkit; toolkit.simulate('paxos')")
    assert set(loaded) <= {"rich", "toolkit.sim"}


def test_every_name_of_the_front_door_is_there() -> None:
    for name in toolkit.__all__:
        assert getattr(toolkit, name) is not None
    assert set(toolkit.__all__) <= set(dir(toolkit))
    assert len(toolkit.__all__) <= 26
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        toolkit.simulat  # noqa: B018


def test_no_name_hides_a_room() -> None:
    rooms = {path.stem for path in Path(toolkit.__file__).parent.iterdir()}
    assert not rooms & set(toolkit.__all__)


def test_type_checkers_see_the_same_names_as_python() -> None:
    tree = ast.parse(inspect.getsource(toolkit))
    (block,) = (one for one in tree.body if isinstance(one, ast.If))
    seen = {
        alias.name: one.module
        for one in block.body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }
    assert seen == toolkit._HOMES
    assert {*seen, "__version__"} == set(toolkit.__all__)


def test_a_run_is_the_same_by_names_and_by_objects() -> None:
    paxos, scenario = get_protocol("paxos"), load_scenario("paxos-duelling")
    trace, _ = simulate_trace(paxos, scenario)
    by_text = toolkit.simulate("paxos", format_scenario(scenario))
    for run in (
        toolkit.simulate("paxos", "paxos-duelling"),
        toolkit.simulate(paxos, scenario),
        by_text,
    ):
        assert run.trace.records == trace.records
    assert by_text.replay is None
    assert by_text.scenario.events == scenario.events


def test_a_run_knows_the_command_that_repeats_it() -> None:
    run = toolkit.simulate("raft", seed=4, nodes=5, settings={"pre-vote": "yes"})
    assert run.replay is not None
    assert run.replay.startswith("toolkit simulate raft --nodes 5 --seed 4 --runs 1 --set pre-vote")


def test_a_run_answers_questions_and_is_written(tmp_path: Path) -> None:
    run = toolkit.simulate("raft", "raft-happy")
    assert run.history.operations
    assert run.linearizability().ok
    assert len(run.to_frame()) == run.result.steps == len(run.trace.steps)
    (again,) = toolkit.read_traces(run.write(tmp_path / "t.ndjson"))
    assert again == run.trace
    assert repr(run).startswith("<Run happy-")


def test_a_history_without_a_store_is_no_proof_of_linearizability() -> None:
    with pytest.raises(SettingError, match="no client of the run"):
        toolkit.simulate("paxos", "paxos-happy").linearizability()


def test_a_run_shows_itself_as_text_and_as_html() -> None:
    run = toolkit.simulate("paxos", "paxos-happy")
    text = to_text(run)
    assert str(run) == text
    assert f"{run.result.steps} in" in text
    assert "run it again: toolkit simulate paxos --scenario paxos-happy" in text
    html = run._repr_html_()
    assert "<svg" in html
    assert to_html(run.result) in html


def test_the_explorer_opens_a_run_at_a_step() -> None:
    explorer = toolkit.simulate("paxos", "paxos-happy").explore(step=3)
    assert explorer.step == 3
    assert toolkit.explore(toolkit.simulate("zab", "zab-happy")).step == 0


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'paxos'"):
        toolkit.simulate("paxoss")
    with pytest.raises(UnknownNameError, match="unknown seeded bug"):
        toolkit.catch_bug("paxos", "none")
    with pytest.raises(SettingError, match="omit config"):
        toolkit.check("paxos", "x.cfg")


@pytest.mark.slow
def test_a_planted_bug_is_caught_and_shown() -> None:
    run = toolkit.catch_bug("paxos", "accepts-below-promise")
    verdict = run.validate()
    assert verdict.status == "diverged"
    assert not verdict.ok
    assert "DIVERGED at step" in str(verdict)
    assert verdict.divergence is not None
    assert run.explore(follow=True).step == verdict.divergence.step + 1
    with pytest.raises(SettingError, match="allows all runs"):
        toolkit.catch_bug("paxos", "accepts-below-promise", "paxos-happy")


@pytest.mark.slow
def test_checks_and_validations_take_names_and_runs(tmp_path: Path) -> None:
    run = toolkit.simulate("paxos", "paxos-happy")
    assert toolkit.validate(run).ok
    path = run.write(tmp_path / "t.ndjson")
    assert toolkit.validate([path, run.trace]).count("accepted") == 2
    assert toolkit.follow(path).verdict.ok
    result = toolkit.check("paxos")
    assert result.ok
    assert "distinct states" in str(result)
