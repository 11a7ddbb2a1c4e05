"""The messages of Multi-Paxos; field names are those of the records in ``MultiPaxos.tla``.

Most have no addressee: what makes them somebody's is the ballot, which has an owner.
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
    """What may be chosen in a slot.

    Parameters
    ----------
    kind : str
        ``"noop"``, which fills a gap, ``"command"``, or ``"config"``.
    val : str
        For a command what was asked, as JSON: a list of client, request, operation.
    bal, slot : int
        The ballot in which, and the slot for which it was proposed first.
    names : set
        For a ``"config"`` the acceptors; :meth:`config` makes one.
    """

    kind: str
    val: str
    bal: int
    slot: int
    names: SetOf[str] | None = msgspec.field(name="members", default=None)

    @staticmethod
    def config(ballot: int, slot: int, members: Iterable[str]) -> Value:
        """Make a configuration.

        Examples
        --------
        >>> Value.config(3, 1, ["n2", "n1"]).members
        ('n1', 'n2')
        """
        return Value("config", "", ballot, slot, SetOf(tuple(sorted(members))))

    @property
    def members(self) -> tuple[str, ...]:
        """The acceptors of a ``"config"``, sorted; none of another value."""
        return self.names.items if self.names is not None else ()


class Vote(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """An acceptor's last vote in a slot.

    Parameters
    ----------
    slot : int
    bal : int
        The ballot.
    val : Value
    """

    slot: int
    bal: int
    val: Value


class Phase1a(Message, frozen=True, tag="1a"):
    """A proposer begins a ballot (Paxos Made Simple, section 3).

    Parameters
    ----------
    bal : int
    first : int
        The first slot that it does not know to be chosen.
    """

    bal: int
    first: int


class Phase1b(Message, frozen=True, tag="1b"):
    """An acceptor promises to vote in no lower ballot, and tells its votes.

    Parameters
    ----------
    sender : str
        The acceptor; the record's field is ``from``.
    bal : int
    snapshot : int
        Up to where it has compacted its log, and tells no votes.
    told : set
        Its votes from the request's first slot on; :meth:`of` makes one of them.
    """

    sender: str = msgspec.field(name="from")
    bal: int
    snapshot: int
    told: SetOf[Vote] = msgspec.field(name="votes")

    @staticmethod
    def of(sender: str, ballot: int, snapshot: int, votes: Iterable[Vote]) -> Phase1b:
        """Make one of votes that are sorted by slot."""
        return Phase1b(sender, ballot, snapshot, SetOf(tuple(votes)))

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The votes, by slot."""
        return self.told.items


class Nack(Message, frozen=True, tag="nack"):
    """A ballot is too low.

    Parameters
    ----------
    bal : int
        That ballot.
    maxBal : int
        The one that the sender has taken part in.
    """

    bal: int
    maxBal: int  # noqa: N815 - the name in the specification


class Phase2a(Message, frozen=True, tag="2a"):
    """A leader proposes.

    Parameters
    ----------
    bal : int
    slot : int
    val : Value
    """

    bal: int
    slot: int
    val: Value


class Phase2b(Message, frozen=True, tag="2b"):
    """An acceptor has voted for what was proposed in a slot.

    Parameters
    ----------
    sender : str
        The acceptor; the record's field is ``from``.
    bal : int
    slot : int
    """

    sender: str = msgspec.field(name="from")
    bal: int
    slot: int


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """A leader is there.

    Parameters
    ----------
    bal : int
    chosen : int
        It knows all that is chosen up to this slot.
    """

    bal: int
    chosen: int


class Ask(Message, frozen=True, tag="ask"):
    """A server asks for what is chosen from a slot on.

    Parameters
    ----------
    sender : str
        The record's field is ``from``.
    first : int
    """

    sender: str = msgspec.field(name="from")
    first: int


class Learn(Message, frozen=True, tag="learn"):
    """What is chosen from a slot on.

    Parameters
    ----------
    first : int
    values : sequence
        The record's field is ``vals``; :meth:`of` makes one.
    """

    first: int
    values: SequenceOf[Value] = msgspec.field(name="vals")

    @staticmethod
    def of(first: int, vals: Iterable[Value]) -> Learn:
        """Make one."""
        return Learn(first, SequenceOf(tuple(vals)))

    @property
    def vals(self) -> tuple[Value, ...]:
        """The values."""
        return self.values.items


class SnapshotOffer(Message, frozen=True, tag="snapshot"):
    """What a server has compacted, for somebody who missed it.

    Parameters
    ----------
    sender : str
        The record's field is ``from``.
    index : int
        The last slot that it stands for.
    data : str
        What is in it; a trace does not record it.
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
