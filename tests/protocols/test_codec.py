"""One codec for all messages: what is encoded is read back, and garbage is refused in our words."""

from __future__ import annotations

import json
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from toolkit.errors import TraceError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import Message
from toolkit.protocols.codec import MessageCodec, SequenceOf, SetOf
from toolkit.values import from_itf, to_itf

CODECS = {
    name: get_protocol(name).runnable.messages for name in ("paxos", "multipaxos", "raft", "zab")
}
CASES = [(name, kind) for name, codec in CODECS.items() for kind in codec.classes]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a field's type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is int:
        return st.integers(min_value=-1, max_value=2**40)
    if kind is str:
        return st.text(max_size=5)
    if kind is bool:
        return st.booleans()
    if kind is type(None):
        return st.none()
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values, arguments))
    if origin is SequenceOf:
        return st.lists(values(arguments[0]), max_size=3).map(lambda x: SequenceOf(tuple(x)))
    if origin is SetOf:
        return st.lists(
            values(arguments[0]), max_size=3, unique_by=lambda item: getattr(item, "slot", item)
        ).map(lambda x: SetOf(tuple(x)))
    return structs(kind)


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


def without_unrecorded(message: Message) -> Message:
    fields = {field.name: field for field in msgspec.structs.fields(type(message))}
    return msgspec.structs.replace(
        message, **{name: fields[name].default for name in message.unrecorded}
    )


@pytest.mark.parametrize(("protocol", "kind"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_every_message_is_read_back_from_its_record_and_from_its_bytes(
    protocol: str, kind: type[Message]
) -> None:
    codec = CODECS[protocol]

    @given(structs(kind))
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def check(message: Message) -> None:
        record = codec.encode(message)
        assert record["type"] == kind.__struct_config__.tag
        assert not set(record) & set(kind.unrecorded)
        assert codec.decode(record) == without_unrecorded(message)
        assert codec.decode(json.loads(json.dumps(record))) == without_unrecorded(message)
        # The record is a value of the specification.
        assert codec.decode(to_itf(from_itf(record))) == without_unrecorded(message)
        assert codec.unpack(codec.pack(message)) == message

    check()


@pytest.mark.parametrize("protocol", CODECS)
def test_every_message_class_of_the_module_is_in_the_codec(protocol: str) -> None:
    found = set()
    todo = [Message]
    while todo:
        for kind in todo.pop().__subclasses__():
            todo.append(kind)
            if kind.__module__ == f"toolkit.protocols.{protocol}.messages":
                found.add(kind)
    assert set(CODECS[protocol].classes) == {one for one in found if one.__name__[0] != "_"}


@pytest.mark.parametrize("protocol", CODECS)
def test_garbage_is_refused_with_our_error_and_nothing_else(protocol: str) -> None:
    codec = CODECS[protocol]
    types_ = st.sampled_from([str(kind.__struct_config__.tag) for kind in codec.classes])

    @given(
        json_values
        | st.dictionaries(st.text(), json_values).flatmap(
            lambda data: types_.map(lambda kind: {**data, "type": kind})
        )
    )
    @settings(max_examples=200, deadline=None)
    def check(data: Any) -> None:
        try:
            message = codec.decode(data)
        except TraceError:
            return
        assert isinstance(data, dict)
        assert codec.encode(message).keys() >= data.keys() - set(message.unrecorded)

    check()


@pytest.mark.parametrize("protocol", CODECS)
@given(data=st.binary(max_size=40))
def test_bytes_that_are_no_message_are_refused_with_our_error(protocol: str, data: bytes) -> None:
    with pytest.raises(TraceError, match=protocol):
        CODECS[protocol].unpack(data)


@pytest.mark.parametrize(
    ("protocol", "record", "said"),
    [
        ("paxos", {"type": "1a", "bal": "3"}, "message '1a' of paxos, field 'bal': expected `int`"),
        ("paxos", {"type": "1a"}, "message '1a' of paxos, field 'bal': is missing"),
        ("paxos", {"type": "1a", "bal": 3, "b": 1}, "field 'b': is unknown (its fields: bal)"),
        ("paxos", {"type": "1z"}, "not a message of paxos: type '1z' (types: 1a, 1b, 2a"),
        ("paxos", {"bal": 3}, "a message without a type"),
        ("paxos", {"type": ["1a"]}, "not a message of paxos: type ['1a']"),
        ("paxos", [1], "a message of paxos must be a record, not [1]"),
        ("zab", {"type": "ACK", "from": "n1", "zxid": {"epoch": 1}},
         "message 'ACK' of zab, field 'zxid.counter': is missing"),
        ("zab", {"type": "ACK", "from": "n1", "zxid": {"epoch": 1, "counter": None}},
         "field 'zxid.counter': expected `int`, got `null`"),
        ("raft", {"type": "AppendEntries", "term": 1, "leader": "a", "prevLogIndex": 0,
                  "prevLogTerm": 0, "entries": [], "leaderCommit": 0},
         "message 'AppendEntries' of raft, field 'entries': expected `object`"),
    ],
)  # fmt: skip
def test_an_error_names_the_message_and_its_field(protocol: str, record: Any, said: str) -> None:
    with pytest.raises(TraceError) as caught:
        CODECS[protocol].decode(record)
    assert said in str(caught.value)


def test_sets_are_equal_in_whatever_order_they_are_written() -> None:
    class Names(Message, frozen=True, tag="names"):
        names: SetOf[str]

    codec = MessageCodec("test", Names)
    one = codec.decode({"type": "names", "names": {"#set": ["b", "a", "b"]}})
    assert one == Names(SetOf(("a", "b")))
    assert codec.encode(one) == {"type": "names", "names": {"#set": ["a", "b"]}}
