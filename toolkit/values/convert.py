"""TLA+ values to plain Python and back."""

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
        ``a``, a record and a function of the same pairs in a set and the tuple of its pairs.

    Raises
    ------
    ValueParseError
        If the value is nested too deeply, or holds an interval of more than a million.

    Examples
    --------
    >>> to_python(Record({"a": Tuple([1, TRUE])}))
    {'a': (1, True)}
    """
    try:
        return _plain(value, hashable=False)
    except RecursionError:
        raise ValueParseError("the value is nested too deeply to be converted") from None


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
    """Return the TLA+ value that a piece of plain Python stands for.

    Parameters
    ----------
    data : object
        ``bool``, whole numbers (NumPy's too), ``str``; sets and frozen sets; lists and tuples,
        which become sequences; mappings, which become records or functions; a ``range`` of
        step 1, which becomes an interval; ``None``, which becomes the model value ``None``.
        What is a TLA+ value already stays as it is.
    model_values : collection of str
        Strings that are taken for model values of that name, wherever they stand.

    Raises
    ------
    ValueParseError
        If there is anything else in it, or if it is nested too deeply.

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
        raise ValueParseError("the object is nested too deeply to be converted") from None


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
    # NumPy's scalars are Integral, its Booleans are nothing at all.
    if type(data).__module__ == "numpy" and type(data).__name__ in {"bool", "bool_"}:
        return TRUE if data else FALSE
    raise ValueParseError(
        f"{repr(data)[:40]} of type {type(data).__name__!r} stands for no TLA+ value",
        hint="give whole numbers, Booleans, strings, sets, lists, tuples and mappings",
    )
