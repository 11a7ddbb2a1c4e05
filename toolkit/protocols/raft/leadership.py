"""Check-quorum and leadership transfer.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, sections 6.2 and 4.2.3
(check-quorum), and 3.10 (leadership transfer).
"""

from __future__ import annotations

from typing import Any

from toolkit.protocols.actions import action
from toolkit.protocols.base import (
    Command,
    Effects,
    Event,
    Message,
    Output,
    Receive,
    Restart,
    Send,
    SetTimer,
)
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import ELECTION_TIMER, RaftCore
from toolkit.protocols.raft.messages import (
    AppendEntriesResponse,
    InstallSnapshotResponse,
    RequestVote,
    TimeoutNow,
)

__all__ = ["Handover"]


class Handover(RaftCore):
    """A server with check-quorum and leadership transfer."""

    def __init__(self, name: str, config: RaftConfig) -> None:
        self._active: set[str] = set()
        self._target: str | None = None
        self._client: tuple[str, int] | None = None
        self._deadline = 0.0
        self._target_asked = False
        super().__init__(name, config)
        self._handlers[TimeoutNow] = self._timeout_now

    def _reset(self) -> None:
        super()._reset()
        self._active = set()
        self._target = None

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        if type(event) is Receive:
            if self.config.check_quorum and self._is_response_to_leader(event.message):
                self._active.add(event.sender)
        elif isinstance(event, Restart) and self.config.check_quorum:
            # It may have responded to a leader just before the crash.
            self._contact = now
        return super().handle(event, now)

    # Check-quorum (sections 6.2 and 4.2.3) -----------------------------------------------

    def leader_election_timer(self) -> SetTimer:
        """Return a leader's election timer: it runs with check-quorum, else it is cancelled."""
        if not self.config.check_quorum:
            return super().leader_election_timer()
        high = self.config.election[1]
        return SetTimer(ELECTION_TIMER, high, high)

    def on_election_timeout(self) -> Effects:
        """Step down if no quorum responded within an election timeout (section 6.2)."""
        if self.role != "leader" or not self.config.check_quorum:
            return super().on_election_timeout()
        if not self.is_quorum(self._active | {self.name}):
            return self.check_quorum()
        self._active = set()
        return Effects(timers=[self.leader_election_timer()])

    def _is_response_to_leader(self, message: Message) -> bool:
        """Return whether a message is a follower's response to this leader in its term."""
        return (
            self.role == "leader"
            and isinstance(message, AppendEntriesResponse | InstallSnapshotResponse)
            and message.term == self.currentTerm
        )

    @action("CheckQuorum", section="dissertation 6.2", options=("check-quorum",))
    def check_quorum(self) -> Effects:
        """Step down because no quorum responded within an election timeout (section 6.2)."""
        return self.abdicate("CheckQuorum")

    def on_vote_request(self, message: RequestVote) -> Effects:
        """Ignore the request if a leader was heard within an election timeout (section 4.2.3)."""
        # This applies to requests of its own term, too: it may have adopted the term after it heard
        # from the leader of an earlier term, which may still rely on it (section 6.4.1).
        if (
            self.config.check_quorum
            and message.term >= self.currentTerm
            and not message.transfer
            and self.has_leader()
        ):
            return self.ignore()
        return super().on_vote_request(message)

    def has_leader(self) -> bool:
        """Return whether this server is the leader or has recently heard from a leader."""
        return self.role == "leader" or self.heard_lately()

    # Leadership transfer (section 3.10) ---------------------------------------------------------

    def on_command(self, event: Command) -> Effects:
        """Transfer leadership if a client requests it (section 3.10)."""
        operation = event.operation
        if self.role != "leader" or not self.config.transfer:
            return super().on_command(event)
        if isinstance(operation, dict) and operation.get("op") == "transfer":
            return self._start_transfer(event, operation.get("to"))
        if self._target is not None:
            return self.send_on(event, None)
        return super().on_command(event)

    def _start_transfer(self, event: Command, target: Any) -> Effects:
        if target == self.name:
            return self.reply([Output(event.client, event.request, {"ok": True})])
        if target not in self.configuration().voters:
            result = {"error": f"{target!r} is not a voter"}
            return self.reply([Output(event.client, event.request, result)])
        self._target, self._client = target, (event.client, event.request)
        self._deadline = self._now + self.config.election[1]
        self._target_asked = False
        return self.transfer_leadership() if self._target_is_ready() else self.reply([])

    def _target_is_ready(self) -> bool:
        return self._target is not None and self.matchIndex[self._target] == self.log.last_index

    def on_heartbeat_timeout(self) -> Effects:
        """Abort a transfer after an election timeout (section 3.10), then send heartbeats."""
        if self._target is not None and self._now >= self._deadline:
            self._target = None
        if self._target_is_ready() and not self._target_asked:
            effects = self.transfer_leadership()
            effects.timers = [self.heartbeat_timer()]
            return effects
        # The other servers need heartbeats until there is a new leader.
        self._target_asked = False
        return super().on_heartbeat_timeout()

    @action("TransferLeadership", section="dissertation 3.10", options=("transfer",))
    def transfer_leadership(self) -> Effects:
        """Ask an up-to-date server to start an election at once (section 3.10)."""
        assert self._target is not None
        self._target_asked = True
        self._transfer_started = True
        outputs = []
        if self._client is not None:
            outputs.append(Output(*self._client, {"ok": True}))
            self._client = None
        return Effects(
            action="TransferLeadership",
            params={"to": self._target},
            sends=[Send(self._target, TimeoutNow(self.currentTerm, self.name, self._target))],
            outputs=[*outputs],
        )

    def _timeout_now(self, message: TimeoutNow) -> Effects:
        if message.term == self.currentTerm and self.role != "leader" and self.takes_part():
            return self.timeout_now(message)
        return self.ignore()

    @action("TimeoutNow", section="dissertation 3.10", options=("transfer",))
    def timeout_now(self, message: TimeoutNow) -> Effects:
        """Start an election at once because the leader asks for it (section 3.10)."""
        return self.start_election("TimeoutNow", transfer=True)
