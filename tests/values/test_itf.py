"""ITF loses nothing, keeps model values apart from strings, and says where it is malformed."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.strategies import values
from toolkit.errors import ValueParseError
from toolkit.values import (
    FALSE,
    TRUE,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    canonical,
    from_itf,
    function,
    interval,
    parse_itf,
    to_itf,
)

TAGS = ["#set", "#tup", "#map", "#bigint", "#model", "#meta", "#", "a", ""]
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.lists(inner, min_size=2, max_size=2), max_size=2).map(
            lambda pairs: {"#map": pairs}
        )
        | st.dictionaries(st.sampled_from(TAGS), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(values)
def test_a_value_comes_back_from_the_text_of_its_json(value: Value) -> None:
    text = json.dumps(to_itf(value))
    back = parse_itf(text)
    assert back == value
    assert type(back) is type(value)
    assert hash(back) == hash(value)
    assert to_itf(back) == to_itf(value)
    assert parse_itf(text.encode()) == value


@given(values, values)
def test_equal_values_and_no_others_have_the_same_json(one: Value, two: Value) -> None:
    assert (json.dumps(to_itf(one)) == json.dumps(to_itf(two))) is (one == two)
    assert (canonical(to_itf(one)) == canonical(to_itf(two))) is (one == two)


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, {"#bigint": str(2**53)}),
        (-(2**60), {"#bigint": str(-(2**60))}),
        ("a", "a"),
        (ModelValue("a"), {"#model": "a"}),
        (ModelValue("None"), None),
        (TRUE, True),
        (FALSE, False),
        (Set([3, 1]), {"#set": [1, 3]}),
        (interval(1, 20), {"#set": list(range(1, 21))}),
        (Tuple([1, "a"]), {"#tup": [1, "a"]}),
        (Tuple(), {"#tup": []}),
        (Record({"b": 1, "a": TRUE}), {"a": True, "b": 1}),
        (Record({"#a": 1}), {"#map": [["#a", 1]]}),
        (function([(0, 1)]), {"#map": [[0, 1]]}),
        (function([(ModelValue("n"), "n")]), {"#map": [[{"#model": "n"}, "n"]]}),
    ],
)
def test_each_kind_has_its_form(value: Value, document: Any) -> None:
    written = to_itf(value)
    assert json.dumps(written) == json.dumps(document)
    assert from_itf(document) == value


def test_other_ways_of_writing_a_value_are_read_too() -> None:
    assert from_itf({}) == from_itf({"#map": []}) == Tuple()
    assert from_itf({"#map": [[1, "a"], [2, "b"]]}) == Tuple(["a", "b"])
    assert from_itf({"#map": [["x", 1]]}) == Record({"x": 1})
    assert from_itf({"#bigint": "5"}) == 5
    assert from_itf({"#model": "None"}) == ModelValue("None")
    assert from_itf({"#set": [2, 1, 2, {"#bigint": "1"}]}) == Set([1, 2])
    assert from_itf({"#set": [True, 1]}) == Set([TRUE, 1])


MALFORMED = [
    (1.5, "$: 1.5 is not a value"),
    ([1], "$: [1] is not a value in the ITF encoding"),
    ({"a": [1]}, "$.a: [1] is not a value"),
    ({"a b": {"#tup": [1, 2.5]}}, "$['a b'].#tup[1]: 2.5 is"),
    ({"#set": 5}, "#set takes a list of members"),
    ({"#tup": None}, "#tup takes a list of elements"),
    ({"#tup": [0, {"#map": [[1]]}]}, "$.#tup[1].#map[0]: [1] is not a pair in #map"),
    ({"#map": [[1, 2], [2, {"#set": [{"b": {}}, {"c": [3]}]}]]}, "$.#map[1][1].#set[1].c: [3]"),
    ({"#map": {"a": 1}}, "$: {'#map': {'a': 1}} is not a value"),
    ({"#bigint": 5}, "#bigint takes an integer"),
    ({"#bigint": "1e5"}, "#bigint takes an integer"),
    ({"#bigint": "9" * 4001}, "#bigint takes an integer of up to 4,000 digits"),
    ({"#model": "a b"}, "#model takes an identifier"),
    ({"#model": 'x"]'}, "#model takes an identifier"),
    ({"#model": 5}, "#model takes an identifier"),
    ({"#unserializable": "x"}, "known tags: #set, #tup"),
    ({"x": {"a": 1, "#tup": []}}, "$.x: {'#tup': [], 'a': 1} has the field '#tup'"),
    ({"x": {"y": {"#set": [], "#tup": []}}}, "$.x.y: "),
]


@pytest.mark.parametrize(("document", "words"), MALFORMED)
def test_what_is_malformed_is_named_with_its_place(document: Any, words: str) -> None:
    for read in (from_itf, lambda data: parse_itf(json.dumps(data))):
        with pytest.raises(ValueParseError) as caught:
            read(document)
        assert words in str(caught.value)
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1:1: not valid JSON"),
        ('{"a": 1,\n "b": }', "line 2:7: not valid JSON"),
        ("[1, NaN]", "is not a value in the ITF encoding"),
        ("9" * 5000, "too many digits"),
        (b'"\xff"', "not encoded in UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ('{"#set": [' * 10_000 + "]}" * 10_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueParseError) as caught:
        parse_itf(text)
    assert words in str(caught.value)


@given(documents)
def test_json_that_is_no_value_gives_our_error_and_none_other(document: Any) -> None:
    canonical(document)
    with contextlib.suppress(ValueParseError):
        value = from_itf(document)
        assert from_itf(to_itf(value)) == value


@given(st.text(max_size=30) | st.binary(max_size=30) | documents.map(lambda d: json.dumps(d)[:-1]))
def test_text_that_is_no_value_gives_our_error_and_none_other(text: str | bytes) -> None:
    with contextlib.suppress(ValueParseError):
        value = parse_itf(text)
        assert from_itf(to_itf(value)) == value


@pytest.mark.parametrize("kind", ["#set", "#tup", "#map", "a", "list"])
def test_ten_thousand_levels_give_our_error(kind: str) -> None:
    deep: Any = 1
    for _ in range(10_000):
        deep = {
            "#set": {"#set": [deep]}, "#tup": {"#tup": [deep]}, "#map": {"#map": [[deep, 1]]},
            "a": {"a": deep}, "list": [deep],
        }[kind]  # fmt: skip
    for use in (from_itf, canonical):
        with pytest.raises(ValueParseError):
            use(deep)


def test_python_data_that_holds_itself_gives_our_error() -> None:
    circle: dict[str, Any] = {"a": {"#tup": []}}
    circle["a"]["#tup"].append(circle)
    for document in (circle, {"x": 1.5, "y": circle}):
        with pytest.raises(ValueParseError):
            from_itf(document)
