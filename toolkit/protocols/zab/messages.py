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
    """A transaction identifier, ordered by epoch and then by counter.

    Parameters
    ----------
    epoch : int
        The epoch of the primary that broadcast the transaction; 0 before the first epoch.
    counter : int
        The number of the transaction in its epoch, from 1.

    Examples
    --------
    >>> Zxid(1, 7) < Zxid(2, 1)
    True
    """

    epoch: int
    counter: int


ZERO = Zxid(0, 0)
"""The zxid before all transactions."""


class Txn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A transaction.

    Parameters
    ----------
    zxid : Zxid
        Its identifier.
    val : str
        The client's request as JSON: ``[client, number, operation]``.
    """

    zxid: Zxid
    val: str


class Vote(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A vote in an election.

    Parameters
    ----------
    leader : str
        The server that the vote is for; ``""`` for none.
    epoch : int
        That server's current epoch.
    zxid : Zxid
        The last zxid in that server's history.
    """

    leader: str
    epoch: int
    zxid: Zxid


NOBODY = Vote("", 0, ZERO)
"""The vote of a server that votes for no server."""


class Notification(Message, frozen=True, tag="NOTIFICATION"):
    """A server sends its vote (phase 0).

    Parameters
    ----------
    sender : str
        The server; the record's field is ``from`` in all messages.
    mode : str
        Its mode: ``"looking"``, ``"following"`` or ``"leading"``.
    round : int
        The election round in which it votes, or voted last.
    vote : Vote
        Its vote.
    """

    sender: str = msgspec.field(name="from")
    mode: str
    round: int
    vote: Vote


class _Connected(Message, frozen=True):
    """Base class of messages that travel on a connection."""

    transport: ClassVar[str] = "connection"

    sender: str = msgspec.field(name="from")


class CEpoch(_Connected, frozen=True, tag="CEPOCH"):
    """A learner connects to its leader, and reports its acceptedEpoch (phase 1)."""

    transport: ClassVar[str] = "opening"

    epoch: int


class NewEpoch(_Connected, frozen=True, tag="NEWEPOCH"):
    """A leader proposes an epoch (phase 1)."""

    epoch: int


class AckEpoch(_Connected, frozen=True, tag="ACK-E"):
    """A learner has accepted the proposed epoch (phase 1).

    Parameters
    ----------
    epoch : int
        Its currentEpoch; -1 if it had accepted the epoch before: then this is not a promise.
    zxid : Zxid
        The last zxid in its history.
    """

    epoch: int
    zxid: Zxid


class Diff(_Connected, frozen=True, tag="DIFF"):
    """DIFF: the transactions that a learner lacks (phase 2).

    Parameters
    ----------
    zxid : Zxid
        The last zxid that the learner has.
    txns : sequence
        The transactions after it.  Build the message with :meth:`of`.
    """

    zxid: Zxid
    rest: SequenceOf[Txn] = msgspec.field(name="txns")

    @classmethod
    def of(cls, sender: str, zxid: Zxid, txns: Iterable[Txn]) -> Diff:
        """Build the message.

        Parameters
        ----------
        sender : str
            The leader.
        zxid : Zxid
            The last zxid that the learner has, or keeps.
        txns : iterable of Txn
            The transactions after it.
        """
        return cls(sender, zxid, SequenceOf(tuple(txns)))

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.rest.items


class Trunc(Diff, frozen=True, tag="TRUNC"):
    """TRUNC: the last zxid that a learner keeps, and the transactions after it (phase 2)."""


class Snap(_Connected, frozen=True, tag="SNAP"):
    """SNAP: a snapshot of all delivered transactions, and the transactions after it (phase 2).

    Parameters
    ----------
    index : int
        The number of transactions that the leader has delivered.
    txns : sequence
        The transactions after those.  Build the message with :meth:`of`.
    zxid : Zxid
        The zxid of the last delivered transaction; not recorded in a trace.
    data : str
        The state of the machine after that transaction; not recorded in a trace.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ("zxid", "data")

    index: int
    rest: SequenceOf[Txn] = msgspec.field(name="txns")
    zxid: Zxid = ZERO
    data: str = ""

    @staticmethod
    def of(sender: str, index: int, txns: Iterable[Txn], zxid: Zxid, data: str) -> Snap:
        """Build the message.

        Parameters
        ----------
        sender : str
            The leader.
        index : int
            The number of delivered transactions.
        txns : iterable of Txn
            The transactions after those.
        zxid : Zxid
            The zxid of the last delivered transaction.
        data : str
            The state of the machine.
        """
        return Snap(sender, index, SequenceOf(tuple(txns)), zxid, data)

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.rest.items


class NewLeader(_Connected, frozen=True, tag="NEWLEADER"):
    """NEWLEADER: ends the epoch's initial history sent to a learner (phase 2)."""

    epoch: int


class AckLeader(_Connected, frozen=True, tag="ACK-LD"):
    """ACK-LD: a learner has the initial history on its disk, up to a zxid (phase 2)."""

    zxid: Zxid


class CommitLeader(_Connected, frozen=True, tag="COMMIT-LD"):
    """COMMIT-LD: the epoch is established; all up to a zxid is committed (phase 2)."""

    zxid: Zxid


class Propose(_Connected, frozen=True, tag="PROPOSE"):
    """A leader proposes a transaction (phase 3)."""

    txn: Txn


class Ack(_Connected, frozen=True, tag="ACK"):
    """A follower has a transaction on its disk (phase 3)."""

    zxid: Zxid


class Commit(_Connected, frozen=True, tag="COMMIT"):
    """All transactions up to a zxid are committed (phase 3)."""

    zxid: Zxid


class Inform(_Connected, frozen=True, tag="INFORM"):
    """Committed transactions for an observer; build the message with :meth:`of`."""

    news: SequenceOf[Txn] = msgspec.field(name="txns")

    @staticmethod
    def of(sender: str, txns: Iterable[Txn]) -> Inform:
        """Build the message.

        Parameters
        ----------
        sender : str
            The leader.
        txns : iterable of Txn
            The transactions.
        """
        return Inform(sender, SequenceOf(tuple(txns)))

    @property
    def txns(self) -> tuple[Txn, ...]:
        """The transactions."""
        return self.news.items


class Ping(_Connected, frozen=True, tag="PING"):
    """A leader's heartbeat."""


class Pong(_Connected, frozen=True, tag="PONG"):
    """A learner's response to a heartbeat."""


class Request(_Connected, frozen=True, tag="REQUEST"):
    """A client's request that a learner forwards to the leader.

    Parameters
    ----------
    val : str
        The request, as in :class:`Txn`.
    """

    val: str


class Sync(_Connected, frozen=True, tag="SYNC"):
    """A learner asks for the last proposed zxid; the number identifies the question."""

    number: int


class Synced(_Connected, frozen=True, tag="SYNCED"):
    """The last proposed zxid, in response to the Sync with this number."""

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
