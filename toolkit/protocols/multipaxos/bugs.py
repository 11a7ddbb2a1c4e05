"""Seeded bugs: servers that each break one rule, for tests and lessons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from toolkit.protocols.base import Effects, NodeFactory, Send
from toolkit.protocols.multipaxos.messages import (
    Ask,
    Heartbeat,
    Learn,
    Nack,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    Value,
)
from toolkit.protocols.multipaxos.node import MultiPaxosNode
from toolkit.protocols.protocol import BugSetup

__all__ = ["BUGS", "BUG_SETUPS"]


class IgnoresVotes(MultiPaxosNode):
    """Proposes no-ops in open slots despite reported votes (Paxos Made Simple, section 2.2)."""

    def pick(self, slot: int) -> Value:
        """Return a no-op for every slot."""
        return Value("noop", "", self.bal, slot)


class LooksForNothing(MultiPaxosNode):
    """Ignores the votes reported in promises (section 2.2, phase 2a)."""

    def note(self, message: Phase1b) -> None:
        """Record the sender of the promise only."""
        self.promised = self.promised | {message.sender}


class LowestVote(MultiPaxosNode):
    """Keeps the lowest reported vote of a slot, not the highest (section 2.2)."""

    def note(self, message: Phase1b) -> None:
        """Replace a vote by one in a lower ballot."""
        before = dict(self.told)
        super().note(message)
        for vote in message.votes:
            if vote.slot in before and vote.bal < before[vote.slot].bal:
                self.told[vote.slot] = vote


class LeavesGaps(MultiPaxosNode):
    """Does not fill gaps: proposes only in slots with reported votes (section 3)."""

    def unsettled(self) -> list[int]:
        """Return only slots with reported votes."""
        return [slot for slot in super().unsettled() if slot in self.told]


class ForgetsPromise(MultiPaxosNode):
    """Forgets its promise in a crash, except the ballot of its last vote (section 2.5)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with the ballot of the last vote in place of the promise."""
        effects = super().restart(durable)
        self.maxBal = max((vote.bal for vote in self.votes.values()), default=-1)
        return effects


class ForgetsVotes(MultiPaxosNode):
    """Forgets its votes in a crash (section 2.5)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart without the votes."""
        effects = super().restart(durable)
        self.votes = {}
        return effects


class PromisesBeforeDurable(MultiPaxosNode):
    """Promises without writing the promise to disk (section 2.5)."""

    def promise(self, message: Phase1a) -> Effects:
        """Promise without a write."""
        effects = super().promise(message)
        effects.write = None
        return effects


class VotesBeforeDurable(MultiPaxosNode):
    """Votes without writing the vote to disk (section 2.5)."""

    def accept(self, message: Phase2a) -> Effects:
        """Vote without a write."""
        effects = super().accept(message)
        effects.write = None
        return effects


class AcceptsBelowPromise(MultiPaxosNode):
    """Takes part in ballots below its promise (section 2.2, phase 2b)."""

    def forbids(self, ballot: int) -> bool:
        """Compare only with the ballots of its votes."""
        return ballot < max((vote.bal for vote in self.votes.values()), default=-1)


class LeadsWithOneFewer(MultiPaxosNode):
    """Leads with one promise fewer than a quorum (section 2.2, phase 2a)."""

    def enough(self, promised: Collection[str]) -> bool:
        """Count one server more than have promised."""
        extra = next((name for name in self.config.members if name not in promised), self.name)
        return super().enough({*promised, extra})


class ChoosesWithOneFewer(MultiPaxosNode):
    """Treats a value as chosen with one vote fewer than a quorum (section 2.3)."""

    def is_chosen(self, slot: int, acks: Collection[str]) -> bool:
        """Count one server more than have voted."""
        extra = next((name for name in self.config_at(slot) if name not in acks), self.name)
        return super().is_chosen(slot, {*acks, extra})


class CountsRepetitions(MultiPaxosNode):
    """Counts a repeated vote as two votes (section 2.3)."""

    def _phase2b(self, message: Phase2b) -> Effects:
        acks = self.acks.get(message.slot, frozenset())
        if message.bal == self.bal and message.sender in acks:
            extra = next(name for name in self.config.servers if name not in acks)
            return super()._phase2b(Phase2b(extra, message.bal, message.slot))
        return super()._phase2b(message)


class ReusesBallot(MultiPaxosNode):
    """Starts the same ballot again after a crash (section 2.5)."""

    def prepare(self) -> Effects:
        """Start the ballot of its promise again if it owns that ballot."""
        is_owner = self.maxBal >= 0 and self.config.owner(self.maxBal) == self.name
        if is_owner and self.phase == "idle":
            self.maxBal -= 1
        return super().prepare()


class IgnoresNacks(MultiPaxosNode):
    """Continues with a ballot that is too low (section 2.2, the optimization)."""

    def step_down(self, message: Nack) -> Effects:
        """Ignore the rejection."""
        return self.ignore()


class LearnsFromAnyVote(MultiPaxosNode):
    """Treats its vote as chosen even if it was in another leader's ballot (section 2.3)."""

    def sure(self, message: Heartbeat) -> dict[int, Value]:
        """Return all its votes up to the chosen slot, whatever their ballots."""
        slots = range(self.last + 1, message.chosen + 1)
        return {slot: self.votes[slot].val for slot in slots if slot in self.votes}


