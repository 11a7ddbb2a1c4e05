"""Planted bugs: nodes that break one rule each, for tests and lessons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.protocols.base import Effects, NodeFactory
from toolkit.protocols.paxos.messages import Phase1b, Phase2a, Phase2b
from toolkit.protocols.paxos.node import PaxosNode

__all__ = ["BUGS"]


class ForgetsPromise(PaxosNode):
    """An acceptor that forgets its promise when it restarts."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the promise."""
        effects = super().restart(durable)
        self.maxBal = self.maxVBal
        return effects


class IgnoresAccepted(PaxosNode):
    """A proposer that proposes its own value whatever the promises report."""

    def pick_value(self, promises: list[Phase1b]) -> str:
        """Return the client's value."""
        assert self.want is not None
        return self.want


class AcceptsBelowPromise(PaxosNode):
    """An acceptor that accepts in any ballot above the last one that it accepted in."""

    def forbids(self, ballot: int) -> bool:
        """Look at what was accepted only."""
        return ballot < self.maxVBal


class RepliesBeforeDurable(PaxosNode):
    """An acceptor that votes without asking for its vote to be made durable."""

    def phase2b(self, message: Phase2a) -> Effects:
        """Accept, and write nothing."""
        effects = super().phase2b(message)
        effects.write = None
        return effects


class CountsAcrossBallots(PaxosNode):
    """A learner that counts votes of different ballots together."""

    def vote(self, message: Phase2b) -> Effects:
        """Learn as soon as a quorum voted for anything."""
        heard = {acc for acc, _ in self.votes} | {message.acc}
        if self.config.quorums.phase2.is_quorum(heard):
            return self.learn(message)
        return super().vote(message)


BUGS: dict[str, NodeFactory] = {
    "forgets-promise": ForgetsPromise,
    "ignores-accepted": IgnoresAccepted,
    "accepts-below-promise": AcceptsBelowPromise,
    "replies-before-durable": RepliesBeforeDurable,
    "counts-across-ballots": CountsAcrossBallots,
}
"""Name of the bug to a node that has it."""
