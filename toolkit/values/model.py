"""TLA+ values as typed, immutable, hashable Python values.

=====================  ==========================================================
TLA+                   Python
=====================  ==========================================================
``42``, ``-1``         ``int``, of any size
``"text"``             ``str``
``TRUE``, ``FALSE``    :data:`TRUE`, :data:`FALSE` (``bool`` is taken for them)
model value ``a1``     :class:`ModelValue`
``{1, 2}``, ``1..3``   :class:`Set`
``<<1, 2>>``           :class:`Tuple`
``[a |-> 1]``          :class:`Record`
``0 :> 1 @@ 5 :> 2``   :class:`Function`
=====================  ==========================================================

Equality is TLA+'s; ``TRUE`` is a class of its own because Python's ``True`` equals ``1``.
Sequences and records *are* functions there, so :func:`function` returns
a :class:`Tuple` for a domain ``1..n`` (and for the empty domain) and a :class:`Record` for a
domain of strings; a :class:`Function` never has such a domain, and values of different
classes are never equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    "order_key",
    "to_python",
]


_assign = object.__setattr__


class _Immutable:
    __slots__ = ("_hash", "_key")

    _hash: int
    _key: Any

    def __init__(self, key: Any) -> None:
        _assign(self, "_key", key)
        _assign(self, "_hash", hash((type(self).__name__, key)))

    @classmethod
    def _of(cls, key: Any) -> Self:
        """Return a value made of a key that is known to be right."""
        self = cls.__new__(cls)
        _Immutable.__init__(self, key)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return self._hash == other._hash and bool(self._key == other._key)

    def __repr__(self) -> str:
        from toolkit.values.text import format_value

        return f"<TLA+ {format_value(self)}>"  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self._key,))


def _tla(value: Any) -> Any:
    """Return a value, where Python's ``bool`` becomes TLA+'s."""
    return value if type(value) is not bool else TRUE if value else FALSE


class Bool(_Immutable):
    """``TRUE`` or ``FALSE``; truthy as one expects.

    Parameters
    ----------
    value : bool
    """

    __slots__ = ()

    def __init__(self, value: bool) -> None:
        super().__init__(bool(value))

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
        super().__init__(name)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._key)


class Set(_Immutable):
    """A finite set.

    Parameters
    ----------
    members : iterable of Value

    Examples
    --------
    >>> Set([1, 2]) == Set([2, 1, 1])
    True
    """

    __slots__ = ()

    def __init__(self, members: Iterable[Value] = ()) -> None:
        super().__init__(frozenset(map(_tla, members)))

    @property
    def members(self) -> frozenset[Value]:
        """Its members."""
        return self._key  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Value]:
        return iter(sorted(self._key, key=order_key))

    def __len__(self) -> int:
        return len(self._key)

    def __contains__(self, value: object) -> bool:
        return value in self._key


class Tuple(_Immutable):
    """A tuple or finite sequence; positions count from 1 in TLA+ and from 0 in Python.

    Parameters
    ----------
    elements : iterable of Value
    """

    __slots__ = ()

    def __init__(self, elements: Iterable[Value] = ()) -> None:
        super().__init__(tuple(map(_tla, elements)))

    @property
    def elements(self) -> tuple[Value, ...]:
        """Its elements."""
        return self._key  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._key)

    def __len__(self) -> int:
        return len(self._key)

    def __getitem__(self, index: int) -> Value:
        return self._key[index]  # type: ignore[no-any-return]

    def items(self) -> Iterator[tuple[Value, Value]]:
        """Yield the pairs of the function that a tuple is: positions from 1, elements."""
        return iter(enumerate(self._key, start=1))


class _Mapping(_Immutable):
    __slots__ = ("_map",)

    _map: dict[Any, Value]

    def __init__(self, pairs: Iterable[tuple[Any, Value]] | Mapping[Any, Value]) -> None:
        given = pairs.items() if isinstance(pairs, Mapping) else pairs
        table = {_tla(key): _tla(value) for key, value in given}
        belongs = _class_of(table)
        if belongs is not type(self):
            raise ValueParseError(
                f"a {type(self).__name__} of these arguments is a {belongs.__name__} in TLA+",
                hint="use toolkit.values.function, which returns the right class",
            )
        _assign(self, "_map", table)
        super().__init__(frozenset(table.items()))

    @classmethod
    def _of(cls, key: dict[Any, Value]) -> Self:
        self = cls.__new__(cls)
        _assign(self, "_map", key)
        _Immutable.__init__(self, frozenset(key.items()))
        return self

    def items(self) -> Iterator[tuple[Any, Value]]:
        """Yield argument and value, in the canonical order of the arguments."""
        for key in sorted(self._map, key=order_key):
            yield key, self._map[key]

    def __len__(self) -> int:
        return len(self._map)

    def __getitem__(self, key: Value) -> Value:
        return self._map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._map

    def get(self, key: Value, default: Value | None = None) -> Value | None:
        """Return the value at an argument, or a default."""
        return self._map.get(key, default)


class Record(_Mapping):
    """A record: a function whose domain is a non-empty set of strings.

    Parameters
    ----------
    fields : mapping or iterable of pairs

    Raises
    ------
    ValueParseError
        If there is no field, or one that is no string.
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
        If its domain makes it a sequence or a record.
    """

    __slots__ = ()


Value: TypeAlias = int | str | Bool | ModelValue | Set | Tuple | Record | Function
"""Any TLA+ value."""


def function(pairs: Iterable[tuple[Value, Value]]) -> Tuple | Record | Function:
    """Return the function with these arguments and values, in the class that it belongs to.

    Parameters
    ----------
    pairs : iterable of (Value, Value)
        Where an argument occurs again the first counts, as with TLA+'s ``@@``.

    Examples
    --------
    >>> function([(1, 5)]) == Tuple([5]), function([("x", 5)]) == Record({"x": 5})
    (True, True)
    """
    table: dict[Value, Value] = {}
    for key, value in pairs:
        table.setdefault(_tla(key), _tla(value))
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


def order_key(value: Value) -> Any:
    """Return a key that sorts values of all kinds in one order, the same in every process.

    Parameters
    ----------
    value : Value

    Examples
    --------
    >>> sorted(["b", 2, "a", 10], key=order_key)
    [2, 10, 'a', 'b']
    """
    rank = _RANK[type(value)]
    if isinstance(value, (int, str)):
        return (rank, value)
    if isinstance(value, Set):
        members = sorted(map(order_key, value.members))
        return (rank, len(members), members)
    if isinstance(value, Tuple):
        return (rank, len(value), [order_key(element) for element in value])
    if isinstance(value, (Record, Function)):
        return (rank, len(value), [(order_key(k), order_key(v)) for k, v in value.items()])
    return (rank, value._key)


def to_python(value: Value) -> Any:
    """Return plain Python: ``bool``, ``int``, ``str``, ``frozenset``, ``tuple``, ``dict``.

    Parameters
    ----------
    value : Value
        Model values become their names.

    Returns
    -------
    object
        Records and functions become ``dict``; inside a set or as an argument, where Python
        needs something hashable, a tuple of sorted pairs.  What Python does not keep apart is
        not kept apart: ``TRUE`` and ``1`` in one set, the string ``"a"`` and the model value
        ``a``.

    Examples
    --------
    >>> to_python(Record({"a": Tuple([1, TRUE])}))
    {'a': (1, True)}
    """
    return _plain(value, hashable=False)


def _plain(value: Value, *, hashable: bool) -> Any:
    if isinstance(value, Bool):
        return bool(value)
    if isinstance(value, ModelValue):
        return value.name
    if isinstance(value, Set):
        return frozenset(_plain(member, hashable=True) for member in value.members)
    if isinstance(value, Tuple):
        return tuple(_plain(element, hashable=hashable) for element in value)
    if isinstance(value, (Record, Function)):
        pairs = [
            (_plain(key, hashable=True), _plain(item, hashable=hashable))
            for key, item in value.items()
        ]
        return tuple(pairs) if hashable else dict(pairs)
    return value
