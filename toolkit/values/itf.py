"""TLA+ values as JSON in the ITF encoding (Apalache's Informal Trace Format).

=======================  =================================================
TLA+                     JSON
=======================  =================================================
integer                  number, or ``{"#bigint": "..."}`` from 2^53 on
string, Boolean          string, ``true`` / ``false``
set                      ``{"#set": [...]}``
tuple, sequence          ``{"#tup": [...]}``
record                   object
function                 ``{"#map": [[argument, value], ...]}``
model value              ``{"#model": "name"}``, kept apart from strings
the constant ``None``    ``null`` (``{"#model": "None"}`` reads as the same)
=======================  =================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterable
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
)
from toolkit.values.text import format_value

__all__ = ["canonical", "format_itf", "from_itf", "itf_seq", "itf_set", "to_itf"]

_LARGEST = 2**53 - 1


def to_itf(value: Value) -> Any:
    """Return a value in the ITF encoding.

    Parameters
    ----------
    value : Value

    Returns
    -------
    object
        JSON; sets and functions in canonical order.

    Examples
    --------
    >>> to_itf(Set([2, 1])), to_itf(ModelValue("a"))
    ({'#set': [1, 2]}, {'#model': 'a'})
    """
    if isinstance(value, Bool):
        return bool(value)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else {"#bigint": str(value)}
    if isinstance(value, str):
        return value
    if isinstance(value, ModelValue):
        return None if value.name == "None" else {"#model": value.name}
    if isinstance(value, Set):
        return {"#set": [to_itf(member) for member in value]}
    if isinstance(value, Tuple):
        return {"#tup": [to_itf(element) for element in value]}
    if isinstance(value, Record) and not any(name.startswith("#") for name, _ in value.items()):
        return {name: to_itf(item) for name, item in value.items()}
    assert isinstance(value, (Record, Function))
    return {"#map": [[to_itf(key), to_itf(item)] for key, item in value.items()]}


def from_itf(data: Any) -> Value:
    """Return the value that a JSON document in the ITF encoding denotes.

    Parameters
    ----------
    data : object
        JSON.

    Raises
    ------
    ValueParseError
        If it is not in the encoding.

    Examples
    --------
    >>> from_itf({"#tup": [1, "a"]}) == Tuple([1, "a"]), from_itf(None) == ModelValue("None")
    (True, True)
    """
    if data is None:
        return ModelValue("None")
    if isinstance(data, bool):
        return TRUE if data else FALSE
    if isinstance(data, (int, str)):
        return data
    if isinstance(data, dict):
        if len(data) == 1:
            tag, content = next(iter(data.items()))
            if tag == "#set" and isinstance(content, list):
                return Set(map(from_itf, content))
            if tag == "#tup" and isinstance(content, list):
                return Tuple(map(from_itf, content))
            if tag == "#model" and isinstance(content, str):
                return ModelValue(content)
            if tag == "#bigint" and isinstance(content, str):
                try:
                    return int(content)
                except ValueError:
                    raise _not_itf(data) from None
            if (
                tag == "#map"
                and isinstance(content, list)
                and all(isinstance(pair, list) and len(pair) == 2 for pair in content)
            ):
                return function((from_itf(key), from_itf(item)) for key, item in content)
        if all(isinstance(name, str) and not name.startswith("#") for name in data):
            return function((name, from_itf(item)) for name, item in data.items())
    raise _not_itf(data)


def _not_itf(data: Any) -> ValueParseError:
    return ValueParseError(
        f"{str(data)[:60]!r} is no value in the ITF encoding",
        hint='a list is {"#set": [...]} or {"#tup": [...]}; numbers are whole',
    )


def canonical(data: Any) -> str:
    """Return JSON text that is the same for equal values: sorted keys, sorted sets.

    Parameters
    ----------
    data : object
        JSON in the ITF encoding.

    Examples
    --------
    >>> canonical({"#set": [2, 1]}) == canonical({"#set": [1, 2]})
    True
    """
    return json.dumps(_sorted(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        if "#set" in data and len(data) == 1 and isinstance(data["#set"], list):
            return {"#set": sorted({canonical(member) for member in data["#set"]})}
        if "#map" in data and len(data) == 1 and isinstance(data["#map"], list):
            return {"#map": sorted(canonical(pair) for pair in data["#map"])}
        return {key: _sorted(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_sorted(item) for item in data]
    return data


def itf_set(members: Iterable[Any]) -> dict[str, Any]:
    """Return a set of values that are in the ITF encoding already, in canonical order.

    Examples
    --------
    >>> itf_set(["b", "a"])
    {'#set': ['a', 'b']}
    """
    return {"#set": sorted(members, key=canonical)}


def itf_seq(elements: Iterable[Any]) -> dict[str, Any]:
    """Return a sequence of values that are in the ITF encoding already.

    Examples
    --------
    >>> itf_seq([1, 2])
    {'#tup': [1, 2]}
    """
    return {"#tup": list(elements)}


def format_itf(data: Any) -> str:
    """Return a value in the ITF encoding as TLA+ text.

    Parameters
    ----------
    data : object
        JSON in the ITF encoding.

    Examples
    --------
    >>> format_itf({"bal": 3, "val": None})
    '[bal |-> 3, val |-> None]'
    """
    return format_value(from_itf(data))
