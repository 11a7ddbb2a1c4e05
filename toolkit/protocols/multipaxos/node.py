"""A Multi-Paxos server: proposer, acceptor and learner of a log of values.

Sources: L. Lamport, *Paxos Made Simple* (2001), section 3: a leader carries out phase 1 for all
instances at once, proposes in up to alpha of them without waiting, and fills gaps with no-ops; L.
Lamport, D. Malkhi and L. Zhou, *Reconfiguring a State Machine* (2010), section 3, for changes of
the acceptors; H. Howard, D. Malkhi and A. Spiegelman, *Flexible Paxos* (2016), for the quorums.

These papers leave open how a leader is elected and how followers catch up.  Here a server that has
not heard from a leader for an election timeout starts a ballot, and a leader's heartbeats report
up to which slot all values are chosen.  Each handler is named after the action of
``specs/multipaxos/MultiPaxos.tla`` that it performs, and the effects carry that name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import (
    Command,
    Effects,
    Event,
    Message,
    Output,
    Receive,
    Redirect,
    Restart,
    Send,
    SetTimer,
    Timeout,
)
from toolkit.protocols.multipaxos.config import MultiPaxosConfig
from toolkit.protocols.multipaxos.learning import NO_SNAPSHOT, Learner
from toolkit.protocols.multipaxos.messages import (
    Ask,
    Heartbeat,
    Learn,
    Nack,
    Phase1a,
    Phase1b,
    Phase2a,
    Phase2b,
    SnapshotOffer,
    Value,
    Vote,
)

__all__ = ["OPERATIONS", "TIMERS", "MultiPaxosNode", "apply_write"]

TIMERS = ("election", "heartbeat", "propose", "snapshot")
"""``election`` runs out when a server has not heard from a leader for too long, ``heartbeat`` when
a leader must send its next heartbeat.  ``propose`` and ``snapshot`` run out at once: they are set
when a slot is free for waiting requests, and when the log should be compacted."""

OPERATIONS = ("add", "remove", "configure")
"""Operations of clients that change the acceptors: ``{"op": "add", "server": NAME}``,
``remove``, or ``{"op": "configure", "members": [...]}``."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class MultiPaxosNode(Learner):
    """A Multi-Paxos server.

    Parameters
    ----------
    name : str
        The name of this server.
    config : MultiPaxosConfig
        The configuration of the run.

    Attributes
    ----------
    maxBal : int
        The highest ballot that it has taken part in, -1 for none.  Durable.
    phase : str
        ``"idle"``, ``"preparing"`` (phase 1) or ``"leading"`` (phase 2).
    bal : int
        Its own ballot while it is preparing or leading, -1 while idle.
    promised : frozenset of str
        The servers that have promised that ballot.
    told : dict of int to Vote
        The highest reported vote of each slot, until this server proposes in the slot.
    proposed : dict of int to Value
        The values that it has proposed and that are not yet chosen, by slot.
    acks : dict of int to frozenset of str
        The servers that have voted for each proposed value, by slot.
    leader : str or None
        The leader, if known.
    """

    def __init__(self, name: str, config: MultiPaxosConfig) -> None:
        super().__init__(name, config)
        self.maxBal = -1
        self.bal = -1
        self.promised: frozenset[str] = frozenset()
        self.told: dict[int, Vote] = {}
        self.proposed: dict[int, Value] = {}
        self.acks: dict[int, frozenset[str]] = {}
        self.leader: str | None = None
        self._queue: list[Command] = []
        self._set_timers: set[str] = set()
        self._new_votes: dict[int, Vote] = {}
        low, high = config.election_timeout
        self._election_timer = SetTimer("election", low, high)
        self._handlers: dict[type[Message], Callable[[Any], Effects]] = {
            Phase1a: self._phase1a,
            Phase1b: self._phase1b,
            Nack: self._nack,
            Phase2a: self._phase2a,
            Phase2b: self._phase2b,
            Heartbeat: self._heartbeat,
            Ask: self._ask,
            Learn: self._learn,
            SnapshotOffer: self._offer,
        }

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        effects = self._handle(event)
        if self._queue and "propose" not in self._set_timers and self.may_propose():
            self._set_timers.add("propose")
            effects.timers = [*effects.timers, SetTimer("propose", 0.0, 0.0)]
        if self.config.snapshot and "snapshot" not in self._set_timers and self.is_due():
            self._set_timers.add("snapshot")
            effects.timers = [*effects.timers, SetTimer("snapshot", 0.0, 0.0)]
        return effects

    def _handle(self, event: Event) -> Effects:
        if type(event) is Receive:
            return self._handlers[type(event.message)](event.message)
        if isinstance(event, Timeout):
            return self._timeout(event.timer)
        if isinstance(event, Command):
            return self._command(event)
        if isinstance(event, Restart):
            return self.restart(event.durable)
        return Effects(timers=[self._election_timer])

    def _timeout(self, timer: str) -> Effects:
        self._set_timers.discard(timer)
        if timer == "election" and self.phase != "leading":
            self.leader = None
            return self.prepare() if self.takes_part() else Effects(timers=[self._election_timer])
        if timer == "heartbeat" and self.phase == "leading":
            return self.heartbeat()
        if timer == "propose" and self._queue and self.may_propose():
            return self._from_queue()
        if timer == "snapshot" and self.is_due():
            return self.take_snapshot()
        return Effects()

    # Quorums -----------------------------------------------------------------------

    def takes_part(self) -> bool:
        """Return whether this server is an acceptor of the next slot, so that it may lead."""
        return self.name in self.config_at(self.last + 1)

    def is_quorum1(self, members: tuple[str, ...], servers: Collection[str]) -> bool:
        """Return whether servers are a phase-1 quorum.

        Parameters
        ----------
        members : tuple of str
            The acceptors.
        servers : collection of str
            The servers that have promised.
        """
        if members == self.config.members:
            return self.config.quorums.phase1.is_quorum(servers)
        return _is_majority(members, servers)

    def is_quorum2(self, members: tuple[str, ...], servers: Collection[str]) -> bool:
        """Return whether servers are a phase-2 quorum.

        Parameters
        ----------
        members : tuple of str
            The acceptors.
        servers : collection of str
            The servers that have voted.
        """
        if members == self.config.members:
            return self.config.quorums.phase2.is_quorum(servers)
        return _is_majority(members, servers)

    def enough(self, promised: Collection[str]) -> bool:
        """Return whether promises include a phase-1 quorum for every slot of the window."""
        if not self.configs:
            return self.is_quorum1(self.config.members, promised)
        window = range(self.last + 1, self.last + self.config.alpha + 1)
        return all(
            self.is_quorum1(members, promised)
            for members in {self.config_at(slot): None for slot in window}
        )

    # Durable variables ---------------------------------------------------------------------

    def _vote(self, ballot: int, slot: int, value: Value) -> None:
        # A new vote is added in place; a changed vote replaces the dict (see ``view.py``).
        if slot in self.votes:
            self.votes = self.votes.copy()
        self.votes[slot] = self._new_votes[slot] = Vote(slot, ballot, value)

    def _written(self) -> dict[str, Any]:
        """Return the changes to write to disk before messages and answers leave."""
        write: dict[str, Any] = {"maxBal": self.maxBal}
        if self._new_votes:
            write["votes"], self._new_votes = self._new_votes, {}
        return write

    # Ballots (Paxos Made Simple, section 2.2) --------------------------------------------

    def _idle(self) -> list[SetTimer]:
        """Abandon the current ballot; return the timers to cancel."""
        led = self.phase == "leading"
        self.phase, self.bal = "idle", -1
        self.promised, self.told, self.proposed, self.acks = frozenset(), {}, {}, {}
        self._queue, self._waiting, self._change_clients = [], set(), {}
        return [SetTimer("heartbeat")] if led else []

    def _adopt(self, ballot: int) -> list[SetTimer]:
        """Take part in a ballot as an acceptor; return the timers to set."""
        self.maxBal = ballot
        stop = self._idle() if ballot > self.bal and self.phase != "idle" else []
        return [*stop, self._election_timer]

    def open_votes(self, first: int) -> list[Vote]:
        """Return this acceptor's votes from a slot on, sorted by slot."""
        return [self.votes[slot] for slot in sorted(self.votes) if slot >= first]

    @action("Prepare", section="3")
    def prepare(self) -> Effects:
        """Start a ballot of its own for all open slots (section 3)."""
        self.phase = "preparing"
        self.bal = self.maxBal = self.config.next_ballot(self.name, self.maxBal)
        self.promised = frozenset({self.name})
        self.told = {vote.slot: vote for vote in self.open_votes(self.last + 1)}
        self.proposed, self.acks = {}, {}
        sends: list[Send] = self._to_others(Phase1a(self.bal, self.last + 1))
        if self.enough(self.promised):
            own = Phase1b.of(self.name, self.bal, self.snapshot.index, self.told.values())
            sends.append(Send(self.name, own))
        return Effects(
            action="Prepare",
            params={"b": self.bal},
            write=self._written(),
            sends=sends,
            timers=[self._election_timer],
        )

    def _to_others(self, message: Message) -> list[Send]:
        return [Send(other, message) for other in self.others]

    def forbids(self, ballot: int) -> bool:
        """Return whether this acceptor's promise forbids it to take part in a ballot."""
        return ballot < self.maxBal

    def _phase1a(self, message: Phase1a) -> Effects:
        return self.nack(message) if self.forbids(message.bal) else self.promise(message)

    @action("Promise", section="phase 1b")
    def promise(self, message: Phase1a) -> Effects:
        """Promise not to vote in lower ballots, and report its votes (phase 1b)."""
        is_new = message.bal != self.maxBal
        timers = self._adopt(message.bal)
        votes = self.open_votes(message.first)
        reply = Phase1b.of(self.name, message.bal, self.snapshot.index, votes)
        return Effects(
            action="Promise",
            write=self._written() if is_new else None,
            sends=[Send(self.config.owner(message.bal), reply)],
            timers=timers,
        )

    @action("Nack")
    def nack(self, message: Phase1a | Phase2a | Heartbeat) -> Effects:
        """Tell the owner of a ballot that the ballot is too low (section 2.2)."""
        reply = Nack(message.bal, self.maxBal)
        return Effects(action="Nack", sends=[Send(self.config.owner(message.bal), reply)])

    def _nack(self, message: Nack) -> Effects:
        return self.step_down(message) if message.bal == self.bal else self.ignore()

    @action("StepDown")
    def step_down(self, message: Nack) -> Effects:
        """Abandon its own ballot because another server has promised a higher one."""
        timers = self._adopt(message.maxBal)
        return Effects(action="StepDown", write=self._written(), timers=timers)

    def _phase1b(self, message: Phase1b) -> Effects:
        if message.bal != self.bal or (
            message.sender in self.promised
            and not (self.phase == "preparing" and self.enough(self.promised))
        ):
            return self.ignore()
        if message.snapshot > self.last:
            return self.fall_behind(message)
        promised = self.promised | {message.sender}
        if self.phase == "preparing" and self.enough(promised):
            return self.lead(message)
        return self.count_promise(message)

    def note(self, message: Phase1b) -> None:
        """Record a promise, and the highest vote of each open slot (section 2.2, phase 2a)."""
        self.promised = self.promised | {message.sender}
        for vote in message.votes:
            slot = vote.slot
            if slot <= self.last or slot in self.proposed:
                continue
            if slot not in self.told or vote.bal > self.told[slot].bal:
                self.told[slot] = vote

    @action("CountPromise")
    def count_promise(self, message: Phase1b) -> Effects:
        """Record a promise that does not complete a quorum, or that arrives after it leads."""
        self.note(message)
        effects = Effects(action="CountPromise")
        return self._proceed(effects) if self.phase == "leading" else effects

    @action("Lead", section="3")
    def lead(self, message: Phase1b) -> Effects:
        """Become leader with the promise that completes a quorum, and propose (section 3)."""
        self.note(message)
        self.phase = "leading"
        self.leader = self.name
        beat = self.config.heartbeat
        return self._proceed(
            Effects(
                action="Lead",
                sends=self._to_others(Heartbeat(self.bal, self.last)),
                timers=[SetTimer("election"), SetTimer("heartbeat", beat, beat)],
            )
        )

    @action("FallBehind", options=("snapshots",))
    def fall_behind(self, message: Phase1b) -> Effects:
        """Abandon the ballot and catch up: an acceptor compacted slots that this server lacks."""
        timers = self._idle()
        ask = Send(message.sender, Ask(self.name, self.last + 1))
        return Effects(action="FallBehind", sends=[ask], timers=[*timers, self._election_timer])

    # Proposals (Paxos Made Simple, section 3) --------------------------------------------

    def unsettled(self) -> list[int]:
        """Return the open slots in which this leader must propose before it proposes new values.

        They extend to the last slot with a reported vote or a known value, within the window.
        """
        last = max((0, *self.told, *self.early))
        return [
            slot
            for slot in range(self.last + 1, min(last, self.last + self.config.alpha) + 1)
            if slot not in self.early
            and slot not in self.proposed
            and self.is_quorum1(self.config_at(slot), self.promised)
        ]

    def pick(self, slot: int) -> Value:
        """Return the value of the highest reported vote in a slot, or a no-op (section 2.2)."""
        vote = self.told.get(slot)
        return vote.val if vote is not None else Value("noop", "", self.bal, slot)

    def _proceed(self, effects: Effects) -> Effects:
        """Propose values in the unsettled slots."""
        for slot in self.unsettled():
            value = self.pick(slot)
            self.told.pop(slot, None)
            effects.sends = [*effects.sends, *self.put(slot, value)]
        if self._new_votes:
            effects.write = self._written()
        return effects

    def put(self, slot: int, value: Value) -> list[Send]:
        """Propose a value in a slot, and vote for it.

        Parameters
        ----------
        slot : int
            The slot.
        value : Value
            The value.

        Returns
        -------
        list of Send
            The messages to the acceptors.
        """
        self.proposed[slot] = value
        self.acks[slot] = frozenset({self.name})
        self._vote(self.bal, slot, value)
        return self._phase2a_messages(slot)

    def _phase2a_messages(self, slot: int) -> list[Send]:
        """Return the proposals to send; if its own vote is a quorum, also that vote to itself."""
        sends = self._to_others(Phase2a(self.bal, slot, self.proposed[slot]))
        if self.is_quorum2(self.config_at(slot), {self.name}):
            sends.append(Send(self.name, Phase2b(self.name, self.bal, slot)))
        return sends

    def next_slot(self) -> int:
        """Return the slot for a new value: after all chosen, reported and proposed values."""
        return 1 + max((self.last, *self.early, *self.told, *self.proposed))

    def may_propose(self) -> bool:
        """Return whether this server leads and the next slot is in the window."""
        if self.phase != "leading":
            return False
        slot = self.next_slot()
        return slot <= self.last + self.config.alpha and self.is_quorum1(
            self.config_at(slot), self.promised
        )

    # Clients -----------------------------------------------------------------------------

    def _command(self, event: Command) -> Effects:
        if self.phase != "leading":
            return self.reply([Redirect(event.client, event.request, self.leader)])
        operation = event.operation
        if (
            self.config.membership
            and isinstance(operation, dict)
            and operation.get("op") in OPERATIONS
        ):
            return self._change(event, operation)
        result = self.sessions.cached(event.client, event.request)
        if result is not None:
            return self.reply([Output(event.client, event.request, result)])
        if (event.client, event.request) in self._waiting:
            return self.reply([])
        self._waiting.add((event.client, event.request))
        self._queue.append(event)
        # Earlier requests in the queue go first.
        return (
            self._from_queue() if len(self._queue) == 1 and self.may_propose() else self.reply([])
        )

    @action("Reply")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client without a log entry, or queue its request until a slot is free."""
        return Effects(action="Reply", outputs=outputs)

    def _from_queue(self) -> Effects:
        batch = self._queue[: self.config.batch]
        del self._queue[: self.config.batch]
        requests = [[event.client, event.request, event.operation] for event in batch]
        return self.client_request(_ENCODER.encode(requests).decode())

    @action("ClientRequest", section="3")
    def client_request(self, requests: str) -> Effects:
        """Propose client requests, without waiting for earlier proposals (section 3)."""
        slot = self.next_slot()
        sends = self.put(slot, Value("command", requests, self.bal, slot))
        return Effects(
            action="ClientRequest", params={"v": requests}, write=self._written(), sends=sends
        )

    def _change(self, event: Command, operation: dict[str, Any]) -> Effects:
        members = self._requested_members(operation)
        if not members:
            problem = {"error": f"acceptors must be among {', '.join(self.config.servers)}"}
            return self.reply([Output(event.client, event.request, problem)])
        if not self.may_propose() or self._queue:
            return self.reply([Redirect(event.client, event.request, None)])
        return self.change_configuration(event, members)

    def _requested_members(self, operation: dict[str, Any]) -> tuple[str, ...]:
        """Return the requested acceptors, or an empty tuple if the request is invalid."""
        if operation["op"] == "configure":
            names = operation.get("members")
            requested = {str(name) for name in names} if isinstance(names, list) else set()
        else:
            server = str(operation.get("server"))
            requested = {*self.config.members}
            for _, members in self.configs[-1:]:
                requested = {*members}
            for slot in sorted(self.proposed):
                if self.proposed[slot].kind == "config":
                    requested = {*self.proposed[slot].members}
            requested = requested | {server} if operation["op"] == "add" else requested - {server}
        return tuple(sorted(requested)) if requested <= {*self.config.servers} else ()

    @action("ChangeConfiguration", section="3", options=("membership",))
    def change_configuration(self, event: Command, members: tuple[str, ...]) -> Effects:
        """Propose new acceptors, which take effect alpha slots later (section 3)."""
        slot = self.next_slot()
        self._change_clients[slot] = (event.client, event.request)
        sends = self.put(slot, Value.config(self.bal, slot, members))
        return Effects(
            action="ChangeConfiguration",
            params={"c": {"#set": list(members)}},
            write=self._written(),
            sends=sends,
        )

    # Votes -------------------------------------------------------------------------------

    def _phase2a(self, message: Phase2a) -> Effects:
        if self.forbids(message.bal):
            return self.nack(message)
        return self.share(message) if message.slot <= self.snapshot.index else self.accept(message)

    @action("Accept", section="phase 2b")
    def accept(self, message: Phase2a) -> Effects:
        """Vote for a proposal (phase 2b)."""
        last = self.votes.get(message.slot)
        is_new = message.bal != self.maxBal or last is None or last.bal != message.bal
        timers = self._adopt(message.bal)
        owner = self.leader = self.config.owner(message.bal)
        if is_new:
            self._vote(message.bal, message.slot, message.val)
        vote = Phase2b(self.name, message.bal, message.slot)
        return Effects(
            action="Accept",
            write=self._written() if is_new else None,
            sends=[Send(owner, vote)],
            timers=timers,
        )

    def _phase2b(self, message: Phase2b) -> Effects:
        if self.phase != "leading" or message.bal != self.bal or message.slot not in self.proposed:
            return self.ignore()
        acks = self.acks[message.slot]
        if self.is_chosen(message.slot, acks | {message.sender}):
            return self.choose(message)
        return self.ignore() if message.sender in acks else self.record_vote(message)

    def is_chosen(self, slot: int, acks: Collection[str]) -> bool:
        """Return whether votes of these servers choose the value proposed in a slot."""
        return self.is_quorum2(self.config_at(slot), acks)

    @action("RecordVote")
    def record_vote(self, message: Phase2b) -> Effects:
        """Record a vote that does not complete a quorum (section 2.3)."""
        self.acks[message.slot] = self.acks[message.slot] | {message.sender}
        return Effects(action="RecordVote")

    @action("Choose")
    def choose(self, message: Phase2b) -> Effects:
        """Record a value as chosen after the vote that completes a quorum (section 2.3)."""
        value = self.proposed.pop(message.slot)
        del self.acks[message.slot]
        return self._proceed(Effects(action="Choose", outputs=self.know({message.slot: value})))

    # Heartbeats --------------------------------------------------------------------------

    @action("Heartbeat")
    def heartbeat(self) -> Effects:
        """Send heartbeats, and resend proposals that may have been lost."""
        sends = self._to_others(Heartbeat(self.bal, self.last))
        for slot in sorted(self.proposed):
            sends += self._phase2a_messages(slot)
        if not self.enough(self.promised):
            sends += self._to_others(Phase1a(self.bal, self.last + 1))
        beat = self.config.heartbeat
        return Effects(action="Heartbeat", sends=sends, timers=[SetTimer("heartbeat", beat, beat)])

    def _heartbeat(self, message: Heartbeat) -> Effects:
        return self.nack(message) if self.forbids(message.bal) else self.handle_heartbeat(message)

    def sure(self, message: Heartbeat) -> dict[int, Value]:
        """Return the values that a heartbeat shows to be chosen: votes in the leader's ballot."""
        return {
            slot: self.votes[slot].val
            for slot in range(self.last + 1, message.chosen + 1)
            if slot in self.votes and self.votes[slot].bal == message.bal
        }

    @action("HandleHeartbeat")
    def handle_heartbeat(self, message: Heartbeat) -> Effects:
        """Follow the leader, learn chosen values, and request missing values."""
        is_new = message.bal != self.maxBal
        timers = self._adopt(message.bal)
        owner = self.leader = self.config.owner(message.bal)
        outputs = self.know(self.sure(message))
        is_behind = self.last < message.chosen
        return Effects(
            action="HandleHeartbeat",
            write=self._written() if is_new else None,
            sends=[Send(owner, Ask(self.name, self.last + 1))] if is_behind else [],
            timers=timers,
            outputs=outputs,
        )

    # Crashes -----------------------------------------------------------------------------

    @action("Restart")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with the durable state; volatile state is lost (section 2.5)."""
        self.maxBal = durable.get("maxBal", -1)
        self.votes = dict(durable.get("votes", {}))
        self.load(durable.get("snapshot", NO_SNAPSHOT))
        return Effects(action="Restart", timers=[self._election_timer])


def _is_majority(members: Iterable[str], servers: Collection[str]) -> bool:
    present = [member in servers for member in members]
    return 2 * sum(present) > len(present)


def apply_write(durable: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Apply a write to a disk's content.

    Parameters
    ----------
    durable : dict
        ``maxBal``, ``votes`` (by slot) and ``snapshot``; changed in place.
    write : mapping
        ``maxBal``, new ``votes`` and ``snapshot``, each only if it may have changed.
    """
    votes: dict[int, Vote] = durable.setdefault("votes", {})
    new_votes: Mapping[int, Vote] = write.get("votes", {})
    # New votes are added in place; a change or removal replaces the dict (see ``view.py``).
    if not votes.keys().isdisjoint(new_votes):
        votes = durable["votes"] = votes.copy()
    votes.update(new_votes)
    if "maxBal" in write:
        durable["maxBal"] = write["maxBal"]
    if "snapshot" in write:
        durable["snapshot"] = write["snapshot"]
        index = write["snapshot"].index
        durable["votes"] = {slot: vote for slot, vote in votes.items() if slot > index}
