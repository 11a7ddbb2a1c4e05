"""TLA+ values as typed, immutable, hashable Python values.

=====================  ==========================================================
TLA+                   Python
=====================  ==========================================================
``42``, ``-1``         ``int``, of any size
``"text"``             ``str``
``TRUE``, ``FALSE``    :data:`TRUE`, :data:`FALSE` (``bool`` is converted)
model value ``a1``     :class:`ModelValue`
``{1, 2}``, ``1..3``   :class:`Set`; a long interval is stored as its ends
``<<1, 2>>``           :class:`Tuple`
``[a |-> 1]``          :class:`Record`
``0 :> 1 @@ 5 :> 2``   :class:`Function`
=====================  ==========================================================

Two values are equal if they are equal in TLA+; ``TRUE`` has its own class because Python's
``True`` equals ``1``.  In TLA+ sequences and records *are* functions, so :func:`function` returns
a :class:`Tuple` for a domain ``1..n`` (and for the empty domain) and a :class:`Record` for a
domain of strings.  A :class:`Function` never has such a domain, and values of different classes
are never equal.

``<`` and ``sorted`` follow a canonical order of all values, which has no meaning in TLA+: for sets
it is *not* the subset relation.  Hashes and sort keys are computed when they are first needed, and
kept.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeAlias

from toolkit.errors import ValueParseError

__all__ = [
    "FALSE",
    "TRUE",
    "Bool",
    "Function",
    "ModelValue",
    "Record",
    "Set",
    "Tuple",
    "Value",
    "function",
    "interval",
    "order_key",
]

LARGEST_SET = 1_000_000
"""The largest number of members to which an interval, power set or product is expanded."""

LONGEST_INTERVAL = 2**62
"""The largest number of members of an interval; ``len()`` fails for longer ranges."""

_SMALL = 16
"""Contiguous sets of more integers than this are stored as an interval."""

_new = object.__new__


def _too_deep(operation: str) -> ValueParseError:
    return ValueParseError(
        f"the value is nested too deeply to {operation}",
        hint="Python's stack holds some hundred levels of nesting",
    )


class _Immutable:
    __slots__ = ("_hash", "_key", "_order")

    _hash: int
    _key: Any
    _order: Any

    @classmethod
    def _of(cls, key: Any) -> Self:
        """Return a value made of a key that is known to be valid."""
        self = _new(cls)
        _set_key(self, key)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            pass
        try:
            code = hash((type(self).__name__, self._hashable()))
        except RecursionError:
            raise _too_deep("hash") from None
        _set_hash(self, code)
        return code

    def _hashable(self) -> Any:
        return self._key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        try:
            return bool(self._key == other._key)
        except RecursionError:
            raise _too_deep("compare") from None

    # The canonical order, so that tables can be sorted and grouped by values.
    def __lt__(self, other: object) -> bool:
        return self._compare(other, operator.lt)

    def __le__(self, other: object) -> bool:
        return self._compare(other, operator.le)

    def __gt__(self, other: object) -> bool:
        return self._compare(other, operator.gt)

    def __ge__(self, other: object) -> bool:
        return self._compare(other, operator.ge)

    def _compare(self, other: Any, relation: Callable[[Any, Any], bool]) -> bool:
        if type(other) not in _RANK and type(other) is not bool:
            return NotImplemented  # type: ignore[no-any-return]
        try:
            return relation(order_key(self), order_key(_as_value(other)))  # type: ignore[arg-type]
        except RecursionError:
            raise _too_deep("sort") from None

    def __repr__(self) -> str:
        from toolkit.values.printing import format_value

        return f"<TLA+ {format_value(self)}>"  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._key,))


# The slots' own setters, because instances of the class cannot be assigned to.
_set_key = _Immutable.__dict__["_key"].__set__
_set_hash = _Immutable.__dict__["_hash"].__set__
_set_order = _Immutable.__dict__["_order"].__set__


def _as_value(value: Any) -> Any:
    """Return a TLA+ value; convert ``bool`` and subclasses of ``int`` and ``str``."""
    if type(value) in _RANK:
        return value
    if type(value) is bool:
        return TRUE if value else FALSE
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise ValueParseError(
        f"{repr(value)[:40]} of type {type(value).__name__!r} is not a TLA+ value",
        hint="convert it with toolkit.values.from_python",
    )


class Bool(_Immutable):
    """``TRUE`` or ``FALSE``, with the truth value of the Python ``bool``.

    Parameters
    ----------
    value : bool
    """

    __slots__ = ()

    def __init__(self, value: bool) -> None:
        _set_key(self, bool(value))

    def __bool__(self) -> bool:
        return bool(self._key)


TRUE = Bool(True)
"""TLA+'s TRUE."""

