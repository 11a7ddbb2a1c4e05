"""Digests of Python objects, independent of identity, insertion order and hashing."""

from __future__ import annotations

import copyreg
import hashlib
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Set as AbstractSet
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from toolkit.errors import SettingError

__all__ = ["canonical_bytes", "combine"]


def combine(*parts: bytes) -> bytes:
    """Return a digest of 16 bytes of a sequence of byte strings.

    Parameters
    ----------
    *parts : bytes
        The byte strings.

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
    """Return a digest of 16 bytes of a value; equal values have equal digests.

    Parameters
    ----------
    value : object
        An atom, container, msgspec struct, or any other object that can be pickled, which is
        identified by its class and state.  Functions and classes are identified by name, bound
        methods also by their object, and nested functions also by their captured variables.  An
        object that occurs twice is treated as two equal objects.
    skip : object, optional
        An object to ignore wherever it occurs, such as a shared configuration.

    Raises
    ------
    SettingError
        If the state of an object cannot be read.

    Examples
    --------
    >>> canonical_bytes({"a": {1, 2}}) == canonical_bytes({"a": {2, 1}})
    True
    >>> canonical_bytes([1, 2]) == canonical_bytes([2, 1])
    False
    """
    text = _text(value, skip, {})
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_Open: TypeAlias = dict[int, int]
"""The objects being written: identity to nesting depth."""

_Writer: TypeAlias = Callable[[Any, Any, _Open], str]
"""``writer(value, skip, open_objects) -> text`` for the values of a type."""

_ATOMS = frozenset({int, bool, float, bytes, type(None)})


def _text(value: Any, skip: Any, open_objects: _Open) -> str:
    """Return the text of a value; a reference to an enclosing object becomes its distance."""
    kind = type(value)
    if kind is str:
        return f"{len(value)}'{value}"
    if kind in _ATOMS:
        return f"{value!r},"
    if value is skip:
        return "-"
    identity = id(value)
    depth = open_objects.get(identity)
    if depth is not None:
        return f"^{len(open_objects) - depth},"
    writer = _WRITERS.get(kind)
    if writer is None:
        writer = _WRITERS[kind] = _writer(kind, value)
    open_objects[identity] = len(open_objects)
    text = writer(value, skip, open_objects)
    del open_objects[identity]
    return text


@lru_cache(maxsize=4096)
def _name(item: Any) -> str:
    return f"{item.__module__}.{item.__qualname__}"


def _sequence(bracket: str) -> _Writer:
    return lambda value, skip, open_objects: (
        bracket + "".join([_text(item, skip, open_objects) for item in value]) + "]"
    )


def _mapping(value: Any, skip: Any, open_objects: _Open) -> str:
    pairs = [
        _text(key, skip, open_objects) + _text(item, skip, open_objects)
        for key, item in value.items()
    ]
    return "{" + "".join(sorted(pairs)) + "}"


def _set(value: Any, skip: Any, open_objects: _Open) -> str:
    return "s{" + "".join(sorted([_text(item, skip, open_objects) for item in value])) + "}"


def _method(value: Any, skip: Any, open_objects: _Open) -> str:
    return f"m{_name(value.__func__)}{_text(value.__self__, skip, open_objects)}"


def _function(value: Any, skip: Any, open_objects: _Open) -> str:
    if not (value.__closure__ or value.__defaults__ or value.__kwdefaults__):
        return f"f{_name(value)},"
    cells = tuple(cell.cell_contents for cell in value.__closure__ or ())
    captured = (cells, value.__defaults__, value.__kwdefaults__)
    return f"f{_name(value)}{_text(captured, skip, open_objects)}"


def _class(value: Any, skip: Any, open_objects: _Open) -> str:
    return f"t{_name(value)},"


def _struct(kind: Any) -> _Writer:
    class_name, fields = _name(kind), kind.__struct_fields__
    return lambda value, skip, open_objects: (
        f"{class_name}<"
        + "".join([_text(getattr(value, name), skip, open_objects) for name in fields])
        + ">"
    )


def _plain(kind: Any) -> _Writer:
    """Return a writer for objects of a class whose state is their attributes."""
    name = _name(kind)
    return lambda value, skip, open_objects: name + _mapping(vars(value), skip, open_objects)


def _pickled(kind: Any) -> _Writer:
    """Return a writer of the state that pickle would store of the objects of a class."""
    name, is_set = _name(kind), issubclass(kind, AbstractSet)

    def write(value: Any, skip: Any, open_objects: _Open) -> str:
        reduced = _reduce(value)
        if isinstance(reduced, str):
            return f"{name}<{reduced}>"
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        if is_set:
            arguments = set(value)
        if pairs is not None:
            pairs = list(pairs) if isinstance(value, OrderedDict) else dict(pairs)
        whole = (make, arguments, state, None if items is None else list(items), pairs)
        return f"{name}<{_text(whole, skip, open_objects)}>"

    return write


def _reduce(value: Any) -> Any:
    try:
        return value.__reduce_ex__(4)
    except Exception as error:
        kind: Any = type(value)
        raise SettingError(
            f"the state of an object of the type {_name(kind)} cannot be read: {error}",
            hint="keep no generator, iterator, lock or open file in a node",
        ) from error


_WRITERS: dict[type, _Writer] = {
    list: _sequence("["),
    tuple: _sequence("("),
    deque: _sequence("d["),
    dict: _mapping,
    types.MappingProxyType: _mapping,
    set: _set,
    frozenset: _set,
    types.MethodType: _method,
    types.FunctionType: _function,
}


def _writer(kind: type, value: Any) -> _Writer:
    """Choose the writer for the values of a type, given an example value."""
    if issubclass(kind, msgspec.Struct):
        return _struct(kind)
    if issubclass(kind, type):
        return _class
    if (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__getstate__ is object.__getstate__
        and not any("__slots__" in base.__dict__ for base in kind.__mro__)
        and _reduce(value)[:2] == (copyreg.__newobj__, (kind,))  # type: ignore[attr-defined]
        and _reduce(value)[3:] == (None, None)
        and hasattr(value, "__dict__")
    ):
        return _plain(kind)
    return _pickled(kind)
