"""A Raft server with all options; the configuration switches them on."""

from __future__ import annotations

from toolkit.protocols.base import Effects, Event
from toolkit.protocols.raft.core import ELECTION_TIMER, HEARTBEAT_TIMER, RaftCore
from toolkit.protocols.raft.leadership import Handover
from toolkit.protocols.raft.membership import Membership
from toolkit.protocols.raft.prevote import PreVotes
from toolkit.protocols.raft.reads import Reads
from toolkit.protocols.raft.snapshots import SNAPSHOT_TIMER, Snapshots

__all__ = ["ELECTION_TIMER", "HEARTBEAT_TIMER", "SNAPSHOT_TIMER", "RaftNode"]


class RaftNode(Handover, Membership, Reads, Snapshots, PreVotes):
    """A Raft server (see :class:`toolkit.protocols.raft.core.RaftCore`).

    Parameters
    ----------
    name : str
        The name of this server.
    config : RaftConfig
        The configuration of the run, which switches options on.
    """

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        if self.config.check_quorum or self.config.snapshot:
            return super().handle(event, now)
        # Other options do not need to see every event.
        return RaftCore.handle(self, event, now)