FALSE = Bool(False)
"""TLA+'s FALSE."""


class ModelValue(_Immutable):
    """A model value: a name that is equal only to itself.

    Parameters
    ----------
    name : str
    """

    __slots__ = ()

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueParseError(f"the name of a model value must be a str, not {repr(name)[:40]}")
        _set_key(self, str.__str__(name))

    @property
    def name(self) -> str:
        """The name of the model value."""
        return str(self._key)


class Set(_Immutable):
    """A finite set.

    Parameters
    ----------
    members : iterable of Value
        A ``range`` of more than a few integers is stored by its ends; see :func:`interval`.

    Raises
    ------
    ValueParseError
        If a member is not a TLA+ value.

    Examples
    --------
    >>> Set([1, 2]) == Set([2, 1, 1])
    True
    """

    __slots__ = ("_sorted",)

    _sorted: tuple[Value, ...]

    def __init__(self, members: Iterable[Value] = ()) -> None:
        if type(members) is range and len(members) > _SMALL and abs(members.step) == 1:
            ends = sorted((int(members[0]), int(members[-1])))
            _set_key(self, range(ends[0], ends[1] + 1))
        else:
            _set_key(self, _compact(frozenset(map(_as_value, members))))

    @classmethod
    def _of(cls, key: frozenset[Any] | range) -> Self:
        self = _new(cls)
        _set_key(self, _compact(key))
        return self

    @property
    def members(self) -> frozenset[Value]:
        """The members of the set.

        Raises
        ------
        ValueParseError
            If the set is an interval of more than a million members; iterate over it instead.
        """
        key = self._key
        if type(key) is not range:
            return key  # type: ignore[no-any-return]
        if len(key) > LARGEST_SET:
            raise ValueParseError(
                f"an interval of more than {LARGEST_SET:,} members is not expanded",
                hint="iterate over the interval, or test membership with 'in'",
            )
        return frozenset(key)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The ends of a long interval; ``None`` for another set.

        Examples
        --------
        >>> interval(1, 1_000_000).ends
        (1, 1000000)
        """
        key = self._key
        return (key[0], key[-1]) if type(key) is range else None

    def __iter__(self) -> Iterator[Value]:
        key = self._key
        if type(key) is range:
            return iter(key)
        try:
            return iter(self._sorted)
        except AttributeError:
            ordered = _in_order(key)
            _set_members(self, ordered)
            return iter(ordered)

    def __len__(self) -> int:
        return len(self._key)

    def __contains__(self, value: object) -> bool:
        try:
            value = _as_value(value)
        except ValueParseError:
            return False
        # A range would compare a value that is not an integer with each of its members.
        return (type(value) is int or type(self._key) is not range) and value in self._key


_set_members = Set.__dict__["_sorted"].__set__


def _compact(members: frozenset[Any] | range) -> frozenset[Any] | range:
    """Return the unique representation of a set: a ``range`` for a long interval."""
    if len(members) <= _SMALL:
        return members if type(members) is frozenset else frozenset(members)
    if type(members) is range:
        return members
    if type(next(iter(members))) is int and set(map(type, members)) == {int}:
        low, high = min(members), max(members)
        if high - low + 1 == len(members):
            return range(low, high + 1)
    return members


def interval(low: int, high: int) -> Set:
    """Return the interval ``low..high`` as a set; a long interval is stored by its ends.

    Parameters
    ----------
    low, high : int
        The ends; the set is empty if `high` is less than `low`.

    Returns
    -------
    Set

    Raises
    ------
    ValueParseError
        If the interval has more than 2^62 members.

    Examples
    --------
    >>> interval(1, 3) == Set([1, 2, 3]), len(interval(1, 10**9)), 5 in interval(1, 10**9)
    (True, 1000000000, True)
    """
    if high - low >= LONGEST_INTERVAL:
        raise ValueParseError(
            f"the interval {low}..{high} has more than 2^62 members", hint="use a shorter interval"
        )
    return Set._of(range(int(low), max(int(high) + 1, int(low))))


class Tuple(_Immutable):
    """A tuple or finite sequence; positions count from 1 in TLA+ and from 0 in Python.

    Parameters
    ----------
    elements : iterable of Value

    Raises
    ------
    ValueParseError
        If an element is not a TLA+ value.
    """

    __slots__ = ()

    def __init__(self, elements: Iterable[Value] = ()) -> None:
        _set_key(self, tuple(map(_as_value, elements)))

    @property
    def elements(self) -> tuple[Value, ...]:
        """The elements of the tuple."""
        return self._key  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._key)

    def __len__(self) -> int:
        return len(self._key)

    def __contains__(self, value: object) -> bool:
        try:
            return _as_value(value) in self._key
        except ValueParseError:
            return False

    def __getitem__(self, index: int) -> Value:
        return self._key[index]  # type: ignore[no-any-return]

    def items(self) -> Iterator[tuple[Value, Value]]:
        """Yield (position, element) pairs, counted from 1 as in TLA+."""
        return iter(enumerate(self._key, start=1))


class _Mapping(_Immutable):
    # The key is a dict that never changes: dicts compare fast, independent of their order.
    __slots__ = ("_sorted",)

    _sorted: tuple[tuple[Any, Value], ...]

    def __init__(self, pairs: Iterable[tuple[Any, Value]] | Mapping[Any, Value]) -> None:
        table = _table(pairs.items() if isinstance(pairs, Mapping) else pairs)
        expected = _class_of(table)
        if expected is not type(self):
            raise ValueParseError(
                f"a function with these arguments is a {expected.__name__}, not a "
                f"{type(self).__name__}",
                hint="use toolkit.values.function, which chooses the class",
            )
        _set_key(self, table)

    def _hashable(self) -> Any:
        return frozenset(self._key.items())

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (dict(self._key),))

    def items(self) -> Iterator[tuple[Any, Value]]:
        """Yield (argument, value) pairs in the canonical order of the arguments."""
        try:
            return iter(self._sorted)
        except AttributeError:
            table = self._key
            ordered = tuple([(key, table[key]) for key in _in_order(table)])
            _set_pairs(self, ordered)
            return iter(ordered)

    def keys(self) -> Iterator[Any]:
        """Yield the arguments, in canonical order."""
        return iter(self)

    def values(self) -> Iterator[Value]:
        """Yield the values, in the canonical order of their arguments."""
        return (value for _, value in self.items())

    def __len__(self) -> int:
        return len(self._key)

    def __iter__(self) -> Iterator[Any]:
        """Yield the arguments, in canonical order."""
        return (key for key, _ in self.items())

    def __getitem__(self, key: Value) -> Value:
        return self._key[_as_value(key)]  # type: ignore[no-any-return]

    def __contains__(self, key: object) -> bool:
        try:
            return _as_value(key) in self._key
        except ValueParseError:
            return False

    def get(self, key: Value, default: Value | None = None) -> Value | None:
        """Return the value for an argument, or `default` if the domain does not contain it."""
        return self._key[_as_value(key)] if key in self else default


_set_pairs = _Mapping.__dict__["_sorted"].__set__


class Record(_Mapping):
    """A record: a function whose domain is a non-empty set of strings.

    Parameters
    ----------
    fields : mapping or iterable of pairs

    Raises
    ------
    ValueParseError
        If there is no field, or a field's name is not a string, or a value is not a TLA+ value.
    """

    __slots__ = ()


class Function(_Mapping):
    """A function whose domain is neither ``1..n`` nor a set of strings; see :func:`function`.

    Parameters
    ----------
    pairs : mapping or iterable of pairs

    Raises
    ------
    ValueParseError
        If the domain is that of a sequence or a record, or an argument or value is not a TLA+
        value.
    """

    __slots__ = ()


Value: TypeAlias = int | str | Bool | ModelValue | Set | Tuple | Record | Function
"""Any TLA+ value."""


def _table(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Value]:
    table: dict[Any, Value] = {}
    for key, value in pairs:
        table.setdefault(_as_value(key), _as_value(value))
    return table


def function(pairs: Iterable[tuple[Value, Value]]) -> Tuple | Record | Function:
    """Build a function from pairs, as a tuple, record or function according to its domain.

    Parameters
    ----------
    pairs : iterable of (Value, Value)
        Arguments and values.  If an argument occurs twice the first pair counts, as with TLA+'s
        ``@@``.

    Returns
    -------
    Tuple, Record or Function

    Raises
    ------
    ValueParseError
        If an argument or value is not a TLA+ value.

    Examples
    --------
    >>> function([(1, 5)]) == Tuple([5]), function([("x", 5)]) == Record({"x": 5})
    (True, True)
    """
    return _function(_table(pairs))


def _function(table: dict[Any, Value]) -> Tuple | Record | Function:
    """Build a function from a table of TLA+ values, which are not checked."""
    kind = _class_of(table)
    if kind is Tuple:
        return Tuple._of(tuple([table[index] for index in range(1, len(table) + 1)]))
    return kind._of(table)


def _class_of(table: dict[Any, Value]) -> type[Tuple | Record | Function]:
    """Return the class of a function with these arguments."""
    kinds = set(map(type, table))
    if kinds == {str}:
        return Record
    if kinds <= {int} and all(index in table for index in range(1, len(table) + 1)):
        return Tuple
    return Function


_RANK: dict[type, int] = {
    Bool: 0,
    int: 1,
    str: 2,
    ModelValue: 3,
    Set: 4,
    Tuple: 5,
    Record: 6,
    Function: 7,
}


def _in_order(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values in canonical order."""
    kinds = set(map(type, values))
    if len(kinds) <= 1 and kinds <= {int, str}:
        return tuple(sorted(values))
    try:
        return tuple(sorted(values, key=_order_key))
    except RecursionError:
        raise _too_deep("sort") from None


