"""The messages of Raft (Ongaro and Ousterhout 2014, Figures 2 and 13; the dissertation's options).

Field names are those of the records in ``specs/raft/Raft.tla``.  A request does not name its
receiver; a response names the server that it is sent to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import ClassVar

import msgspec

from toolkit.protocols.base import Message
from toolkit.protocols.codec import MessageCodec, SequenceOf, SetOf

__all__ = [
    "CODEC",
    "AppendEntries",
    "AppendEntriesResponse",
    "Configuration",
    "Entry",
    "InstallSnapshot",
    "InstallSnapshotResponse",
    "RaftMessage",
    "RequestPreVote",
    "RequestPreVoteResponse",
    "RequestVote",
    "RequestVoteResponse",
    "TimeoutNow",
]


class Configuration(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """The servers of a cluster (dissertation, chapter 4); build one with :meth:`of`.

    Parameters
    ----------
    voting, leaving, learning : set
        The voters, the old voters of a joint configuration, and the learners, each encoded as a
        set of the specification.

    Examples
    --------
    >>> Configuration.of(["n2", "n1"], learners=["n3"]).members
    ('n1', 'n2', 'n3')
    """

    voting: SetOf[str] = msgspec.field(name="voters")
    leaving: SetOf[str] = msgspec.field(name="old")
    learning: SetOf[str] = msgspec.field(name="learners")

    @staticmethod
    def of(
        voters: Iterable[str], old: Iterable[str] = (), learners: Iterable[str] = ()
    ) -> Configuration:
        """Build a configuration.

        Parameters
        ----------
        voters : iterable of str
            The servers that vote.
        old : iterable of str
            The voters of the old configuration, during joint consensus; otherwise empty.
        learners : iterable of str
            The servers that receive the log and do not vote.
        """
        return Configuration(*(SetOf(tuple(sorted(names))) for names in (voters, old, learners)))

    @property
    def voters(self) -> tuple[str, ...]:
        """The servers that vote."""
        return self.voting.items

    @property
    def old(self) -> tuple[str, ...]:
        """The old voters in a joint configuration, otherwise empty."""
        return self.leaving.items

    @property
    def learners(self) -> tuple[str, ...]:
        """The servers that receive the log and do not vote."""
        return self.learning.items

    @property
    def members(self) -> tuple[str, ...]:
        """All servers of the configuration, sorted."""
        return tuple(sorted({*self.voters, *self.old, *self.learners}))

    def has_vote(self, server: str) -> bool:
        """Return whether a server has a vote, in the new or the old configuration."""
        return server in self.voters or server in self.old

    def has_majority(self, servers: Collection[str]) -> bool:
        """Return whether servers include a majority of the voters, and of the old voters if any."""
        return _is_majority(servers, self.voters) and (
            not self.old or _is_majority(servers, self.old)
        )


def _is_majority(servers: Collection[str], voters: tuple[str, ...]) -> bool:
    return 2 * sum(voter in servers for voter in voters) > len(voters)


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True, gc=False):
    """A log entry.

    Parameters
    ----------
    term : int
        The term of the leader that created it.
    kind : str
        ``"noop"`` (a leader's first entry in its term), ``"command"`` or ``"config"``.
    val : str
        For a command, the request as JSON: client, request number, operation.
    config : Configuration or None
        For ``"config"``, the configuration.
    """

    term: int
    kind: str
    val: str
    config: Configuration | None = None


class RequestVote(Message, frozen=True, tag="RequestVote"):
    """A candidate asks for votes (section 5.2).

    Parameters
    ----------
    term : int
        The candidate's term.
    cand : str
        The candidate.
    lastLogIndex, lastLogTerm : int
        Index and term of the candidate's last entry; 0 if its log is empty.
    transfer : bool
        Whether a leader asked it to start the election (dissertation, sections 3.10 and 4.2.3).
    """

    term: int
    cand: str
    lastLogIndex: int  # noqa: N815 - the name in Figure 2, as all below
    lastLogTerm: int  # noqa: N815
    transfer: bool = False


class RequestVoteResponse(Message, frozen=True, tag="RequestVoteResponse"):
    """The response to RequestVote: a vote, or its refusal.

    Parameters
    ----------
    term : int
        The voter's term.
    sender : str
        The voter; the record's field is ``from``.
    to : str
        The candidate.
    granted : bool
        Whether the vote was granted.
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    granted: bool


class RequestPreVote(Message, frozen=True, tag="RequestPreVote"):
    """A server asks whether it would get votes (dissertation, section 9.6).

    Parameters
    ----------
    term : int
        The term in which it would be a candidate.
    cand : str
        The server that asks.
    lastLogIndex, lastLogTerm : int
        As in :class:`RequestVote`.
    """

    term: int
    cand: str
    lastLogIndex: int  # noqa: N815
    lastLogTerm: int  # noqa: N815


class RequestPreVoteResponse(Message, frozen=True, tag="RequestPreVoteResponse"):
    """The response to RequestPreVote (dissertation, section 9.6).

    Parameters
    ----------
    term : int
        The term of the request if the vote would be granted, otherwise the voter's own term.
    sender : str
        The voter; the record's field is ``from``.
    to : str
        The server that asked.
    granted : bool
        Whether the sender would vote for it.
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    granted: bool


class TimeoutNow(Message, frozen=True, tag="TimeoutNow"):
    """A leader asks a server to start an election at once (dissertation, section 3.10).

    Parameters
    ----------
    term : int
        The leader's term.
    leader : str
        The leader that sends the message.
    to : str
        The server that should start the election.
    """

    term: int
    leader: str
    to: str


class InstallSnapshot(Message, frozen=True, tag="InstallSnapshot"):
    """A chunk of a leader's snapshot (section 7, Figure 13).

    Parameters
    ----------
    term : int
        The leader's term.
    leader : str
        The leader that sends it.
    lastIncludedIndex, lastIncludedTerm : int
        Index and term of the last entry that the snapshot replaces.
    offset : int
        The number of chunks before this one (the paper counts bytes).
    done : bool
        Whether this is the last chunk.
    data : str
        The content of the chunk; not recorded in a trace.
    """

    unrecorded: ClassVar[tuple[str, ...]] = ("data",)

    term: int
    leader: str
    lastIncludedIndex: int  # noqa: N815
    lastIncludedTerm: int  # noqa: N815
    offset: int
    done: bool
    data: str = ""


class InstallSnapshotResponse(Message, frozen=True, tag="InstallSnapshotResponse"):
    """The response to InstallSnapshot: how much of a snapshot a follower has.

    Parameters
    ----------
    term : int
        The follower's term.
    sender : str
        The follower; the record's field is ``from``.
    to : str
        The leader.
    lastIncludedIndex : int
        The index of the snapshot.
    received : int
        The number of its chunks that the follower has; 0 when `done`.
    done : bool
        Whether the follower has all entries up to the snapshot's index.
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    lastIncludedIndex: int  # noqa: N815
    received: int
    done: bool


class AppendEntries(Message, frozen=True, tag="AppendEntries"):
    """A leader replicates entries, or sends a heartbeat (section 5.3).

    Parameters
    ----------
    term : int
        The leader's term.
    leader : str
        The leader that sends it.
    prevLogIndex, prevLogTerm : int
        Index and term of the entry before the new ones; 0 if there is none.
    entries : tuple of Entry
        The new entries; empty in a heartbeat without new entries.
    leaderCommit : int
        The leader's commitIndex.
    round : int
        The leader's round that the request belongs to; the response repeats it (dissertation,
        section 6.4).
    """

    term: int
    leader: str
    prevLogIndex: int  # noqa: N815
    prevLogTerm: int  # noqa: N815
    log: SequenceOf[Entry] = msgspec.field(name="entries")
    leaderCommit: int  # noqa: N815
    round: int = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The new entries."""
        return self.log.items

    @staticmethod
    def of(
        term: int,
        leader: str,
        prev: tuple[int, int],
        entries: tuple[Entry, ...],
        commit: int,
        round_number: int = 0,
    ) -> AppendEntries:
        """Build a request.

        Parameters
        ----------
        term : int
            The leader's term.
        leader : str
            The leader.
        prev : tuple of int
            Index and term of the entry before the new ones.
        entries : tuple of Entry
            The new entries.
        commit : int
            The leader's commitIndex.
        round_number : int
            The round that the request belongs to.
        """
        return AppendEntries(
            term, leader, prev[0], prev[1], SequenceOf(entries), commit, round_number
        )


class AppendEntriesResponse(Message, frozen=True, tag="AppendEntriesResponse"):
    """The response to AppendEntries: a follower accepted or rejected the entries.

    Parameters
    ----------
    term : int
        The follower's term.
    sender : str
        The follower; the record's field is ``from``.
    to : str
        The leader.
    success : bool
        Whether the entries were accepted.
    matchIndex : int
        After a success, the index up to which the follower's log agrees with the leader's; else 0.
    prevLogIndex : int
        After a failure, the request's prevLogIndex; else 0.
    hintTerm, hintIndex : int
        After a failure, a hint for the leader's next attempt (the end of section 5.3): the
        conflicting entry's term and the first index of that term; or, if the log is too short, 0
        and the first index after the log.
    round : int
        The request's round.
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    success: bool
    matchIndex: int  # noqa: N815
    prevLogIndex: int  # noqa: N815
    hintTerm: int  # noqa: N815
    hintIndex: int  # noqa: N815
    round: int = 0


RaftMessage = (
    RequestVote
    | RequestVoteResponse
    | RequestPreVote
    | RequestPreVoteResponse
    | AppendEntries
    | AppendEntriesResponse
    | InstallSnapshot
    | InstallSnapshotResponse
    | TimeoutNow
)
"""Any message of Raft."""

CODEC = MessageCodec("raft", RaftMessage)
"""Encodes and decodes the messages of Raft."""
