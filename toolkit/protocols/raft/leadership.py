"""Check-quorum and leadership transfer.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, sections 6.2 and 4.2.3
(check-quorum), and 3.10 (leadership transfer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.protocols.actions import action
from toolkit.protocols.base import (
    Command,
    Effects,
    Message,
    Output,
    Send,
    SetTimer,
)
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import (
    RequestVote,
    TimeoutNow,
)
from toolkit.protocols.raft.option import Option
from toolkit.protocols.raft.state import ELECTION_TIMER

if TYPE_CHECKING:
    from toolkit.protocols.raft.core import RaftCore

__all__ = ["CheckQuorum", "Transfer"]


class CheckQuorum(Option):
    """Check-quorum (sections 6.2 and 4.2.3).

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.
    """

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self._active: set[str] = set()

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.check_quorum

    def reset(self) -> None:
        """Forget which servers responded."""
        self._active = set()

    def responded(self, sender: str) -> None:
        """Record that a server has responded since the last check (section 6.2)."""
        self._active.add(sender)

    def restarted(self) -> None:
        """Wait after a restart: it may have responded to a leader just before the crash."""
        self.server.note_contact()

    def leader_election_timer(self) -> SetTimer:
        """Return a leader's election timer, which runs out for the next check."""
        high = self.server.config.election[1]
        return SetTimer(ELECTION_TIMER, high, high)

    def on_election_timeout(self) -> Effects | None:
        """Step down if no quorum responded within an election timeout (section 6.2)."""
        if self.server.role != "leader":
            return None
        if not self.server.is_quorum(self._active | {self.server.name}):
            return self.check_quorum()
        self._active = set()
        return Effects(timers=[self.leader_election_timer()])

    @action("CheckQuorum", section="dissertation 6.2", options=("check-quorum",))
    def check_quorum(self) -> Effects:
        """Step down because no quorum responded within an election timeout (section 6.2)."""
        return self.server.abdicate("CheckQuorum")

    def on_vote_request(self, message: RequestVote) -> Effects | None:
        """Ignore the request if a leader was heard within an election timeout (section 4.2.3)."""
        # This applies to requests of its own term, too: it may have adopted the term after it heard
        # from the leader of an earlier term, which may still rely on it (section 6.4.1).
        if message.term >= self.server.currentTerm and not message.transfer and self.has_leader():
            return self.server.ignore()
        return None

    def has_leader(self) -> bool:
        """Return whether this server is the leader or has recently heard from a leader."""
        return self.server.role == "leader" or self.server.heard_lately()


class Transfer(Option):
    """Leadership transfer (section 3.10).

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.
    """

    messages: ClassVar[Mapping[type[Message], str]] = {TimeoutNow: "on_timeout_now"}

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self._target: str | None = None
        self._client: tuple[str, int] | None = None
        self._deadline = 0.0
        self._target_asked = False

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.transfer

    def reset(self) -> None:
        """Stop a transfer that has not succeeded."""
        self._target = None

    def on_command(self, event: Command) -> Effects | None:
        """Transfer leadership if a client requests it (section 3.10)."""
        operation = event.operation
        if self.server.role != "leader":
            return None
        if isinstance(operation, dict) and operation.get("op") == "transfer":
            return self._start_transfer(event, operation.get("to"))
        if self._target is not None:
            return self.server.send_on(event, None)
        return None

    def _start_transfer(self, event: Command, target: Any) -> Effects:
        if target == self.server.name:
            return self.server.reply([Output(event.client, event.request, {"ok": True})])
        if target not in self.server.configuration().voters:
            result = {"error": f"{target!r} is not a voter"}
            return self.server.reply([Output(event.client, event.request, result)])
        self._target, self._client = target, (event.client, event.request)
        self._deadline = self.server.now + self.server.config.election[1]
        self._target_asked = False
        return self.transfer_leadership() if self._target_is_ready() else self.server.reply([])

    def _target_is_ready(self) -> bool:
        server, target = self.server, self._target
        return target is not None and server.matchIndex[target] == server.log.last_index

    def on_heartbeat_timeout(self) -> Effects | None:
        """Abort a transfer after an election timeout (section 3.10), then send heartbeats."""
        if self._target is not None and self.server.now >= self._deadline:
            self._target = None
        if self._target_is_ready() and not self._target_asked:
            effects = self.transfer_leadership()
            effects.timers = [self.server.heartbeat_timer()]
            return effects
        # The other servers need heartbeats until there is a new leader.
        self._target_asked = False
        return None

    @action("TransferLeadership", section="dissertation 3.10", options=("transfer",))
    def transfer_leadership(self) -> Effects:
        """Ask an up-to-date server to start an election at once (section 3.10)."""
        server, target = self.server, self._target
        assert target is not None
        self._target_asked = True
        server.transfer_started = True
        outputs = []
        if self._client is not None:
            outputs.append(Output(*self._client, {"ok": True}))
            self._client = None
        return Effects(
            action="TransferLeadership",
            params={"to": target},
            sends=[Send(target, TimeoutNow(server.currentTerm, server.name, target))],
            outputs=[*outputs],
        )

    def on_timeout_now(self, message: TimeoutNow) -> Effects:
        """Start an election if the request is of this term and this server may (section 3.10)."""
        server = self.server
        if message.term == server.currentTerm and server.role != "leader" and server.takes_part():
            return self.timeout_now(message)
        return server.ignore()

    @action("TimeoutNow", section="dissertation 3.10", options=("transfer",))
    def timeout_now(self, message: TimeoutNow) -> Effects:
        """Start an election at once because the leader asks for it (section 3.10)."""
        return self.server.start_election("TimeoutNow", transfer=True)