def order_key(value: Value) -> Any:
    """Return a sort key that orders values of all kinds, the same in every process.

    Parameters
    ----------
    value : Value

    Returns
    -------
    object

    Raises
    ------
    ValueParseError
        If the value is nested too deeply.

    Examples
    --------
    >>> sorted(["b", 2, "a", 10], key=order_key)
    [2, 10, 'a', 'b']
    """
    try:
        return _order_key(value)
    except RecursionError:
        raise _too_deep("sort") from None


def _order_key(value: Value) -> Any:
    rank = _RANK[type(value)]
    if isinstance(value, (int, str)):
        return (rank, value)
    try:
        return value._order
    except AttributeError:
        pass
    if isinstance(value, Set):
        # Among sets of the same size, an interval comes first.
        ends = value.ends
        if ends is not None:
            key: Any = (rank, len(value), 0, ends)
        else:
            key = (rank, len(value), 1, tuple(map(_order_key, value)))
    elif isinstance(value, Tuple):
        key = (rank, len(value), tuple(map(_order_key, value)))
    elif isinstance(value, (Record, Function)):
        key = (rank, len(value), tuple([(_order_key(k), _order_key(v)) for k, v in value.items()]))
    else:
        key = (rank, value._key)
    _set_order(value, key)
    return key
