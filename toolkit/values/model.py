"""TLA+ values as typed, immutable, hashable Python values.

=====================  ==========================================================
TLA+                   Python
=====================  ==========================================================
``42``, ``-1``         ``int``, of any size
``"text"``             ``str``
``TRUE``, ``FALSE``    :data:`TRUE`, :data:`FALSE` (``bool`` is taken for them)
model value ``a1``     :class:`ModelValue`
``{1, 2}``, ``1..3``   :class:`Set`; a long interval is kept as its two ends
``<<1, 2>>``           :class:`Tuple`
``[a |-> 1]``          :class:`Record`
``0 :> 1 @@ 5 :> 2``   :class:`Function`
=====================  ==========================================================

Equality is TLA+'s; ``TRUE`` is a class of its own because Python's ``True`` equals ``1``.
Sequences and records *are* functions there, so :func:`function` returns
a :class:`Tuple` for a domain ``1..n`` (and for the empty domain) and a :class:`Record` for a
domain of strings; a :class:`Function` never has such a domain, and values of different
classes are never equal.

``<`` and ``sorted`` follow one canonical order of all values, which has no meaning of its own:
for sets it is *not* the subset relation.  Hashes and that order are computed when they are first
asked for, and kept.
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
"""How many members of a set are written out at most where only its ends or its parts are known."""

LONGEST_INTERVAL = 2**62
"""How many members an interval may have; Python could not tell the length of longer ones."""

_SMALL = 16
"""Contiguous sets of integers are kept as an interval from one member more on."""

_new = object.__new__


def _too_deep(what: str) -> ValueParseError:
    return ValueParseError(
        f"the value is nested too deeply to be {what}",
        hint="values nested some hundred levels deep are more than Python's stack can hold",
    )


class _Immutable:
    __slots__ = ("_hash", "_key", "_order")

    _hash: int
    _key: Any
    _order: Any

    @classmethod
    def _of(cls, key: Any) -> Self:
        """Return a value made of a key that is known to be right."""
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
            raise _too_deep("hashed") from None
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
            raise _too_deep("compared") from None

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
            return relation(order_key(self), order_key(_tla(other)))  # type: ignore[arg-type]
        except RecursionError:
            raise _too_deep("put in order") from None

    def __repr__(self) -> str:
        from toolkit.values.text import format_value

        return f"<TLA+ {format_value(self)}>"  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._key,))


# The slots' own setters, for a class whose instances refuse to be set.
_set_key = _Immutable.__dict__["_key"].__set__
_set_hash = _Immutable.__dict__["_hash"].__set__
_set_order = _Immutable.__dict__["_order"].__set__


def _tla(value: Any) -> Any:
    """Return a value, where what Python derives from ``bool``, ``int`` or ``str`` is undone."""
    if type(value) in _RANK:
        return value
    if type(value) is bool:
        return TRUE if value else FALSE
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise ValueParseError(
        f"{repr(value)[:40]} of type {type(value).__name__!r} is no TLA+ value",
        hint="use toolkit.values.from_python",
    )


class Bool(_Immutable):
    """``TRUE`` or ``FALSE``; truthy as one expects.

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
    """A model value: a name equal to itself and to nothing else.

    Parameters
    ----------
    name : str
    """

    __slots__ = ()

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueParseError(f"{repr(name)[:40]} is no name of a model value")
        _set_key(self, str.__str__(name))

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._key)


