"""The messages of Raft (Ongaro and Ousterhout 2014, Figures 2 and 13; the dissertation's options).

Field names are those of the records in ``specs/raft/Raft.tla``.  A request has no addressee: what
makes it somebody's is that it answers it.
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
    """Which servers make up the cluster (dissertation, chapter 4); :meth:`of` makes one.

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
        """Make one.

        Parameters
        ----------
        voters : iterable of str
            Who votes.
        old : iterable of str
            Joint consensus: who voted before, and still does; else none.
        learners : iterable of str
            Who gets the log and does not vote.
        """
        return Configuration(*(SetOf(tuple(sorted(names))) for names in (voters, old, learners)))

    @property
    def voters(self) -> tuple[str, ...]:
        """Who votes."""
        return self.voting.items

    @property
    def old(self) -> tuple[str, ...]:
        """Who voted before, while it is joint."""
        return self.leaving.items

    @property
    def learners(self) -> tuple[str, ...]:
        """Who does not vote."""
        return self.learning.items

    @property
    def members(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted({*self.voters, *self.old, *self.learners}))

    def has_vote(self, server: str) -> bool:
        """Return whether a server votes."""
        return server in self.voters or server in self.old

    def has_majority(self, servers: Collection[str]) -> bool:
        """Return whether servers are a majority of the voters, and of the old ones if any."""
        return _most(servers, self.voters) and (not self.old or _most(servers, self.old))


def _most(servers: Collection[str], of: tuple[str, ...]) -> bool:
    return 2 * sum(one in servers for one in of) > len(of)


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True, gc=False):
    """An entry of the log.

    Parameters
    ----------
    term : int
        The term in which a leader made it.
    kind : str
        ``"noop"``, which a leader begins its term with, ``"command"``, or ``"config"``.
    val : str
        For a command what was asked, as JSON: client, request, operation.
    config : Configuration or None
        For a ``"config"`` the configuration.
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
        Its term.
    cand : str
        The candidate.
    lastLogIndex, lastLogTerm : int
        Of its last entry; 0 where its log is empty.
    transfer : bool
        Whether a leader asked it to stand (dissertation, sections 3.10 and 4.2.3).
    """

    term: int
    cand: str
    lastLogIndex: int  # noqa: N815 - the name in Figure 2, as all below
    lastLogTerm: int  # noqa: N815
    transfer: bool = False


class RequestVoteResponse(Message, frozen=True, tag="RequestVoteResponse"):
    """A vote, or the refusal of one.

    Parameters
    ----------
    term : int
        The voter's.
    sender : str
        The voter; the record's field is ``from``.
    to : str
        The candidate.
    granted : bool
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
        The term that it would go to.
    cand : str
        The server.
    lastLogIndex, lastLogTerm : int
        As in :class:`RequestVote`.
    """

    term: int
    cand: str
    lastLogIndex: int  # noqa: N815
    lastLogTerm: int  # noqa: N815


class RequestPreVoteResponse(Message, frozen=True, tag="RequestPreVoteResponse"):
    """Whether it would get this server's vote.

    Parameters
    ----------
    term : int
        That of the request if the vote would be given, else the voter's own.
    sender : str
        The voter; the record's field is ``from``.
    to : str
    granted : bool
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    granted: bool


class TimeoutNow(Message, frozen=True, tag="TimeoutNow"):
    """A leader asks a server to stand for election (dissertation, section 3.10).

    Parameters
    ----------
    term : int
        The leader's.
    leader : str
    to : str
        Who is to stand.
    """

    term: int
    leader: str
    to: str


class InstallSnapshot(Message, frozen=True, tag="InstallSnapshot"):
    """A chunk of a leader's snapshot (section 7, Figure 13).

    Parameters
    ----------
    term : int
        The leader's.
    leader : str
    lastIncludedIndex, lastIncludedTerm : int
        Of the last entry that the snapshot stands for.
    offset : int
        How many chunks come before this one (the paper counts bytes).
    done : bool
        Whether it is the last.
    data : str
        What is in it; a trace does not record it.
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
    """How much of a snapshot a follower has.

    Parameters
    ----------
    term : int
        The follower's.
    sender : str
        The follower; the record's field is ``from``.
    to : str
        The leader.
    lastIncludedIndex : int
        Which snapshot.
    received : int
        How many of its chunks the follower has; 0 once it is done.
    done : bool
        Whether the follower has all that the snapshot stands for.
    """

    term: int
    sender: str = msgspec.field(name="from")
    to: str
    lastIncludedIndex: int  # noqa: N815
    received: int
    done: bool


class AppendEntries(Message, frozen=True, tag="AppendEntries"):
    """A leader replicates entries, or says that it is there (section 5.3).

    Parameters
    ----------
    term : int
        The leader's.
    leader : str
    prevLogIndex, prevLogTerm : int
        Of the entry before the new ones; 0 where there is none.
    entries : tuple of Entry
        The new ones; none in a heartbeat.
    leaderCommit : int
        The leader's commitIndex.
    round : int
        Which of the leader's rounds this belongs to; its answer says so again (dissertation,
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
        """Make one.

        Parameters
        ----------
        term : int
        leader : str
        prev : tuple of int
            Index and term of the entry before the new ones.
        entries : tuple of Entry
        commit : int
        round_number : int
        """
        return AppendEntries(
            term, leader, prev[0], prev[1], SequenceOf(entries), commit, round_number
        )


class AppendEntriesResponse(Message, frozen=True, tag="AppendEntriesResponse"):
    """A follower took entries, or could not.

    Parameters
    ----------
    term : int
        The follower's.
    sender : str
        The follower; the record's field is ``from``.
    to : str
        The leader.
    success : bool
    matchIndex : int
        After a success, up to where the follower's log agrees with the leader's; else 0.
    prevLogIndex : int
        After a failure, that of the request; else 0.
    hintTerm, hintIndex : int
        After a failure, the fast way back (the end of section 5.3): the term of the entry that
        is in the way, 0 where the log ends before it, and the first index of that term, or the
        first index after the log.
    round : int
        That of the request.
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
