"""An action of a counterexample bears the name that the specification's text gives it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from toolkit.tlc.result import Counterexample, Location, TraceState, action_name, name_actions

TEXT = r"""---- MODULE M ----
Next == \/ \E p \in P : \E m \in msgs : Promise(p, m)
        \/ \E p \in P :
              \E m \in msgs : Answer(p, [to |-> p,
                                         m |-> m])
===="""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"\E m \in msgs : Promise(p, m)", "Promise"),
        (r"\E p \in P : \E m \in msgs : Promise(p, m)", "Promise"),
        (r"\E p \in P, m \in msgs : Promise(p, m)", "Promise"),
        ("\\E p \\in P :\n    \\E m \\in msgs :\n  Promise(p,\n m)\n", "Promise"),
        (r"\E b \in Ballots : Phase1a(p, b)", "Phase1a"),
        (r"\E m \in msgs : A(p, f(m), (m))", "A"),
        (r"\E m \in If(x) : A(m)", "A"),
        (r"\E m \in msgs : A(p, m) \/ B(p, m)", None),
        (r"\E m \in msgs : A(p, m) /\ x' = 1", None),
        (r"\E m \in msgs : ok /\ A(p, m)", None),
        (r"\E m \in msgs : (A(p, m))", None),
        (r"\E m \in msgs : A(p, m", None),
        (r"\E m \in msgs : A(m)(m)", None),
        (r"\E m \in msgs : A", None),
        (r"\E m \in msgs : ~ A(m)", None),
        (r"\A m \in msgs : A(m)", None),
        (r"\E m \in {k \in msgs : B(k)} : A(m)", None),
        ("Promise(p, m)", None),
        (r"/\ x' = 1", None),
        ("", None),
    ],
)
def test_only_quantifiers_and_one_operator_give_a_name(text: str, name: str | None) -> None:
    assert action_name(text) == name


@given(st.text(alphabet="\\EA in:()mP,/\\ \n\"'", max_size=40))
def test_any_text_gives_a_name_in_it_or_none(text: str) -> None:
    name = action_name(text)
    assert name is None or name in text


def example(*states: TraceState) -> Counterexample:
    return Counterexample(kind="invariant", name="I", message="", states=states)


def named(location: Location | None, action: str | None = "Next") -> str | None:
    before = example(TraceState(1, action, location, {}))
    return name_actions([before], {"M": TEXT})[0].states[0].action


def test_the_text_at_the_location_names_the_action() -> None:
    assert named(Location("M", 2, 12, 2, 53)) == "Promise"


def test_the_text_may_run_over_several_lines() -> None:
    assert named(Location("M", 3, 12, 5, 52)) == "Answer"


@pytest.mark.parametrize(
    "location",
    [
        None,
        Location(None, 2, 12, 2, 53),
        Location("Other", 2, 12, 2, 53),
        Location("M", 2, 12),
        Location("M", 2, 9, 5, 52),
        Location("M", 2, 12, 2, 50),
        Location("M", 90, 1, 91, 2),
    ],
)
def test_without_such_a_text_the_name_of_tlc_stays(location: Location | None) -> None:
    assert named(location) == "Next"


def test_an_initial_state_stays_without_action() -> None:
    assert named(Location("M", 2, 12, 2, 53), None) is None


def test_nothing_else_of_a_counterexample_changes() -> None:
    before = example(
        TraceState(1, None, None, {"x": 1}), TraceState(2, "A", Location("M", 1, 1, 1, 3), {"x": 2})
    )
    assert name_actions([before], {"M": TEXT}) == (before,)
