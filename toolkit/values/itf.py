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
import re
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
from toolkit.values.text import format_value, is_identifier

_NONE = ModelValue("None")

__all__ = ["canonical", "format_itf", "from_itf", "itf_seq", "itf_set", "to_itf"]

_LARGEST = 2**53 - 1
_INTEGER = re.compile(r"-?[0-9]{1,4000}\Z")


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
    try:
        return _to_itf(value)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise ValueParseError("an integer in the value has too many digits to be written") from None


def _to_itf(value: Value) -> Any:
    if isinstance(value, Bool):
        return bool(value)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else {"#bigint": str(value)}
    if isinstance(value, str):
        return value
    if isinstance(value, ModelValue):
        return None if value.name == "None" else {"#model": value.name}
    if isinstance(value, Set):
        return {"#set": [_to_itf(member) for member in value]}
    if isinstance(value, Tuple):
        return {"#tup": [_to_itf(element) for element in value]}
    if isinstance(value, Record) and not any(name.startswith("#") for name, _ in value.items()):
        return {name: _to_itf(item) for name, item in value.items()}
    assert isinstance(value, (Record, Function))
    return {"#map": [[_to_itf(key), _to_itf(item)] for key, item in value.items()]}


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
    try:
        return _from_itf(data)
    except RecursionError:
        raise _too_deep() from None


def _from_itf(data: Any) -> Value:
    if data is None:
        return _NONE
    if isinstance(data, bool):
        return TRUE if data else FALSE
    if isinstance(data, (int, str)):
        return data
    if isinstance(data, dict):
        if len(data) == 1:
            tag, content = next(iter(data.items()))
            if tag == "#set" and isinstance(content, list):
                return Set(map(_from_itf, content))
            if tag == "#tup" and isinstance(content, list):
                return Tuple(map(_from_itf, content))
            # A model value may become part of a module's text: nothing but a name may pass.
            if tag == "#model" and isinstance(content, str) and is_identifier(content):
                return ModelValue(content)
            if tag == "#bigint" and isinstance(content, str) and _INTEGER.match(content):
                return int(content)
            if (
                tag == "#map"
                and isinstance(content, list)
                and all(isinstance(pair, list) and len(pair) == 2 for pair in content)
            ):
                return function((_from_itf(key), _from_itf(item)) for key, item in content)
        if all(isinstance(name, str) and not name.startswith("#") for name in data):
            return function((name, _from_itf(item)) for name, item in data.items())
    raise _not_itf(data)


def _not_itf(data: Any) -> ValueParseError:
    return ValueParseError(
        f"{str(data)[:60]!r} is no value in the ITF encoding",
        hint='a list is {"#set": [...]} or {"#tup": [...]}; numbers are whole',
    )


def _too_deep() -> ValueParseError:
    return ValueParseError("the value is nested too deeply")


def canonical(data: Any) -> str:
    """Return JSON text that is the same for equal values: sorted keys, sorted sets.

    Parameters
    ----------
    data : object
        JSON in the ITF encoding; what is none is written as it stands.

    Raises
    ------
    ValueParseError
        If the JSON is nested too deeply.

    Examples
    --------
    >>> canonical({"#set": [2, 1, 2]})
    '{"#set":[1,2]}'
    """
    try:
        return _canonical(data)
    except RecursionError:
        raise _too_deep() from None


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _canonical(data: Any) -> str:
    if isinstance(data, dict):
        if len(data) <= 1:
            tag, content = next(iter(data.items()), ("#tup", []))
            if isinstance(content, list):
                if tag == "#set":
                    return '{"#set":[' + ",".join(sorted({_canonical(m) for m in content})) + "]}"
                if tag == "#tup":
                    return '{"#tup":[' + ",".join([_canonical(m) for m in content]) + "]}"
                if tag == "#map" and all(isinstance(p, list) and len(p) == 2 for p in content):
                    return _canonical_map(content)
            elif tag == "#bigint" and isinstance(content, str) and _INTEGER.match(content):
                number = int(content)
                return str(number) if abs(number) <= _LARGEST else f'{{"#bigint":"{number}"}}'
            elif tag == "#model" and content == "None":
                return "null"
        return "{" + ",".join([f"{_encode(k)}:{_canonical(data[k])}" for k in sorted(data)]) + "}"
    if isinstance(data, list):
        return "[" + ",".join([_canonical(item) for item in data]) + "]"
    if type(data) is int and abs(data) > _LARGEST:
        return _canonical({"#bigint": _encode(data)})
    return _encode(data)


def _canonical_map(pairs: list[list[Any]]) -> str:
    # As in TLA+, a function may be a sequence or a record, and the first of two values counts.
    table: dict[str, str] = {}
    for key, value in pairs:
        table.setdefault(_canonical(key), _canonical(value))
    if all(str(index) in table for index in range(1, len(table) + 1)):
        return '{"#tup":[' + ",".join([table[str(i)] for i in range(1, len(table) + 1)]) + "]}"
    if all(key[0] == '"' and key[1] != "#" for key in table):
        # Sorted as the names are, not as their texts with quotation marks.
        names = sorted(table, key=json.loads)
        return "{" + ",".join([f"{name}:{table[name]}" for name in names]) + "}"
    return '{"#map":[' + ",".join([f"[{key},{table[key]}]" for key in sorted(table)]) + "]}"


def itf_set(members: Iterable[Any]) -> dict[str, Any]:
    """Return a set of values that are in the ITF encoding already, in canonical order.

    Parameters
    ----------
    members : iterable of object
        JSON; what occurs twice is taken once.

    Examples
    --------
    >>> itf_set(["b", "a", "b"])
    {'#set': ['a', 'b']}
    """
    table = {canonical(member): member for member in members}
    return {"#set": [table[text] for text in sorted(table)]}


def itf_seq(elements: Iterable[Any]) -> dict[str, Any]:
    """Return a sequence of values that are in the ITF encoding already.

    Parameters
    ----------
    elements : iterable of object
        JSON.

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

    Raises
    ------
    ValueParseError
        If it is not in the encoding.

    Examples
    --------
    >>> format_itf({"bal": 3, "val": None})
    '[bal |-> 3, val |-> None]'
    """
    return format_value(from_itf(data))
