"""Planted bugs: servers that break one rule each, for tests and lessons."""

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
    """Settles open slots with no-ops, whatever it was told (Paxos Made Simple, section 2.2)."""

    def pick(self, slot: int) -> Value:
        """Fill every slot like a gap."""
        return Value("noop", "", self.bal, slot)


class LooksForNothing(MultiPaxosNode):
    """Counts promises without looking at the votes in them (section 2.2, phase 2a)."""

    def note(self, message: Phase1b) -> None:
        """Keep who promised, and nothing else."""
        self.promised = self.promised | {message.sender}


class LowestVote(MultiPaxosNode):
    """Keeps the lowest vote of those that it is told, not the highest (section 2.2)."""

    def note(self, message: Phase1b) -> None:
        """Let older votes win."""
        before = dict(self.told)
        super().note(message)
        for vote in message.votes:
            if vote.slot in before and vote.bal < before[vote.slot].bal:
                self.told[vote.slot] = vote


class LeavesGaps(MultiPaxosNode):
    """Fills no gaps: it settles only the slots that it was told of (section 3)."""

    def unsettled(self) -> list[int]:
        """Return what it was told of."""
        return [slot for slot in super().unsettled() if slot in self.told]


class ForgetsPromise(MultiPaxosNode):
    """Comes up after a crash with the ballot of its last vote for its promise (section 2.5)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the promise."""
        effects = super().restart(durable)
        self.maxBal = max((vote.bal for vote in self.votes.values()), default=-1)
        return effects


class ForgetsVotes(MultiPaxosNode):
    """Comes up after a crash without its votes (section 2.5)."""

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with everything but the votes."""
        effects = super().restart(durable)
        self.votes = {}
        return effects


class PromisesBeforeDurable(MultiPaxosNode):
    """Promises without asking for the promise to be made durable (section 2.5)."""

    def promise(self, message: Phase1a) -> Effects:
        """Promise, and write nothing."""
        effects = super().promise(message)
        effects.write = None
        return effects


class VotesBeforeDurable(MultiPaxosNode):
    """Votes without asking for the vote to be made durable (section 2.5)."""

    def accept(self, message: Phase2a) -> Effects:
        """Vote, and write nothing."""
        effects = super().accept(message)
        effects.write = None
        return effects


class AcceptsBelowPromise(MultiPaxosNode):
    """Takes part in any ballot above the last that it voted in (section 2.2, phase 2b)."""

    def forbids(self, ballot: int) -> bool:
        """Look at votes only."""
        return ballot < max((vote.bal for vote in self.votes.values()), default=-1)


class LeadsWithOneFewer(MultiPaxosNode):
    """Leads with one promise fewer than a quorum (section 2.2, phase 2a)."""

    def enough(self, promised: Collection[str]) -> bool:
        """Count somebody who has not promised."""
        spare = next((one for one in self.config.members if one not in promised), self.name)
        return super().enough({*promised, spare})


class ChoosesWithOneFewer(MultiPaxosNode):
    """Takes for chosen what all of a quorum but one voted for (section 2.3)."""

    def is_chosen(self, slot: int, acks: Collection[str]) -> bool:
        """Count somebody who has not voted."""
        spare = next((one for one in self.config_at(slot) if one not in acks), self.name)
        return super().is_chosen(slot, {*acks, spare})


class CountsRepetitions(MultiPaxosNode):
    """Counts a vote that comes twice for two votes (section 2.3)."""

    def _phase2b(self, message: Phase2b) -> Effects:
        acks = self.acks.get(message.slot, frozenset())
        if message.bal == self.bal and message.sender in acks:
            spare = next(one for one in self.config.servers if one not in acks)
            return super()._phase2b(Phase2b(spare, message.bal, message.slot))
        return super()._phase2b(message)


class ReusesBallot(MultiPaxosNode):
    """Begins the same ballot again after a crash (section 2.5)."""

    def prepare(self) -> Effects:
        """Take any ballot that is not below its own promise."""
        mine = self.maxBal >= 0 and self.config.owner(self.maxBal) == self.name
        if mine and self.phase == "idle":
            self.maxBal -= 1
        return super().prepare()


class IgnoresNacks(MultiPaxosNode):
    """Goes on with a ballot that is too low (section 2.2, the optimization)."""

    def step_down(self, message: Nack) -> Effects:
        """Learn nothing."""
        return self.ignore()


class LearnsFromAnyVote(MultiPaxosNode):
    """Takes its vote for chosen though it was in another ballot than the leader's (section 2.3)."""

    def sure(self, message: Heartbeat) -> dict[int, Value]:
        """Look at no ballot."""
        slots = range(self.last + 1, message.chosen + 1)
        return {slot: self.votes[slot].val for slot in slots if slot in self.votes}


class SharesTheWrongSlots(MultiPaxosNode):
    """Sends who missed something the values that come one slot later."""

    def share(self, message: Ask | Phase2a) -> Effects:
        """Count slots from 0."""
        effects = super().share(message)
        for send in effects.sends:
            if isinstance(send.message, Learn) and len(send.message.vals) > 1:
                wrong = Learn.of(send.message.first, send.message.vals[1:])
                effects.sends = [Send(send.to, wrong)]
        return effects


class IgnoresWindow(MultiPaxosNode):
    """Proposes in as many slots as clients ask for (section 3: at most alpha)."""

    def may_propose(self) -> bool:
        """Look at no window."""
        return self.phase == "leading"


class ChangesAtOnce(MultiPaxosNode):
    """Lets a configuration hold from the next slot on (Lamport, Malkhi and Zhou, section 3)."""

    def config_at(self, slot: int) -> tuple[str, ...]:
        """Take the latest, whatever the window."""
        earlier = [members for at, members in self.configs if at < slot]
        return earlier[-1] if earlier else self.config.members


class AsksNoNewAcceptors(MultiPaxosNode):
    """Proposes to new acceptors without a quorum of their promises (section 3 of the same)."""

    def is_quorum1(self, members: tuple[str, ...], servers: Collection[str]) -> bool:
        """Ask the first acceptors alone."""
        return super().is_quorum1(self.config.members, servers)


class SnapshotsWithoutSessions(MultiPaxosNode):
    """Leaves the clients' sessions out of its snapshots (Ongaro's dissertation, section 6.3)."""

    def content(self) -> Any:
        """Keep the machine alone."""
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
"""Name of the bug to a server that has it."""

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
"""Where bugs show themselves that need an option, more servers, more runs or a certain event."""
