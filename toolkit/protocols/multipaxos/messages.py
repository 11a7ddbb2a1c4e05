"""The messages of Multi-Paxos; field names are those of the records in ``MultiPaxos.tla``.

Most messages do not name their receiver: a response goes to the owner of the ballot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from toolkit.protocols.base import Message
from toolkit.protocols.codec import MessageCodec, SequenceOf, SetOf

__all__ = [
    "CODEC",
    "Ask",
    "Heartbeat",
    "Learn",
    "MultiPaxosMessage",
    "Nack",
    "Phase1a",
    "Phase1b",
    "Phase2a",
    "Phase2b",
    "SnapshotOffer",
    "Value",
    "Vote",
]


class Value(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True, gc=False):
    """A value that may be chosen in a slot.

    Parameters
    ----------
    kind : str
        ``"noop"`` (fills a gap), ``"command"`` or ``"config"``.
    val : str
        For a command, the requests as JSON: a list of ``[client, number, operation]``.
    bal, slot : int
        The ballot and the slot in which it was proposed first.
    names : set
        For ``"config"``, the acceptors; build such a value with :meth:`config`.
    """

    kind: str
    val: str
    bal: int
    slot: int
    names: SetOf[str] | None = msgspec.field(name="members", default=None)

    @staticmethod
    def config(ballot: int, slot: int, members: Iterable[str]) -> Value:
        """Build a configuration value.

        Parameters
        ----------
        ballot, slot : int
            The ballot and the slot in which it is proposed.
        members : iterable of str
            The acceptors.

        Examples
        --------
        >>> Value.config(3, 1, ["n2", "n1"]).members
        ('n1', 'n2')
        """
        return Value("config", "", ballot, slot, SetOf(tuple(sorted(members))))

    @property
    def members(self) -> tuple[str, ...]:
        """The acceptors of a ``"config"``, sorted; empty for other values."""
        return self.names.items if self.names is not None else ()


class Vote(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """An acceptor's last vote in a slot.

    Parameters
    ----------
    slot : int
        The slot.
    bal : int
        The ballot.
    val : Value
        The value.
    """

    slot: int
    bal: int
    val: Value


class Phase1a(Message, frozen=True, tag="1a"):
    """A proposer starts a ballot for all open slots (Paxos Made Simple, section 3).

    Parameters
    ----------
    bal : int
        The ballot.
    first : int
        The first slot whose chosen value the proposer does not know.
    """

    bal: int
    first: int


class Phase1b(Message, frozen=True, tag="1b"):
    """An acceptor promises not to vote in lower ballots, and reports its votes.

    Parameters
    ----------
    sender : str
        The acceptor; the record's field is ``from``.
    bal : int
        The ballot.
    snapshot : int
        The last slot that it has compacted; it reports no votes up to there.
    told : set
        Its votes from the request's first slot on; build the message with :meth:`of`.
    """

    sender: str = msgspec.field(name="from")
    bal: int
    snapshot: int
    told: SetOf[Vote] = msgspec.field(name="votes")

    @staticmethod
    def of(sender: str, ballot: int, snapshot: int, votes: Iterable[Vote]) -> Phase1b:
        """Build a promise.

        Parameters
        ----------
        sender : str
            The acceptor.
        ballot : int
            The ballot.
        snapshot : int
            The last slot that it has compacted.
        votes : iterable of Vote
            Its votes, sorted by slot.
        """
        return Phase1b(sender, ballot, snapshot, SetOf(tuple(votes)))

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The votes, sorted by slot."""
        return self.told.items


class Nack(Message, frozen=True, tag="nack"):
    """A server rejects a ballot that is too low.

    Parameters
    ----------
    bal : int
        The rejected ballot.
    maxBal : int
        The highest ballot that the sender has taken part in.
    """

    bal: int
    maxBal: int  # noqa: N815 - the name in the specification


class Phase2a(Message, frozen=True, tag="2a"):
    """A leader proposes a value in a slot.

    Parameters
    ----------
    bal : int
        The ballot.
    slot : int
        The slot.
    val : Value
        The value.
    """

    bal: int
    slot: int
    val: Value


class Phase2b(Message, frozen=True, tag="2b"):
    """An acceptor has voted for the value proposed in a slot.

    Parameters
    ----------
    sender : str
        The acceptor; the record's field is ``from``.
    bal : int
        The ballot.
    slot : int
        The slot.
    """

    sender: str = msgspec.field(name="from")
    bal: int
    slot: int


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """A leader's heartbeat.

    Parameters
    ----------
    bal : int
        The leader's ballot.
    chosen : int
        The slot up to which it knows all chosen values.
    """

    bal: int
    chosen: int


class Ask(Message, frozen=True, tag="ask"):
    """A server requests the chosen values from a slot on.

    Parameters
    ----------
    sender : str
        The server; the record's field is ``from``.
    first : int
        The slot.
    """

    sender: str = msgspec.field(name="from")
    first: int


class Learn(Message, frozen=True, tag="learn"):
    """Chosen values from a slot on, for a server that missed them.

    Parameters
    ----------
    first : int
        The first slot.
    values : sequence
        The values; the record's field is ``vals``.  Build the message with :meth:`of`.
    """

    first: int
    values: SequenceOf[Value] = msgspec.field(name="vals")

    @staticmethod
    def of(first: int, vals: Iterable[Value]) -> Learn:
        """Build the message.

        Parameters
        ----------
        first : int
            The first slot.
        vals : iterable of Value
            The values from that slot on.
        """
        return Learn(first, SequenceOf(tuple(vals)))

    @property
    def vals(self) -> tuple[Value, ...]:
        """The values."""
        return self.values.items


class SnapshotOffer(Message, frozen=True, tag="snapshot"):
    """A snapshot, for a server that missed values that were compacted.

    Parameters
    ----------
    sender : str
        The server that sends it; the record's field is ``from``.
    index : int
        The last slot that the snapshot replaces.
    data : str
        The content of the snapshot; not recorded in a trace.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ("data",)

    sender: str = msgspec.field(name="from")
    index: int
    data: str = ""


MultiPaxosMessage = (
    Phase1a | Phase1b | Nack | Phase2a | Phase2b | Heartbeat | Ask | Learn | SnapshotOffer
)
"""Any message of Multi-Paxos."""

CODEC = MessageCodec("multipaxos", MultiPaxosMessage)
"""Encodes and decodes the messages of Multi-Paxos."""
