"""A Raft server with all options; the configuration switches them on."""

from __future__ import annotations

from typing import ClassVar

from toolkit.protocols.raft.core import RaftCore
from toolkit.protocols.raft.leadership import CheckQuorum, Transfer
from toolkit.protocols.raft.membership import Membership
from toolkit.protocols.raft.option import Option
from toolkit.protocols.raft.prevote import PreVotes
from toolkit.protocols.raft.reads import Reads
from toolkit.protocols.raft.snapshots import SNAPSHOT_TIMER, Snapshots
from toolkit.protocols.raft.state import ELECTION_TIMER, HEARTBEAT_TIMER

__all__ = ["ELECTION_TIMER", "HEARTBEAT_TIMER", "SNAPSHOT_TIMER", "RaftNode"]


class RaftNode(RaftCore):
    """A Raft server (see :class:`toolkit.protocols.raft.core.RaftCore`).

    Parameters
    ----------
    name : str
        The name of this server.
    config : RaftConfig
        The configuration of the run, which switches options on.
    """

    components: ClassVar[tuple[type[Option], ...]] = (
        Transfer,
        CheckQuorum,
        Membership,
        Reads,
        Snapshots,
        PreVotes,
    )
    """All options, in the order in which they are asked.

    A transfer comes first: while it lasts, no other option accepts a command, and the leader's next
    heartbeat is for it.  Changes of the configuration come before reads: a leader that is not a
    member resigns.  Of two options that handle the election timer, check-quorum handles a leader's
    and pre-votes handle the others'.
    """
