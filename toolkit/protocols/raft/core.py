"""The core of a Raft server: follower, candidate and leader.

Source: D. Ongaro and J. Ousterhout, *In Search of an Understandable Consensus Algorithm*, the
extended version of USENIX ATC 2014.  Sections cited by methods are sections of this paper, unless
the dissertation is named (D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014).  Each
handler is named after the action of ``specs/raft/Raft.tla`` that it performs, and the effects carry
that name.

Each option is a component of the server, in its own module: ``leadership``, ``membership``,
``reads``, ``snapshots``, ``prevote``.  ``option`` declares the hooks at which the server calls it.

Extension points
----------------
Servers of an experiment override these methods and call the inherited ones, which ask the options
first: ``on_timeout``, ``on_command``, ``on_..._timeout``, ``on_..._request``, ``on_..._response``
choose the action for an event; ``start_election``, ``step_down`` and the other actions perform it;
``..._timer`` return the timers to set; ``may_vote``, ``takes_part``, ``is_quorum`` are the rules.
They may also replace an option (``toolkit.protocols.components.replace_component``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

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
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.messages import (
    AppendEntries,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotResponse,
    RequestPreVote,
    RequestPreVoteResponse,
    RequestVote,
    RequestVoteResponse,
)
from toolkit.protocols.raft.option import Hooks, Option, wiring
from toolkit.protocols.raft.state import ELECTION_TIMER, HEARTBEAT_TIMER, RaftState

__all__ = ["ELECTION_TIMER", "HEARTBEAT_TIMER", "Answer", "RaftCore"]

Answer = (
    RequestVoteResponse | AppendEntriesResponse | RequestPreVoteResponse | InstallSnapshotResponse
)
"""Any response to a request."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()


