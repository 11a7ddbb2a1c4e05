"""Plain Python and tables hold what the documentation says they hold."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from tests.strategies import values
from toolkit.errors import SettingError, ValueParseError
from toolkit.values import (
    FALSE,
    TRUE,
    Bool,
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    from_python,
    function,
    interval,
    parse_state,
    to_frame,
    to_python,
)

# What keeps its meaning in plain Python: no model values, no functions inside sets, no Booleans
# beside integers.
plain = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(Tuple),
        st.lists(st.tuples(st.text(max_size=2), inner), max_size=3).map(function),
        st.lists(st.tuples(st.integers(-3, 3), inner), max_size=3).map(function),
        st.lists(st.integers() | st.text(max_size=2), max_size=3).map(Set),
        st.booleans().map(Bool),
    ),
    max_leaves=8,
)


@given(plain)
def test_what_python_can_tell_apart_comes_back_equal(value: Value) -> None:
    assert from_python(to_python(value)) == value


@given(values)
def test_every_value_becomes_plain_python(value: Value) -> None:
    pending = [to_python(value)]
    while pending:
        found = pending.pop()
        assert type(found) in {bool, int, str, frozenset, tuple, dict}
        if isinstance(found, dict):
            pending.extend([*found.keys(), *found.values()])
        elif isinstance(found, (frozenset, tuple)):
            pending.extend(found)
    assert from_python(value) is value


def test_what_is_lost_in_plain_python_is_what_is_documented() -> None:
    assert to_python(ModelValue("a")) == to_python("a") == "a"
    assert to_python(Set([TRUE, 1])) in ({True}, {1})
    assert to_python(Set([Record({"a": 1})])) == frozenset({(("a", 1),)})
    assert to_python(function([(Tuple([1]), Record({"a": Tuple([TRUE])}))])) == {
        (1,): {"a": (True,)}
    }
    with pytest.raises(ValueParseError, match="not expanded"):
        to_python(interval(0, 10**9))


def test_python_of_many_kinds_becomes_values() -> None:
    pair = namedtuple("pair", "a b")
    cases: list[tuple[Any, Value]] = [
        (True, TRUE),
        (np.bool_(False), FALSE),
        (np.int64(7), 7),
        (np.str_("a"), "a"),
        (10**30, 10**30),
        (None, ModelValue("None")),
        ([1, [2]], Tuple([1, Tuple([2])])),
        (pair(1, "x"), Tuple([1, "x"])),
        ({1, 2}, Set([1, 2])),
        (frozenset({(1, True)}), Set([Tuple([1, TRUE])])),
        ({"a": {0: []}}, Record({"a": function([(0, Tuple())])})),
        (OrderedDict(a=1), Record({"a": 1})),
        (MappingProxyType({2: 1}), Function({2: 1})),
        ({1: "a", 2: "b"}, Tuple(["a", "b"])),
        ({}, Tuple()),
        (range(1, 4), Set([1, 2, 3])),
        (range(3, 1), Set()),
        ([ModelValue("a"), {"x": Set([1])}], Tuple([ModelValue("a"), Record({"x": Set([1])})])),
    ]
    for data, value in cases:
        back = from_python(data)
        assert back == value, data
        assert type(back) is type(value)
    assert type(from_python(np.int64(7))) is int
    assert type(from_python(np.str_("a"))) is str


def test_strings_become_model_values_where_asked_for() -> None:
    data = {"a1": ["a1", "a2", {"a1"}], "x": "y"}
    one = ModelValue("a1")
    assert from_python(data, model_values={"a1"}) == function(
        [(one, Tuple([one, "a2", Set([one])])), ("x", "y")]
    )


@pytest.mark.parametrize("wrong", [1.5, b"a", object(), np.float64(1), {"a": {1: 2.5}}, iter([])])
def test_what_stands_for_no_value_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueParseError, match=r"cannot convert .* to a TLA"):
        from_python(wrong)
    with pytest.raises(ValueParseError, match=r"cannot convert .* to a TLA"):
        from_python([{"a": wrong}])


def test_a_table_has_a_row_for_each_state_and_a_column_for_each_variable() -> None:
    states = [
        {"n": 1, "ok": TRUE, "s": "a", "v": ModelValue("a"), "q": Tuple([1]), "big": 2**70},
        {"n": 2, "ok": FALSE, "s": "b", "v": ModelValue("b"), "q": Tuple([]), "big": 1},
        {"n": 2, "ok": TRUE, "s": "a", "v": ModelValue("a"), "q": Tuple([1]), "big": 1},
    ]
    frame = to_frame(states)
    assert list(frame.columns) == ["n", "ok", "s", "v", "q", "big"]
    assert list(frame.index) == [0, 1, 2]
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "n": "int64", "ok": "bool", "s": "object", "v": "object", "q": "object", "big": "object",
    }  # fmt: skip
    for number, state in enumerate(states):
        for name, value in state.items():
            cell = frame.loc[number, name]
            assert cell == (bool(value) if isinstance(value, Bool) else value)
    assert frame["q"].value_counts()[Tuple([1])] == 2
    assert frame.groupby("v").size()[ModelValue("a")] == 2
    assert frame[frame["q"] == Tuple([1])].index.to_list() == [0, 2]


def test_a_table_of_different_kinds_keeps_them_apart() -> None:
    frame = to_frame([{"x": 1}, {"x": TRUE}, {"x": "1"}, {"x": ModelValue("1")}])
    assert frame["x"].to_list() == [1, TRUE, "1", ModelValue("1")]
    assert frame["x"].nunique() == 4
    assert to_frame([{"x": "a"}, {"x": ModelValue("a")}])["x"].nunique() == 2


def test_what_a_state_lacks_is_missing_and_nothing_else() -> None:
    frame = to_frame([{"n": 1, "b": TRUE, "s": "a"}, {}, {"n": 2, "z": Set()}])
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "n": "Int64", "b": "boolean", "s": "object", "z": "object",
    }  # fmt: skip
    assert frame.isna().to_numpy().tolist() == [
        [False, False, False, True], [True, True, True, True], [False, True, True, False],
    ]  # fmt: skip
    assert frame["s"][1] is pd.NA


def test_records_and_functions_get_columns_of_their_own() -> None:
    states = [
        parse_state(
            "/\\ x = (n1 :> [log |-> <<1>>, up |-> TRUE] @@ n2 :> [log |-> <<>>, up |-> FALSE])\n"
            '/\\ y = [a |-> 1, b |-> (<<1, "z">> :> 2)]\n/\\ z = ("a b" :> 1 @@ "c" :> 2)\n'
            "/\\ m = None"
        ),
        parse_state(
            "/\\ x = (n1 :> [log |-> <<2>>, up |-> TRUE])\n"
            '/\\ y = [a |-> 3, b |-> (<<1, "z">> :> 4)]\n/\\ z = ("a b" :> 1 @@ "c" :> 2)\n'
            '/\\ m = [from |-> n1, n1 |-> "n1"]'
        ),
    ]
    frame = to_frame(states, flatten=True)
    assert list(frame.columns) == [
        "x[n1].log", "x[n1].up", "x[n2].log", "x[n2].up", "y.a", 'y.b[<<1, "z">>]',
        'z["a b"]', "z.c", "m", "m.from", "m.n1",
    ]  # fmt: skip
    assert frame["x[n1].log"].to_list() == [Tuple([1]), Tuple([2])]
    assert frame["x[n1].up"].dtype == bool
    assert frame["x[n2].up"].to_list() == [False, pd.NA]
    assert frame["y.a"].to_list() == [1, 3]
    assert frame["m"].to_list() == [ModelValue("None"), pd.NA]
    assert frame["m.from"].to_list() == [pd.NA, ModelValue("n1")]


@given(st.lists(st.dictionaries(st.sampled_from(["x", "y"]), values, min_size=1), max_size=4))
def test_a_flat_table_loses_nothing(states: list[dict[str, Value]]) -> None:
    whole, flat = to_frame(states), to_frame(states, flatten=True)
    assert len(whole) == len(flat) == len(states)
    assert len(set(flat.columns)) == len(flat.columns)
    for number, state in enumerate(states):
        cells = sum(map(leaves, state.values()))
        assert int(flat.loc[number].notna().sum()) == cells
        assert int(whole.loc[number].notna().sum()) == len(state)


def leaves(value: Value) -> int:
    if isinstance(value, (Record, Function)):
        return sum(leaves(part) for _, part in value.items())
    return 1


def test_a_plain_table_holds_plain_python() -> None:
    states: list[Mapping[str, Value]] = [
        {"x": ModelValue("a"), "y": Set([Tuple([1])]), "z": Record({"a": TRUE})},
        {"x": ModelValue("b"), "y": Set([Tuple([1])]), "z": Record({"a": TRUE})},
    ]
    frame = to_frame(states, plain=True)
    assert frame["x"].to_list() == ["a", "b"]
    assert frame["y"][0] == frozenset({(1,)})
    assert frame["z"][1] == {"a": True}


def test_tables_without_rows_or_columns_and_single_states() -> None:
    assert to_frame([]).shape == (0, 0)
    assert to_frame([{}, {}]).shape == (2, 0)
    assert to_frame(iter([{"x": 1}])).shape == (1, 1)
    with pytest.raises(SettingError, match="single state"):
        to_frame({"x": 1})  # type: ignore[arg-type]
