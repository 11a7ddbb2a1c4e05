"""Seeded bugs that figures must notice, in addition to those of the protocol.

They change durations.  :class:`SameTimeouts` does not violate the specification, which has no
time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from toolkit.protocols import get_protocol
from toolkit.protocols.base import Effects, Event, NodeFactory, SetTimer, Timeout
from toolkit.protocols.raft import RaftNode
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import RequestVote
from toolkit.protocols.raft.node import ELECTION_TIMER

__all__ = ["RAFT_TIMING_BUGS", "SameTimeouts", "SendsFirst", "VotesAlways"]

_LATE = "late-write"


class SameTimeouts(RaftNode):
    """A server whose election timeout is always the shortest (section 5.2 asks for randomness)."""

    def election_timer(self) -> SetTimer:
        """Return the election timer with the shortest timeout."""
        low = self.config.election[0]
        return SetTimer(ELECTION_TIMER, low, low)


class SendsFirst(RaftNode):
    """A server that sends before it writes to its disk, instead of after (Figure 2)."""

    def __init__(self, name: str, config: RaftConfig) -> None:
        super().__init__(name, config)
        self._late: deque[Mapping[str, Any]] = deque()

    def handle(self, event: Event, now: float) -> Effects:
        """Send at once and request the write in a later event."""
        if event == Timeout(_LATE):
            write = self._late.popleft()
            timers = [SetTimer(_LATE, 0.0, 0.0)] if self._late else []
            return Effects(action="Ignore", write=write, timers=timers)
        effects = super().handle(event, now)
        if effects.write is not None and effects.sends:
            self._late.append(effects.write)
            effects.write = None
            effects.timers = [*effects.timers, SetTimer(_LATE, 0.0, 0.0)]
        return effects


class VotesAlways(RaftNode):
    """A server that votes for every candidate of its term, even as a candidate (section 5.2)."""

    def may_vote(self, message: RequestVote) -> bool:
        """Return True even if the server already voted in this term, for itself or another."""
        return message.term >= self.currentTerm and self.up_to_date(message)


RAFT_TIMING_BUGS: dict[str, NodeFactory] = {
    "same-timeouts": SameTimeouts,
    "sends-first": SendsFirst,
    "votes-always": VotesAlways,
    **get_protocol("raft").bugs,
}
"""Seeded bug to node factory: the bugs of this module and those of Raft."""
