"""Phase 0 of Zab: fast leader election.

Source: Apache ZooKeeper, ``FastLeaderElection`` (``lookForLeader`` and the receiver of its
messenger); the paper does not specify elections.  Each handler is named after the action of
``specs/zab/FastLeaderElection.tla`` that it performs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send, SetTimer
from toolkit.protocols.zab.messages import NOBODY, CEpoch, Notification, Vote
from toolkit.protocols.zab.role import Role

if TYPE_CHECKING:
    from toolkit.protocols.zab.node import ZabServer

__all__ = ["Election", "Outside"]


class Outside(msgspec.Struct, frozen=True):
    """The state of a server that is already leading or following, from its notification.

    Parameters
    ----------
    round : int
        The round in which its election was decided.
    vote : Vote
        Its vote.
    mode : str
        Its mode: ``"leading"`` or ``"following"``.
    """

    round: int
    vote: Vote
    mode: str


class Election(Role):
    """The part of a server that takes part in elections (phase 0).

    Parameters
    ----------
    server : ZabServer
        The server that it is a part of.

    Attributes
    ----------
    round : int
        The election round in which it takes part, or took part last (ZooKeeper's logicalclock).
    vote : Vote
        Its own vote in that round.
    tally : dict of str to Vote
        The votes of servers in this round (ZooKeeper's recvset).
    outside : dict of str to Outside
        The servers that are already leading or following (ZooKeeper's outofelection).
    """

    name = "election"
    messages: ClassVar[Mapping[type[Message], str]] = {Notification: "on_notification"}
    timers: ClassVar[Mapping[str, str]] = {
        "look": "on_look_timeout",
        "notify": "on_notify_timeout",
        "decide": "on_decide_timeout",
    }

    def __init__(self, server: ZabServer) -> None:
        super().__init__(server)
        self.votes = server.name in server.config.voters
        self.round = 0
        self.vote = NOBODY
        self.tally: dict[str, Vote] = {}
        self.outside: dict[str, Outside] = {}
        self._deciding = False

    def on_look_timeout(self) -> Effects:
        """Start an election, unless one has started."""
        return self.look() if self.server.phase == "idle" else Effects()

    def on_notify_timeout(self) -> Effects:
        """Resend the vote while the election lasts."""
        return self.notify() if self.server.phase == "election" else Effects()

    def on_decide_timeout(self) -> Effects:
        """End the election if a quorum still agrees."""
        decided = self.server.phase == "election" and self.agreed()
        return self.decide() if decided else Effects()

    def own_vote(self) -> Vote:
        """Return this server's vote for itself; an observer votes for no server."""
        server = self.server
        return Vote(server.name, server.currentEpoch, server.last) if self.votes else NOBODY

    def is_higher(self, vote: Vote, other: Vote) -> bool:
        """Return whether a vote is higher than another: by epoch, zxid, and server number."""
        ranks = self.server.config.ranks
        return (vote.epoch, vote.zxid, ranks[vote.leader]) > (
            other.epoch,
            other.zxid,
            ranks[other.leader],
        )

    def _notifications(self) -> list[Send]:
        server = self.server
        notification = Notification(server.name, server.mode, self.round, self.vote)
        return [Send(other, notification) for other in server.others]

    def _notify_timer(self) -> SetTimer:
        return SetTimer("notify", self.server.config.notify, self.server.config.notify)

    @action("Look")
    def look(self) -> Effects:
        """Start an election round, voting for itself (lookForLeader)."""
        self.server.phase = "election"
        self.round = self.round + 1 if self.votes else 0
        self.vote = self.own_vote()
        self.tally = {self.server.name: self.vote} if self.votes else {}
        self.outside = {}
        self._deciding = False
        return Effects(action="Look", sends=self._notifications(), timers=[self._notify_timer()])

    @action("Notify")
    def notify(self) -> Effects:
        """Resend its vote, because the election was not decided in time."""
        return Effects(action="Notify", sends=self._notifications(), timers=[self._notify_timer()])

    def on_notification(self, message: Notification) -> Effects:
        """Count the sender's vote, answer it or ignore it."""
        server = self.server
        electing = server.phase == "election"
        is_voter = message.sender in server.config.voters
        if message.mode != "looking":
            outside = is_voter and message.mode in ("following", "leading")
            return self._on_outside(message) if electing and outside else self.ignore()
        if electing and is_voter and message.round >= self.round:
            if message.round > self.round:
                return self.join_round(message)
            return self.count_vote(message)
        if self.votes and server.phase != "idle":
            # The sender is in a lower round or an observer, or this server is not looking.
            return self.answer(message)
        return self.ignore()

    @action("JoinRound")
    def join_round(self, message: Notification) -> Effects:
        """Join a later round, with the higher of its own vote and the sender's."""
        own = self.own_vote()
        self.round = message.round
        self.vote = message.vote if self.is_higher(message.vote, own) else own
        self.tally = {}
        return self._count(Effects(action="JoinRound"), message, changed=True)

    @action("CountVote")
    def count_vote(self, message: Notification) -> Effects:
        """Count a vote of the same round, and adopt it if it is higher."""
        is_higher = self.is_higher(message.vote, self.vote)
        if is_higher:
            self.vote = message.vote
        return self._count(Effects(action="CountVote"), message, changed=is_higher)

    def _count(self, effects: Effects, message: Notification, *, changed: bool) -> Effects:
        self.tally[message.sender] = message.vote
        if self.votes:
            self.tally[self.server.name] = self.vote
            if changed:
                effects.sends = self._notifications()
                effects.timers = [self._notify_timer()]
        return self._check_quorum(effects, changed=changed)

    def agreed(self) -> bool:
        """Return whether a quorum has the same vote as this server."""
        return self.vote != NOBODY and self.server.is_quorum(
            {name for name, vote in self.tally.items() if vote == self.vote}
        )

    def _check_quorum(self, effects: Effects, *, changed: bool) -> Effects:
        """Set the timer "decide" when a quorum agrees; restart it if the vote has changed."""
        agreed = self.agreed()
        if agreed and (changed or not self._deciding):
            wait = self.server.config.wait
            effects.timers = [*effects.timers, SetTimer("decide", wait, wait)]
        elif self._deciding and not agreed:
            effects.timers = [*effects.timers, SetTimer("decide")]
        self._deciding = agreed
        return effects

    @action("Answer")
    def answer(self, message: Notification) -> Effects:
        """Send its vote to a server that is behind in the election."""
        notification = Notification(self.server.name, self.server.mode, self.round, self.vote)
        return Effects(action="Answer", sends=[Send(message.sender, notification)])

    def settles(self, message: Notification) -> bool:
        """Return whether a quorum follows a leader that reports that it leads."""
        leader = message.vote.leader
        followers = {
            name
            for name, known in self.outside.items()
            if known.vote.leader == leader and known.round == message.round
        }
        return (
            leader != self.server.name
            and leader in followers
            and self.outside[leader].mode == "leading"
            and self.server.is_quorum(followers)
        )

    def _on_outside(self, message: Notification) -> Effects:
        self.outside[message.sender] = Outside(message.round, message.vote, message.mode)
        return self.join_ensemble(message) if self.settles(message) else self.count_outside(message)

    @action("CountOutside")
    def count_outside(self, message: Notification) -> Effects:
        """Record a leading or following server; in the same round its vote counts, too."""
        effects = Effects(action="CountOutside")
        if message.round != self.round:
            return effects
        self.tally[message.sender] = message.vote
        return self._check_quorum(effects, changed=False)

    @action("JoinEnsemble")
    def join_ensemble(self, message: Notification) -> Effects:
        """Join an established leader that a quorum follows."""
        self.round, self.vote = message.round, message.vote
        return self._end_election("JoinEnsemble")

    @action("Decide")
    def decide(self) -> Effects:
        """Lead or follow by the vote of a quorum, after waiting for higher votes."""
        return self._end_election("Decide")

    def _end_election(self, action: str) -> Effects:
        server = self.server
        server.phase = "discovery"
        server.leader = self.vote.leader
        if server.leader == server.name:
            server.mode = "leading"
        else:
            server.mode = "following" if self.votes else "observing"
        effects = Effects(action=action, timers=[SetTimer("notify"), SetTimer("decide")])
        for role in server.roles:
            role.elected(effects)
        return effects

    @action("Ignore")
    def ignore(self) -> Effects:
        """Ignore a notification without new information."""
        return Effects(action="Ignore")

    # Ends of a leadership, and new elections --------------------------------------------------

    def restart_election(self, action: str) -> Effects:
        """Stop leading or following, and start looking for a leader.

        Parameters
        ----------
        action : str
            The action to record.
        """
        server = self.server
        closes = [peer for role in server.roles for peer in role.peers()]
        server.mode, server.phase, server.leader, server.epoch = "looking", "idle", "", 0
        server.waiting.clear()
        server.reads.clear()
        for role in server.roles:
            role.reset()
        timers = [SetTimer(name) for name in ("election", "connect", "ping", "quorum")]
        return Effects(action=action, closes=closes, timers=[*timers, SetTimer("look", 0.0, 0.0)])

    @action("Abandon")
    def abandon(self) -> Effects:
        """Stop leading or following after a timeout or a lost connection (section IV)."""
        return self.restart_election("Abandon")

    @action("RejectConnection")
    def reject_connection(self, message: CEpoch) -> Effects:
        """Close the connection of a server that mistakes this server for its leader."""
        if message.sender != self.server.leader:
            return Effects(action="RejectConnection", closes=[message.sender])
        return self.restart_election("RejectConnection")
