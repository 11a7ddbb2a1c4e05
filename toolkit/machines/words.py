"""Text forms of operations, their parameters and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import msgspec

from toolkit.errors import SettingError

__all__ = ["OperationSpec", "operation_words", "read_operation", "result_words", "text_as_json"]


@dataclass(frozen=True)
class OperationSpec:
    """The description of an operation of a machine.

    An operation is an object with the field ``op``, which is its name, and a field for each
    parameter.

    Parameters
    ----------
    text : str
        A description in one line.
    parameters : mapping of str to str
        Field to description of the parameter, in the order in which users type them.
    """

    text: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def text_as_json(text: str) -> Any:
    """Parse a text as JSON; return the text itself if it is not JSON.

    Parameters
    ----------
    text : str
        The text.

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
    """Format an operation as users type it: its name, then its other values.

    Parameters
    ----------
    operation : JSON
        The operation.

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
    """Format the result of an operation: its only value, or compact JSON.

    Parameters
    ----------
    operation : JSON
        The operation.
    result : JSON
        Its result.

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
    """Parse an operation that a user typed: its name, then a value for each parameter.

    Parameters
    ----------
    text : str
        For instance ``put k 1``.  A value that is not JSON is a string.  A text that does not begin
        with the name of an operation is parsed as JSON; if no operations are known and it is not
        JSON, the text itself is the operation.
    operations : mapping of str to OperationSpec
        The known operations, by name.

    Returns
    -------
    JSON
        The operation.

    Raises
    ------
    SettingError
        If the operation is unknown, or the number of values differs from the number of
        parameters.

    Examples
    --------
    >>> read_operation("put k 1", {"put": OperationSpec("store", {"key": "", "value": ""})})
    {'op': 'put', 'key': 'k', 'value': 1}
    """
    name, *values = text.split() or [""]
    if name not in operations:
        operation = text_as_json(text)
        if operations and operation == text:
            close = get_close_matches(name, operations, n=1)
            raise SettingError(
                f"unknown operation {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(operations)}",
            )
        return operation
    parameters = list(operations[name].parameters)
    if len(values) != len(parameters):
        raise SettingError(
            f"the operation {name!r} needs {len(parameters)} values, got {len(values)}",
            hint="type " + " ".join([name, *(parameter.upper() for parameter in parameters)]),
        )
    return {"op": name} | {
        parameter: text_as_json(value) for parameter, value in zip(parameters, values, strict=True)
    }
