"""Sequential models for the check of histories."""

from __future__ import annotations

from typing import Any

from toolkit.machines.kv import KEY_VALUE
from toolkit.machines.model import SequentialModel

__all__ = ["KEY_VALUE", "REGISTER", "SequentialModel"]


def _register(state: Any, operation: Any) -> tuple[Any, Any]:
    if operation["op"] == "read":
        return state, state
    return None, operation["value"]


REGISTER = SequentialModel("register", None, _register, lambda operation: None)
"""A register: ``{"op": "read"}`` returns the value, ``{"op": "write", "value": ...}`` sets it."""
