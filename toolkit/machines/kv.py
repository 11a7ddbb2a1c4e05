"""A key-value store."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec

from toolkit.machines.model import SequentialModel
from toolkit.machines.spec import MachineSpec
from toolkit.machines.words import OperationSpec, result_words

__all__ = ["KEY_VALUE", "SPEC", "KeyValueStore"]

_ENCODER = msgspec.json.Encoder(order="sorted")
_KEYS = ("a", "b", "c")
_FIELDS = {
    "get": {"op", "key"},
    "put": {"op", "key", "value"},
    "delete": {"op", "key"},
    "cas": {"op", "key", "expected", "value"},
}


class KeyValueStore:
    """A key-value store with get, put, delete and compare-and-swap.

    Operations are objects with ``op`` and ``key``:

    ========  ====================  =============================================
    ``op``    further fields        result
    ========  ====================  =============================================
    get       --                    ``{"value": ...}``, ``None`` if there is no value
    put       ``value``             ``{"ok": true}``
    delete    --                    ``{"ok": ...}``, whether there was a value
    cas       ``expected``,         ``{"ok": ..., "value": ...}``: whether the old value
              ``value``             was `expected` (``None``: no value), and the old value
    ========  ====================  =============================================

    Attributes
    ----------
    data : dict of str to JSON
        The stored values; a key without a value is absent.

    Examples
    --------
    >>> store = KeyValueStore()
    >>> store.apply({"op": "cas", "key": "k", "expected": None, "value": 1})
    {'ok': True, 'value': None}
    >>> store.apply({"op": "get", "key": "k"})
    {'value': 1}
    """

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}

    def apply(self, operation: Any) -> Any:
        """Apply an operation and return its result (see :class:`Machine`).

        Parameters
        ----------
        operation : JSON
            The operation.
        """
        problem = _problem(operation)
        if problem is not None:
            return {"error": problem}
        kind, key = operation["op"], operation["key"]
        before = self.data.get(key)
        if kind == "get":
            return {"value": before}
        if kind == "delete":
            return {"ok": self.data.pop(key, None) is not None}
        if kind == "cas" and not _equal_json(before, operation["expected"]):
            return {"ok": False, "value": before}
        if operation["value"] is None:
            self.data.pop(key, None)
        else:
            self.data[key] = operation["value"]
        return {"ok": True} if kind == "put" else {"ok": True, "value": before}

    def reads(self, operation: Any) -> bool:
        """Return True if an operation is a get or is invalid, so that it changes nothing.

        Parameters
        ----------
        operation : JSON
            The operation.
        """
        return _problem(operation) is not None or operation["op"] == "get"

    def snapshot(self) -> Any:
        """Return all keys and values, sorted by key."""
        return {key: self.data[key] for key in sorted(self.data)}

    def restore(self, state: Any) -> None:
        """Replace the content by that of a snapshot.

        Parameters
        ----------
        state : JSON
            A result of :meth:`snapshot`.
        """
        self.data = dict(state)

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation on one of three keys; written values are drawn from a million.

        Parameters
        ----------
        rng : random.Random
            The random generator.
        """
        kind = rng.choice(("get", "put", "put", "cas", "delete"))
        operation: dict[str, Any] = {"op": kind, "key": rng.choice(_KEYS)}
        if kind == "cas":
            operation["expected"] = rng.choice((None, rng.randrange(1_000_000)))
        if kind in {"put", "cas"}:
            operation["value"] = rng.randrange(1_000_000)
        return operation


def _equal_json(left: Any, right: Any) -> bool:
    """Return True if two values are the same in JSON, where ``true`` differs from 1."""
    return left is right or _ENCODER.encode(left) == _ENCODER.encode(right)


def _problem(operation: Any) -> str | None:
    if not isinstance(operation, dict):
        return "an operation is an object"
    kind = operation.get("op")
    if not isinstance(kind, str) or kind not in _FIELDS:
        return f"op is one of {', '.join(_FIELDS)}"
    if operation.keys() != _FIELDS[kind]:
        return f"{kind} has the fields op, {', '.join(sorted(_FIELDS[kind] - {'op'}))}"
    if not isinstance(operation["key"], str):
        return "key is a string"
    return None


def _label(operation: Any) -> str:
    key, value = operation["key"], operation.get("value")
    labels = {
        "put": f"{key}={value}",
        "get": f"{key}?",
        "delete": f"{key}=\N{EMPTY SET}",
        "cas": f"{key}:={value}",
    }
    return labels[operation["op"]]


def _describe(operation: Any) -> str:
    kind, key, value = operation["op"], operation["key"], operation.get("value")
    words = {
        "put": f"put {key} = {_text(value)}",
        "cas": f"set {key} = {_text(value)} if it is {_text(operation.get('expected'))}",
    }
    return words.get(kind, f"{kind} {key}")


def _describe_result(operation: Any, result: Any) -> str:
    kind = operation["op"]
    if not isinstance(result, dict) or "error" in result:
        return result_words(operation, result)
    if kind == "get":
        return _text(result.get("value"))
    if kind == "cas":
        before = _text(result.get("value"))
        return f"done, it was {before}" if result.get("ok") else f"refused, it is {before}"
    return "done" if result.get("ok") else "the key had no value"


def _text(value: Any) -> str:
    return "nothing" if value is None else _ENCODER.encode(value).decode()


def _typed(text: str) -> dict[str, Any]:
    return {"op": "put", "key": "x", "value": text}


def _encoded(value: Any) -> str | None:
    """Return a JSON value as text, which is hashable; ``None`` for no value."""
    return None if value is None else json.dumps(value, sort_keys=True)


def _decoded(state: str | None) -> Any:
    return None if state is None else json.loads(state)


def _key_value(state: str | None, operation: Any) -> tuple[Any, str | None]:
    kind = operation["op"]
    if kind == "get":
        return {"value": _decoded(state)}, state
    if kind == "put":
        return {"ok": True}, _encoded(operation["value"])
    if kind == "delete":
        return {"ok": state is not None}, None
    if _encoded(operation["expected"]) != state:
        return {"ok": False, "value": _decoded(state)}, state
    return {"ok": True, "value": _decoded(state)}, _encoded(operation["value"])


KEY_VALUE = SequentialModel("key-value store", None, _key_value, lambda operation: operation["key"])
"""Sequential model of :class:`KeyValueStore`, with each key as a part."""

SPEC = MachineSpec(
    name="kv",
    title="a key-value store with compare-and-swap",
    factory=KeyValueStore,
    operations={
        "get": OperationSpec("return the value of a key", {"key": "a string"}),
        "put": OperationSpec(
            "store a value under a key",
            {"key": "a string", "value": "JSON; null removes the key"},
        ),
        "delete": OperationSpec("remove a key", {"key": "a string"}),
        "cas": OperationSpec(
            "store a value under a key if its present value is the expected value",
            {"key": "a string", "expected": "JSON; null for no value", "value": "JSON"},
        ),
    },
    sequential=KEY_VALUE,
    accepts=lambda operation: _problem(operation) is None,
    label=_label,
    describe=_describe,
    describe_result=_describe_result,
    typed_operation=_typed,
    typed_prompt="x :=",
)
"""The registered description of the key-value store."""
