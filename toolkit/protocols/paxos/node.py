"""A node of single-decree Paxos: proposer, acceptor and learner, in any combination.

Source: L. Lamport, *Paxos Made Simple*, ACM SIGACT News 32(4):18-25, 2001; methods cite
its sections.  Each handler is named after the action of ``specs/paxos/Paxos.tla``
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
"""Name of the timer that runs out when a proposer may start a ballot."""

RESEND_TIMER = "resend"
"""Name of the timer that runs out when a proposer resends its messages."""


class PaxosNode:
    """A Paxos node.

    Parameters
    ----------
    name : str
        The name of this node.
    config : PaxosConfig
        The configuration of the run: roles, quorums and timeouts.

    Attributes
    ----------
    want : str or None
        Proposer: the value that its first client proposed.
    phase : str
        Proposer: ``"idle"``, ``"1"``, ``"2"`` or ``"done"``.
    pBal : int
        Proposer: the highest ballot it has started, or -1.  Durable, so that it never starts the
        same ballot twice.
    pVal : str or None
        Proposer: the value that it proposed in phase 2, or that it was told is chosen.
    promises : dict of str to Phase1b
        Proposer: the promises received for ``pBal``, by acceptor.
    maxBal, maxVBal : int
        Acceptor: the highest ballot that it took part in, and the highest ballot in which it
        accepted; -1 for none.  Durable.
    maxVal : str or None
        Acceptor: the value that it accepted in ``maxVBal``.  Durable.
    votes : dict of (str, int) to Phase2b
        Learner: the votes received before a value is learned, by acceptor and ballot.
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
        # The rest steer timeouts and answers, and are not variables of the specification.
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
            If a command arrives at a node that is not a proposer, or proposes a value that is
            not in the configuration.
        """
        if isinstance(event, Receive):
            return self._receive(event)
        if isinstance(event, Timeout):
            if event.timer == BALLOT_TIMER:
                return self._start_ballot()
            return self._on_resend_timeout()
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
                acceptors = {*self.promises, message.acc}
                if self.config.quorums.phase1.is_quorum(acceptors):
                    return self.phase2a(message)
                return self.promise(message)
        elif isinstance(message, Phase2a) and self.is_acceptor:
            if self.forbids(message.bal):
                return self.nack(event.sender, message)
            return self.phase2b(message)
        elif isinstance(message, Phase2b) and self.is_learner:
            if self.learned is not None:
                return self._late_vote(message)
            acceptors = {acc for acc, bal in self.votes if bal == message.bal} | {message.acc}
            if self.config.quorums.phase2.is_quorum(acceptors):
                return self.learn(message)
            return self.vote(message)
        elif isinstance(message, Nack) and self.is_proposer:
            if self.phase in {"1", "2"} and message.bal == self.pBal:
                return self.rejected(message)
        elif isinstance(message, Chosen) and self._lacks_chosen_value():
            return self.chosen(message)
        return self.ignore()

    # Proposers ---------------------------------------------------------------------------

    @action("Request", section="2.1")
    def request(self, command: Command) -> Effects:
        """Record the value that a client proposes; the first value counts (section 2.1).

        Parameters
        ----------
        command : Command
            The client's command; its operation is the value.

        Returns
        -------
        Effects
            Action ``Request``.
        """
        value = command.operation
        if not self.is_proposer:
            raise SettingError(
                f"node {self.name!r} is not a proposer and cannot take commands",
                hint=f"send the command to one of {', '.join(self.config.proposers)}",
            )
        if value not in self.config.values:
            raise SettingError(
                f"unknown value {value!r} in a client's command "
                f"(known: {', '.join(self.config.values)})",
                hint="add it to the setting 'values'",
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

    def _start_ballot(self) -> Effects:
        if self.want is None or self.phase != "idle":
            return Effects()
        return self.phase1a()

    def _on_resend_timeout(self) -> Effects:
        if self.phase not in {"1", "2"}:
            return Effects()
        if self._resends >= self.config.resends:
            return self.phase1a()
        return self.resend()

    @action("Phase1a", section="2.2")
    def phase1a(self) -> Effects:
        """Start a new ballot and request promises (section 2.2, phase 1a).

        The ballot is durable before the messages leave, so that it is not started again after a
        restart (section 2.5).
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
            timers=[self._resend_timer()],
        )

    @action("Promise", section="2.2")
    def promise(self, message: Phase1b) -> Effects:
        """Record a promise that does not complete a quorum (section 2.2)."""
        self.promises[message.acc] = message
        return Effects(action="Promise")

    @action("Phase2a", section="2.2")
    def phase2a(self, message: Phase1b) -> Effects:
        """Propose a value after the promise that completes a quorum (section 2.2, phase 2a)."""
        value = self.pick_value([*self.promises.values(), message])
        self.phase = "2"
        self.pVal = value
        self.promises = {}
        self._resends = 0
        return Effects(
            action="Phase2a",
            sends=[Send(acc, Phase2a(self.pBal, value)) for acc in self.config.acceptors],
            timers=[self._resend_timer()],
        )

    def pick_value(self, promises: list[Phase1b]) -> str:
        """Return the value to propose: the value of the highest-numbered reported proposal.

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
        """Abandon a rejected ballot, and back off (sections 2.2, 2.4).

        The delay is random and its maximum doubles with each rejection in a row, so that duelling
        proposers do not block each other forever.
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
        """Resend the last messages, which may have been lost (section 2.4)."""
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
            timers=[self._resend_timer()],
        )

    def _resend_timer(self) -> SetTimer:
        return SetTimer(RESEND_TIMER, self.config.timeout, 1.5 * self.config.timeout)

    # Acceptors ---------------------------------------------------------------------------

    @action("Phase1b", section="2.2")
    def phase1b(self, sender: str, message: Phase1a) -> Effects:
        """Promise not to accept in lower ballots (section 2.2, phase 1b).

        A repeated request is answered again: the first answer may have been lost.
        """
        write = None
        if message.bal > self.maxBal:
            self.maxBal = message.bal
            write = {"maxBal": message.bal}
        reply = Phase1b(self.name, message.bal, self.maxVBal, self.maxVal)
        return Effects(action="Phase1b", write=write, sends=[Send(sender, reply)])

    def forbids(self, ballot: int) -> bool:
        """Return whether this acceptor's promise forbids it to accept in a ballot (section 2.2)."""
        return ballot < self.maxBal

    @action("Phase2b", section="2.2")
    def phase2b(self, message: Phase2a) -> Effects:
        """Accept a proposal, and send the vote to every learner (section 2.2, phase 2b; 2.3)."""
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
        """Record a vote that does not complete a quorum in its ballot (section 2.3)."""
        self.votes[message.acc, message.bal] = message
        self._counted.add((message.acc, message.bal))
        return Effects(action="Vote")

    @action("Learn", section="2.3")
    def learn(self, message: Phase2b) -> Effects:
        """Learn the chosen value from the vote that completes a quorum in its ballot.

        The learner reports it to the proposers and the other learners (section 2.3).
        """
        self.learned = message.val
        self.votes = {}
        self._counted.add((message.acc, message.bal))
        others = [name for name in self.config.learners if name != self.name]
        receivers = dict.fromkeys((*self.config.proposers, *others))
        return Effects(action="Learn", sends=[Send(to, Chosen(message.val)) for to in receivers])

    def _late_vote(self, message: Phase2b) -> Effects:
        # A repeated vote shows that its proposer is still resending: the learner's message to it
        # was lost.
        if (message.acc, message.bal) in self._counted:
            return self.remind(message)
        self._counted.add((message.acc, message.bal))
        return self.ignore()

    @action("Remind", section="2.3")
    def remind(self, message: Phase2b) -> Effects:
        """Resend the chosen value to the proposer of a repeated vote (section 2.3)."""
        assert self.learned is not None
        owner = self.config.owner(message.bal)
        return Effects(action="Remind", sends=[Send(owner, Chosen(self.learned))])

    # Any node ----------------------------------------------------------------------------

    def _lacks_chosen_value(self) -> bool:
        return (self.is_proposer and self.phase != "done") or (
            self.is_learner and self.learned is None
        )

    @action("Chosen", section="2.3")
    def chosen(self, message: Chosen) -> Effects:
        """Record a learner's chosen value; stop proposing and answer clients (section 2.3)."""
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
        """Ignore a message that is late, repeated or not for this node's roles."""
        return Effects(action="Ignore")

    @action("Restart", section="2.5")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with the durable state; volatile state is lost (section 2.5)."""
        self.pBal = durable.get("pBal", -1)
        self.maxBal = durable.get("maxBal", -1)
        self.maxVBal = durable.get("maxVBal", -1)
        self.maxVal = durable.get("maxVal")
        return Effects(action="Restart")
