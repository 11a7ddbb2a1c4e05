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
model value              ``{"#model": "name"}``, distinct from strings
the constant ``None``    ``null`` (``{"#model": "None"}`` reads as the same)
=======================  =================================================
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable
from typing import Any

from toolkit.errors import ValueParseError
from toolkit.values.model import (
    FALSE,
    LARGEST_SET,
    TRUE,
    Bool,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    function,
)
from toolkit.values.printing import format_value, is_identifier

_NONE = ModelValue("None")

__all__ = ["canonical", "format_itf", "from_itf", "itf_seq", "itf_set", "parse_itf", "to_itf"]

_LARGEST = 2**53 - 1
_INTEGER = re.compile(r"-?[0-9]{1,4000}\Z")


def to_itf(value: Value) -> Any:
    """Encode a value in ITF.

    Parameters
    ----------
    value : Value

    Returns
    -------
    object
        JSON; sets and functions in canonical order.

    Raises
    ------
    ValueParseError
        If the value is nested too deeply, or contains an integer that is too long or an interval
        of more than a million members, for which the encoding has no short form.

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
        raise ValueParseError("an integer in the value has too many digits") from None


def _to_itf(value: Value) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else {"#bigint": str(value)}
    if isinstance(value, ModelValue):
        return None if value.name == "None" else {"#model": value.name}
    if isinstance(value, Tuple):
        return {"#tup": [_to_itf(element) for element in value]}
    if isinstance(value, Record):
        fields = {name: _to_itf(item) for name, item in value.items()}
        if not any(name[:1] == "#" for name in fields):
            return fields
        return {"#map": list(map(list, fields.items()))}
    if isinstance(value, Set):
        if len(value) > LARGEST_SET and value.ends is not None:
            raise ValueParseError(
                f"a set of more than {LARGEST_SET:,} members cannot be encoded in ITF"
            )
        return {"#set": [_to_itf(member) for member in value]}
    if isinstance(value, Bool):
        return bool(value)
    return {"#map": [[_to_itf(key), _to_itf(item)] for key, item in value.items()]}


def from_itf(data: Any) -> Value:
    """Decode a JSON document in the ITF encoding.

    Parameters
    ----------
    data : object
        JSON.

    Returns
    -------
    Value

    Raises
    ------
    ValueParseError
        If the document is not in the encoding; the message gives the position in it.

    Examples
    --------
    >>> from_itf({"#tup": [1, "a"]}) == Tuple([1, "a"]), from_itf(None) == ModelValue("None")
    (True, True)
    >>> from_itf({"log": {"#tup": [{"x": 1.5}]}})
    Traceback (most recent call last):
        ...
    toolkit.errors.ValueParseError: at $.log.#tup[0].x: 1.5 is not a value in the ITF encoding ...
    """
    try:
        return _from_itf(data)
    except RecursionError:
        raise _too_deep() from None
    except _NotItfError as error:
        raise ValueParseError(
            f"at {_place_of(error.part, data)}: {_short(error.part)} {error}", hint=error.hint
        ) from None


class _NotItfError(Exception):
    """A part of a document that is not in the ITF encoding."""

    def __init__(self, part: Any, message: str, hint: str) -> None:
        super().__init__(message)
        self.part = part
        self.hint = hint


def _from_itf(data: Any) -> Value:
    if isinstance(data, str):
        return str.__str__(data)
    if data is None:
        return _NONE
    if isinstance(data, bool):
        return TRUE if data else FALSE
    if isinstance(data, int):
        return int(data)
    if isinstance(data, dict):
        if len(data) == 1:
            tag, content = next(iter(data.items()))
            if isinstance(tag, str) and tag[:1] == "#":
                return _tagged(data, tag, content)
        for name in data:
            if not isinstance(name, str) or name[:1] == "#":
                raise _NotItfError(
                    data,
                    f"has the field {str(name)[:40]!r}, which ITF reserves for tags",
                    'a tag must be the only field; write such a record as {"#map": [...]}',
                )
        return function([(name, _from_itf(item)) for name, item in data.items()])
    raise _NotItfError(
        data,
        "is not a value in the ITF encoding",
        'write a list as {"#set": [...]} or {"#tup": [...]}; numbers must be integers',
    )


def _tagged(data: dict[str, Any], tag: str, content: Any) -> Value:
    if isinstance(content, list):
        if tag == "#set":
            return Set([_from_itf(member) for member in content])
        if tag == "#tup":
            return Tuple([_from_itf(element) for element in content])
        if tag == "#map":
            for pair in content:
                if not isinstance(pair, list) or len(pair) != 2:
                    raise _NotItfError(
                        pair, "is not a pair in #map", "write a pair as [argument, value]"
                    )
            return function([(_from_itf(key), _from_itf(item)) for key, item in content])
    if isinstance(content, str):
        # A model value may become part of a module's text, so only an identifier is accepted.
        if tag == "#model" and is_identifier(content):
            return ModelValue(content)
        if tag == "#bigint" and _INTEGER.match(content):
            return int(content)
    raise _NotItfError(data, "is not a value in the ITF encoding", _TAGS.get(tag, _KNOWN_TAGS))


_TAGS = {
    "#set": "#set takes a list of members",
    "#tup": "#tup takes a list of elements",
    "#map": "#map takes a list of pairs [argument, value]",
    "#model": "#model takes an identifier, in quotation marks",
    "#bigint": "#bigint takes an integer of up to 4,000 digits, in quotation marks",
}
_KNOWN_TAGS = "known tags: #set, #tup, #map, #bigint, #model"


def _place_of(part: Any, data: Any) -> str:
    """Return the path of a part of a document; the part is compared by identity."""
    waiting = [("$", data)]
    seen = set()
    while waiting:
        path, node = waiting.pop()
        if node is part:
            return path if len(path) < 200 else f"{path[:100]}...{path[-100:]}"
        # Data that was made in Python, and not read from JSON, may contain itself.
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            waiting.extend((path + _path_step(name), item) for name, item in node.items())
        elif isinstance(node, list):
            waiting.extend((f"{path}[{index}]", item) for index, item in enumerate(node))
    return "$"


def _path_step(name: Any) -> str:
    if isinstance(name, str) and is_identifier(name.removeprefix("#")):
        return f".{name}"
    return f"[{str(name)[:40]!r}]"


def _short(part: Any) -> str:
    text = reprlib.repr(part)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _too_deep() -> ValueParseError:
    return ValueParseError("the value is nested too deeply")


def parse_itf(text: str | bytes) -> Value:
    """Parse a text in the ITF encoding.

    Parameters
    ----------
    text : str or bytes
        A JSON value.

    Returns
    -------
    Value

    Raises
    ------
    ValueParseError
        If the text is not JSON (the message gives line and column), or not in the encoding (the
        message gives the position in the document).

    Examples
    --------
    >>> parse_itf('{"#set": [1, {"#model": "a"}]}')
    <TLA+ {1, a}>
    """
    try:
        return from_itf(json.loads(text))
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise ValueParseError(
            f"not valid JSON: {error.msg}",
            line=error.lineno,
            column=error.colno,
            hint="give a single JSON value in the ITF encoding",
        ) from None
    except ValueError:
        raise ValueParseError(
            "the JSON is not encoded in UTF-8, or contains a number with too many digits",
            hint='write long integers as {"#bigint": "..."}',
        ) from None


def canonical(data: Any) -> str:
    """Return the canonical JSON text of a value: equal values have equal texts.

    Keys and sets are sorted.

    Parameters
    ----------
    data : object
        JSON in the ITF encoding; JSON that is not in the encoding is written unchanged.

    Returns
    -------
    str

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


