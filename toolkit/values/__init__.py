"""TLA+ values as typed Python values, and their conversion to text, ITF and plain Python."""

from __future__ import annotations

from toolkit.values.convert import from_python, to_python
from toolkit.values.frame import to_frame
from toolkit.values.itf import (
    canonical,
    format_itf,
    from_itf,
    itf_seq,
    itf_set,
    parse_itf,
    to_itf,
)
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
    order_key,
)
from toolkit.values.printing import format_value, readable_text
from toolkit.values.text import parse_state, parse_value, parse_values

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
    "from_python",
    "function",
    "interval",
    "itf_seq",
    "itf_set",
    "order_key",
    "parse_itf",
    "parse_state",
    "parse_value",
    "parse_values",
    "readable_text",
    "to_frame",
    "to_itf",
    "to_python",
]
