"""Models that differ in their constants say what was asked for, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tests.strategies import values
from toolkit.errors import SpecError, ValueParseError
from toolkit.tlc import SpecSource
from toolkit.tlc.constants import assignments, declared_constants, with_constants
from toolkit.values import (
    FALSE,
    ModelValue,
    Record,
    Set,
    Tuple,
    format_value,
    function,
    interval,
    parse_value,
)

BODY = """---- MODULE M ----
EXTENDS Lower
CONSTANTS N, S, \\* CONSTANT Hidden
    Q (* CONSTANT Hidden *), Owns(_, _)
CONSTANT None
Half == {1}
Small(a, b) == a < b
====
"""
LOWER = "---- MODULE Lower ----\nCONSTANT Deep\n====\n"
OTHER = "---- MODULE Other ----\nCONSTANT Foreign\n====\n"
CONFIG = """\\* N = 9
SPECIFICATION Spec
CONSTANTS
  N = 1 \\* how many = 5
  S = {a1,
       {"x = 3", 2}}
  Q <- Half
CONSTANT Owns <- [M] Small
INVARIANTS Inv
CONSTANTS None = None Deep = (* = *) "CONSTANT"
PROPERTY Live
"""
SOURCE = SpecSource("M", {"M": BODY, "Lower": LOWER, "Other": OTHER}, CONFIG)


def given_to(source: SpecSource) -> dict[str, tuple[str, str]]:
    return {one.name: (one.sign, one.value) for one in assignments(source.config)}


def body(source: SpecSource, name: str) -> str:
    """The text of a generated definition."""
    text = source.modules["Sweep_M"]
    return text.split(f"Sweep_{name} ==\n")[1].split("\nSweep_")[0].split("====")[0].strip()


def test_assignments_are_found_among_comments_strings_and_sections() -> None:
    assert given_to(SOURCE) == {
        "N": ("=", "1"),
        "S": ("=", '{a1,\n       {"x = 3", 2}}'),
        "Q": ("<-", "Half"),
        "Owns": ("<-", "Small"),
        "None": ("=", "None"),
        "Deep": ("=", '"CONSTANT"'),
    }


def test_constants_are_those_of_the_root_and_what_it_extends() -> None:
    assert sorted(declared_constants(SOURCE)) == ["Deep", "N", "None", "Owns", "Q", "S"]


def test_an_unknown_constant_is_told_with_a_suggestion() -> None:
    with pytest.raises(SpecError, match=r"unknown constant 'Nome'.*did you mean 'None'"):
        with_constants(SOURCE, {"Nome": 1})
    with pytest.raises(SpecError, match="known: N, S, Q"):
        with_constants(SOURCE, {"Zzzzzzzz": 1})
    with pytest.raises(SpecError, match="'Foreign'"):
        with_constants(SOURCE, {"Foreign": 1})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"), ("3", "3"), (True, "TRUE"), (FALSE, "FALSE"), ("{a2,  a1}", "{a1, a2}"),
        ('"a b"', '"a b"'), ({1, 2}, "{1, 2}"), ({"a"}, '{"a"}'), (ModelValue("m"), "m"),
        ("m", "m"), (Set([ModelValue("m"), Set()]), "{{}, m}"), ("None", "None"),
    ],
)  # fmt: skip
def test_what_a_configuration_can_express_stands_in_it(value: object, text: str) -> None:
    name = "None" if value == "None" else "N"
    made = with_constants(SOURCE, {name: value})
    assert made.root == "M"
    assert given_to(made)[name][0] == "="
    assert parse_value(given_to(made)[name][1]) == parse_value(text)
    assert made.modules == SOURCE.modules


@pytest.mark.parametrize(
    ("value", "text", "needs"),
    [
        (-1, "-1", ["Integers"]),
        ({1, -2}, "{-2, 1}", ["Integers"]),
        ('"a\\\\b"', '"a\\\\b"', []),
        ('"say \\"so\\""', '"say \\"so\\""', []),
        ([1, 2], "<<1, 2>>", []),
        (interval(1, 100), "1..100", ["Integers"]),
        ("1 .. Deep", "1 .. Deep", ["Integers"]),
        (Record({"x": 1}), "[x |-> 1]", []),
        (function([(0, 1)]), "(0 :> 1)", ["TLC"]),
        ("Cardinality(S)", "Cardinality(S)", ["FiniteSets"]),
        ("{Half}", "{Half}", []),
        ("Deep", "Deep", []),
        ("Nat", "Nat", ["Integers"]),
        ('"1 + 1"\\o "b"', '"1 + 1"\\o "b"', ["Sequences"]),
    ],
)
def test_what_it_cannot_express_is_defined_in_a_module(
    value: object, text: str, needs: list[str]
) -> None:
    made = with_constants(SOURCE, {"N": value})
    assert made.root == "Sweep_M"
    assert given_to(made)["N"] == ("<-", "Sweep_N")
    assert body(made, "N") == text
    extends = made.modules["Sweep_M"].splitlines()[1]
    assert extends == f"EXTENDS {', '.join(['M', *needs])}"
    assert {name: made.modules[name] for name in SOURCE.modules} == SOURCE.modules


def test_an_operator_of_the_specification_is_put_in_place() -> None:
    made = with_constants(SOURCE, {"Q": "Half", "Owns": "Small"})
    assert made.root == "M"
    assert given_to(made)["Q"] == ("<-", "Half")
    assert given_to(made)["Owns"] == ("<-", "Small")


def test_a_model_value_named_like_an_operator_can_be_asked_for() -> None:
    assert given_to(with_constants(SOURCE, {"Q": ModelValue("Half")}))["Q"] == ("=", "Half")


def test_model_values_in_an_expression_are_declared_once() -> None:
    made = with_constants(SOURCE, {"N": "[a \\in {a1} |-> None]", "S": "{a1, a2}"})
    assert "CONSTANTS\n    a1\n" in made.modules["Sweep_M"]
    assert given_to(made)["a1"] == ("=", "a1")
    assert "None\n" not in made.modules["Sweep_M"].split("Sweep_N")[0]


def test_all_other_lines_keep_their_numbers_and_what_they_say() -> None:
    made = with_constants(SOURCE, {"S": 5, "Owns": "Small"})
    old, new = CONFIG.splitlines(), made.config.splitlines()
    assert [new[at] for at in (0, 1, 2, 3, 6, 8, 9, 10)] == [
        old[at] for at in (0, 1, 2, 3, 6, 8, 9, 10)
    ]
    assert new[4].strip() == new[5].strip() == ""
    assert new[7].strip() == "CONSTANT"
    kept = given_to(SOURCE) | {"S": ("=", "5"), "Owns": ("<-", "Small")}
    assert given_to(made) == kept


def test_long_values_are_written_in_short_lines() -> None:
    made = with_constants(SOURCE, {"N": Tuple(range(500)), "S": Set(range(0, 1000, 2))})
    texts = [made.config, made.modules["Sweep_M"]]
    assert max(len(line) for text in texts for line in text.splitlines()) < 100


def test_conjunction_lists_keep_their_columns() -> None:
    text = """
        /\\ TRUE
        /\\ \\/ FALSE
           \\/ TRUE
    """
    made = with_constants(SOURCE, {"N": text})
    lines = made.modules["Sweep_M"].splitlines()
    assert lines[3:6] == ["    /\\ TRUE", "    /\\ \\/ FALSE", "       \\/ TRUE"]


def test_a_module_is_not_extended_for_what_the_specification_defines_itself() -> None:
    text = "---- MODULE M ----\nCONSTANT N\nCardinality(S) == 1\n===="
    made = with_constants(SpecSource("M", {"M": text}, ""), {"N": "Cardinality({5})"})
    assert made.modules["Sweep_M"].splitlines()[1] == "EXTENDS M"


def test_names_that_are_taken_are_not_taken_again() -> None:
    modules = {"M": "---- MODULE M ----\nCONSTANT N\nSweep_N == 1\n====", "Sweep_M": ""}
    made = with_constants(SpecSource("M", modules, ""), {"N": "1 + 1"})
    assert made.root == "Sweep_M_"
    assert given_to(made)["N"] == ("<-", "Sweep_N_")


def test_what_is_no_value_is_told() -> None:
    with pytest.raises(ValueParseError, match="object"):
        with_constants(SOURCE, {"N": object()})


def test_a_string_that_tlcs_parser_cannot_read_is_refused() -> None:
    for value in (Set(["`"]), Tuple(["a`b"])):
        with pytest.raises(ValueParseError, match="backtick"):
            with_constants(SOURCE, {"N": value})


@given(values.filter(lambda value: "`" not in format_value(value)))
def test_any_value_comes_out_as_it_went_in(value: object) -> None:
    made = with_constants(SOURCE, {"N": value if not isinstance(value, str) else Set([value])})
    sign, text = given_to(made)["N"]
    found = parse_value(text if sign == "=" else body(made, "N"))
    assert found == (value if not isinstance(value, str) else Set([value]))


@given(st.text(max_size=60))
def test_no_text_of_a_configuration_breaks_the_reader(text: str) -> None:
    for one in assignments(f"CONSTANTS {text}"):
        assert f"CONSTANTS {text}"[one.start :].startswith(one.name)
