"""Pre-votes: a server asks whether it would be elected before it raises its term.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 9.6.
"""

from __future__ import annotations

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Send
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import RaftCore
from toolkit.protocols.raft.messages import RequestPreVote, RequestPreVoteResponse

__all__ = ["PreVotes"]


class PreVotes(RaftCore):
    """A server with pre-votes (dissertation, section 9.6)."""

    def __init__(self, name: str, config: RaftConfig) -> None:
        super().__init__(name, config)
        self._handlers[RequestPreVote] = self.on_pre_vote_request
        self._handlers[RequestPreVoteResponse] = self.on_pre_vote_response

    def on_election_timeout(self) -> Effects:
        """Request pre-votes before an election (section 9.6)."""
        if (
            self.config.pre_vote
            and self.role != "leader"
            and self.takes_part()
            and not self.is_quorum({self.name})
        ):
            return self.pre_vote()
        return super().on_election_timeout()

    def on_pre_vote_request(self, message: RequestPreVote) -> Effects:
        """Grant or deny a pre-vote (section 9.6)."""
        if self.would_vote(message):
            return self.grant_pre_vote(message)
        return self.deny_pre_vote(message)

    def on_pre_vote_response(self, message: RequestPreVoteResponse) -> Effects:
        """Count a pre-vote; start the election with a quorum (section 9.6)."""
        if not message.granted and message.term > self.currentTerm:
            return self.step_down(message)
        if (
            not message.granted
            or message.term != self.currentTerm + 1
            or self.role != "precandidate"
        ):
            return self.ignore()
        if self.is_quorum(self.votesGranted | {message.sender}):
            return self.win_pre_vote(message)
        return self.count_pre_vote(message)

    @action("PreVote", section="dissertation 9.6", options=("pre-vote",))
    def pre_vote(self) -> Effects:
        """Ask all other voters whether they would vote for this server in the next term."""
        self.role = "precandidate"
        self.leader = None
        self._reset()
        self.votesGranted = {self.name}
        last = self.log.last_index
        ask = RequestPreVote(self.currentTerm + 1, self.name, last, self.log.term_at(last))
        config = self.configuration()
        return Effects(
            action="PreVote",
            sends=[Send(other, ask) for other in self.peers() if config.has_vote(other)],
            timers=[self.election_timer()],
        )

    def would_vote(self, message: RequestPreVote) -> bool:
        """Return whether this server would vote for the sender (section 9.6).

        It would not while it hears from a leader: this is the purpose of pre-votes.
        """
        return (
            message.term > self.currentTerm
            and self.role != "leader"
            and not self.heard_lately()
            and self.up_to_date(message)
        )

    @action("GrantPreVote", section="dissertation 9.6", options=("pre-vote",))
    def grant_pre_vote(self, message: RequestPreVote) -> Effects:
        """Grant a pre-vote, without changing any state (section 9.6)."""
        return self._answer_pre_vote("GrantPreVote", message, message.term, granted=True)

    @action("DenyPreVote", section="dissertation 9.6", options=("pre-vote",))
    def deny_pre_vote(self, message: RequestPreVote) -> Effects:
        """Deny a pre-vote, and report this server's term (section 9.6)."""
        return self._answer_pre_vote("DenyPreVote", message, self.currentTerm, granted=False)

    def _answer_pre_vote(
        self, action: str, message: RequestPreVote, term: int, *, granted: bool
    ) -> Effects:
        reply = RequestPreVoteResponse(term, self.name, message.cand, granted)
        return Effects(action=action, sends=[Send(message.cand, reply)])

    @action("CountPreVote", section="dissertation 9.6", options=("pre-vote",))
    def count_pre_vote(self, message: RequestPreVoteResponse) -> Effects:
        """Record a pre-vote that does not complete a quorum (section 9.6)."""
        self.votesGranted.add(message.sender)
        return Effects(action="CountPreVote")

    @action("WinPreVote", section="dissertation 9.6", options=("pre-vote",))
    def win_pre_vote(self, message: RequestPreVoteResponse) -> Effects:
        """Start the election with the pre-vote that completes a quorum (section 9.6)."""
        return self.start_election("WinPreVote")
