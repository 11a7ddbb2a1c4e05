"""Leaders that give up when they hear from no quorum, and leaders that hand over.

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
    """A server that may stop leading, and does not help to depose a leader that is heard."""

    def __init__(self, name: str, config: RaftConfig) -> None:
        self._active: set[str] = set()
        self._heir: str | None = None
        self._client: tuple[str, int] | None = None
        self._deadline = 0.0
        self._asked = False
        super().__init__(name, config)
        self._handlers[TimeoutNow] = self._timeout_now

    def _reset(self) -> None:
        super()._reset()
        self._active = set()
        self._heir = None

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        if type(event) is Receive:
            if self.config.check_quorum and self._is_heard(event.message):
                self._active.add(event.sender)
        elif isinstance(event, Restart) and self.config.check_quorum:
            # It may have answered a leader just before the crash.
            self._contact = now
        return super().handle(event, now)

    # Check-quorum (sections 6.2 and 4.2.3) -----------------------------------------------

    def leader_election_timer(self) -> SetTimer:
        """Return a leader's election timer: with check-quorum it looks for a quorum then."""
        if not self.config.check_quorum:
            return super().leader_election_timer()
        high = self.config.election[1]
        return SetTimer(ELECTION_TIMER, high, high)

    def on_election_timeout(self) -> Effects:
        """Step down if no quorum answered lately; otherwise as without check-quorum."""
        if self.role != "leader" or not self.config.check_quorum:
            return super().on_election_timeout()
        if not self.is_quorum(self._active | {self.name}):
            return self.check_quorum()
        self._active = set()
        return Effects(timers=[self.leader_election_timer()])

    def _is_heard(self, message: Message) -> bool:
        """Return whether a message shows that its sender takes this server for its leader.

        Requests for votes, for instance, show the opposite.
        """
        return (
            self.role == "leader"
            and isinstance(message, AppendEntriesResponse | InstallSnapshotResponse)
            and message.term == self.currentTerm
        )

    @action("CheckQuorum", section="dissertation 6.2", options=("check-quorum",))
    def check_quorum(self) -> Effects:
        """Give up, having heard from no quorum for an election time-out."""
        return self.abdicate("CheckQuorum")

    def on_vote_request(self, message: RequestVote) -> Effects:
        """Ignore the request while a leader was heard lately (section 4.2.3)."""
        # Also in its own term, which it may have gone to since it heard from the leader of an
        # earlier one: that one may still count on it (section 6.4.1).
        if (
            self.config.check_quorum
            and message.term >= self.currentTerm
            and not message.transfer
            and self.has_leader()
        ):
            return self.ignore()
        return super().on_vote_request(message)

    def has_leader(self) -> bool:
        """Return whether this server leads, or has heard from a leader lately."""
        return self.role == "leader" or self.heard_lately()

    # Handing over (section 3.10) ---------------------------------------------------------

    def on_command(self, event: Command) -> Effects:
        """Transfer leadership when asked to (section 3.10); otherwise as without transfers."""
        operation = event.operation
        if self.role != "leader" or not self.config.transfer:
            return super().on_command(event)
        if isinstance(operation, dict) and operation.get("op") == "transfer":
            return self._hand_over(event, operation.get("to"))
        if self._heir is not None:
            return self.send_on(event, None)
        return super().on_command(event)

    def _hand_over(self, event: Command, heir: Any) -> Effects:
        if heir == self.name:
            return self.reply([Output(event.client, event.request, {"ok": True})])
        if heir not in self.configuration().voters:
            what = {"error": f"{heir!r} is no voter"}
            return self.reply([Output(event.client, event.request, what)])
        self._heir, self._client = heir, (event.client, event.request)
        self._deadline = self._now + self.config.election[1]
        self._asked = False
        return self.transfer_leadership() if self._heir_is_ready() else self.reply([])

    def _heir_is_ready(self) -> bool:
        return self._heir is not None and self.matchIndex[self._heir] == self.log.last_index

    def on_heartbeat_timeout(self) -> Effects:
        """Give up a transfer that took too long (section 3.10), then send heartbeats."""
        if self._heir is not None and self._now >= self._deadline:
            self._heir = None
        if self._heir_is_ready() and not self._asked:
            effects = self.transfer_leadership()
            effects.timers = [self.heartbeat_timer()]
            return effects
        # The others are to hear of this leader until there is another one.
        self._asked = False
        return super().on_heartbeat_timeout()

    @action("TransferLeadership", section="dissertation 3.10", options=("transfer",))
    def transfer_leadership(self) -> Effects:
        """Ask a server whose log is as long as this leader's to stand at once."""
        assert self._heir is not None
        self._asked = True
        self._handed_over = True
        outputs = []
        if self._client is not None:
            outputs.append(Output(*self._client, {"ok": True}))
            self._client = None
        return Effects(
            action="TransferLeadership",
            params={"to": self._heir},
            sends=[Send(self._heir, TimeoutNow(self.currentTerm, self.name, self._heir))],
            outputs=[*outputs],
        )

    def _timeout_now(self, message: TimeoutNow) -> Effects:
        if message.term == self.currentTerm and self.role != "leader" and self.takes_part():
            return self.timeout_now(message)
        return self.ignore()

    @action("TimeoutNow", section="dissertation 3.10", options=("transfer",))
    def timeout_now(self, message: TimeoutNow) -> Effects:
        """Begin an election because the leader asks for it, without waiting."""
        return self.start_election("TimeoutNow", transfer=True)
