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
    """A proposer asks for promises.

    Parameters
    ----------
    bal : int
        Its ballot.
    """

    bal: int


class Phase1b(Message, frozen=True, tag="1b"):
    """An acceptor promises, and reports the proposal that it accepted last.

    Parameters
    ----------
    acc : str
        The acceptor.
    bal : int
        The ballot that it promises to.
    vbal : int
        The highest ballot that it accepted in; -1 if it never did.
    val : str or None
        The value that it accepted there.
    """

    acc: str
    bal: int
    vbal: int
    val: str | None


class Phase2a(Message, frozen=True, tag="2a"):
    """A proposer asks to accept a value.

    Parameters
    ----------
    bal : int
        Its ballot.
    val : str
        The value.
    """

    bal: int
    val: str


class Phase2b(Message, frozen=True, tag="2b"):
    """An acceptor has accepted a value.

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
        The ballot that is rejected.
    maxBal : int
        The ballot that it has promised to.
    """

    bal: int
    maxBal: int  # noqa: N815 - the field of the specification's record


class Chosen(Message, frozen=True, tag="chosen"):
    """A learner tells what was chosen (section 2.3, the distinguished learner).

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
