"""Digests of plain Python objects that do not depend on identity, order of insertion or hashing."""

from __future__ import annotations

import hashlib
import types
from collections import deque
from collections.abc import Mapping, Set as AbstractSet
from typing import Any

import msgspec

__all__ = ["canonical_bytes", "combine"]

_FUNCTIONS = (
    types.FunctionType, types.MethodType, types.BuiltinFunctionType, type,
)  # fmt: skip


def combine(*parts: bytes) -> bytes:
    """Return 16 bytes that identify a sequence of byte strings.

    Examples
    --------
    >>> combine(b"a", b"bc") == combine(b"ab", b"c")
    False
    """
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.digest()


def canonical_bytes(value: Any, *, skip: Any = None) -> bytes:
    """Return 16 bytes that are equal for values that are equal, field by field.

    Parameters
    ----------
    value : object
        Atoms, containers, msgspec structs, and objects of plain classes, whose attributes count.
        Functions and classes count by name.
    skip : object, optional
        An object that counts as nothing wherever it occurs, such as a shared configuration.

    Examples
    --------
    >>> canonical_bytes({"a": {1, 2}}) == canonical_bytes({"a": {2, 1}})
    True
    >>> canonical_bytes([1, 2]) == canonical_bytes([2, 1])
    False
    """
    parts: list[str] = []
    _write(value, skip, parts, {})
    return hashlib.blake2b("".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _text(value: Any, skip: Any, open_objects: dict[int, int]) -> str:
    parts: list[str] = []
    _write(value, skip, parts, open_objects)
    return "".join(parts)


def _write(value: Any, skip: Any, parts: list[str], open_objects: dict[int, int]) -> None:
    """Append the text of a value; an object inside itself is written as how far out it is."""
    kind = type(value)
    if value is None or kind in (int, bool, float):
        parts.append(f"{value!r},")
    elif kind is str:
        parts.append(f"{len(value)}'{value},")
    elif value is skip:
        parts.append("-,")
    elif isinstance(value, bytes):
        parts.append(f"b{value.hex()},")
    elif isinstance(value, _FUNCTIONS):
        parts.append(f"f{getattr(value, '__qualname__', kind.__qualname__)},")
    elif id(value) in open_objects:
        parts.append(f"^{len(open_objects) - open_objects[id(value)]},")
    else:
        open_objects[id(value)] = len(open_objects)
        _container(value, skip, parts, open_objects)
        del open_objects[id(value)]


def _container(value: Any, skip: Any, parts: list[str], open_objects: dict[int, int]) -> None:
    if isinstance(value, Mapping):
        pairs = sorted(
            (_text(key, skip, open_objects), _text(item, skip, open_objects))
            for key, item in value.items()
        )
        parts.append("{" + "".join(key + item for key, item in pairs) + "}")
    elif isinstance(value, AbstractSet):
        parts.append(
            "s{" + "".join(sorted(_text(item, skip, open_objects) for item in value)) + "}"
        )
    elif isinstance(value, list | tuple | deque) and not hasattr(value, "_fields"):
        parts.append("[")
        for item in value:
            _write(item, skip, parts, open_objects)
        parts.append("]")
    else:
        parts.append(f"{type(value).__qualname__}(")
        for name, item in _attributes(value):
            parts.append(f"{name}=")
            _write(item, skip, parts, open_objects)
        parts.append(")")


def _attributes(value: Any) -> list[tuple[str, Any]]:
    """Return an object's attributes by name, in the order of the names."""
    if isinstance(value, msgspec.Struct):
        names = list(value.__struct_fields__)
    elif hasattr(value, "_fields"):
        names = list(value._fields)
    else:
        names = list(getattr(value, "__dict__", ()))
        for base in type(value).__mro__:
            slots = base.__dict__.get("__slots__", ())
            names += [slots] if isinstance(slots, str) else list(slots)
    return [(name, getattr(value, name)) for name in sorted(set(names)) if hasattr(value, name)]
