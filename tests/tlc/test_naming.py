"""Which of several temporal properties failed is found out from the behaviour itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from toolkit.tlc import CheckResult, SpecSource, check, spec_from_text
from toolkit.tlc.naming import only_behaviour

TOKEN = """---- MODULE Token ----
EXTENDS Naturals, Sequences
CONSTANTS Nodes, None
VARIABLES holder, seen, \\* values of every kind go through
          table
vars == <<holder, seen, table>>
Init == /\\ holder = None
        /\\ seen = <<>>
        /\\ table = [n \\in Nodes |-> [count |-> 0, last |-> "\\"" \\o "x", on |-> FALSE]]
Take(n) == /\\ holder = None
           /\\ holder' = n
           /\\ seen' = IF Len(seen) < 2 THEN Append(seen, {n, None}) ELSE seen
           /\\ table' = [table EXCEPT ![n].on = TRUE]
Give == /\\ holder # None
        /\\ holder' = None
        /\\ UNCHANGED <<seen, table>>
Next == Give \\/ \\E n \\in Nodes : Take(n)
Spec == Init /\\ [][Next]_vars /\\ WF_vars(Next)

Moves == []<>(holder # None)
Each == \\A n \\in Nodes : []<>(holder = n)
Ends == <>[](holder # None)
Fair == WF_vars(Give)
====
"""
CONFIG = "SPECIFICATION Spec\nCONSTANTS Nodes = {a, b}\n None = None\n"


def token(*properties: str, more: str = "") -> SpecSource:
    return spec_from_text(TOKEN, f"{CONFIG}{more}PROPERTIES {' '.join(properties)}\n")


def asked(source: SpecSource, **options: Any) -> CheckResult:
    return check(source, workers=1, deadlock=False, **options)


@pytest.mark.slow
@pytest.mark.parametrize("order", [("Moves", "Each", "Fair"), ("Each", "Fair", "Moves")])
def test_the_one_that_failed_is_named_with_its_place_whatever_the_order(
    order: tuple[str, ...],
) -> None:
    result = asked(token(*order))
    assert (result.outcome, result.name, result.candidates) == ("temporal", "Each", ())
    assert result.source == r"Each == \A n \in Nodes : []<>(holder = n)"
    assert result.counterexamples[0].name == "Each"
    assert any("separately against each of " + ", ".join(order) in one for one in result.warnings)


@pytest.mark.slow
def test_several_that_failed_at_once_are_all_told() -> None:
    result = asked(token("Moves", "Each", "Ends"))
    assert (result.name, result.candidates) == ("Each", ("Each", "Ends"))


@pytest.mark.slow
def test_a_behaviour_that_stutters_is_judged_too() -> None:
    source = token("Moves", "Ends")
    unfair = msgspec.structs.replace(
        source, modules={"Token": TOKEN.replace(" /\\ WF_vars(Next)", "")}
    )
    result = asked(unfair)
    assert result.counterexamples[0].stuttering
    # In the initial state for ever: neither is true.
    assert (result.name, result.candidates) == ("Moves", ("Moves", "Ends"))


@pytest.mark.slow
def test_where_it_cannot_be_found_out_the_candidates_stay() -> None:
    result = asked(token("Moves", "Each", more="VIEW vars\n"))
    assert (result.name, result.candidates) == (None, ("Moves", "Each"))
    without = asked(token("Moves", "Each"), name_property=False)
    assert (without.name, without.candidates) == (None, ("Moves", "Each"))


@pytest.mark.slow
def test_the_specification_of_one_behaviour_has_no_other() -> None:
    source = token("Moves", "Each")
    example = asked(source, name_property=False).counterexamples[0]
    alone = only_behaviour(source, example)
    assert alone is not None
    result = asked(alone)
    assert (result.outcome, result.distinct) == ("success", len(example.states))
    cut = msgspec.structs.replace(example, states=example.states * 1000)
    assert only_behaviour(source, cut) is None


@pytest.mark.slow
def test_what_happens_before_the_loop_only_does_not_count_as_happening_for_ever() -> None:
    text = """---- MODULE Rho ----
EXTENDS Naturals
VARIABLE x
Spec == x = 0 /\\ [][x' = IF x = 3 THEN 2 ELSE x + 1]_x /\\ WF_x(x' = IF x = 3 THEN 2 ELSE x + 1)
Grows == <>(x = 3)
Returns == []<>(x = 1)
====
"""
    result = asked(spec_from_text(text, "SPECIFICATION Spec\nPROPERTIES Grows Returns\n"))
    assert (result.name, result.candidates) == ("Returns", ())
