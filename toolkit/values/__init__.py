"""TLA+ values as typed Python values, with their text and ITF forms."""

from __future__ import annotations

from toolkit.values.itf import canonical, format_itf, from_itf, itf_seq, itf_set, to_itf
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
    order_key,
    to_python,
)
from toolkit.values.text import format_value, parse_state, parse_value, parse_values

__all__ = [
    "FALSE",
    "TRUE",
    "Bool",
    "Function",
    "ModelValue",
    "Record",
    "Set",
    "Tuple",
    "Value",
    "canonical",
    "format_itf",
    "format_value",
    "from_itf",
    "function",
    "itf_seq",
    "itf_set",
    "order_key",
    "parse_state",
    "parse_value",
    "parse_values",
    "to_itf",
    "to_python",
]
