"""Reads without log entries: ReadIndex and leases.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 6.4 (ReadIndex) and
section 6.4.1 (leases).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import AppendEntriesResponse
from toolkit.protocols.raft.option import Option

if TYPE_CHECKING:
    from toolkit.protocols.raft.core import RaftCore

__all__ = ["Reads"]


class Reads(Option):
    """Reads that a leader answers once it has confirmed that it is still the leader.

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.

    Attributes
    ----------
    acked : dict of str to int
        Leader: for every other server, the last round that it responded to.
    reads : dict of int to tuple
        Leader: for each round, the commitIndex at its start and the reads that wait for it.
    lease_until : float
        Leader: the time on its own clock until which no other server can be leader.
    """

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self.acked: dict[str, int] = {}
        self.reads: dict[int, tuple[int, tuple[Command, ...]]] = {}
        self.lease_until = -math.inf
        self._pending: dict[tuple[str, int], Command] = {}
        self._round_starts: dict[int, float] = {}

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.reads != "log"

    def reset(self) -> None:
        """Forget the reads and the rounds of the last term in which this server was leader."""
        self.acked = dict.fromkeys(self.server.others, 0)
        self.reads = {}
        self.lease_until = -math.inf
        self._pending = {}
        self._round_starts = {}

    def on_command(self, event: Command) -> Effects | None:
        """Answer a read by ReadIndex or lease (section 6.4); append other commands."""
        server = self.server
        if server.role != "leader" or not server.sessions.machine.reads(event.operation):
            return None
        if not self.server.knows_committed():
            self._pending[event.client, event.request] = event
            return self.server.reply([])
        if self.may_read_at_once():
            return self.lease_read(event)
        return self.read_index((event,))

    def may_read_at_once(self) -> bool:
        """Return whether the lease is valid (section 6.4.1).

        It ends when this leader starts a leadership transfer: the new candidate does not wait for
        an election timeout.
        """
        return (
            self.server.config.reads == "lease"
            and not self.server.transfer_started
            and self.server.now < self.lease_until
        )

    def _result(self, event: Command) -> Output:
        return Output(
            event.client, event.request, self.server.sessions.machine.apply(event.operation)
        )

    @action("LeaseRead", section="dissertation 6.4.1", options=("lease",))
    def lease_read(self, event: Command) -> Effects:
        """Answer a read at once under a valid lease (section 6.4.1)."""
        return Effects(action="LeaseRead", outputs=[self._result(event)])

    @action("ReadIndex", section="dissertation 6.4", options=("read-index", "lease"))
    def read_index(self, events: tuple[Command, ...]) -> Effects:
        """Record commitIndex and start a round to confirm leadership (section 6.4)."""
        self._begin_round()
        outputs: list[Output | Redirect] = []
        if self.server.is_quorum({self.server.name}):
            outputs += [self._result(event) for event in events]
        else:
            self.reads[self.server.round] = (self.server.commitIndex, events)
        return Effects(
            action="ReadIndex", sends=self.server.replicate(self.server.peers()), outputs=outputs
        )

    def _begin_round(self) -> None:
        self.server.round += 1
        self._round_starts[self.server.round] = self.server.now

    def on_heartbeat_timeout(self) -> Effects | None:
        """Start a round for pending reads (section 6.4), then send heartbeats."""
        if not self._pending or not self.server.knows_committed():
            return None
        events, self._pending = tuple(self._pending.values()), {}
        effects = self.read_index(events)
        effects.timers = [self.server.heartbeat_timer()]
        return effects

    def before_heartbeat(self) -> None:
        """Start a round with each heartbeat if there are leases (section 6.4.1)."""
        if self.server.config.reads == "lease":
            self._begin_round()

    def answered(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        """Answer the reads of each round that a quorum has responded to (section 6.4)."""
        outputs: list[Output | Redirect] = []
        if message.round <= self.acked[message.sender]:
            return outputs
        self.acked[message.sender] = message.round
        confirmed = self._confirmed_round()
        for number in [number for number in self.reads if number <= confirmed]:
            _, events = self.reads.pop(number)
            outputs += [self._result(event) for event in events]
        if confirmed in self._round_starts:
            self.lease_until = self._round_starts[confirmed] + self.server.config.lease
            self._round_starts = {
                number: start for number, start in self._round_starts.items() if number > confirmed
            }
        return outputs

    def _confirmed_round(self) -> int:
        """Return the latest round that a quorum has responded to, 0 for none."""
        for number in sorted(set(self.acked.values()), reverse=True):
            servers = {other for other, acked in self.acked.items() if acked >= number}
            if self.server.is_quorum(servers | {self.server.name}):
                return number
        return 0

    def shown(self) -> dict[str, Any]:
        """Return the specification variables that this option adds, ITF-encoded."""
        return {
            "round": self.server.round,
            "acked": {"#map": [[other, self.acked[other]] for other in sorted(self.server.others)]},
            "reads": {
                "#set": [
                    {"round": number, "index": index} for number, (index, _) in self.reads.items()
                ]
            },
        }
