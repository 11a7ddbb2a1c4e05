"""Pre-votes: a server asks whether it would be elected before it raises its term.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 9.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import RequestPreVote, RequestPreVoteResponse
from toolkit.protocols.raft.option import Option

__all__ = ["PreVotes"]


class PreVotes(Option):
    """Pre-votes (dissertation, section 9.6)."""

    messages: ClassVar[Mapping[type[Message], str]] = {
        RequestPreVote: "on_pre_vote_request",
        RequestPreVoteResponse: "on_pre_vote_response",
    }

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.pre_vote

    def on_election_timeout(self) -> Effects | None:
        """Request pre-votes before an election (section 9.6)."""
        if (
            self.server.role != "leader"
            and self.server.takes_part()
            and not self.server.is_quorum({self.server.name})
        ):
            return self.pre_vote()
        return None

    def on_pre_vote_request(self, message: RequestPreVote) -> Effects:
        """Grant or deny a pre-vote (section 9.6)."""
        if self.would_vote(message):
            return self.grant_pre_vote(message)
        return self.deny_pre_vote(message)

    def on_pre_vote_response(self, message: RequestPreVoteResponse) -> Effects:
        """Count a pre-vote; start the election with a quorum (section 9.6)."""
        if not message.granted and message.term > self.server.currentTerm:
            return self.server.step_down(message)
        if (
            not message.granted
            or message.term != self.server.currentTerm + 1
            or self.server.role != "precandidate"
        ):
            return self.server.ignore()
        if self.server.is_quorum(self.server.votesGranted | {message.sender}):
            return self.win_pre_vote(message)
        return self.count_pre_vote(message)

    @action("PreVote", section="dissertation 9.6", options=("pre-vote",))
    def pre_vote(self) -> Effects:
        """Ask all other voters whether they would vote for this server in the next term."""
        self.server.role = "precandidate"
        self.server.leader = None
        self.server.reset()
        self.server.votesGranted = {self.server.name}
        last = self.server.log.last_index
        ask = RequestPreVote(
            self.server.currentTerm + 1, self.server.name, last, self.server.log.term_at(last)
        )
        config = self.server.configuration()
        return Effects(
            action="PreVote",
            sends=[Send(other, ask) for other in self.server.peers() if config.has_vote(other)],
            timers=[self.server.election_timer()],
        )

    def would_vote(self, message: RequestPreVote) -> bool:
        """Return whether this server would vote for the sender (section 9.6).

        It would not while it hears from a leader: this is the purpose of pre-votes.
        """
        return (
            message.term > self.server.currentTerm
            and self.server.role != "leader"
            and not self.server.heard_lately()
            and self.server.up_to_date(message)
        )

    @action("GrantPreVote", section="dissertation 9.6", options=("pre-vote",))
    def grant_pre_vote(self, message: RequestPreVote) -> Effects:
        """Grant a pre-vote, without changing any state (section 9.6)."""
        return self._answer_pre_vote("GrantPreVote", message, message.term, granted=True)

    @action("DenyPreVote", section="dissertation 9.6", options=("pre-vote",))
    def deny_pre_vote(self, message: RequestPreVote) -> Effects:
        """Deny a pre-vote, and report this server's term (section 9.6)."""
        return self._answer_pre_vote("DenyPreVote", message, self.server.currentTerm, granted=False)

    def _answer_pre_vote(
        self, action: str, message: RequestPreVote, term: int, *, granted: bool
    ) -> Effects:
        reply = RequestPreVoteResponse(term, self.server.name, message.cand, granted)
        return Effects(action=action, sends=[Send(message.cand, reply)])

    @action("CountPreVote", section="dissertation 9.6", options=("pre-vote",))
    def count_pre_vote(self, message: RequestPreVoteResponse) -> Effects:
        """Record a pre-vote that does not complete a quorum (section 9.6)."""
        self.server.votesGranted.add(message.sender)
        return Effects(action="CountPreVote")

    @action("WinPreVote", section="dissertation 9.6", options=("pre-vote",))
    def win_pre_vote(self, message: RequestPreVoteResponse) -> Effects:
        """Start the election with the pre-vote that completes a quorum (section 9.6)."""
        return self.server.start_election("WinPreVote")