class SharesTheWrongSlots(MultiPaxosNode):
    """Sends values shifted by one slot to servers that catch up."""

    def share(self, message: Ask | Phase2a) -> Effects:
        """Skip the first requested value."""
        effects = super().share(message)
        for send in effects.sends:
            if isinstance(send.message, Learn) and len(send.message.vals) > 1:
                wrong = Learn.of(send.message.first, send.message.vals[1:])
                effects.sends = [Send(send.to, wrong)]
        return effects


class IgnoresWindow(MultiPaxosNode):
    """Proposes in any number of slots at a time (section 3: at most alpha)."""

    def may_propose(self) -> bool:
        """Return whether it leads, ignoring the window."""
        return self.phase == "leading"


class ChangesAtOnce(MultiPaxosNode):
    """Applies a configuration from the next slot on (Lamport, Malkhi and Zhou, section 3)."""

    def config_at(self, slot: int) -> tuple[str, ...]:
        """Return the latest configuration before a slot, ignoring alpha."""
        earlier = [members for chosen_at, members in self.configs if chosen_at < slot]
        return earlier[-1] if earlier else self.config.members


class AsksNoNewAcceptors(MultiPaxosNode):
    """Proposes to new acceptors without promises of a quorum of them (same paper, section 3)."""

    def is_quorum1(self, members: tuple[str, ...], servers: Collection[str]) -> bool:
        """Check promises of the initial acceptors only."""
        return super().is_quorum1(self.config.members, servers)


class SnapshotsWithoutSessions(MultiPaxosNode):
    """Leaves the clients' sessions out of its snapshots (Ongaro's dissertation, section 6.3)."""

    def content(self) -> Any:
        """Return the machine's state with no sessions."""
        return super().content() | {"sessions": []}


BUGS: dict[str, NodeFactory] = {
    "ignores-votes": IgnoresVotes,
    "looks-for-nothing": LooksForNothing,
    "lowest-vote": LowestVote,
    "leaves-gaps": LeavesGaps,
    "forgets-promise": ForgetsPromise,
    "forgets-votes": ForgetsVotes,
    "promises-before-durable": PromisesBeforeDurable,
    "votes-before-durable": VotesBeforeDurable,
    "accepts-below-promise": AcceptsBelowPromise,
    "leads-with-one-fewer": LeadsWithOneFewer,
    "chooses-with-one-fewer": ChoosesWithOneFewer,
    "counts-repetitions": CountsRepetitions,
    "reuses-ballot": ReusesBallot,
    "ignores-nacks": IgnoresNacks,
    "learns-from-any-vote": LearnsFromAnyVote,
    "shares-the-wrong-slots": SharesTheWrongSlots,
    "ignores-window": IgnoresWindow,
    "changes-at-once": ChangesAtOnce,
    "asks-no-new-acceptors": AsksNoNewAcceptors,
    "snapshots-without-sessions": SnapshotsWithoutSessions,
}
"""Registry of Multi-Paxos' seeded bugs: name to node class."""

_CHANGES = {"membership": "yes", "alpha": "2"}

BUG_SETUPS: dict[str, BugSetup] = {
    "ignores-votes": BugSetup(runs=2),
    "looks-for-nothing": BugSetup(runs=2),
    "lowest-vote": BugSetup(scenario="multipaxos-figure-1"),
    "leaves-gaps": BugSetup(scenario="multipaxos-gap"),
    "forgets-promise": BugSetup(runs=4),
    "forgets-votes": BugSetup(runs=3),
    "accepts-below-promise": BugSetup(runs=2),
    "chooses-with-one-fewer": BugSetup(nodes=5),
    "counts-repetitions": BugSetup(nodes=5, runs=3),
    "reuses-ballot": BugSetup(runs=7),
    "ignores-nacks": BugSetup(runs=2),
    "learns-from-any-vote": BugSetup(runs=3),
    "shares-the-wrong-slots": BugSetup(runs=3),
    "ignores-window": BugSetup(settings={"alpha": "1", "batch": "1"}),
    "changes-at-once": BugSetup(nodes=5, settings=_CHANGES, runs=2),
    "asks-no-new-acceptors": BugSetup(nodes=5, settings=_CHANGES),
    "snapshots-without-sessions": BugSetup(scenario="multipaxos-asked-again"),
}
"""Setups for bugs that need an option, more servers, more runs or a scenario to show."""
