"""The scenarios that travel along happen exactly as they say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from toolkit.errors import ScenarioError
from toolkit.protocols import get_protocol
from toolkit.sim import (
    Scenario,
    compare_expected,
    format_steps,
    load_scenario,
    scenario_names,
    scenario_path,
    simulate_trace,
)
from toolkit.trace import Header, Step, Trace


def played(scenario: Scenario) -> Trace:
    return simulate_trace(get_protocol(scenario.protocol), scenario)[0]


def with_expected(text: str, steps: str) -> str:
    """Return a scenario's text with another ``expect`` block, and all else as it was."""
    kept = re.sub(r"^expect\n.*?^end\n", "", text, flags=re.DOTALL | re.MULTILINE)
    shown = "".join(f"  {line}\n" for line in steps.splitlines())
    return f"{kept}expect\n{shown}end\n"


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_happens_as_expected(name: str, rewrite_golden: bool) -> None:
    if rewrite_golden:
        path: Path = scenario_path(name)
        text = path.read_text(encoding="utf-8")
        path.write_text(with_expected(text, format_steps(played(load_scenario(name)))), "utf-8")
    scenario = load_scenario(name)
    assert compare_expected(played(scenario), scenario) == []


def test_rewriting_keeps_comments_and_replaces_the_block_alone() -> None:
    text = "# why\nscenario s\nexpect\n  old\nend\n"
    assert with_expected(text, "a\nb") == "# why\nscenario s\nexpect\n  a\n  b\nend\n"
    assert with_expected("scenario s\n", "a") == "scenario s\nexpect\n  a\nend\n"


def test_a_difference_is_shown() -> None:
    scenario = load_scenario("paxos-happy")
    assert scenario.expected is not None
    altered = (*scenario.expected[:3], "3 0 n1 Ignore", *scenario.expected[4:])
    difference = compare_expected(played(scenario), replace(scenario, expected=altered))
    assert "-3 0 n1 Ignore" in difference
    assert f"+{scenario.expected[3]}" in difference


def test_a_missing_or_further_step_is_shown() -> None:
    scenario = load_scenario("paxos-happy")
    assert scenario.expected is not None
    for expected in (scenario.expected[:-2], (*scenario.expected, "more")):
        assert compare_expected(played(scenario), replace(scenario, expected=expected))


def test_a_scenario_that_expects_nothing_cannot_be_compared() -> None:
    scenario = replace(load_scenario("paxos-happy"), expected=None)
    with pytest.raises(
        ScenarioError, match="paxos-happy: the scenario 'happy' has no expected steps"
    ):
        compare_expected(played(scenario), scenario)


def test_a_line_shows_of_a_value_what_is_different_in_it() -> None:
    def shown(old: object, new: object) -> str:
        header = Header(schema=1, protocol="p", trace="t", nodes=("n",), initial={"n": {"x": old}})
        step = Step(index=0, time=0.0, node="n", action="A", state={"x": new})
        return format_steps(Trace(header=header, records=[step])).splitlines()[0]

    def log(*items: object) -> dict[str, object]:
        return {"#tup": list(items)}

    record = {"log": log(1, 2), "vote": None}
    for old, new, change in [
        (1, 2, "x=2"),
        (record, {**record, "vote": "n"}, 'x.vote="n"'),
        (record, {"log": log(1, 2, 3), "vote": 1}, "x.log[3..]=<<3>>, x.vote=1"),
        (record, {"log": log(1, 2)}, "x=[log |-> <<1, 2>>]"),
        (record, 7, "x=7"),
        (log(1, 2, 3), log(1, 4), "x[2..]=<<4>>"),
        (log(1, 2, 3), log(1), "x[2..]=<<>>"),
        (log(1, 2), log(3, 2), "x=<<3, 2>>"),
        (log(), log(1), "x=<<1>>"),
        ({"#map": [["a", 1], ["b", 2]]}, {"#map": [["a", 1], ["b", 3]]}, 'x["b"]=3'),
        ({"#map": [["a", 1]]}, {"#map": [["b", 1]]}, "x=[b |-> 1]"),
        ({"#set": [1]}, {"#set": [1, 2]}, "x={1, 2}"),
    ]:
        assert shown(old, new) == f"0 0 n A | {change}"
    assert shown(record, record) == "0 0 n A"


def test_two_steps_of_one_node_are_compared_with_each_other() -> None:
    header = Header(schema=1, protocol="p", trace="t", nodes=("n",))
    steps = [
        Step(index=at, time=0.0, node="n", action="A", state={"x": {"a": at, "b": 0}})
        for at in (0, 1)
    ]
    lines = format_steps(Trace(header=header, records=[*steps])).splitlines()
    assert lines[:2] == ["0 0 n A | x=[a |-> 0, b |-> 0]", "1 0 n A | x.a=1"]


def outcome(name: str) -> dict[str, str]:
    trace = played(load_scenario(name))
    assert trace.end is not None
    return {node: str(value) for node, value in trace.end.results.items()}


def test_each_scenario_shows_what_its_comment_says() -> None:
    assert set(outcome("paxos-happy").values()) == {"v1"}
    assert outcome("paxos-lost-acceptor") == {"n1": "v1", "n2": "v1"}
    assert set(outcome("paxos-partition").values()) == {"v2"}
    assert outcome("paxos-split-roles") == {"p1": "v1", "l1": "v1", "l2": "v1"}
    assert outcome("paxos-value-adopted") == {"n2": "v1", "n3": "v1"}
    duel = played(load_scenario("paxos-duelling")).steps
    assert [step.params for step in duel if step.action == "Phase1a"] == [
        {"b": 1}, {"b": 0}, {"b": 3},
    ]  # fmt: skip
    assert any(step.action == "Rejected" for step in duel)
    crashes = [
        step for step in played(load_scenario("paxos-crash-restart")).steps
        if step.action == "Crash" and step.node == "n2"
    ]  # fmt: skip
    assert [step.params for step in crashes] == [{"kept": 0}, {"kept": 1}]
    assert crashes[0].state is not None
    assert "durable" not in crashes[0].state
    assert crashes[1].state is not None
    assert crashes[1].state["durable"]["maxVal"] == "v1"
