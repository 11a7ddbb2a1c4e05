"""Seeded bugs: nodes that each break one rule, for tests and lessons."""

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
        """Restart without the promise."""
        effects = super().restart(durable)
        self.maxBal = self.maxVBal
        return effects


class IgnoresAccepted(PaxosNode):
    """A proposer that proposes its own value even if promises report another one."""

    def pick_value(self, promises: list[Phase1b]) -> str:
        """Return the client's value."""
        assert self.want is not None
        return self.want


class AcceptsBelowPromise(PaxosNode):
    """An acceptor that accepts in ballots below its promise."""

    def forbids(self, ballot: int) -> bool:
        """Compare only with the last ballot in which it accepted."""
        return ballot < self.maxVBal


class RepliesBeforeDurable(PaxosNode):
    """An acceptor that votes without writing its vote to disk."""

    def phase2b(self, message: Phase2a) -> Effects:
        """Accept without a write."""
        effects = super().phase2b(message)
        effects.write = None
        return effects


class CountsAcrossBallots(PaxosNode):
    """A learner that counts votes of different ballots together."""

    def vote(self, message: Phase2b) -> Effects:
        """Learn a value once a quorum has voted, in any ballots."""
        acceptors = {acc for acc, _ in self.votes} | {message.acc}
        if self.config.quorums.phase2.is_quorum(acceptors):
            return self.learn(message)
        return super().vote(message)


BUGS: dict[str, NodeFactory] = {
    "forgets-promise": ForgetsPromise,
    "ignores-accepted": IgnoresAccepted,
    "accepts-below-promise": AcceptsBelowPromise,
    "replies-before-durable": RepliesBeforeDurable,
    "counts-across-ballots": CountsAcrossBallots,
}
"""Registry of seeded bugs: name to node class."""
