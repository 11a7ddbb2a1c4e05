"""Phase 0 of Zab: fast leader election.

Source: Apache ZooKeeper, ``FastLeaderElection`` (``lookForLeader`` and the receiver of its
messenger); the paper leaves elections open.  Each handler is named after the action of
``specs/zab/FastLeaderElection.tla`` that it performs.
"""

from __future__ import annotations

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send, SetTimer
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.history import Historian
from toolkit.protocols.zab.messages import NOBODY, CEpoch, Notification, Vote

__all__ = ["Elector", "Outside"]


class Outside(msgspec.Struct, frozen=True):
    """What is known of a server that leads or follows already.

    Parameters
    ----------
    round : int
        The round in which it was decided.
    vote : Vote
        How.
    mode : str
        ``"leading"`` or ``"following"``.
    """

    round: int
    vote: Vote
    mode: str


class Elector(Historian):
    """A server that looks for a leader.

    Attributes
    ----------
    round : int
        The round of elections that it takes part in, or did last (ZooKeeper's logicalclock).
    vote : Vote
        Its own vote there.
    tally : dict of str to Vote
        Who voted how in this round (recvset).
    outside : dict of str to Outside
        Who leads or follows already (outofelection).
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        super().__init__(name, config)
        self.votes = name in config.voters
        self.round = 0
        self.vote = NOBODY
        self.tally: dict[str, Vote] = {}
        self.outside: dict[str, Outside] = {}
        self._deciding = False
        low, high = config.patience
        self._patience = SetTimer("patience", low, high)

    def own_vote(self) -> Vote:
        """Return what this server votes for by itself."""
        return Vote(self.name, self.currentEpoch, self.last) if self.votes else NOBODY

    def is_higher(self, vote: Vote, other: Vote) -> bool:
        """Return whether a vote is higher than another: by epoch, zxid, and server's number."""
        ranks = self.config.ranks
        return (vote.epoch, vote.zxid, ranks[vote.leader]) > (
            other.epoch,
            other.zxid,
            ranks[other.leader],
        )

    def _tell(self) -> list[Send]:
        notification = Notification(self.name, self.mode, self.round, self.vote)
        return [Send(other, notification) for other in self.others]

    def _again(self) -> SetTimer:
        return SetTimer("notify", self.config.notify, self.config.notify)

    @action("Look")
    def look(self) -> Effects:
        """Begin a round."""
        self.phase = "election"
        self.round = self.round + 1 if self.votes else 0
        self.vote = self.own_vote()
        self.tally = {self.name: self.vote} if self.votes else {}
        self.outside = {}
        self._deciding = False
        return Effects(action="Look", sends=self._tell(), timers=[self._again()])

    @action("Notify")
    def notify(self) -> Effects:
        """Tell its vote again, since nothing was decided for a while."""
        return Effects(action="Notify", sends=self._tell(), timers=[self._again()])

    def _notification(self, message: Notification) -> Effects:
        electing = self.phase == "election"
        voter = message.sender in self.config.voters
        if message.mode != "looking":
            known = voter and message.mode in ("following", "leading")
            return self._outside(message) if electing and known else self.ignore()
        if electing and voter and message.round >= self.round:
            if message.round > self.round:
                return self.join_round(message)
            return self.count_vote(message)
        if self.votes and self.phase != "idle":
            # From a lower round, or an observer, or to a server that looks for nobody.
            return self.answer(message)
        return self.ignore()

    @action("JoinRound")
    def join_round(self, message: Notification) -> Effects:
        """Go on to a later round."""
        own = self.own_vote()
        self.round = message.round
        self.vote = message.vote if self.is_higher(message.vote, own) else own
        self.tally = {}
        return self._count(Effects(action="JoinRound"), message, news=True)

    @action("CountVote")
    def count_vote(self, message: Notification) -> Effects:
        """Count a vote of its round, and take it over if it is higher."""
        higher = self.is_higher(message.vote, self.vote)
        if higher:
            self.vote = message.vote
        return self._count(Effects(action="CountVote"), message, news=higher)

    def _count(self, effects: Effects, message: Notification, *, news: bool) -> Effects:
        self.tally[message.sender] = message.vote
        if self.votes:
            self.tally[self.name] = self.vote
            if news:
                effects.sends = self._tell()
                effects.timers = [self._again()]
        return self._consider(effects, news=news)

    def agreed(self) -> bool:
        """Return whether a quorum has this server's vote."""
        return self.vote != NOBODY and self.is_quorum(
            {name for name, vote in self.tally.items() if vote == self.vote}
        )

    def _consider(self, effects: Effects, *, news: bool) -> Effects:
        """Wait a little for a higher vote once a quorum agrees; begin anew after news."""
        agreed = self.agreed()
        if agreed and (news or not self._deciding):
            wait = self.config.wait
            effects.timers = [*effects.timers, SetTimer("decide", wait, wait)]
        elif self._deciding and not agreed:
            effects.timers = [*effects.timers, SetTimer("decide")]
        self._deciding = agreed
        return effects

    @action("Answer")
    def answer(self, message: Notification) -> Effects:
        """Tell its vote to who looks and knows less."""
        mine = Notification(self.name, self.mode, self.round, self.vote)
        return Effects(action="Answer", sends=[Send(message.sender, mine)])

    def settles(self, message: Notification) -> bool:
        """Return whether a quorum is now known to follow a leader who knows that it leads."""
        leader = message.vote.leader
        followers = {
            name
            for name, one in self.outside.items()
            if one.vote.leader == leader and one.round == message.round
        }
        return (
            leader != self.name
            and leader in followers
            and self.outside[leader].mode == "leading"
            and self.is_quorum(followers)
        )

    def _outside(self, message: Notification) -> Effects:
        self.outside[message.sender] = Outside(message.round, message.vote, message.mode)
        return self.join_ensemble(message) if self.settles(message) else self.count_outside(message)

    @action("CountOutside")
    def count_outside(self, message: Notification) -> Effects:
        """Take note of who leads or follows; in its own round that is a vote as well."""
        effects = Effects(action="CountOutside")
        if message.round != self.round:
            return effects
        self.tally[message.sender] = message.vote
        return self._consider(effects, news=False)

    @action("JoinEnsemble")
    def join_ensemble(self, message: Notification) -> Effects:
        """Join the leader whom a quorum follows."""
        self.round, self.vote = message.round, message.vote
        return self._become("JoinEnsemble")

    @action("Decide")
    def decide(self) -> Effects:
        """Follow the vote that a quorum has, having waited for a higher one."""
        return self._become("Decide")

    def _become(self, action: str) -> Effects:
        self.phase = "discovery"
        self.leader = self.vote.leader
        done = [SetTimer("notify"), SetTimer("decide")]
        if self.leader == self.name:
            self.mode = "leading"
            beat, high = self.config.heartbeat, self.config.patience[1]
            done += [SetTimer("ping", beat, beat), SetTimer("quorum", high, high)]
            return Effects(action=action, timers=done)
        self.mode = "following" if self.votes else "observing"
        return Effects(action=action, sends=self._connects(), timers=[*done, self._patience])

    def _connects(self) -> list[Send]:
        opening: Message = CEpoch(self.name, self.acceptedEpoch)
        return [Send(self.leader, opening)]

    @action("Ignore")
    def ignore(self) -> Effects:
        """Drop a notification that tells nothing."""
        return Effects(action="Ignore")

    # What else ends or begins an election --------------------------------------------------

    def peers(self) -> list[str]:
        """Return to whom this server takes itself to be connected."""
        return [self.leader] if self.mode in ("following", "observing") else []

    def _looks(self, action: str) -> Effects:
        """Give up leading or following, and look for a leader."""
        closes = self.peers()
        self.mode, self.phase, self.leader, self.epoch = "looking", "idle", "", 0
        self._reset()
        timers = [SetTimer(name) for name in ("patience", "connect", "ping", "quorum")]
        return Effects(action=action, closes=closes, timers=[*timers, SetTimer("look", 0.0, 0.0)])

    def _reset(self) -> None:
        """Forget what belongs to a leadership."""
        self._waiting.clear()
        self._reads.clear()

    @action("Abandon")
    def abandon(self) -> Effects:
        """Give up leading or following: too little was heard, or the leader is gone."""
        return self._looks("Abandon")

    @action("RejectConnection")
    def refuse(self, message: CEpoch) -> Effects:
        """Close the connection of who takes this server for its leader, which it is not."""
        if message.sender != self.leader:
            return Effects(action="RejectConnection", closes=[message.sender])
        return self._looks("RejectConnection")
