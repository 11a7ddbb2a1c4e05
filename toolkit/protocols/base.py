"""Interface between protocols and the hosts that run them: nodes, events and effects.

A protocol consists of a *node class* (a pure state machine: ``handle(event, now) -> Effects``), a
*specification folder* (TLA+), and a *view* (a node's state in the specification's variables),
bundled in a :class:`~toolkit.protocols.protocol.Protocol`.  A host (the simulator, or a runtime on
real sockets) owns clock, network, disk and randomness; a node has no access to them.

Theory of operation
-------------------
**Events.** A host hands a node one event at a time: :class:`Start` once at the beginning of
the run, :class:`Receive` for a message, :class:`Timeout` for a timer that the node set,
:class:`Command` for a client's request, and :class:`Restart` with what the disk held after a
crash.  The node changes its state and returns :class:`Effects`: pure data.

**Timers.** A node sets a timer with a range of delays; the host draws the delay from its seeded
generator.  A timer has a name; setting it again replaces it.

**Durability.** ``Effects.write`` contains what must become durable.  A host queues writes on the
node's disk in order.  *Output rule:* messages and answers of a handler leave only when every write
requested up to and including this handler is durable.  If no write is waiting, they leave at once.
A write becomes durable in a separate step, ``Flush``; a crash loses the writes that are not yet
durable: ``Crash``.  Both are steps of the host and actions of the specification.

**Connections.** A message is a datagram unless its class says otherwise: it may be lost,
duplicated, delayed and reordered.  Messages of the transport ``"connection"`` travel on a
connection between two nodes, in order and at most once.  A loss breaks the connection: later
messages on it do not arrive, and both ends get :class:`Disconnected`.  A message of the transport
``"opening"`` opens a connection and is its first message; the receiver's end is attached when that
message arrives, and the receiver can send on the connection from then on.  ``Effects.closes``
closes connections.  A message without a connection is not sent.  When an end is closed, broken or
attached to a new connection, messages that are still held back for the old one are dropped.  Two
nodes have at most one connection, whichever of them opened it; a crash breaks all connections of a
node.

**Names.** ``Effects.action`` is the specification's action that the handler performed, and
``Effects.params`` are its parameters other than the node and the message.  By convention a node
that drops a message (late, repeated, or not for its role) names the action :data:`IGNORE`; pictures
draw such messages faintly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol as Interface, TypeAlias, runtime_checkable

import msgspec

from toolkit.errors import InternalError

__all__ = [
    "IGNORE",
    "Command",
    "Disconnected",
    "Effects",
    "Event",
    "Message",
    "Node",
    "Output",
    "Receive",
    "Redirect",
    "Restart",
    "Send",
    "SetTimer",
    "Start",
    "Timeout",
]

IGNORE = "Ignore"
"""The name, by convention, of the action in which a node drops a message."""


class Message(msgspec.Struct, frozen=True, tag_field="type", gc=False, forbid_unknown_fields=True):
    """Base class of a protocol's messages.

    A subclass sets ``tag="1a"`` (the message's ``type`` in the specification); its fields are the
    fields of the specification's record, except those in ``unrecorded``, which the specification
    does not have.  Messages with the same type and fields are equal.

    ``transport`` is ``"datagram"``, ``"connection"`` or ``"opening"``: see *Connections* above.
    A protocol that uses the latter two must set ``connected`` of its
    :class:`~toolkit.protocols.implementation.Implementation`.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ()
    transport: ClassVar[str] = "datagram"


class Start(msgspec.Struct, frozen=True):
    """The run starts; the node is in its initial state."""


class Receive(msgspec.Struct, frozen=True, gc=False):
    """A message has arrived.

    Parameters
    ----------
    sender : str
        The node that sent it.
    message : Message
        The message.
    """

    sender: str
    message: Message


class Disconnected(msgspec.Struct, frozen=True, gc=False):
    """The connection to another node was closed by that node, or is broken.

    Messages sent on it may have arrived up to some message; later ones did not.

    Parameters
    ----------
    peer : str
        The other node.
    """

    peer: str


class Timeout(msgspec.Struct, frozen=True, gc=False):
    """A timer that this node has set has run out.

    Parameters
    ----------
    timer : str
        The name of the timer.
    """

    timer: str


class Command(msgspec.Struct, frozen=True, gc=False):
    """A client's command.

    Parameters
    ----------
    client : str
        The client; the answer is an :class:`Output` with the same client and request.
    request : int
        The client's number for this command.
    operation : object
        The operation, in JSON's types; the protocol defines its meaning.
    """

    client: str
    request: int
    operation: Any


class Restart(msgspec.Struct, frozen=True):
    """The node restarts after a crash, without its volatile state.

    Parameters
    ----------
    durable : mapping of str to object
        The content of the disk: all durable writes, merged.
    """

    durable: Mapping[str, Any]


Event: TypeAlias = Start | Receive | Disconnected | Timeout | Command | Restart
"""Any event that a host hands to a node."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """A message to send, with the transport that its class sets.

    Parameters
    ----------
    to : str
        The receiving node, which may be the sender itself.
    message : Message
        The message.
    """

    to: str
    message: Message


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Set, reset or cancel a timer.

    Parameters
    ----------
    timer : str
        The name of the timer, unique within the node.
    low, high : float or None
        The host draws the delay uniformly from ``[low, high]``, in seconds of the node's own
        clock; ``None`` for both cancels the timer.

    Raises
    ------
    InternalError
        If only one of the two is given, or `low` exceeds `high`.
    """

    timer: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        if low is not high and (low is None or high is None or low > high):
            raise InternalError(
                f"SetTimer({self.timer!r}, {low!r}, {high!r}): give low and high, with low at most "
                "high",
                hint="both are in seconds; SetTimer(name) alone cancels the timer",
            )


class Output(msgspec.Struct, frozen=True, gc=False):
    """An answer to a client.

    Parameters
    ----------
    client : str
        The client.
    request : int
        The client's number for the request.
    result : object
        The answer, in JSON's types.
    """

    client: str
    request: int
    result: Any


class Redirect(msgspec.Struct, frozen=True, gc=False):
    """A redirect: the client must send its request to another node.

    Parameters
    ----------
    client : str
        The client.
    request : int
        The client's number for the request.
    to : str or None
        The node to use; ``None`` if this node does not know one, so that the client must wait and
        retry.
    """

    client: str
    request: int
    to: str | None


class Effects(msgspec.Struct):
    """The requests of a node to its host after an event: messages, timers, a write, answers.

    Parameters
    ----------
    action : str or None
        Name of the specification's action that was performed; ``None`` if the event is not an
        action of the specification (only :class:`Start`, or a timer that ran out too late).  The
        effects of such an event must not contain messages or writes.
    params : dict
        The action's parameters other than the node and the message, ITF-encoded.
    sends : list of Send
        Messages, which leave by the output rule.
    timers : list of SetTimer
        Timers to set or cancel, at once.
    write : mapping or None
        Durable variables to write, name to new value.
    outputs : list of Output or Redirect
        Answers to clients, which leave by the output rule.
    closes : list of str
        Nodes whose connections are closed, at once and before any message is sent.
    """

    action: str | None = None
    params: dict[str, Any] = {}
    sends: list[Send] = []
    timers: list[SetTimer] = []
    write: Mapping[str, Any] | None = None
    outputs: list[Output | Redirect] = []
    closes: list[str] = []


@runtime_checkable
class Node(Interface):
    """A protocol's node: a deterministic state machine without clock, I/O or randomness."""

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event.

        Parameters
        ----------
        event : Event
            The event.
        now : float
            Seconds on this node's own clock.

        Returns
        -------
        Effects
            The effects that the host must carry out.
        """
        ...


NodeFactory: TypeAlias = Callable[[str, Any], Node]


def message_record(message: Message) -> dict[str, Any]:
    """Return a message as the specification's record, ITF-encoded.

    Parameters
    ----------
    message : Message
        A message whose fields are integers, strings, booleans or ``None``, or values already
        ITF-encoded.

    Returns
    -------
    dict
        ``{"type": tag, field: value, ...}``.
    """
    record: dict[str, Any] = msgspec.to_builtins(message)
    for name in message.unrecorded:
        del record[name]
    _with_lists(record)
    return record


_ATOMS = frozenset({int, str, bool, type(None)})


def _with_lists(data: Any) -> Any:
    """Return data with tuples converted to lists, as in JSON; dicts are changed in place."""
    if isinstance(data, dict):
        for name, value in data.items():
            if type(value) not in _ATOMS:
                data[name] = _with_lists(value)
    elif isinstance(data, list | tuple):
        return [_with_lists(item) for item in data]
    return data


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without duplicates, in order of first appearance.

    Parameters
    ----------
    names : iterable of str
        The names.
    """
    return tuple(dict.fromkeys(names))