class RaftCore(RaftState):
    """A Raft server without options.

    Parameters
    ----------
    name : str
        The name of this server.
    config : RaftConfig
        The configuration of the run.

    Attributes
    ----------
    options : tuple of Option
        The options that are on.
    components : tuple of type
        Class attribute: all options, in the order in which they are asked.
    messages : mapping of type to str
        Class attribute: the handler of each message type, except those that options add.
    """

    components: ClassVar[tuple[type[Option], ...]] = ()
    messages: ClassVar[Mapping[type[Message], str]] = {
        RequestVote: "on_vote_request",
        RequestVoteResponse: "on_vote_response",
        AppendEntries: "on_append_request",
        AppendEntriesResponse: "on_append_response",
    }

    def __init__(self, name: str, config: RaftConfig) -> None:
        super().__init__(name, config)
        on = tuple(option for option in self.components if option.is_on(config))
        self.options = tuple(option(self) for option in on)
        self._wiring = wiring(type(self), on)
        self.reset()

    def reset(self) -> None:
        """Reset the variables that only a candidate or a leader uses."""
        super().reset()
        for position, hook in self._wiring.reset:
            hook(self.options[position])

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        self.now = now
        if type(event) is Receive:
            effects = self._wiring.messages[type(event.message)](self, event.message)
        elif isinstance(event, Timeout):
            effects = self.on_timeout(event.timer)
        elif isinstance(event, Command):
            effects = self.on_command(event)
        elif isinstance(event, Restart):
            effects = self.restart(event.durable)
        else:
            effects = Effects(timers=[self.election_timer()])
        for position, hook in self._wiring.after:
            hook(self.options[position], effects)
        return effects

    def _ask(self, hooks: Hooks[Effects | None], *about: Any) -> Effects | None:
        """Return the effects of the first option that decides, ``None`` if none does."""
        for position, hook in hooks:
            effects = hook(self.options[position], *about)
            if effects is not None:
                return effects
        return None

    def on_timeout(self, timer: str) -> Effects:
        """Handle a timeout: of the election timer, a leader's heartbeat timer or an option's."""
        if timer == ELECTION_TIMER:
            return self.on_election_timeout()
        if timer == HEARTBEAT_TIMER:
            return self.on_heartbeat_timeout() if self.role == "leader" else Effects()
        handler = self._wiring.timers.get(timer)
        return handler(self) if handler is not None else Effects()

    def on_election_timeout(self) -> Effects:
        """Start an election, unless this server is the leader or has no vote (section 5.2)."""
        effects = self._ask(self._wiring.on_election_timeout)
        if effects is not None:
            return effects
        if self.role == "leader":
            return Effects()
        if self.takes_part():
            return self.timeout()
        # A server outside the configuration is not told of new leaders: do not redirect clients
        # to the old one.
        self.leader = None
        return Effects(timers=[self.election_timer()])

    def on_heartbeat_timeout(self) -> Effects:
        """Send heartbeats when a leader's heartbeat timer runs out (section 5.2)."""
        return self._ask(self._wiring.on_heartbeat_timeout) or self.heartbeat()

    def on_vote_request(self, message: RequestVote) -> Effects:
        """Grant or deny a vote (Figure 2, RequestVote)."""
        effects = self._ask(self._wiring.on_vote_request, message)
        if effects is not None:
            return effects
        return self.grant_vote(message) if self.may_vote(message) else self.deny_vote(message)

    def on_append_request(self, message: AppendEntries) -> Effects:
        """Accept or reject the entries of a request (Figure 2, AppendEntries)."""
        if message.term == self.currentTerm and self.role == "leader":
            return self.ignore()
        if self.is_current(message) and self.agrees(message):
            return self.accept_entries(message)
        return self.reject_entries(message)

    def on_vote_response(self, message: RequestVoteResponse) -> Effects:
        """Count a vote; become leader with a quorum; step down for a higher term (section 5.2)."""
        if message.term > self.currentTerm:
            return self.step_down(message)
        if message.term < self.currentTerm or self.role != "candidate" or not message.granted:
            return self.ignore()
        if self.is_quorum(self.votesGranted | {message.sender}):
            return self.become_leader(message)
        return self.count_vote(message)

    def on_append_response(self, message: AppendEntriesResponse) -> Effects:
        """Record how far a follower's log agrees, or retry from an earlier entry (section 5.3)."""
        if message.term > self.currentTerm:
            return self.step_down(message)
        if message.term < self.currentTerm or self.role != "leader":
            return self.ignore()
        self.note_response(message.sender)
        if message.success:
            return self._handle_success(message)
        # A rejection without a hint answers a request of an earlier term, in which this server may
        # have been leader too.  It says nothing about the log or about the rounds of this term.
        if not message.hintIndex or message.prevLogIndex <= self.matchIndex[message.sender]:
            return self.ignore()
        return self.decrement_next_index(message)

    def note_response(self, sender: str) -> None:
        """Tell the options that a server has responded to this leader in its term."""
        for position, hook in self._wiring.responded:
            hook(self.options[position], sender)

    def on_unexpected(self, message: Message) -> Effects:
        """Ignore a message of an option that is off."""
        return self.ignore()

    # Elections (sections 5.2 and 5.4.1) --------------------------------------------------

    def leader_election_timer(self) -> SetTimer:
        """Return the election timer of a new leader: cancelled, unless an option needs it."""
        for position, hook in self._wiring.leader_election_timer:
            timer = hook(self.options[position])
            if timer is not None:
                return timer
        return SetTimer(ELECTION_TIMER)

    def adopt_term(self, term: int) -> bool:
        """Become a follower in a higher term; return whether the term was higher (section 5.1)."""
        if term <= self.currentTerm:
            return False
        self.currentTerm = term
        self.votedFor = None
        self.become_follower(None)
        return True

    def become_follower(self, leader: str | None) -> None:
        """Become a follower of a leader, which may be unknown (section 5.1)."""
        if self.role != "follower":
            # A follower has nothing to reset, and this runs for each message of a leader.
            self.role = "follower"
            self.reset()
        self.leader = leader
        if leader is not None:
            self.note_contact()

    def start_election(self, action: str, *, transfer: bool = False) -> Effects:
        """Start an election: raise the term, vote for itself, request votes (section 5.2)."""
        self.role = "candidate"
        self.leader = None
        self.currentTerm += 1
        self.votedFor = self.name
        self.reset()
        self.votesGranted = {self.name}
        if self.is_quorum(self.votesGranted):
            return self._lead(Effects(action=action))
        last = self.log.last_index
        ask = RequestVote(self.currentTerm, self.name, last, self.log.term_at(last), transfer)
        config = self.configuration()
        return Effects(
            action=action,
            write=self.written(),
            sends=[Send(other, ask) for other in self.peers() if config.has_vote(other)],
            timers=[self.election_timer()],
        )

    @action("Timeout", section="5.2", unless=("pre-vote",))
    def timeout(self) -> Effects:
        """Start an election after an election timeout (section 5.2)."""
        return self.start_election("Timeout")

    def up_to_date(self, message: RequestVote | RequestPreVote) -> bool:
        """Return whether the candidate's log is at least as up-to-date (section 5.4.1)."""
        last = self.log.last_index
        theirs = (message.lastLogTerm, message.lastLogIndex)
        return theirs >= (self.log.term_at(last), last)

    def may_vote(self, message: RequestVote) -> bool:
        """Return whether this server may vote for the candidate (Figure 2, RequestVote)."""
        if message.term < self.currentTerm:
            return False
        voted = None if message.term > self.currentTerm else self.votedFor
        return voted in {None, message.cand} and self.up_to_date(message)

    @action("GrantVote", section="5.4.1")
    def grant_vote(self, message: RequestVote) -> Effects:
        """Vote for the candidate; the vote is durable before it leaves (Figure 2)."""
        before = (self.currentTerm, self.votedFor)
        stop = self.stop_heartbeats(message.term)
        self.adopt_term(message.term)
        self.votedFor = message.cand
        reply = RequestVoteResponse(self.currentTerm, self.name, message.cand, True)
        return Effects(
            action="GrantVote",
            write=self.written() if before != (self.currentTerm, self.votedFor) else None,
            sends=[Send(message.cand, reply)],
            timers=[*stop, self.election_timer()],
        )

    @action("DenyVote", section="5.1")
    def deny_vote(self, message: RequestVote) -> Effects:
        """Refuse the vote, and adopt the candidate's term if it is higher (section 5.1)."""
        stop = self.stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        reply = RequestVoteResponse(self.currentTerm, self.name, message.cand, False)
        return Effects(
            action="DenyVote",
            write=self.written() if adopted else None,
            sends=[Send(message.cand, reply)],
            timers=[*stop, self.election_timer()] if stop else [],
        )

    def stop_heartbeats(self, term: int) -> list[SetTimer]:
        """Return the cancelled heartbeat timer if this server leads a lower term."""
        if self.role == "leader" and term > self.currentTerm:
            return [SetTimer(HEARTBEAT_TIMER)]
        return []

    @action("CountVote", section="5.2")
    def count_vote(self, message: RequestVoteResponse) -> Effects:
        """Record a vote that does not complete a quorum (section 5.2)."""
        self.votesGranted.add(message.sender)
        return Effects(action="CountVote")

    @action("BecomeLeader", section="5.2")
    def become_leader(self, message: RequestVoteResponse) -> Effects:
        """Become leader with the vote that completes a quorum (section 5.2).

        A leader starts its term with a no-op entry, so that it can commit earlier entries
        (section 8).
        """
        return self._lead(Effects(action="BecomeLeader"))

    def _lead(self, effects: Effects) -> Effects:
        self.role = "leader"
        self.leader = self.name
        self.reset()
        self.nextIndex = dict.fromkeys(self.others, self.log.last_index + 1)
        self.log.append(Entry(self.currentTerm, "noop", ""))
        effects.write = self.written()
        effects.timers = [self.leader_election_timer(), self.heartbeat_timer()]
        effects.sends = self.replicate(self.peers())
        effects.outputs = self._commit()
        return effects

    @action("StepDown", section="5.1")
    def step_down(self, message: Answer) -> Effects:
        """Become a follower because a response has a higher term (section 5.1)."""
        was_leader = self.role == "leader"
        self.adopt_term(message.term)
        return Effects(
            action="StepDown",
            write=self.written(),
            timers=[SetTimer(HEARTBEAT_TIMER), self.election_timer()] if was_leader else [],
        )

    # Clients (sections 5.3 and 8; dissertation, section 6.3) -----------------------------

    def on_command(self, event: Command) -> Effects:
        """Append a client's request, or redirect the client to the leader (section 8)."""
        effects = self._ask(self._wiring.on_command, event)
        if effects is not None:
            return effects
        if self.role != "leader":
            return self.send_on(event, self.leader)
        result = self.sessions.cached(event.client, event.request)
        if result is not None:
            return self.reply([Output(event.client, event.request, result)])
        if (event.client, event.request) in self._waiting:
            return self.reply([])
        return self.client_request(event)

    def send_on(self, event: Command, leader: str | None) -> Effects:
        """Redirect a client to the leader; with ``None`` the client waits and retries."""
        return self.reply([Redirect(event.client, event.request, leader)])

    @action("Reply", section="8")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client without a log entry: a redirect or a cached result (section 8)."""
        return Effects(action="Reply", outputs=outputs)

    @action("ClientRequest", section="5.3")
    def client_request(self, event: Command) -> Effects:
        """Append a client's command to the log and replicate it (section 5.3)."""
        value = _ENCODER.encode([event.client, event.request, event.operation]).decode()
        self._waiting[event.client, event.request] = self.log.last_index + 1
        return self.append_entry(
            Entry(self.currentTerm, "command", value),
            Effects(action="ClientRequest", params={"v": value}),
        )

    def append_entry(self, entry: Entry, effects: Effects) -> Effects:
        """Append an entry and send it to the servers whose window is not full."""
        self.log.append(entry)
        effects.write = self.written()
        effects.sends = self.replicate(
            [
                other
                for other in self.peers()
                if self.nextIndex[other] - self.matchIndex[other] <= self.config.window
            ]
        )
        effects.outputs = self._commit()
        return effects

    # Replication (section 5.3) -----------------------------------------------------------

    def replicate(self, to: Iterable[str]) -> list[Send]:
        """Send each server its next message, and assume that it will arrive.

        Entries are sent without waiting for a response.  A loss is noticed when a later request
        is rejected (dissertation, section 10.2.2, pipelining).
        """
        return [Send(other, self.next_message(other)) for other in to]

    def next_message(self, other: str) -> Message:
        """Return the next message for a server: a batch of entries, unless an option decides.

        Servers with the same next index get the same object: a leader's log only grows.
        """
        for position, hook in self._wiring.next_message:
            message = hook(self.options[position], other)
            if message is not None:
                return message
        prev = self.nextIndex[other] - 1
        request_key = (prev, self.log.last_index, self.currentTerm, self.commitIndex, self.round)
        if self._request is None or request_key != self._request_key:
            self._request_key = request_key
            self._request = AppendEntries.of(
                self.currentTerm,
                self.name,
                (prev, self.log.term_at(prev)),
                self.log.after(prev, self.config.batch),
                self.commitIndex,
                self.round,
            )
        self.nextIndex[other] = prev + len(self._request.entries) + 1
        return self._request

    @action("Heartbeat", section="5.2")
    def heartbeat(self) -> Effects:
        """Send a heartbeat with the next entries to each server (section 5.2)."""
        for position, hook in self._wiring.before_heartbeat:
            hook(self.options[position])
        return Effects(
            action="Heartbeat", sends=self.replicate(self.peers()), timers=[self.heartbeat_timer()]
        )

    def is_current(self, message: AppendEntries) -> bool:
        """Return whether the request's term is not outdated (Figure 2, AppendEntries, 1)."""
        return message.term >= self.currentTerm

    def agrees(self, message: AppendEntries) -> bool:
        """Return whether the log has the entry that precedes the new ones (section 5.3).

        Entries covered by a snapshot are committed, so every later leader's log has them.
        """
        prev = message.prevLogIndex
        return prev <= self.log.last_index and (
            prev < self.log.snapshot.index or self.log.term_at(prev) == message.prevLogTerm
        )

    def conflict(self, message: AppendEntries) -> int | None:
        """Return the index of the first new entry that the log lacks, or ``None``.

        The log is truncated only if an entry differs: a delayed request must not remove entries
        of a later request (section 5.3; Figure 2, AppendEntries, 3 and 4).
        """
        last, known = self.log.last_index, self.log.snapshot.index
        if message.prevLogIndex == last:
            return last + 1 if message.entries else None
        for index, entry in enumerate(message.entries, message.prevLogIndex + 1):
            if index > last or (index > known and self.log.term_at(index) != entry.term):
                return index
        return None

    @action("AcceptEntries", section="5.3")
    def accept_entries(self, message: AppendEntries) -> Effects:
        """Append entries that agree with the log (section 5.3; Figure 2, AppendEntries, 3 to 5)."""
        stop = self.stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        self.become_follower(message.leader)
        first = self.conflict(message)
        if first is not None:
            new = message.entries[first - message.prevLogIndex - 1 :]
            self.log.replace(first - 1, new)
        last_new = message.prevLogIndex + len(message.entries)
        self.commitIndex = max(self.commitIndex, min(message.leaderCommit, last_new))
        if self.lastApplied < self.commitIndex:
            self._apply()
        reply = AppendEntriesResponse(
            self.currentTerm, self.name, message.leader, True, last_new, 0, 0, 0, message.round
        )
        return Effects(
            action="AcceptEntries",
            write=self.written() if adopted or first is not None else None,
            sends=[Send(message.leader, reply)],
            timers=[*stop, self.election_timer()],
        )

    @action("RejectEntries", section="5.3")
    def reject_entries(self, message: AppendEntries) -> Effects:
        """Reject entries of an old term, or that do not agree with the log (section 5.3)."""
        if not self.is_current(message):
            reply = self._rejection(message, 0, 0)
            return Effects(action="RejectEntries", sends=[Send(message.leader, reply)])
        stop = self.stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        self.become_follower(message.leader)
        reply = self._rejection(message, *self._hint(message.prevLogIndex))
        return Effects(
            action="RejectEntries",
            write=self.written() if adopted else None,
            sends=[Send(message.leader, reply)],
            timers=[*stop, self.election_timer()],
        )

    def _rejection(self, message: AppendEntries, term: int, index: int) -> AppendEntriesResponse:
        prev = message.prevLogIndex
        return AppendEntriesResponse(
            self.currentTerm, self.name, message.leader, False, 0, prev, term, index, message.round
        )

    def _hint(self, prev: int) -> tuple[int, int]:
        """Return the conflicting term and its first index, or 0 and the index after the log."""
        if prev > self.log.last_index:
            return 0, self.log.last_index + 1
        term = self.log.term_at(prev)
        first = prev
        while first > self.log.snapshot.index + 1 and self.log.term_at(first - 1) == term:
            first -= 1
        return term, first

    def _handle_success(self, message: AppendEntriesResponse) -> Effects:
        """Record how far a follower's log agrees, and commit (section 5.3)."""
        outputs = self._answered(message)
        effects = self.record_match(message.sender, message.matchIndex)
        effects.outputs = [*outputs, *effects.outputs]
        return effects

    def _answered(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        """Tell the options that a server responded; return the answers that this permits."""
        outputs: list[Output | Redirect] = []
        for position, hook in self._wiring.answered:
            outputs += hook(self.options[position], message)
        return outputs

    @action("AdvanceCommitIndex", section="5.3")
    @action("RecordMatch", section="5.3")
    def record_match(self, sender: str, match: int) -> Effects:
        """Record that a follower's log agrees up to an index, and send further entries."""
        self.matchIndex[sender] = max(self.matchIndex[sender], match)
        self.nextIndex[sender] = max(self.nextIndex[sender], self.matchIndex[sender] + 1)
        before = self.commitIndex
        outputs = self._commit()
        more = (sender,) if self.nextIndex[sender] <= self.log.last_index else ()
        return Effects(
            action="RecordMatch" if self.commitIndex == before else "AdvanceCommitIndex",
            sends=self.replicate(more),
            outputs=outputs,
        )

    @action("DecrementNextIndex", section="5.3")
    def decrement_next_index(self, message: AppendEntriesResponse) -> Effects:
        """Decrease nextIndex to where a follower's log may agree, and retry (section 5.3)."""
        sender = message.sender
        outputs = self._answered(message)
        retry = message.hintIndex
        if message.hintTerm:
            # Terms never decrease along a log: stop at the first lower term.
            index = message.prevLogIndex - 1
            while index > 0 and self.log.term_at(index) > message.hintTerm:
                index -= 1
            if index > 0 and self.log.term_at(index) == message.hintTerm:
                retry = index + 1
        self.nextIndex[sender] = max(self.matchIndex[sender] + 1, min(retry, message.prevLogIndex))
        return Effects(
            action="DecrementNextIndex", sends=self.replicate((sender,)), outputs=outputs
        )

    # Commitment (sections 5.3 and 5.4.2) -------------------------------------------------

    def may_commit(self, index: int) -> bool:
        """Return whether an entry is of this term and a quorum has it.

        An entry of an earlier term is committed only indirectly, by a later entry of this term
        (section 5.4.2, Figure 8).
        """
        return self.log.term_at(index) == self.currentTerm and self.is_quorum(self.having(index))

    def having(self, index: int) -> set[str]:
        """Return the servers known to have the log up to an index."""
        return {self.name, *[other for other, match in self.matchIndex.items() if match >= index]}

    def _commit(self) -> list[Output | Redirect]:
        """Advance commitIndex as far as possible; return the answers to clients."""
        # It is enough to try the last index and the values of matchIndex: in between, the set of
        # servers that have an index does not change.
        last, committed = self.log.last_index, self.commitIndex
        if last > committed:
            agreed = {match for match in self.matchIndex.values() if committed < match < last}
            for index in (last, *sorted(agreed, reverse=True)):
                if self.may_commit(index):
                    self.commitIndex = index
                    break
        return self._apply() if self.lastApplied < self.commitIndex else []

    def _apply(self) -> list[Output | Redirect]:
        """Apply committed entries; return the answers to this leader's waiting clients."""
        outputs: list[Output | Redirect] = []
        while self.lastApplied < self.commitIndex:
            self.lastApplied += 1
            entry = self.log.entry(self.lastApplied)
            if entry.kind != "command":
                for position, hook in self._wiring.applied:
                    outputs += hook(self.options[position], entry)
                continue
            client, request, operation = _DECODER.decode(entry.val)
            result = self.sessions.apply(client, request, operation)
            if self._waiting.get((client, request)) == self.lastApplied:
                del self._waiting[client, request]
                outputs.append(Output(client, request, result))
        return outputs

    # Any server --------------------------------------------------------------------------

    def shown(self) -> dict[str, Any]:
        """Return the specification variables that options add, ITF-encoded."""
        shown: dict[str, Any] = {}
        for position, hook in self._wiring.shown:
            shown |= hook(self.options[position])
        return shown

    def abdicate(self, action: str) -> Effects:
        """Stop leading and become a follower in the same term."""
        self.become_follower(None)
        return Effects(action=action, timers=[SetTimer(HEARTBEAT_TIMER), self.election_timer()])

    @action("Ignore")
    def ignore(self) -> Effects:
        """Ignore a message that is late, repeated or not for this role."""
        return Effects(action="Ignore")

    @action("Restart", section="5.1")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart as a follower with the durable state (section 5.1; Figure 2)."""
        self.currentTerm = durable.get("currentTerm", 0)
        self.votedFor = durable.get("votedFor")
        self.log = durable["log"].copy() if "log" in durable else Log()
        for position, hook in self._wiring.restarted:
            hook(self.options[position])
        return Effects(action="Restart", timers=[self.election_timer()])
