"""Conversion between TLA+ values and plain Python objects."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Mapping
from typing import Any

from toolkit.errors import ValueParseError
from toolkit.values.model import (
    FALSE,
    TRUE,
    Bool,
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    function,
    interval,
)

__all__ = ["from_python", "to_python"]

_VALUES = (Bool, ModelValue, Set, Tuple, Record, Function)


def to_python(value: Value) -> Any:
    """Convert a TLA+ value to a plain Python object.

    Parameters
    ----------
    value : Value
        A TLA+ value.

    Returns
    -------
    object
        A ``bool``, ``int``, ``str``, ``frozenset``, ``tuple`` or ``dict``.  A model value becomes
        its name.  Records and functions become ``dict``; inside a set or as an argument, where
        Python needs a hashable object, they become a tuple of sorted pairs.  The conversion loses
        distinctions that Python does not make: ``TRUE`` and ``1`` in a set; the string ``"a"``
        and the model value ``a``; in a set, a record, a function of the same pairs and the tuple
        of these pairs.

    Raises
    ------
    ValueParseError
        If the value is nested too deeply, or contains an interval of more than a million
        members.

    Examples
    --------
    >>> to_python(Record({"a": Tuple([1, TRUE])}))
    {'a': (1, True)}
    """
    try:
        return _plain(value, hashable=False)
    except RecursionError:
        raise ValueParseError("the value is nested too deeply to convert") from None


def _plain(value: Value, *, hashable: bool) -> Any:
    if isinstance(value, Bool):
        return bool(value)
    if isinstance(value, ModelValue):
        return value.name
    if isinstance(value, Set):
        return frozenset(_plain(member, hashable=True) for member in value.members)
    if isinstance(value, Tuple):
        return tuple([_plain(element, hashable=hashable) for element in value])
    if isinstance(value, (Record, Function)):
        pairs = [
            (_plain(key, hashable=True), _plain(item, hashable=hashable))
            for key, item in value.items()
        ]
        return tuple(pairs) if hashable else dict(pairs)
    return value


def from_python(data: Any, *, model_values: Collection[str] = ()) -> Value:
    """Convert a plain Python object to a TLA+ value.

    Parameters
    ----------
    data : object
        ``bool``, integers (including NumPy's), ``str``; sets and frozen sets; lists and tuples,
        which become sequences; mappings, which become records or functions; a ``range`` of
        step 1, which becomes an interval; ``None``, which becomes the model value ``None``.
        TLA+ values stay unchanged.
    model_values : collection of str
        Strings to convert to model values of that name, at any depth.

    Returns
    -------
    Value

    Raises
    ------
    ValueParseError
        If an object has another type, or is nested too deeply.

    Examples
    --------
    >>> from_python({"acc": "a1", "seen": {1, 2}}, model_values={"a1"})
    <TLA+ [acc |-> a1, seen |-> {1, 2}]>
    >>> from_python({0: True})
    <TLA+ (0 :> TRUE)>
    """
    names = frozenset(model_values)
    try:
        return _value(data, names)
    except RecursionError:
        raise ValueParseError("the object is nested too deeply to convert") from None


def _value(data: Any, names: frozenset[str]) -> Value:
    if isinstance(data, _VALUES):
        return data
    if isinstance(data, bool):
        return TRUE if data else FALSE
    if isinstance(data, str):
        text = str.__str__(data)
        return ModelValue(text) if text in names else text
    if isinstance(data, numbers.Integral):
        return int(data)
    if data is None:
        return ModelValue("None")
    if isinstance(data, range) and data.step == 1:
        return interval(data.start, data.stop - 1)
    if isinstance(data, (set, frozenset)):
        return Set([_value(member, names) for member in data])
    if isinstance(data, (list, tuple)):
        return Tuple([_value(element, names) for element in data])
    if isinstance(data, Mapping):
        return function([(_value(k, names), _value(v, names)) for k, v in data.items()])
    # NumPy's integers are registered as Integral; its Booleans have no common base class.
    if type(data).__module__ == "numpy" and type(data).__name__ in {"bool", "bool_"}:
        return TRUE if data else FALSE
    raise ValueParseError(
        f"cannot convert {repr(data)[:40]} of type {type(data).__name__!r} to a TLA+ value",
        hint="use integers, Booleans, strings, sets, lists, tuples and mappings",
    )
