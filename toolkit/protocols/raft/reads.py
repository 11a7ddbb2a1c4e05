"""Reads that leave no entry in the log.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 6.4 (ReadIndex) and
section 6.4.1 (leases).
"""

from __future__ import annotations

import math
from typing import Any

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import RaftCore
from toolkit.protocols.raft.messages import AppendEntriesResponse

__all__ = ["Reads"]


class Reads(RaftCore):
    """A server that answers reads when it is sure that it still leads.

    Attributes
    ----------
    acked : dict of str to int
        Leader: for every other server the last round that it answered.
    reads : dict of int to tuple
        Leader: round to the commitIndex at its begin and the commands that wait for it.
    lease_until : float
        Leader: until when nobody else can lead, by its own clock.
    """

    def __init__(self, name: str, config: RaftConfig) -> None:
        self.acked: dict[str, int] = {}
        self.reads: dict[int, tuple[int, tuple[Command, ...]]] = {}
        self.lease_until = -math.inf
        self._held: dict[tuple[str, int], Command] = {}
        self._begun: dict[int, float] = {}
        super().__init__(name, config)

    def _reset(self) -> None:
        super()._reset()
        self.acked = dict.fromkeys(self.others, 0)
        self.reads = {}
        self.lease_until = -math.inf
        self._held = {}
        self._begun = {}

    def on_command(self, event: Command) -> Effects:
        """Answer a read by ReadIndex or lease (section 6.4); append anything else."""
        if (
            self.config.reads == "log"
            or self.role != "leader"
            or not self.sessions.machine.reads(event.operation)
        ):
            return super().on_command(event)
        if not self.knows_committed():
            self._held[event.client, event.request] = event
            return self.reply([])
        if self.may_read_at_once():
            return self.lease_read(event)
        return self.read_index((event,))

    def may_read_at_once(self) -> bool:
        """Return whether the lease lasts.

        It ends for good when a server was asked to stand: that one waits for nothing.
        """
        return (
            self.config.reads == "lease" and not self._handed_over and self._now < self.lease_until
        )

    def _result(self, event: Command) -> Output:
        return Output(event.client, event.request, self.sessions.machine.apply(event.operation))

    @action("LeaseRead", section="dissertation 6.4.1", options=("lease",))
    def lease_read(self, event: Command) -> Effects:
        """Answer a read at once, for the lease lasts (section 6.4.1)."""
        return Effects(action="LeaseRead", outputs=[self._result(event)])

    @action("ReadIndex", section="dissertation 6.4", options=("read-index", "lease"))
    def read_index(self, events: tuple[Command, ...]) -> Effects:
        """Remember commitIndex, and ask around whether this server still leads (section 6.4)."""
        self._begin_round()
        outputs: list[Output | Redirect] = []
        if self.is_quorum({self.name}):
            outputs += [self._result(event) for event in events]
        else:
            self.reads[self.round] = (self.commitIndex, events)
        return Effects(action="ReadIndex", sends=self._replicate(self.peers()), outputs=outputs)

    def _begin_round(self) -> None:
        self.round += 1
        self._begun[self.round] = self._now

    def on_heartbeat_timeout(self) -> Effects:
        """Begin a round for the reads that wait (section 6.4), then send heartbeats."""
        if not self._held or not self.knows_committed():
            return super().on_heartbeat_timeout()
        events, self._held = tuple(self._held.values()), {}
        effects = self.read_index(events)
        effects.timers = [self.heartbeat_timer()]
        return effects

    def heartbeat(self) -> Effects:
        """Be heard of; under leases, each heartbeat is a round (section 6.4.1)."""
        if self.config.reads == "lease":
            self._begin_round()
        return super().heartbeat()

    def _heard(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        outputs = super()._heard(message)
        if message.round <= self.acked[message.sender]:
            return outputs
        self.acked[message.sender] = message.round
        sure = self._answered_round()
        for number in [number for number in self.reads if number <= sure]:
            _, events = self.reads.pop(number)
            outputs += [self._result(event) for event in events]
        if sure in self._begun:
            self.lease_until = self._begun[sure] + self.config.lease
            self._begun = {number: begun for number, begun in self._begun.items() if number > sure}
        return outputs

    def _answered_round(self) -> int:
        """Return the latest round that a quorum has answered; 0 for none."""
        for number in sorted(set(self.acked.values()), reverse=True):
            answered = {other for other, acked in self.acked.items() if acked >= number}
            if self.is_quorum(answered | {self.name}):
                return number
        return 0

    def shown(self) -> dict[str, Any]:
        """Return the variables that options add, as the specification's, ITF-encoded."""
        if self.config.reads == "log":
            return super().shown()
        return super().shown() | {
            "round": self.round,
            "acked": {"#map": [[other, self.acked[other]] for other in sorted(self.others)]},
            "reads": {
                "#set": [
                    {"round": number, "index": index} for number, (index, _) in self.reads.items()
                ]
            },
        }
