"""Sequential objects that histories are held against."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

__all__ = ["KEY_VALUE", "REGISTER", "SequentialModel"]


@dataclass(frozen=True)
class SequentialModel:
    """A sequential object.

    Parameters
    ----------
    name : str
    initial : hashable
        The state that it begins in.
    apply : callable
        ``apply(state, operation) -> (result, state)``: what an operation must return, and the
        state after it.
    part : callable
        ``part(operation) -> hashable``: operations of different parts have nothing to do with
        each other, so that each part can be checked by itself (A. Horn and D. Kroening, *Faster
        linearizability checking via P-compositionality*, 2015).
    """

    name: str
    initial: Hashable
    apply: Callable[[Any, Any], tuple[Any, Hashable]]
    part: Callable[[Any], Hashable]


def _frozen(value: Any) -> str | None:
    """Return a JSON value as a hashable one; ``None`` for none."""
    return None if value is None else json.dumps(value, sort_keys=True)


def _thawed(state: str | None) -> Any:
    return None if state is None else json.loads(state)


def _key_value(state: str | None, operation: Any) -> tuple[Any, str | None]:
    kind = operation["op"]
    if kind == "get":
        return {"value": _thawed(state)}, state
    if kind == "put":
        return {"ok": True}, _frozen(operation["value"])
    if kind == "delete":
        return {"ok": state is not None}, None
    if _frozen(operation["expected"]) != state:
        return {"ok": False, "value": _thawed(state)}, state
    return {"ok": True, "value": _thawed(state)}, _frozen(operation["value"])


def _register(state: Any, operation: Any) -> tuple[Any, Any]:
    if operation["op"] == "read":
        return state, state
    return None, operation["value"]


KEY_VALUE = SequentialModel("key-value store", None, _key_value, lambda operation: operation["key"])
"""The store of :class:`toolkit.machines.KeyValueStore`, key by key: get, put, delete, cas."""

REGISTER = SequentialModel("register", None, _register, lambda operation: None)
"""One cell: ``{"op": "read"}``, whose result is the value, ``{"op": "write", "value": ...}``."""