_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _canonical(data: Any) -> str:
    # Strings and small numbers are the most frequent values.
    if type(data) is str:
        return _quoted(data)
    if type(data) is int and abs(data) <= _LARGEST:
        return str(data)
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
        return "{" + ",".join([f"{_quoted(k)}:{_canonical(data[k])}" for k in sorted(data)]) + "}"
    if isinstance(data, list):
        return "[" + ",".join([_canonical(item) for item in data]) + "]"
    if type(data) is int and abs(data) > _LARGEST:
        return _canonical({"#bigint": _encode(data)})
    return _encode(data)


def _canonical_map(pairs: list[list[Any]]) -> str:
    # As in TLA+, a function may be a sequence or a record, and the first value of an argument
    # counts.
    table: dict[str, str] = {}
    for key, value in pairs:
        table.setdefault(_canonical(key), _canonical(value))
    if all(str(index) in table for index in range(1, len(table) + 1)):
        return '{"#tup":[' + ",".join([table[str(i)] for i in range(1, len(table) + 1)]) + "]}"
    if all(key[0] == '"' and key[1] != "#" for key in table):
        # Sorted by names, not by their texts with quotation marks.
        names = sorted(table, key=json.loads)
        return "{" + ",".join([f"{name}:{table[name]}" for name in names]) + "}"
    return '{"#map":[' + ",".join([f"[{key},{table[key]}]" for key in sorted(table)]) + "]}"


def itf_set(members: Iterable[Any]) -> dict[str, Any]:
    """Build a set in the ITF encoding from encoded members, in canonical order.

    Parameters
    ----------
    members : iterable of object
        JSON in the ITF encoding; duplicates are dropped.

    Returns
    -------
    dict

    Examples
    --------
    >>> itf_set(["b", "a", "b"])
    {'#set': ['a', 'b']}
    """
    table = {canonical(member): member for member in members}
    return {"#set": [table[text] for text in sorted(table)]}


def itf_seq(elements: Iterable[Any]) -> dict[str, Any]:
    """Build a sequence in the ITF encoding from encoded elements.

    Parameters
    ----------
    elements : iterable of object
        JSON in the ITF encoding.

    Returns
    -------
    dict

    Examples
    --------
    >>> itf_seq([1, 2])
    {'#tup': [1, 2]}
    """
    return {"#tup": list(elements)}


def format_itf(data: Any) -> str:
    """Convert a value in the ITF encoding to TLA+ text.

    Parameters
    ----------
    data : object
        JSON in the ITF encoding.

    Returns
    -------
    str

    Raises
    ------
    ValueParseError
        If the data is not in the encoding.

    Examples
    --------
    >>> format_itf({"bal": 3, "val": None})
    '[bal |-> 3, val |-> None]'
    """
    return format_value(from_itf(data))
