"""Codec for a protocol's messages: encode them as records of the specification, and decode them.

The codec is derived from the message classes: their tags are the records' ``type``, their fields
the records' fields.  In a field, ``SequenceOf[T]`` is a sequence and ``SetOf[T]`` a set of the
specification, in the ITF encoding ``{"#tup": [...]}`` and ``{"#set": [...]}``; a struct in a
field is a record.  A trace omits the fields in a class's ``unrecorded``; a packed message, as sent
on a network, has all fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin

import msgspec

from toolkit.errors import InternalError, TraceError
from toolkit.protocols.base import Message, message_record

__all__ = ["MessageCodec", "SequenceOf", "SetOf"]

T = TypeVar("T")

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)


class SequenceOf(msgspec.Struct, Generic[T], frozen=True, gc=False, forbid_unknown_fields=True):
    """A sequence in the ITF encoding.

    Parameters
    ----------
    items : tuple
        The elements.
    """

    items: tuple[T, ...] = msgspec.field(name="#tup", default=())


class SetOf(msgspec.Struct, Generic[T], frozen=True, gc=False, forbid_unknown_fields=True):
    """A set in the ITF encoding, sorted; records are sorted by their first field.

    Parameters
    ----------
    items : tuple
        The members.

    Examples
    --------
    >>> SetOf(("n2", "n1", "n2")).items
    ('n1', 'n2')
    """

    items: tuple[T, ...] = msgspec.field(name="#set", default=())

    def __post_init__(self) -> None:
        ordered = tuple(sorted(dict.fromkeys(self.items), key=_sort_key))
        if ordered != self.items:
            msgspec.structs.force_setattr(self, "items", ordered)


def _sort_key(item: Any) -> Any:
    if isinstance(item, msgspec.Struct):
        return getattr(item, item.__struct_fields__[0])
    return item


def _check_fields(kind: type[Message]) -> None:
    """Refuse a field that would be recorded as a plain list."""
    for field in msgspec.structs.fields(kind):
        plain = get_origin(field.type) or field.type
        if plain in _PLAIN and field.name not in kind.unrecorded:
            raise InternalError(
                f"the field {field.name!r} of the message class {kind.__name__} is a "
                f"{plain.__name__}, which is not in the ITF encoding",
                hint="use SequenceOf[T] or SetOf[T] of toolkit.protocols.codec",
            )


_PLAIN = (list, tuple, set, frozenset)


class MessageCodec:
    """Encodes and decodes the messages of one protocol.

    Parameters
    ----------
    protocol : str
        The protocol's name, for errors.
    messages : type or union of types
        The message classes: subclasses of :class:`~toolkit.protocols.base.Message`.

    Attributes
    ----------
    classes : tuple of type
        The message classes.

    Raises
    ------
    InternalError
        If `messages` has something else than message classes, or a recorded field is a list, tuple
        or set.

    Examples
    --------
    >>> class Vote(Message, frozen=True, tag="vote"):
    ...     ballot: int
    >>> codec = MessageCodec("paxos", Vote)
    >>> codec.encode(Vote(3))
    {'type': 'vote', 'ballot': 3}
    >>> codec.decode({"type": "vote", "ballot": 3})
    Vote(ballot=3)
    """

    def __init__(self, protocol: str, messages: Any) -> None:
        self.protocol = protocol
        self.classes: tuple[type[Message], ...] = get_args(messages) or (messages,)
        for kind in self.classes:
            if not (isinstance(kind, type) and issubclass(kind, Message)):
                raise InternalError(
                    f"{kind!r} is not a message class of the protocol {protocol!r}",
                    hint="give subclasses of Message, joined by |: MessageCodec('name', A | B)",
                )
            _check_fields(kind)
        self._messages = messages
        self._types = {str(kind.__struct_config__.tag): kind for kind in self.classes}
        self._packer = msgspec.msgpack.Encoder()
        self._unpacker = msgspec.msgpack.Decoder(messages, strict=True)

    def encode(self, message: Message) -> dict[str, Any]:
        """Return a message as the specification's record, ITF-encoded.

        Parameters
        ----------
        message : Message
            The message.

        Returns
        -------
        dict
            ``{"type": tag, field: value, ...}`` without unrecorded fields.
        """
        return message_record(message)

    def decode(self, record: Any) -> Message:
        """Return the message for a record of the specification.

        Parameters
        ----------
        record : mapping
            The record, ITF-encoded as in a trace.  Unrecorded fields get their defaults.

        Raises
        ------
        TraceError
            If the record is not a message of the protocol; the error names the message's type and
            the field.
        """
        try:
            data = dict(record) if isinstance(record, Mapping) else record
            message: Message = msgspec.convert(data, self._messages, strict=True)
        except (msgspec.ValidationError, TypeError) as error:
            raise self._error(record, error) from error
        return message

    def pack(self, message: Message) -> bytes:
        """Return a message with all fields as bytes (MessagePack).

        Parameters
        ----------
        message : Message
            The message.
        """
        return self._packer.encode(message)

    def unpack(self, data: bytes) -> Message:
        """Return the message that was packed into bytes.

        Parameters
        ----------
        data : bytes
            The result of :meth:`pack`.

        Raises
        ------
        TraceError
            If the bytes are not a message of the protocol.
        """
        try:
            message: Message = self._unpacker.decode(data)
        except msgspec.DecodeError as error:
            try:
                record = msgspec.msgpack.decode(data)
            except (msgspec.DecodeError, ValueError):
                record = None
            raise self._error(record, error) from error
        except ValueError as error:
            raise self._error(None, error) from error
        return message

    def _error(self, record: Any, error: Exception) -> TraceError:
        known = f"types: {', '.join(self._types)}"
        if not isinstance(record, Mapping):
            return TraceError(
                f"a message of {self.protocol} must be a record, not {_short(record)}", hint=known
            )
        kind = record.get("type")
        if "type" not in record or not isinstance(kind, str) or kind not in self._types:
            given = f"type {_short(kind)}" if "type" in record else "a message without a type"
            return TraceError(f"not a message of {self.protocol}: {given}", hint=known)
        match = _PLACE.fullmatch(str(error))
        assert match is not None
        what, place = match["what"], match["place"] or ""
        fields = [field.encode_name for field in msgspec.structs.fields(self._types[kind])]
        hint = f"its fields: {', '.join(fields)}" if fields else "it has no fields"
        for pattern, problem in ((_MISSING, "is missing"), (_UNKNOWN, "is unknown")):
            inner = pattern.fullmatch(what)
            if inner is not None:
                place, what = f"{place}.{inner[1]}".lstrip("."), problem
        where = f"field {place!r}" if place else "its fields"
        return TraceError(
            f"message {kind!r} of {self.protocol}, {where}: {what[:1].lower()}{what[1:]}",
            hint=hint,
        )


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}..."
