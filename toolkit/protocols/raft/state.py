"""The state of a Raft server: its variables, and the rules that only read them.

Source: as for :mod:`toolkit.protocols.raft.core`, whose handlers change this state.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from toolkit.machines import Sessions
from toolkit.protocols.base import SetTimer
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.messages import AppendEntries, Configuration

__all__ = ["ELECTION_TIMER", "HEARTBEAT_TIMER", "RaftState"]

ELECTION_TIMER = "election"
"""Name of the election timer: runs out when a server has not heard from a leader for too long."""

HEARTBEAT_TIMER = "heartbeat"
"""Name of the heartbeat timer: runs out when a leader must send its next heartbeat."""


class RaftState:
    """The variables of a Raft server.

    Parameters
    ----------
    name : str
        The name of this server.
    config : RaftConfig
        The configuration of the run.

    Attributes
    ----------
    role : str
        ``"follower"``, ``"precandidate"`` (with pre-votes), ``"candidate"`` or ``"leader"``.
    currentTerm : int
        The latest term it has seen, from 0.  Durable.
    votedFor : str or None
        The candidate that it voted for in that term.  Durable.
    log : Log
        The log entries; the first has index 1.  Durable.
    commitIndex : int
        The highest index known to be committed.
    votesGranted : set of str
        Candidate: the servers that voted for it.
    nextIndex, matchIndex : dict of str to int
        Leader: for every other server, the index of the next entry to send, and the highest
        index up to which its log is known to agree.
    lastApplied : int
        The highest index that has been applied to the machine.
    sessions : Sessions
        The machine together with the clients' sessions.
    leader : str or None
        The leader of this term, if known.
    round : int
        Leader: the number of its latest round of requests (0 unless reads use rounds).
    transfer_started : bool
        Leader: whether it has asked another server to take over.
    now : float
        The time of the event that is handled, in seconds on this server's own clock.
    """

    def __init__(self, name: str, config: RaftConfig) -> None:
        self.name = name
        self.config = config
        self.others = tuple(server for server in config.servers if server != name)
        self.role = "follower"
        self.currentTerm = 0
        self.votedFor: str | None = None
        self.log = Log()
        self.commitIndex = 0
        self.votesGranted: set[str] = set()
        self.nextIndex: dict[str, int] = {}
        self.matchIndex: dict[str, int] = {}
        self.round = 0
        # The rest are not variables of the specification: they follow from the log, steer
        # answers to clients, or concern time.
        self.lastApplied = 0
        self.sessions = Sessions(config.machine())
        self.leader: str | None = None
        self._waiting: dict[tuple[str, int], int] = {}
        self._request: AppendEntries | None = None
        self._request_key: tuple[int, ...] = ()
        low, high = config.election
        self._election_timer = SetTimer(ELECTION_TIMER, low, high)
        self.now = 0.0
        self._contact = -math.inf
        self.transfer_started = False

    def reset(self) -> None:
        """Reset the variables that only a candidate or a leader uses."""
        self.votesGranted = set()
        self.nextIndex = dict.fromkeys(self.others, 1)
        self.matchIndex = dict.fromkeys(self.others, 0)
        self.round = 0
        self._waiting = {}
        self.transfer_started = False

    # Membership and quorums ----------------------------------------------------------------------

    def configuration(self) -> Configuration:
        """Return the configuration in use: the latest in the log, committed or not."""
        return self.log.config() or self.config.first

    def peers(self) -> tuple[str, ...]:
        """Return the other members of the configuration: the servers that this server sends to."""
        config = self.log.config()
        if config is None:
            return self.config.peers[self.name]
        return tuple([server for server in config.members if server != self.name])

    def takes_part(self) -> bool:
        """Return whether this server may start an election.

        It may if it has a vote, or had a vote before the latest configuration and that is not yet
        committed: until then no other server may be able to lead (dissertation, section 4.2.2).
        """
        if self.configuration().has_vote(self.name):
            return True
        if not self.log.configs or self.log.configs[-1][0] <= self.commitIndex:
            return False
        before = self.log.config_before(self.log.configs[-1][0]) or self.config.first
        return before.has_vote(self.name)

    def note_contact(self) -> None:
        """Record that a leader's message has arrived now."""
        self._contact = self.now

    def heard_lately(self) -> bool:
        """Return whether a leader's message arrived within the shortest election timeout."""
        return self.now - self._contact < self.config.election[0]

    def knows_committed(self) -> bool:
        """Return whether this leader has committed an entry of its term.

        Until then it may not know every committed entry (dissertation, section 6.4).
        """
        return self.log.term_at(self.commitIndex) == self.currentTerm

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Return whether these servers are a quorum, for elections and for commits."""
        config = self.log.config()
        if config is None or (config.voters == self.config.first.voters and not config.old):
            return self.config.quorums.is_quorum(servers)
        return config.has_majority(servers)

    # Durable variables, and timers ---------------------------------------------------------

    def written(self) -> dict[str, Any]:
        """Return the changes to write to disk before messages and answers leave (Figure 2)."""
        write: dict[str, Any] = {"currentTerm": self.currentTerm, "votedFor": self.votedFor}
        changes = self.log.changes()
        if changes is not None:
            write["log"] = changes
        return write

    def election_timer(self) -> SetTimer:
        """Return the election timer, with a new random delay (section 5.2)."""
        return self._election_timer

    def heartbeat_timer(self) -> SetTimer:
        """Return the timer for a leader's next heartbeat."""
        return SetTimer(HEARTBEAT_TIMER, self.config.heartbeat, self.config.heartbeat)
