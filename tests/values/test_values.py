"""Values keep apart what TLA+ keeps apart, and survive every form."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from tests.strategies import values
from toolkit.errors import ValueParseError
from toolkit.values import (
    TRUE,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    canonical,
    format_value,
    from_itf,
    function,
    parse_state,
    parse_value,
    to_itf,
)


@given(values)
def test_text_and_itf_give_back_an_equal_value(value: Value) -> None:
    assert parse_value(format_value(value)) == value
    assert from_itf(to_itf(value)) == value
    assert hash(from_itf(to_itf(value))) == hash(value)


@given(st.dictionaries(st.sampled_from(["x", "y", "zz"]), values, min_size=1))
def test_a_state_gives_back_its_variables(state: dict[str, Value]) -> None:
    text = "\n".join(f"/\\ {name} = {format_value(value)}" for name, value in state.items())
    assert parse_state(text) == state


def test_what_tla_keeps_apart_stays_apart() -> None:
    assert parse_value("<<5>>") == function([(1, 5)]) == Tuple([5])
    assert parse_value("<<5>>") != Record({"x": 5})
    assert parse_value("{1, 2}") != parse_value("<<1, 2>>")
    assert parse_value('"a"') != parse_value("a") == ModelValue("a")
    assert TRUE != 1
    assert parse_value("<< >>") == parse_value("<<>>") != parse_value("{}")
    assert parse_value("1..3") == Set([3, 2, 1])
    assert parse_value('("x" :> 1 @@ "y" :> 2)') == Record({"x": 1, "y": 2})
    assert from_itf(None) == ModelValue("None") == from_itf(to_itf(ModelValue("None")))


def test_no_nesting_is_too_deep() -> None:
    value = parse_value("{" * 5000 + "}" * 5000)
    assert isinstance(value, Set)


@given(st.text(alphabet='{}<>[]()|->:@,."/\\= aB1\n', max_size=40))
def test_garbage_gives_a_value_or_our_error(text: str) -> None:
    with contextlib.suppress(ValueParseError):
        value = parse_value(text)
        assert parse_value(format_value(value)) == value
    with contextlib.suppress(ValueParseError):
        state = parse_state(text)
        again = "\n".join(f"/\\ {name} = {format_value(one)}" for name, one in state.items())
        assert parse_state(again) == state


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["#set", "#tup", "#map", "#bigint", "#model", "a"]), inner
        )
    ),
    max_leaves=8,
)


@given(json)
def test_json_that_is_no_value_gives_our_error(data: object) -> None:
    canonical(data)
    with contextlib.suppress(ValueParseError):
        value = from_itf(data)
        assert from_itf(to_itf(value)) == value


def test_a_wrong_value_is_named_with_line_and_column() -> None:
    with pytest.raises(ValueParseError, match=r"line 2:5: "):
        parse_value("{1,\n 2, }")
