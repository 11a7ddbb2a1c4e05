"""The actions of a next-state relation are read from its text."""

from __future__ import annotations

import pytest

from toolkit.errors import SpecError
from toolkit.tlc.actions import SpecText

HEAD = """---- MODULE M ----
EXTENDS Integers
CONSTANTS Node, Pick(_, _), Limit
VARIABLES
    x,   \\* of a node
    total
Init == x = [n \\in Node |-> 0] /\\ total = 0
Up(n) == x' = [x EXCEPT ![n] = @ + 1] /\\ UNCHANGED total
Down(n, k) == x' = [x EXCEPT ![n] = @ - k] /\\ UNCHANGED total
Reset == total' = 0 /\\ UNCHANGED x
Helper(m, k) == Down(m, k)
Logged(n) == Helper(n, 2) /\\ x[n] > 0
"""


def read(rest: str, **modules: str) -> SpecText:
    return SpecText("M", {"M": f"{HEAD}{rest}\n====", **modules})


def steps(rest: str, *actions: str) -> list[tuple[str, list[tuple[str, str]], tuple[str, ...]]]:
    found = read(f"Next ==\n{rest}").disjuncts("Next", actions)
    return [
        (one.formula, [(bound.name, bound.domain) for bound in one.binders], one.conjuncts)
        for one in found
    ]


def test_declarations_are_read_with_the_arguments_of_operators() -> None:
    text = read("")
    assert text.constants == {"Node": 0, "Pick": 2, "Limit": 0}
    assert text.variables == ("x", "total")


def test_a_quantifier_goes_on_over_infix_disjunctions_to_the_end() -> None:
    node = [("n", "Node")]
    assert steps("  \\E n \\in Node : Up(n) \\/ \\E k \\in 1 .. 3 : Down(n, k) \\/ Logged(n)") == [
        ("Up(n)", node, ()),
        ("Down(n, k)", [*node, ("k", "1 .. 3")], ()),
        ("Logged(n)", [*node, ("k", "1 .. 3")], ()),
    ]


def test_a_list_of_disjuncts_ends_where_its_column_does() -> None:
    rest = """  \\/ Reset
  \\/ \\E n \\in Node :
        \\/ Up(n)
        \\/ \\E i, j \\in {1, 2}, k \\in 1 .. i : Down(n, k)
  \\/ Reset"""
    node = ("n", "Node")
    assert steps(rest) == [
        ("Reset", [], ()),
        ("Up(n)", [node], ()),
        ("Down(n, k)", [node, ("i", "{1, 2}"), ("j", "{1, 2}"), ("k", "1 .. i")], ()),
        ("Reset", [], ()),
    ]


def test_definitions_that_are_choices_are_taken_apart_with_their_parameters() -> None:
    text = read(
        """Some(m) == Up(m) \\/ \\E n \\in {m} : Down(n, 1)
Next == \\E n \\in Node : Some(n) \\/ (Reset /\\ total > 1)"""
    )
    found = text.disjuncts("Next")
    assert [one.formula for one in found] == ["Up(n)", "Down(n2, 1)", "Reset"]
    assert [(bound.name, bound.recorded, bound.domain) for bound in found[1].binders] == [
        ("n", "n", "Node"),
        ("n2", "n", "{n}"),
    ]
    assert found[2].conjuncts == ("total > 1",)
    assert (found[0].location.line, found[2].location.line) == (13, 14)


def test_a_definition_that_is_named_an_action_is_not_taken_apart() -> None:
    rest = "Some(m) == Up(m) \\/ Down(m, 1)\nNext == \\E n \\in Node : Some(n)"
    assert [one.action for one in read(rest).disjuncts("Next")] == ["Up", "Down"]
    assert [one.action for one in read(rest).disjuncts("Next", {"Some"})] == ["Some"]


def test_a_formula_without_a_name_is_the_step_of_what_it_stands_in() -> None:
    found = read(
        """Tick ==
    \\/ /\\ total < Limit
       /\\ total' = total + 1
       /\\ UNCHANGED x
    \\/ Reset
Next == Tick \\/ \\E n \\in Node : Up(n)"""
    ).disjuncts("Next")
    assert [one.action for one in found] == ["Tick", "Up"]
    found = read("Next ==\n  \\/ /\\ total' = 1\n     /\\ UNCHANGED x\n  \\/ Reset").disjuncts(
        "Next"
    )
    assert [one.action for one in found] == ["Next", "Reset"]
    assert found[0].formula == "/\\ total' = 1\n/\\ UNCHANGED x"


def test_what_holds_beside_an_action_stays_beside_it() -> None:
    found = read("Next == (\\E n \\in Node : Up(n)) /\\ total < Limit").disjuncts("Next")
    assert [(one.formula, one.conjuncts) for one in found] == [("Up(n)", ("total < Limit",))]


def test_comments_and_strings_are_no_part_of_the_choice() -> None:
    rest = 'Next == (* \\/ Up(1) *) Reset \\* \\/ Up(2)\n  \\/ (Reset /\\ "\\/" # "a")'
    assert [one.formula for one in read(rest).disjuncts("Next")] == ["Reset", "Reset"]


def test_the_node_is_what_variables_are_indexed_by_even_through_definitions() -> None:
    text = read("Whole(a, b) == total' = a + b /\\ UNCHANGED x")
    assert text.indexed("Up") == {"n"}
    assert text.indexed("Down") == {"n"}
    assert text.indexed("Logged") == {"n"}
    assert text.indexed("Whole") == frozenset()
    assert text.domain("Init", "x") == "Node"
    assert text.domain("Init", "total") is None


def test_definitions_of_extended_modules_are_seen_and_of_others_are_not() -> None:
    other = "---- MODULE Other ----\nVARIABLE y\nLOCAL Mine == 1\nStop == y' = y\n===="
    text = SpecText(
        "N",
        {
            "N": "---- MODULE N ----\nEXTENDS Other\nT == INSTANCE Third\nNext == Stop\n====",
            "Other": other,
            "Third": "---- MODULE Third ----\nVARIABLE z\nHidden == 1\n====",
        },
    )
    assert text.variables == ("y",)
    assert {"Stop", "Next", "T"} <= set(text.defined)
    assert not {"Mine", "Hidden"} & set(text.defined)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("S == Init /\\ [][Go]_x\nGo == Reset", ("Init", "Go")),
        ("Spec == Init /\\ [][Go]_<<x, total>> /\\ WF_x(Go)\nOther == Init /\\ [][Reset]_x\n"
         "Go == Reset", ("Init", "Go")),
        ("Next == Reset", ("Init", "Next")),
        ("Live ==\n  /\\ Init\n  /\\ [][Go]_x\nGo == Reset", ("Init", "Go")),
    ],
)  # fmt: skip
def test_the_behaviour_is_found_under_any_names(rest: str, expected: tuple[str, str]) -> None:
    assert read(rest).behaviour() == expected


def test_a_specification_without_a_behaviour_is_refused_with_what_to_do() -> None:
    with pytest.raises(SpecError, match="and the next-state relation") as caught:
        read("A == Init /\\ [][Up]_x\nB == Init /\\ [][Reset]_x").behaviour()
    assert "A, B" in str(caught.value)
    with pytest.raises(SpecError, match=r"no definition 'Nxt'.*did you mean 'Next'"):
        read("Next == Reset").disjuncts("Nxt")
    with pytest.raises(SpecError, match="M, line 13: the quantifier does not bind"):
        read("Next == \\E n : Up(n)").disjuncts("Next")