class Set(_Immutable):
    """A finite set.

    Parameters
    ----------
    members : iterable of Value
        A ``range`` of more than a few integers is not written out; see :func:`interval`.

    Raises
    ------
    ValueParseError
        If a member is no TLA+ value.

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
            _set_key(self, _compact(frozenset(map(_tla, members))))

    @classmethod
    def _of(cls, key: frozenset[Any] | range) -> Self:
        self = _new(cls)
        _set_key(self, _compact(key))
        return self

    @property
    def members(self) -> frozenset[Value]:
        """Its members.

        Raises
        ------
        ValueParseError
            If it is an interval of more than a million; iterate over it instead.
        """
        key = self._key
        if type(key) is not range:
            return key  # type: ignore[no-any-return]
        if len(key) > LARGEST_SET:
            raise ValueParseError(
                f"a set of more than {LARGEST_SET:,} members is not written out",
                hint="iterate over the interval, or ask it what it contains",
            )
        return frozenset(key)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The ends of a long interval, or None.

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
            value = _tla(value)
        except ValueParseError:
            return False
        # A range would compare what is no integer with each of its members.
        return (type(value) is int or type(self._key) is not range) and value in self._key


_set_members = Set.__dict__["_sorted"].__set__


def _compact(members: frozenset[Any] | range) -> frozenset[Any] | range:
    """Return the one form that equal sets share: an interval if it is one and not a short one."""
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
    """Return the set ``low..high``, of which a long one takes no more room than its ends.

    Parameters
    ----------
    low, high : int
        Its ends; it is empty if `high` is less than `low`.

    Raises
    ------
    ValueParseError
        If it has more than 2^62 members.

    Examples
    --------
    >>> interval(1, 3) == Set([1, 2, 3]), len(interval(1, 10**9)), 5 in interval(1, 10**9)
    (True, 1000000000, True)
    """
    if high - low >= LONGEST_INTERVAL:
        raise ValueParseError("an interval of more than 2^62 members", hint="take nearer ends")
    return Set._of(range(int(low), max(int(high) + 1, int(low))))


class Tuple(_Immutable):
    """A tuple or finite sequence; positions count from 1 in TLA+ and from 0 in Python.

    Parameters
    ----------
    elements : iterable of Value

    Raises
    ------
    ValueParseError
        If an element is no TLA+ value.
    """

    __slots__ = ()

    def __init__(self, elements: Iterable[Value] = ()) -> None:
        _set_key(self, tuple(map(_tla, elements)))

    @property
    def elements(self) -> tuple[Value, ...]:
        """Its elements."""
        return self._key  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._key)

    def __len__(self) -> int:
        return len(self._key)

    def __contains__(self, value: object) -> bool:
        try:
            return _tla(value) in self._key
        except ValueParseError:
            return False

    def __getitem__(self, index: int) -> Value:
        return self._key[index]  # type: ignore[no-any-return]

    def items(self) -> Iterator[tuple[Value, Value]]:
        """Yield the pairs of the function that a tuple is: positions from 1, elements."""
        return iter(enumerate(self._key, start=1))


class _Mapping(_Immutable):
    # The key is a dict, which nothing changes: dicts compare whatever their order, and fast.
    __slots__ = ("_sorted",)

    _sorted: tuple[tuple[Any, Value], ...]

    def __init__(self, pairs: Iterable[tuple[Any, Value]] | Mapping[Any, Value]) -> None:
        given = pairs.items() if isinstance(pairs, Mapping) else pairs
        table = _table(given)
        belongs = _class_of(table)
        if belongs is not type(self):
            raise ValueParseError(
                f"a {type(self).__name__} of these arguments is a {belongs.__name__} in TLA+",
                hint="use toolkit.values.function, which returns the right class",
            )
        _set_key(self, table)

    def _hashable(self) -> Any:
        return frozenset(self._key.items())

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (dict(self._key),))

    def items(self) -> Iterator[tuple[Any, Value]]:
        """Yield argument and value, in the canonical order of the arguments."""
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
        return self._key[_tla(key)]  # type: ignore[no-any-return]

    def __contains__(self, key: object) -> bool:
        try:
            return _tla(key) in self._key
        except ValueParseError:
            return False

    def get(self, key: Value, default: Value | None = None) -> Value | None:
        """Return the value at an argument, or a default."""
        return self._key[_tla(key)] if key in self else default


_set_pairs = _Mapping.__dict__["_sorted"].__set__


class Record(_Mapping):
    """A record: a function whose domain is a non-empty set of strings.

    Parameters
    ----------
    fields : mapping or iterable of pairs

    Raises
    ------
    ValueParseError
        If there is no field, or one that is no string, or if something is no TLA+ value.
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
        If its domain makes it a sequence or a record, or if something is no TLA+ value.
    """

    __slots__ = ()


Value: TypeAlias = int | str | Bool | ModelValue | Set | Tuple | Record | Function
"""Any TLA+ value."""


def _table(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Value]:
    table: dict[Any, Value] = {}
    for key, value in pairs:
        table.setdefault(_tla(key), _tla(value))
    return table


def function(pairs: Iterable[tuple[Value, Value]]) -> Tuple | Record | Function:
    """Return the function with these arguments and values, in the class that it belongs to.

    Parameters
    ----------
    pairs : iterable of (Value, Value)
        Where an argument occurs again the first counts, as with TLA+'s ``@@``.

    Raises
    ------
    ValueParseError
        If something is no TLA+ value.

    Examples
    --------
    >>> function([(1, 5)]) == Tuple([5]), function([("x", 5)]) == Record({"x": 5})
    (True, True)
    """
    return _function(_table(pairs))


def _function(table: dict[Any, Value]) -> Tuple | Record | Function:
    """Return the function with these arguments and values, which are known to be values."""
    kind = _class_of(table)
    if kind is Tuple:
        return Tuple._of(tuple([table[index] for index in range(1, len(table) + 1)]))
    return kind._of(table)


def _class_of(table: dict[Any, Value]) -> type[Tuple | Record | Function]:
    """Return the class that a function of these arguments belongs to."""
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
        raise _too_deep("put in order") from None


def order_key(value: Value) -> Any:
    """Return a key that sorts values of all kinds in one order, the same in every process.

    Parameters
    ----------
    value : Value

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
        raise _too_deep("put in order") from None


def _order_key(value: Value) -> Any:
    rank = _RANK[type(value)]
    if isinstance(value, (int, str)):
        return (rank, value)
    try:
        return value._order
    except AttributeError:
        pass
    if isinstance(value, Set):
        # Of equally many members, an interval comes first.
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
