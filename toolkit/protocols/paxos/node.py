"""A node of single-decree Paxos: proposer, acceptor and learner, in any combination.

Source: L. Lamport, *Paxos Made Simple*, ACM SIGACT News 32(4):18-25, 2001; the sections that
the methods cite are its.  Each handler is named after the action of ``specs/paxos/Paxos.tla``
that it performs, and the effects carry that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.errors import SettingError
from toolkit.protocols.actions import action
from toolkit.protocols.base import (
    Command,
    Effects,
    Event,
    Output,
    Receive,
    Restart,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from toolkit.protocols.paxos.config import MAX_DOUBLINGS, PaxosConfig
from toolkit.protocols.paxos.messages import Chosen, Nack, Phase1a, Phase1b, Phase2a, Phase2b

__all__ = ["BALLOT_TIMER", "RESEND_TIMER", "PaxosNode"]

BALLOT_TIMER = "ballot"
"""Runs out when a proposer may begin a ballot."""

RESEND_TIMER = "resend"
"""Runs out when a proposer has waited long enough for answers."""


class PaxosNode:
    """One node.

    Parameters
    ----------
    name : str
        This node.
    config : PaxosConfig
        Who plays which role, quorums and time-outs.

    Attributes
    ----------
    want : str or None
        Proposer: the value that its client asked for.
    phase : str
        Proposer: ``"idle"``, ``"1"``, ``"2"`` or ``"done"``.
    pBal : int
        Proposer: the highest ballot it began, or -1.  Durable, so that it never begins the
        same ballot twice.
    pVal : str or None
        Proposer: the value it proposed in phase 2, or was told is chosen.
    promises : dict of str to Phase1b
        Proposer: the promises received for ``pBal``, by acceptor.
    maxBal, maxVBal : int
        Acceptor: the highest ballot it took part in, and accepted in, or -1.  Durable.
    maxVal : str or None
        Acceptor: what it accepted in ``maxVBal``.  Durable.
    votes : dict of (str, int) to Phase2b
        Learner: the votes received while nothing is learned, by acceptor and ballot.
    learned : str or None
        Learner: the value that it knows to be chosen.
    """

    def __init__(self, name: str, config: PaxosConfig) -> None:
        self.name = name
        self.config = config
        self.is_proposer = name in config.proposers
        self.is_acceptor = name in config.acceptors
        self.is_learner = name in config.learners
        self.want: str | None = None
        self.phase = "idle"
        self.pBal = -1
        self.pVal: str | None = None
        self.promises: dict[str, Phase1b] = {}
        self.maxBal = -1
        self.maxVBal = -1
        self.maxVal: str | None = None
        self.votes: dict[tuple[str, int], Phase2b] = {}
        self.learned: str | None = None
        # What follows steers time-outs and answers and is no variable of the specification.
        self._highest_seen = -1
        self._rejections = 0
        self._resends = 0
        self._waiting: dict[tuple[str, int], None] = {}
        self._counted: set[tuple[str, int]] = set()

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`).

        Raises
        ------
        SettingError
            If a command comes to a node that is no proposer, or asks for a value that the
            configuration does not list.
        """
        if isinstance(event, Receive):
            return self._receive(event)
        if isinstance(event, Timeout):
            if event.timer == BALLOT_TIMER:
                return self._begin()
            return self._overdue()
        if isinstance(event, Command):
            return self.request(event)
        if isinstance(event, Restart):
            return self.restart(event.durable)
        assert isinstance(event, Start)
        return Effects()

    def _receive(self, event: Receive) -> Effects:
        message = event.message
        if isinstance(message, Phase1a) and self.is_acceptor:
            if message.bal < self.maxBal:
                return self.nack(event.sender, message)
            if message.bal > self.maxVBal:
                return self.phase1b(event.sender, message)
        elif isinstance(message, Phase1b) and self.is_proposer:
            if self.phase == "1" and message.bal == self.pBal:
                heard = {*self.promises, message.acc}
                if self.config.quorums.phase1.is_quorum(heard):
                    return self.phase2a(message)
                return self.promise(message)
        elif isinstance(message, Phase2a) and self.is_acceptor:
            if self.forbids(message.bal):
                return self.nack(event.sender, message)
            return self.phase2b(message)
        elif isinstance(message, Phase2b) and self.is_learner:
            if self.learned is not None:
                return self._late_vote(message)
            heard = {acc for acc, bal in self.votes if bal == message.bal} | {message.acc}
            if self.config.quorums.phase2.is_quorum(heard):
                return self.learn(message)
            return self.vote(message)
        elif isinstance(message, Nack) and self.is_proposer:
            if self.phase in {"1", "2"} and message.bal == self.pBal:
                return self.rejected(message)
        elif isinstance(message, Chosen) and self._uninformed():
            return self.chosen(message)
        return self.ignore()

    # Proposers ---------------------------------------------------------------------------

    @action("Request", section="2.1")
    def request(self, command: Command) -> Effects:
        """Take a client's wish; the first one counts (section 2.1: single decree).

        Parameters
        ----------
        command : Command
            Its operation is the value wished for.

        Returns
        -------
        Effects
            Action ``Request``.
        """
        value = command.operation
        if not self.is_proposer:
            raise SettingError(
                f"{self.name} is no proposer and takes no commands",
                hint=f"send it to one of {', '.join(self.config.proposers)}",
            )
        if value not in self.config.values:
            raise SettingError(
                f"a client asks for {value!r}, which is not among the values",
                hint=f"values={','.join(self.config.values)}; change the setting 'values'",
            )
        effects = Effects(action="Request", params={"v": value})
        if self.want is None:
            self.want = value
        if self.phase == "done":
            effects.outputs = [Output(command.client, command.request, self.pVal)]
            return effects
        self._waiting[command.client, command.request] = None
        if self.phase == "idle" and self._rejections == 0:
            effects.timers = [SetTimer(BALLOT_TIMER, 0.0, 0.0)]
        return effects

    def _begin(self) -> Effects:
        if self.want is None or self.phase != "idle":
            return Effects()
        return self.phase1a()

    def _overdue(self) -> Effects:
        if self.phase not in {"1", "2"}:
            return Effects()
        if self._resends >= self.config.resends:
            return self.phase1a()
        return self.resend()

    @action("Phase1a", section="2.2")
    def phase1a(self) -> Effects:
        """Begin a new ballot and ask for promises (section 2.2, phase 1a).

        The ballot is durable before a message leaves, so that no restart begins it again
        (section 2.5).
        """
        ballot = self.config.next_ballot(self.name, max(self.pBal, self._highest_seen))
        self.pBal = ballot
        self.phase = "1"
        self.pVal = None
        self.promises = {}
        self._resends = 0
        return Effects(
            action="Phase1a",
            params={"b": ballot},
            write={"pBal": ballot},
            sends=[Send(acceptor, Phase1a(ballot)) for acceptor in self.config.acceptors],
            timers=[self._resend_later()],
        )

    @action("Promise", section="2.2")
    def promise(self, message: Phase1b) -> Effects:
        """Collect a promise that does not yet make a quorum."""
        self.promises[message.acc] = message
        return Effects(action="Promise")

    @action("Phase2a", section="2.2")
    def phase2a(self, message: Phase1b) -> Effects:
        """Collect the promise that makes a quorum, and propose (section 2.2, phase 2a)."""
        value = self.pick_value([*self.promises.values(), message])
        self.phase = "2"
        self.pVal = value
        self.promises = {}
        self._resends = 0
        return Effects(
            action="Phase2a",
            sends=[Send(acc, Phase2a(self.pBal, value)) for acc in self.config.acceptors],
            timers=[self._resend_later()],
        )

    def pick_value(self, promises: list[Phase1b]) -> str:
        """Return the value to propose: that of the highest-numbered proposal reported.

        Parameters
        ----------
        promises : list of Phase1b
            The promises of a quorum.

        Returns
        -------
        str
            The client's own value if no acceptor reported a proposal (section 2.2, P2c).
        """
        best = max(promises, key=lambda promise: promise.vbal)
        value = best.val if best.vbal >= 0 else self.want
        assert value is not None
        return value

    @action("Rejected", section="2.2")
    def rejected(self, message: Nack) -> Effects:
        """Give the ballot up for a higher one, and back off (sections 2.2, 2.4).

        The pause is random and doubles with each rejection in a row, so that duelling
        proposers part.
        """
        self._highest_seen = max(self._highest_seen, message.maxBal)
        self._rejections += 1
        self.phase = "idle"
        self.pVal = None
        self.promises = {}
        longest = self.config.backoff * 2 ** min(self._rejections - 1, MAX_DOUBLINGS)
        return Effects(
            action="Rejected",
            timers=[SetTimer(RESEND_TIMER), SetTimer(BALLOT_TIMER, 0.0, longest)],
        )

    @action("Resend", section="2.4")
    def resend(self) -> Effects:
        """Send again what was sent last; messages may have been lost."""
        self._resends += 1
        message: Phase1a | Phase2a
        if self.phase == "1":
            message = Phase1a(self.pBal)
        else:
            assert self.pVal is not None
            message = Phase2a(self.pBal, self.pVal)
        return Effects(
            action="Resend",
            sends=[Send(acceptor, message) for acceptor in self.config.acceptors],
            timers=[self._resend_later()],
        )

    def _resend_later(self) -> SetTimer:
        return SetTimer(RESEND_TIMER, self.config.timeout, 1.5 * self.config.timeout)

    # Acceptors ---------------------------------------------------------------------------

    @action("Phase1b", section="2.2")
    def phase1b(self, sender: str, message: Phase1a) -> Effects:
        """Promise to accept nothing below the ballot (section 2.2, phase 1b).

        A request that is repeated is answered again: the first answer may have been lost.
        """
        write = None
        if message.bal > self.maxBal:
            self.maxBal = message.bal
            write = {"maxBal": message.bal}
        reply = Phase1b(self.name, message.bal, self.maxVBal, self.maxVal)
        return Effects(action="Phase1b", write=write, sends=[Send(sender, reply)])

    def forbids(self, ballot: int) -> bool:
        """Return whether this acceptor's promise forbids it to accept in a ballot."""
        return ballot < self.maxBal

    @action("Phase2b", section="2.2")
    def phase2b(self, message: Phase2a) -> Effects:
        """Accept the proposal, and tell every learner (section 2.2, phase 2b; 2.3)."""
        write = None
        if message.bal > self.maxVBal:
            self.maxBal = message.bal
            self.maxVBal = message.bal
            self.maxVal = message.val
            write = {"maxBal": self.maxBal, "maxVBal": self.maxVBal, "maxVal": self.maxVal}
        vote = Phase2b(self.name, message.bal, message.val)
        return Effects(
            action="Phase2b",
            write=write,
            sends=[Send(learner, vote) for learner in self.config.learners],
        )

    @action("Nack", section="2.2")
    def nack(self, sender: str, message: Phase1a | Phase2a) -> Effects:
        """Tell a proposer that its ballot is too low (section 2.2, the optimization)."""
        return Effects(action="Nack", sends=[Send(sender, Nack(message.bal, self.maxBal))])

    # Learners ----------------------------------------------------------------------------

    @action("Vote", section="2.3")
    def vote(self, message: Phase2b) -> Effects:
        """Count a vote that does not yet make a quorum in its ballot (section 2.3)."""
        self.votes[message.acc, message.bal] = message
        self._counted.add((message.acc, message.bal))
        return Effects(action="Vote")

    @action("Learn", section="2.3")
    def learn(self, message: Phase2b) -> Effects:
        """Count the vote that makes a quorum in one ballot: the value is chosen.

        The learner tells the proposers and the other learners (section 2.3).
        """
        self.learned = message.val
        self.votes = {}
        self._counted.add((message.acc, message.bal))
        others = [name for name in self.config.learners if name != self.name]
        told = dict.fromkeys((*self.config.proposers, *others))
        return Effects(action="Learn", sends=[Send(to, Chosen(message.val)) for to in told])

    def _late_vote(self, message: Phase2b) -> Effects:
        # A vote that comes again shows that its proposer is still asking: the learner's word
        # to it was lost.
        if (message.acc, message.bal) in self._counted:
            return self.remind(message)
        self._counted.add((message.acc, message.bal))
        return self.ignore()

    @action("Remind", section="2.3")
    def remind(self, message: Phase2b) -> Effects:
        """Tell the proposer of a repeated vote, once more, what was chosen."""
        assert self.learned is not None
        owner = self.config.owner(message.bal)
        return Effects(action="Remind", sends=[Send(owner, Chosen(self.learned))])

    # Any node ----------------------------------------------------------------------------

    def _uninformed(self) -> bool:
        return (self.is_proposer and self.phase != "done") or (
            self.is_learner and self.learned is None
        )

    @action("Chosen", section="2.3")
    def chosen(self, message: Chosen) -> Effects:
        """Hear from a learner what was chosen; stop proposing and answer the clients."""
        effects = Effects(action="Chosen")
        if self.is_proposer:
            self.phase = "done"
            self.pVal = message.val
            self.promises = {}
            effects.timers = [SetTimer(BALLOT_TIMER), SetTimer(RESEND_TIMER)]
            effects.outputs = [
                Output(client, request, message.val) for client, request in self._waiting
            ]
            self._waiting = {}
        if self.is_learner:
            self.learned = message.val
            self.votes = {}
        return effects

    @action("Ignore")
    def ignore(self) -> Effects:
        """Drop a message that is late, repeated or not for this node's roles."""
        return Effects(action="Ignore")

    @action("Restart", section="2.5")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with what the disk held; all else is lost (section 2.5)."""
        self.pBal = durable.get("pBal", -1)
        self.maxBal = durable.get("maxBal", -1)
        self.maxVBal = durable.get("maxVBal", -1)
        self.maxVal = durable.get("maxVal")
        return Effects(action="Restart")
