"""The protocol core: what a protocol is, seen by the hosts that run it.

A protocol is a *node class* (a pure state machine: ``handle(event, now) -> Effects``), a
*specification folder* (TLA+), and a *view* (a node's state in the specification's
variables), bundled in a
:class:`~toolkit.protocols.protocol.Protocol`.  A host (the simulator, or a runtime on real
sockets) owns clock, network, disk and randomness; a node never sees any of them.

Theory of operation
-------------------
**Events.** A host hands a node one event at a time: :class:`Start` once at the beginning of
the run, :class:`Receive` for a message, :class:`Timeout` for a timer that the node set,
:class:`Command` for a client's request, and :class:`Restart` with what the disk held after a
crash.  The node changes its state and answers with :class:`Effects`: pure data.

**Timers.** A node that wants a random delay asks for a range; the host draws from its seeded
generator.  A timer is named; setting it again replaces it.

**Durability.** ``Effects.write`` names what must be durable.  A host queues it on the node's
disk in order.  *Output rule:* whatever a handler sends or tells a client leaves only when
every write requested up to and including this handler is durable.  With nothing waiting on
the disk it leaves at once.  A write becomes durable in a step of its own, ``Flush``, and a
crash loses what the disk had not reached: ``Crash``.  Both are the host's steps and the
specification's actions.

**Connections.** A message is a datagram unless its class says otherwise: it may be lost,
duplicated, delayed and reordered.  Messages of the transport ``"connection"`` travel on a
connection between two nodes, in order and once, and a loss breaks it: nothing that is sent on it
afterwards arrives, and both ends get :class:`Disconnected`.  A message of the transport
``"opening"`` opens a connection, of which it is the first message; the receiver's end is attached
to it when that message arrives, and may answer on it from then on.  ``Effects.closes`` closes
connections.  What is sent where there is no connection does not leave at all.  When an end is
closed, broken or attached to a new connection, what it still held back for the old one is
dropped.  Between two nodes there is at most one connection, whichever of them opened it; a crash
breaks all of a node's.

**Names.** ``Effects.action`` is the specification's action that this handling was, and
``Effects.params`` its parameters other than the node and the message.  A node that drops a message
(it is late, repeated, or not for its role) names the action :data:`IGNORE`, by convention: pictures
draw such messages faintly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol as Interface, TypeAlias, runtime_checkable

import msgspec

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
"""The action, by convention, in which a node drops a message."""


class Message(msgspec.Struct, frozen=True, tag_field="type", gc=False, forbid_unknown_fields=True):
    """Base class of a protocol's messages.

    A subclass gives ``tag="1a"`` (the message's ``type`` in the specification); its fields
    are the fields of the specification's record, but for those that ``unrecorded`` names: the
    specification does not speak of them.  A message is equal to another one with the same
    fields.

    ``transport`` is ``"datagram"``, ``"connection"`` or ``"opening"``: see *Connections* above.
    A protocol that uses the latter two says so by ``connected`` of its
    :class:`~toolkit.protocols.implementation.Implementation`.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ()
    transport: ClassVar[str] = "datagram"


class Start(msgspec.Struct, frozen=True):
    """The run begins; the node is in its initial state."""


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
    """The connection to another node is gone: it was closed there, or broken.

    What was sent on it may have arrived up to some message, and nothing after that.

    Parameters
    ----------
    peer : str
        The other node.
    """

    peer: str


class Timeout(msgspec.Struct, frozen=True, gc=False):
    """A timer that this node had set has run out.

    Parameters
    ----------
    timer : str
        The name it was set under.
    """

    timer: str


class Command(msgspec.Struct, frozen=True, gc=False):
    """A client asks for something.

    Parameters
    ----------
    client : str
        Who asks; the answer is an :class:`Output` with the same client and request.
    request : int
        The client's number for it.
    operation : object
        What is asked, in JSON's types; its meaning is the protocol's.
    """

    client: str
    request: int
    operation: Any


class Restart(msgspec.Struct, frozen=True):
    """The node comes up after a crash, with its volatile state lost.

    Parameters
    ----------
    durable : mapping of str to object
        What the disk held: all durable writes, merged.
    """

    durable: Mapping[str, Any]


Event: TypeAlias = Start | Receive | Disconnected | Timeout | Command | Restart
"""Any event that a host hands to a node."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """A message to be sent, by the transport that its class names.

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
    """Set (or set anew) or cancel a timer.

    Parameters
    ----------
    timer : str
        Its name, the node's own.
    low, high : float or None
        The host draws the delay uniformly from ``[low, high]``, in seconds of the node's own
        clock; ``None`` for both cancels the timer.
    """

    timer: str
    low: float | None = None
    high: float | None = None


class Output(msgspec.Struct, frozen=True, gc=False):
    """An answer to a client.

    Parameters
    ----------
    client : str
        Who asked.
    request : int
        The client's number for the request.
    result : object
        The answer, in JSON's types.
    """

    client: str
    request: int
    result: Any


class Redirect(msgspec.Struct, frozen=True, gc=False):
    """Not an answer: the client is to ask somebody else.

    Parameters
    ----------
    client : str
        Who asked.
    request : int
        The client's number for the request.
    to : str or None
        The node to ask; ``None`` if this node knows of none, so that the client can only wait
        and try again.
    """

    client: str
    request: int
    to: str | None


class Effects(msgspec.Struct):
    """What handling an event asks of the host.

    Parameters
    ----------
    action : str or None
        Name of the specification's action that this was; ``None`` if the event meant nothing
        in the specification's terms (only :class:`Start`, or a timer that came too late).
        Such an event must neither send nor write.
    params : dict
        The action's parameters other than the node and the message, ITF-encoded.
    sends : list of Send
        Messages, leaving by the output rule.
    timers : list of SetTimer
        Timers to set or cancel, at once.
    write : mapping or None
        Durable variables to write, name to new value.
    outputs : list of Output or Redirect
        Answers to clients, leaving by the output rule.
    closes : list of str
        Nodes to which the connection is closed, at once and before anything is sent.
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
            What happened.
        now : float
            Seconds on this node's own clock.

        Returns
        -------
        Effects
            What the host is to do.
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
    """Return data with lists for tuples, as JSON has them; dicts are changed in place."""
    if isinstance(data, dict):
        for name, value in data.items():
            if type(value) not in _ATOMS:
                data[name] = _with_lists(value)
    elif isinstance(data, list | tuple):
        return [_with_lists(item) for item in data]
    return data


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without repetition, in order of first appearance."""
    return tuple(dict.fromkeys(names))
