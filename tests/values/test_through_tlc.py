"""Values go through TLC and come back equal: written into a module, printed in a trace."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from toolkit.tlc import CheckResult, check
from toolkit.values import (
    FALSE,
    TRUE,
    ModelValue,
    Set,
    Tuple,
    Value,
    format_value,
    function,
    interval,
    parse_value,
)

pytestmark = pytest.mark.slow

MODEL_VALUES = ["a", "b1", "None", "n2_", "Zz", "x", "t1a"]
FIELDS = ["x", "type", "bal", "a", "B_2", "_u", "1a", "IF", "a b", "", "WF_x", "x.y", 'q"']
STRINGS = [
    "", "a", "x", 'say "hi"', "back\\slash", "ends in \\", "two\nlines", "tab\there", "\f\r",
    "/\\ x = 3", "\n/\\ v = 3", "@!@!@STARTMSG 2110:1 @!@!@", "\n@!@!@ENDMSG 2217 @!@!@\n",
    "2: <Next line 1, col 1 to line 1, col 2 of module M>", "{1, 2}", "<<", ">>", "|->", ":>",
    "TRUE", "1..3", "\\* no comment", "(* nor this *)", "====", "---- MODULE M ----", "\\n", "'",
    "long " * 30,
]  # fmt: skip
INTEGERS = [0, 1, -1, 2, 3, 10, -10, 2**31 - 1, -(2**31) + 1, 65536]

Make = Callable[[], Value]


def shape(rng: random.Random, depth: int) -> Make:
    """Return a maker of random values that are all of one kind, so that TLC can compare them."""
    kinds = ["int", "str", "model"] if depth > 1 else ["int", "int", "str", "str", "model", "bool"]
    if depth:
        kinds += ["set", "tuple", "sequence", "record", "function", "interval", "or model"]
    kind = rng.choice(kinds)
    few = [0, 1, 1, 2, 2, 3, 4] if depth < 3 else [1, 2, 3, 5]
    if kind == "int":
        return lambda: rng.choice(INTEGERS) if rng.random() < 0.3 else rng.randint(-3, 6)
    if kind == "str":
        return lambda: rng.choice(STRINGS) if rng.random() < 0.5 else random_text(rng)
    if kind == "bool":
        return lambda: rng.choice([TRUE, FALSE])
    if kind == "model":
        return lambda: ModelValue(rng.choice(MODEL_VALUES))
    if kind == "interval":
        return lambda: interval(low := rng.randint(-20, 20), low + rng.randint(-2, 40))
    inner = shape(rng, depth - 1)
    if kind == "or model":
        return lambda: ModelValue(rng.choice(MODEL_VALUES)) if rng.random() < 0.3 else inner()
    if kind == "set":
        return lambda: Set([inner() for _ in range(rng.choice(few))])
    if kind == "sequence":
        return lambda: Tuple([inner() for _ in range(rng.choice(few))])
    if kind == "tuple":
        parts = [shape(rng, depth - 1) for _ in range(rng.randint(1, 4))]
        return lambda: Tuple([part() for part in parts])
    if kind == "record":
        names = rng.sample(FIELDS, rng.randint(1, 4))
        fields = [(name, shape(rng, depth - 1)) for name in names]
        return lambda: function([(name, make()) for name, make in fields])
    argument = shape(rng, depth - 1)
    return lambda: function([(argument(), inner()) for _ in range(rng.choice(few))])


def random_text(rng: random.Random) -> str:
    # TLC takes what stands in a string from ` to ' for a unit, and ` alone for an error.
    letters = [*map(chr, set(range(32, 127)) - {ord("`")}), "\n", "\t", "\f", "\r", '"', "\\"]
    return "".join(rng.choices(letters, k=rng.randint(0, 12)))


def random_values(seed: int, count: int) -> list[Value]:
    rng = random.Random(seed)
    different: dict[Value, None] = {}
    while len(different) < count:
        different[shape(rng, rng.choice([0, 1, 2, 3, 4, 5]))()] = None
    return list(different)


def run_through_tlc(folder: Path, texts: Sequence[str]) -> CheckResult:
    """Have TLC walk through the values that these expressions stand for, one state each."""
    lines = [
        "---- MODULE Values ----",
        "EXTENDS Integers, Sequences, FiniteSets, TLC",
        f"CONSTANTS {', '.join(MODEL_VALUES)}",
        "VARIABLES i, v",
    ]
    for number, text in enumerate(texts, start=1):
        lines += [f"V{number} ==", text]
    names = [f"V{number}" for number in range(1, len(texts) + 1)]
    rows = [", ".join(names[at : at + 10]) for at in range(0, len(names), 10)]
    lines += ["Values == <<", ",\n".join(rows), ">>"]
    lines += [
        "Init == i = 1 /\\ v = Values[1]",
        "Next == i < Len(Values) /\\ i' = i + 1 /\\ v' = Values[i + 1]",
        "NotYet == i < Len(Values)",
        "====",
    ]
    (folder / "Values.tla").write_text("\n".join(lines), encoding="utf-8")
    constants = "\n".join(f"{name} = {name}" for name in MODEL_VALUES)
    (folder / "Values.cfg").write_text(
        f"CONSTANTS\n{constants}\nINIT Init\nNEXT Next\nINVARIANT NotYet\n"
    )
    return check(folder / "Values.tla", workers=1, deadlock=False, timeout=300)


def returned(result: CheckResult, count: int) -> list[Value]:
    assert result.outcome == "invariant", result.message
    (counterexample,) = result.counterexamples
    states = counterexample.states
    assert [state.unparsed for state in states if state.unparsed is not None] == []
    assert [state.variables["i"] for state in states] == list(range(1, count + 1))
    return [state.variables["v"] for state in states]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_values_come_back_equal(tmp_path: Path, seed: int) -> None:
    values = random_values(seed, 750)
    result = run_through_tlc(tmp_path, [format_value(value, width=100) for value in values])
    back = returned(result, len(values))
    wrong = [(ours, theirs) for ours, theirs in zip(values, back, strict=True) if ours != theirs]
    assert wrong == []
    assert list(map(hash, values)) == list(map(hash, back))
    # The values are worth the name: different, of all kinds, some of them long.
    assert len(set(values)) == len(values)
    assert {type(value).__name__ for value in values} == {
        "Bool", "Function", "ModelValue", "Record", "Set", "Tuple", "int", "str",
    }  # fmt: skip
    assert sum(len(format_value(value)) > 200 for value in values) > 50


def test_ways_of_writing_one_value_come_back_as_that_value(tmp_path: Path) -> None:
    cases: list[tuple[str, Value]] = [
        ("1..3", Set([1, 2, 3])),
        ("5..4", Set()),
        ("1..100", interval(1, 100)),
        ("(1..30) \\cup {7, 31}", interval(1, 31)),
        ("<<5>>", function([(1, 5)])),
        ("1 :> 5", Tuple([5])),
        ("2 :> 6 @@ 1 :> 5", Tuple([5, 6])),
        ("[y \\in 1..3 |-> y]", Tuple([1, 2, 3])),
        ("[y \\in 2..3 |-> y]", function([(2, 2), (3, 3)])),
        ("[y \\in {} |-> 1]", Tuple()),
        ("<<>>", Tuple()),
        ("{}", Set()),
        ("{<<>>} \\cup {[y \\in {} |-> 1]}", Set([Tuple()])),
        ('"x" :> 1 @@ "y" :> 2', function([("x", 1), ("y", 2)])),
        ('[y \\in {"x", "y"} |-> 1]', function([("x", 1), ("y", 1)])),
        ('[x |-> 1] @@ ("a b" :> 2)', function([("x", 1), ("a b", 2)])),
        ('"1a" :> 1', function([("1a", 1)])),
        ('"" :> 1', function([("", 1)])),
        ("-2147483647 - 1", -(2**31)),
        ("<<-2147483647 - 1, -1..1>>", Tuple([-(2**31), Set([-1, 0, 1])])),
        ("(-1) :> (-2)", function([(-1, -2)])),
        ('"a" \\o SubSeq("`\'", 1, 1) \\o "b"', "a`b"),
        ('"`a"b\' c"', "`a\"b' c"),
        ("BOOLEAN", Set([TRUE, FALSE])),
        ('<<a, "a">>', Tuple([ModelValue("a"), "a"])),
        ('{a, "a"}', Set([ModelValue("a"), "a"])),
        ("{a, 1}", Set([ModelValue("a"), 1])),
        ('<<TRUE, 1, "TRUE", "1">>', Tuple([TRUE, 1, "TRUE", "1"])),
        ("SUBSET {1, 2}", Set([Set(), Set([1]), Set([2]), Set([1, 2])])),
        ("SUBSET (1..12)", parse_value("SUBSET 1..12")),
        ("<<SUBSET SUBSET (1..3)>>", Tuple([parse_value("SUBSET SUBSET 1..3")])),
        ("[1..8 -> 1..3]", parse_value("[1..8 -> 1..3]")),
        ("[p : 1..50, q : 1..50]", parse_value("[p: 1..50, q: 1..50]")),
        ("(1..50) \\X (1..50)", parse_value("(1..50 \\X 1..50)")),
        ("{1, 2} \\X {3}", Set([Tuple([1, 3]), Tuple([2, 3])])),
        ("{{1, 2}, 1..2, {2}}", Set([Set([1, 2]), Set([2])])),
        ("{<<5>>, 2 :> 5}", Set([Tuple([5]), function([(2, 5)])])),
        ("[y \\in 1..2, z \\in {a} |-> z]", parse_value("(<<1, a>> :> a @@ <<2, a>> :> a)")),
        ("[y \\in 1..3000 |-> y]", Tuple(range(1, 3001))),
        ('[y \\in 1..60 |-> "' + "ab, cd >> " * 9 + '"]', Tuple(["ab, cd >> " * 9] * 60)),
    ]
    texts = ["\n".join(text.split(" ")) if len(text) > 200 else text for text, _ in cases]
    result = run_through_tlc(tmp_path, texts)
    for (text, value), back in zip(cases, returned(result, len(cases)), strict=True):
        assert back == value, text
        assert hash(back) == hash(value), text
    assert len(parse_value("SUBSET 1..12").members) == 4096
