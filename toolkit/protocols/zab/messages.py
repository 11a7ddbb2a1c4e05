"""The messages of Zab; field names are those of the records in ``specs/zab``.

Notifications are datagrams; all others travel on the connection between a learner and its
leader, which CEPOCH opens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from toolkit.protocols.base import Message
from toolkit.protocols.codec import MessageCodec, SequenceOf

__all__ = [
    "CODEC",
    "NOBODY",
    "ZERO",
    "Ack",
    "AckEpoch",
    "AckLeader",
    "CEpoch",
    "Commit",
    "CommitLeader",
    "Diff",
    "Inform",
    "NewEpoch",
    "NewLeader",
    "Notification",
    "Ping",
    "Pong",
    "Propose",
    "Request",
    "Snap",
    "Sync",
    "Synced",
    "Trunc",
    "Txn",
    "Vote",
    "ZabMessage",
    "Zxid",
]


class Zxid(msgspec.Struct, forbid_unknown_fields=True, frozen=True, order=True, gc=False):
    """The number of a transaction: in the order of epochs, and of counters within one.

    Parameters
    ----------
    epoch : int
        Of the primary that broadcast it; 0 before the first.
    counter : int
        From 1 in each epoch.

    Examples
    --------
    >>> Zxid(1, 7) < Zxid(2, 1)
    True
    """

    epoch: int
    counter: int


ZERO = Zxid(0, 0)
"""Comes before all transactions."""


class Txn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A transaction.

    Parameters
    ----------
    zxid : Zxid
    val : str
        What was asked, as JSON: a list of client, request, operation.
    """

    zxid: Zxid
    val: str


class Vote(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A vote in an election.

    Parameters
    ----------
    leader : str
        For whom; ``""`` for nobody.
    epoch : int
        That server's current epoch.
    zxid : Zxid
        The last in its history.
    """

    leader: str
    epoch: int
    zxid: Zxid


NOBODY = Vote("", 0, ZERO)
"""The vote of who has none."""


class Notification(Message, frozen=True, tag="NOTIFICATION"):
    """A server tells its vote.

    Parameters
    ----------
    sender : str
        The record's field is ``from``, in all messages.
    mode : str
        ``"looking"``, ``"following"`` or ``"leading"``.
    round : int
        The round of elections in which it votes, or did last.
    vote : Vote
    """

    sender: str = msgspec.field(name="from")
    mode: str
    round: int
    vote: Vote


class _Connected(Message, frozen=True):
    """Travels on a connection."""

    transport: ClassVar[str] = "connection"

    sender: str = msgspec.field(name="from")


class CEpoch(_Connected, frozen=True, tag="CEPOCH"):
    """A learner connects, and tells its acceptedEpoch (phase 1)."""

    transport: ClassVar[str] = "opening"

    epoch: int


class NewEpoch(_Connected, frozen=True, tag="NEWEPOCH"):
    """A leader proposes an epoch (phase 1)."""

    epoch: int


class AckEpoch(_Connected, frozen=True, tag="ACK-E"):
    """A learner has accepted the epoch (phase 1).

    Parameters
    ----------
    epoch : int
        Its currentEpoch; -1 if it had accepted the epoch before, so that this is no promise.
    zxid : Zxid
        The last in its history.
    """

    epoch: int
    zxid: Zxid


class Diff(_Connected, frozen=True, tag="DIFF"):
    """What a learner lacks (phase 2).

    Parameters
    ----------
    zxid : Zxid
        The last that it has.
    txns : sequence
        What comes behind it; :meth:`of` makes one of a message of this class.
    """

    zxid: Zxid
    rest: SequenceOf[Txn] = msgspec.field(name="txns")

    @classmethod
    def of(cls, sender: str, zxid: Zxid, txns: Iterable[Txn]) -> Diff:
        """Make one."""
        return cls(sender, zxid, SequenceOf(tuple(txns)))

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.rest.items


class Trunc(Diff, frozen=True, tag="TRUNC"):
    """Up to where a learner is to keep its history, and what comes behind that (phase 2)."""


class Snap(_Connected, frozen=True, tag="SNAP"):
    """All that a leader has delivered, and the transactions behind that (phase 2).

    Parameters
    ----------
    index : int
        How many transactions it has delivered.
    txns : sequence
        Those behind; :meth:`of` makes a message.
    zxid : Zxid
        The last that it has delivered; a trace does not record it.
    data : str
        The machine's state there; a trace does not record it.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ("zxid", "data")

    index: int
    rest: SequenceOf[Txn] = msgspec.field(name="txns")
    zxid: Zxid = ZERO
    data: str = ""

    @staticmethod
    def of(sender: str, index: int, txns: Iterable[Txn], zxid: Zxid, data: str) -> Snap:
        """Make one."""
        return Snap(sender, index, SequenceOf(tuple(txns)), zxid, data)

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.rest.items


class NewLeader(_Connected, frozen=True, tag="NEWLEADER"):
    """The learner has been sent the epoch's first history (phase 2)."""

    epoch: int


class AckLeader(_Connected, frozen=True, tag="ACK-LD"):
    """The learner has that history on its disk, up to a zxid (phase 2)."""

    zxid: Zxid


class CommitLeader(_Connected, frozen=True, tag="COMMIT-LD"):
    """The epoch is established, and all up to a zxid committed (phase 2)."""

    zxid: Zxid


class Propose(_Connected, frozen=True, tag="PROPOSE"):
    """A leader proposes a transaction (phase 3)."""

    txn: Txn


class Ack(_Connected, frozen=True, tag="ACK"):
    """A follower has the transaction on its disk (phase 3)."""

    zxid: Zxid


class Commit(_Connected, frozen=True, tag="COMMIT"):
    """All up to a zxid is committed (phase 3)."""

    zxid: Zxid


class Inform(_Connected, frozen=True, tag="INFORM"):
    """Transactions that are committed, for an observer; :meth:`of` makes one."""

    news: SequenceOf[Txn] = msgspec.field(name="txns")

    @staticmethod
    def of(sender: str, txns: Iterable[Txn]) -> Inform:
        """Make one."""
        return Inform(sender, SequenceOf(tuple(txns)))

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.news.items


class Ping(_Connected, frozen=True, tag="PING"):
    """A leader is there."""


class Pong(_Connected, frozen=True, tag="PONG"):
    """A learner is there."""


class Request(_Connected, frozen=True, tag="REQUEST"):
    """A client asks for something, by way of a learner.

    Parameters
    ----------
    val : str
        As in :class:`Txn`.
    """

    val: str


class Sync(_Connected, frozen=True, tag="SYNC"):
    """A learner asks what has been proposed, with a number of its own."""

    number: int


class Synced(_Connected, frozen=True, tag="SYNCED"):
    """Up to this zxid, as an answer to that number."""

    number: int
    zxid: Zxid


ZabMessage = (
    Notification
    | CEpoch
    | NewEpoch
    | AckEpoch
    | Diff
    | Trunc
    | Snap
    | NewLeader
    | AckLeader
    | CommitLeader
    | Propose
    | Ack
    | Commit
    | Inform
    | Ping
    | Pong
    | Request
    | Sync
    | Synced
)
"""Any message of Zab."""

CODEC = MessageCodec("zab", ZabMessage)
"""Encodes and decodes the messages of Zab."""
