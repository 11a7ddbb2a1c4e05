"""Words for people: operations, their parameters and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from toolkit.errors import SettingError

__all__ = ["OperationSpec", "operation_words", "read_operation", "result_words", "text_as_json"]


@dataclass(frozen=True)
class OperationSpec:
    """An operation of a machine.

    The operation itself is an object with the field ``op``, which is its name, and a field for
    each parameter.

    Parameters
    ----------
    text : str
        What it does, in a line.
    parameters : mapping of str to str
        Field to what it is, in the order in which people type them.
    """

    text: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def text_as_json(text: str) -> Any:
    """Return a text as JSON, or else the text itself.

    Examples
    --------
    >>> text_as_json('{"op": "next"}'), text_as_json("next")
    ({'op': 'next'}, 'next')
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def operation_words(operation: Any) -> str:
    """Return an operation as people type it: its name, then its other values.

    Examples
    --------
    >>> operation_words({"op": "put", "key": "k", "value": 1}), operation_words("v1")
    ('put k 1', 'v1')
    """
    if not isinstance(operation, dict) or "op" not in operation:
        return _compact(operation)
    rest = (_compact(value) for name, value in operation.items() if name != "op")
    return " ".join([_compact(operation["op"]), *rest])


def result_words(operation: Any, result: Any) -> str:
    """Return the result of an operation: its only value, or else compact JSON.

    Examples
    --------
    >>> result_words("next", {"number": 3}), result_words("cas", {"ok": False, "value": 1})
    ('3', '{"ok":false,"value":1}')
    >>> result_words("nxt", {"error": "op is next"})
    'error: op is next'
    """
    if isinstance(result, dict) and len(result) == 1:
        ((name, value),) = result.items()
        return f"error: {_compact(value)}" if name == "error" else _compact(value)
    return _compact(result)


def read_operation(text: str, operations: Mapping[str, OperationSpec]) -> Any:
    """Read an operation that a person typed: its name, then a value for each parameter.

    Parameters
    ----------
    text : str
        For instance ``put k 1``.  A value is JSON, or else a word.  A text that begins with no
        operation's name is taken for JSON, or else for the operation itself.
    operations : mapping of str to OperationSpec
        Name to operation.

    Returns
    -------
    JSON

    Raises
    ------
    SettingError
        If the number of values is not that of the parameters.

    Examples
    --------
    >>> read_operation("put k 1", {"put": OperationSpec("store", {"key": "", "value": ""})})
    {'op': 'put', 'key': 'k', 'value': 1}
    """
    name, *values = text.split() or [""]
    if name not in operations:
        return text_as_json(text)
    parameters = list(operations[name].parameters)
    if len(values) != len(parameters):
        raise SettingError(
            f"the operation {name!r} has {len(parameters)} parameters, not {len(values)}",
            hint="type " + " ".join([name, *(one.upper() for one in parameters)]),
        )
    return {"op": name} | {
        one: text_as_json(value) for one, value in zip(parameters, values, strict=True)
    }
