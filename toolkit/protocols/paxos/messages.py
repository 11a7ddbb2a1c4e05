"""The messages of single-decree Paxos (*Paxos Made Simple*, section 2.2).

Field names are those of the records in ``specs/paxos/Paxos.tla``.
"""

from __future__ import annotations

from toolkit.protocols.base import Message
from toolkit.protocols.codec import MessageCodec

__all__ = [
    "CODEC",
    "Chosen",
    "Nack",
    "PaxosMessage",
    "Phase1a",
    "Phase1b",
    "Phase2a",
    "Phase2b",
]


class Phase1a(Message, frozen=True, tag="1a"):
    """Phase 1a: a proposer requests promises.

    Parameters
    ----------
    bal : int
        The proposer's ballot.
    """

    bal: int


class Phase1b(Message, frozen=True, tag="1b"):
    """Phase 1b: an acceptor promises, and reports the last proposal that it accepted.

    Parameters
    ----------
    acc : str
        The acceptor.
    bal : int
        The ballot that it promises.
    vbal : int
        The highest ballot in which it accepted a value; -1 for none.
    val : str or None
        The value that it accepted in that ballot.
    """

    acc: str
    bal: int
    vbal: int
    val: str | None


class Phase2a(Message, frozen=True, tag="2a"):
    """Phase 2a: a proposer asks acceptors to accept a value.

    Parameters
    ----------
    bal : int
        The proposer's ballot.
    val : str
        The value.
    """

    bal: int
    val: str


class Phase2b(Message, frozen=True, tag="2b"):
    """Phase 2b: an acceptor has accepted a value.

    Parameters
    ----------
    acc : str
        The acceptor.
    bal : int
        The ballot.
    val : str
        The value.
    """

    acc: str
    bal: int
    val: str


class Nack(Message, frozen=True, tag="nack"):
    """An acceptor rejects a ballot below its promise.

    Parameters
    ----------
    bal : int
        The rejected ballot.
    maxBal : int
        The ballot that the acceptor has promised.
    """

    bal: int
    maxBal: int  # noqa: N815 - the field of the specification's record


class Chosen(Message, frozen=True, tag="chosen"):
    """A learner reports the chosen value (section 2.3, the distinguished learner).

    Parameters
    ----------
    val : str
        The chosen value.
    """

    val: str


PaxosMessage = Phase1a | Phase1b | Phase2a | Phase2b | Nack | Chosen
"""Any message of Paxos."""

CODEC = MessageCodec("paxos", PaxosMessage)
"""Encodes and decodes the messages of Paxos."""
