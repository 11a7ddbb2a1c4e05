"""Digests tell values apart by what they hold, and by nothing else."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import functools
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, strategies as st

from toolkit.controlled.digest import canonical_bytes
from toolkit.errors import SettingError


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Pair(NamedTuple):
    left: int
    right: int


class Plain:
    def __init__(self, x: Any) -> None:
        self.x = x
        self.handlers = {"method": self.method}

    def method(self) -> None: ...


class Other(Plain): ...


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


class Record(msgspec.Struct):
    x: int


class Twin(msgspec.Struct):
    x: int


def constant(x: int) -> Callable[[], int]:
    return lambda: x


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        ("1", 1),
        (b"a", "a"),
        ([1], (1,)),
        ([[1], 2], [[1, 2]]),
        ("ab", ["a", "b"]),
        ({"a": 1}, {"a": 2}),
        (Record(1), Record(2)),
        (Record(1), Twin(1)),
        (Plain(1), Plain(2)),
        (Plain(1), Other(1)),
        (Plain(1).method, Plain(2).method),
        (Slotted(1), Slotted(2)),
        (Pair(1, 2), Pair(2, 1)),
        (Colour.RED, Colour.BLUE),
        (constant(1), constant(2)),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (decimal.Decimal(1), decimal.Decimal(2)),
        (datetime.timedelta(1), datetime.timedelta(2)),
        (random.Random(1), random.Random(2)),
        (collections.Counter("a"), collections.Counter("aa")),
        (collections.deque([1]), collections.deque([2])),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
    ],
)
def test_values_that_differ_have_different_digests(first: Any, second: Any) -> None:
    assert canonical_bytes(first) != canonical_bytes(second)
    assert canonical_bytes({"in": [first]}) != canonical_bytes({"in": [second]})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (set("abcdef"), set("fedcba")),
        (Plain([1]), Plain([1])),
        (Slotted([1]), Slotted([1])),
        (Plain(1).method, Plain(1).method),
        (constant(1), constant(1)),
        (random.Random(1), random.Random(1)),
        (collections.Counter("ab"), collections.Counter("ba")),
        (
            collections.defaultdict(list, {1: [2], 3: [4]}),
            collections.defaultdict(list, {3: [4], 1: [2]}),
        ),
    ],
)
def test_equal_values_have_equal_digests(first: Any, second: Any) -> None:
    assert canonical_bytes(first) == canonical_bytes(second)


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab'{},", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("ab'", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


def _typed(value: Any) -> Any:
    """Return a value that is equal to another one only if the types are equal too."""
    if isinstance(value, list | tuple):
        return (type(value), [_typed(item) for item in value])
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return (type(value), value)


@given(_DATA, _DATA)
def test_digests_are_equal_exactly_if_the_data_are(first: Any, second: Any) -> None:
    same = _typed(first) == _typed(second)
    assert (canonical_bytes(first) == canonical_bytes(second)) is same


def test_an_object_inside_itself_is_no_obstacle() -> None:
    def loop(x: int) -> list[Any]:
        items: list[Any] = [x]
        items.append(items)
        return items

    assert canonical_bytes(loop(1)) == canonical_bytes(loop(1))
    assert canonical_bytes(loop(1)) != canonical_bytes(loop(2))


def test_a_shared_configuration_counts_as_nothing() -> None:
    config, another = Plain(1), Plain(1)
    assert canonical_bytes([config], skip=config) != canonical_bytes([another], skip=config)
    assert canonical_bytes([config], skip=config) == canonical_bytes([another], skip=another)


def test_an_object_whose_state_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingError, match=r"builtins\.generator cannot be read"):
        canonical_bytes([(x for x in "ab")])
