"""The core of a Raft server: follower, candidate and leader.

Source: D. Ongaro and J. Ousterhout, *In Search of an Understandable Consensus Algorithm*, the
extended version of USENIX ATC 2014; the sections that the methods cite are its, unless they name
the dissertation (D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014).  Each handler is
named after the action of ``specs/raft/Raft.tla`` that it performs, and the effects carry that
name.

Options live in modules of their own, each a class on top of :class:`RaftCore`: ``prevote``,
``leadership``, ``reads``, ``snapshots``, ``membership``.

Extension points
----------------
The options, and servers of an experiment, override these methods and call the inherited ones:
``on_timeout``, ``on_command``, ``on_..._timeout``, ``on_..._request``, ``on_..._response`` decide
which action an event is; ``start_election``, ``step_down`` and the other actions perform it;
``..._timer`` return the timers to set; ``may_vote``, ``takes_part``, ``is_quorum`` are the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from toolkit.machines import Sessions
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
    Configuration,
    Entry,
    InstallSnapshotResponse,
    RequestPreVote,
    RequestPreVoteResponse,
    RequestVote,
    RequestVoteResponse,
)

__all__ = ["ELECTION_TIMER", "HEARTBEAT_TIMER", "Answer", "RaftCore"]

Answer = (
    RequestVoteResponse | AppendEntriesResponse | RequestPreVoteResponse | InstallSnapshotResponse
)
"""A message that answers another one."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()

ELECTION_TIMER = "election"
"""Runs out when a server has heard of no leader for too long."""

HEARTBEAT_TIMER = "heartbeat"
"""Runs out when a leader is to be heard of again."""


class RaftCore:
    """One server, without options.

    Parameters
    ----------
    name : str
        This server.
    config : RaftConfig

    Attributes
    ----------
    role : str
        ``"follower"``, ``"precandidate"`` (with pre-votes), ``"candidate"`` or ``"leader"``.
    currentTerm : int
        The latest term it has seen, from 0.  Durable.
    votedFor : str or None
        Who got its vote in that term.  Durable.
    log : Log
        The entries; the first has index 1.  Durable.
    commitIndex : int
        Up to where the log is known to be committed.
    votesGranted : set of str
        Candidate: whose votes it has.
    nextIndex, matchIndex : dict of str to int
        Leader: for every other server the next entry to send, and up to where its log is known
        to agree.
    lastApplied : int
        Up to where the log has been applied to the machine.
    sessions : Sessions
        The machine, behind the clients' sessions.
    leader : str or None
        Who leads this term, as far as it knows.
    round : int
        Leader: the last round of requests that was begun (0 without reads of their own).
    """

    def __init__(self, name: str, config: RaftConfig) -> None:
        self.name = name
        self.config = config
        self.others = tuple(one for one in config.servers if one != name)
        self.role = "follower"
        self.currentTerm = 0
        self.votedFor: str | None = None
        self.log = Log()
        self.commitIndex = 0
        self.votesGranted: set[str] = set()
        self.nextIndex: dict[str, int] = {}
        self.matchIndex: dict[str, int] = {}
        self.round = 0
        # What follows is no variable of the specification: it follows from the log, steers
        # answers to clients, or has to do with time.
        self.lastApplied = 0
        self.sessions = Sessions(config.machine())
        self.leader: str | None = None
        self._waiting: dict[tuple[str, int], int] = {}
        self._request: AppendEntries | None = None
        self._made_of: tuple[int, ...] = ()
        low, high = config.election
        self._election_timer = SetTimer(ELECTION_TIMER, low, high)
        self._now = 0.0
        self._contact = -math.inf
        self._handed_over = False
        self._handlers: dict[type[Message], Callable[[Any], Effects]] = {
            RequestVote: self.on_vote_request,
            RequestVoteResponse: self.on_vote_response,
            AppendEntries: self.on_append_request,
            AppendEntriesResponse: self.on_append_response,
        }
        self._reset()

    def _reset(self) -> None:
        """Forget what only a candidate or a leader knows."""
        self.votesGranted = set()
        self.nextIndex = dict.fromkeys(self.others, 1)
        self.matchIndex = dict.fromkeys(self.others, 0)
        self.round = 0
        self._waiting = {}
        self._handed_over = False

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        self._now = now
        if type(event) is Receive:
            return self._handlers[type(event.message)](event.message)
        if isinstance(event, Timeout):
            return self.on_timeout(event.timer)
        if isinstance(event, Command):
            return self.on_command(event)
        if isinstance(event, Restart):
            return self.restart(event.durable)
        return Effects(timers=[self.election_timer()])

    def on_timeout(self, timer: str) -> Effects:
        """Handle a timer that ran out: the election timer, or a leader's heartbeat timer."""
        if timer == ELECTION_TIMER:
            return self.on_election_timeout()
        return self.on_heartbeat_timeout() if self.role == "leader" else Effects()

    def on_election_timeout(self) -> Effects:
        """Start an election, unless this server leads or has no vote (section 5.2)."""
        if self.role == "leader":
            return Effects()
        if self.takes_part():
            return self.timeout()
        # Clients are not to be sent to a leader that is gone: nobody tells a server that was
        # left out who comes after it.
        self.leader = None
        return Effects(timers=[self.election_timer()])

    def on_heartbeat_timeout(self) -> Effects:
        """Send heartbeats, as a leader does when its heartbeat timer runs out."""
        return self.heartbeat()

    def on_vote_request(self, message: RequestVote) -> Effects:
        """Grant or deny a vote (Figure 2, RequestVote)."""
        return self.grant_vote(message) if self.may_vote(message) else self.deny_vote(message)

    def on_append_request(self, message: AppendEntries) -> Effects:
        """Accept or reject the entries of a request (Figure 2, AppendEntries)."""
        if message.term == self.currentTerm and self.role == "leader":
            return self.ignore()
        if self.is_current(message) and self.agrees(message):
            return self.accept_entries(message)
        return self.reject_entries(message)

    def on_vote_response(self, message: RequestVoteResponse) -> Effects:
        """Count a vote; lead with a quorum of them; step down for a higher term."""
        if message.term > self.currentTerm:
            return self.step_down(message)
        if message.term < self.currentTerm or self.role != "candidate" or not message.granted:
            return self.ignore()
        if self.is_quorum(self.votesGranted | {message.sender}):
            return self.become_leader(message)
        return self.count_vote(message)

    def on_append_response(self, message: AppendEntriesResponse) -> Effects:
        """Record what a follower has, or try an earlier entry (section 5.3)."""
        if message.term > self.currentTerm:
            return self.step_down(message)
        if message.term < self.currentTerm or self.role != "leader":
            return self.ignore()
        if message.success:
            return self.record_match(message)
        # Without a hint it refuses a request of an earlier term, in which this server may have led
        # too: that says nothing of the log, nor of the rounds of this term.
        if not message.hintIndex or message.prevLogIndex <= self.matchIndex[message.sender]:
            return self.ignore()
        return self.decrement_next_index(message)

    # Who takes part ----------------------------------------------------------------------

    def configuration(self) -> Configuration:
        """Return the configuration in use: the latest in the log, committed or not."""
        return self.log.config() or self.config.first

    def peers(self) -> tuple[str, ...]:
        """Return to whom this server sends: the members but for itself."""
        config = self.log.config()
        if config is None:
            return self.config.peers[self.name]
        return tuple([one for one in config.members if one != self.name])

    def takes_part(self) -> bool:
        """Return whether this server may stand for election.

        It may if it has a vote, or had one in the configuration before the latest: until that
        is committed, nobody else may be able to lead (dissertation, section 4.2.2).
        """
        if self.configuration().has_vote(self.name):
            return True
        if not self.log.configs or self.log.configs[-1][0] <= self.commitIndex:
            return False
        before = self.log.config_before(self.log.configs[-1][0]) or self.config.first
        return before.has_vote(self.name)

    def heard_lately(self) -> bool:
        """Return whether a leader was heard within the least election time-out."""
        return self._now - self._contact < self.config.election[0]

    def knows_committed(self) -> bool:
        """Return whether this leader has committed an entry of its term.

        Until then it may not know all that is committed (dissertation, section 6.4).
        """
        return self.log.term_at(self.commitIndex) == self.currentTerm

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Return whether these servers can elect a leader, or commit an entry."""
        config = self.log.config()
        if config is None or (config.voters == self.config.first.voters and not config.old):
            return self.config.quorums.is_quorum(servers)
        return config.has_majority(servers)

    # What is durable, and timers ---------------------------------------------------------

    def _written(self) -> dict[str, Any]:
        """Return what must be on the disk before anything that was said leaves (Figure 2)."""
        write: dict[str, Any] = {"currentTerm": self.currentTerm, "votedFor": self.votedFor}
        changes = self.log.changes()
        if changes is not None:
            write["log"] = changes
        return write

    def election_timer(self) -> SetTimer:
        """Return the election timer, drawn anew (section 5.2)."""
        return self._election_timer

    def leader_election_timer(self) -> SetTimer:
        """Return what a leader's election timer becomes: none."""
        return SetTimer(ELECTION_TIMER)

    def heartbeat_timer(self) -> SetTimer:
        """Return the timer after which a leader sends its next heartbeat."""
        return SetTimer(HEARTBEAT_TIMER, self.config.heartbeat, self.config.heartbeat)

    # Elections (sections 5.2 and 5.4.1) --------------------------------------------------

    def adopt_term(self, term: int) -> bool:
        """Go to a higher term, as a follower; return whether it was higher (section 5.1)."""
        if term <= self.currentTerm:
            return False
        self.currentTerm = term
        self.votedFor = None
        self.become_follower(None)
        return True

    def become_follower(self, leader: str | None) -> None:
        """Become a follower, of a leader if it is known (section 5.1)."""
        if self.role != "follower":
            # A follower has nothing to forget: this is done for each message of a leader.
            self.role = "follower"
            self._reset()
        self.leader = leader
        if leader is not None:
            self._contact = self._now

    def start_election(self, action: str, *, transfer: bool = False) -> Effects:
        """Begin an election: a new term, its own vote, requests to all others (section 5.2)."""
        self.role = "candidate"
        self.leader = None
        self.currentTerm += 1
        self.votedFor = self.name
        self._reset()
        self.votesGranted = {self.name}
        if self.is_quorum(self.votesGranted):
            return self._lead(Effects(action=action))
        last = self.log.last_index
        ask = RequestVote(self.currentTerm, self.name, last, self.log.term_at(last), transfer)
        config = self.configuration()
        return Effects(
            action=action,
            write=self._written(),
            sends=[Send(other, ask) for other in self.peers() if config.has_vote(other)],
            timers=[self.election_timer()],
        )

    @action("Timeout", section="5.2", unless=("pre-vote",))
    def timeout(self) -> Effects:
        """Begin an election, having heard of no leader for too long (section 5.2)."""
        return self.start_election("Timeout")

    def up_to_date(self, message: RequestVote | RequestPreVote) -> bool:
        """Return whether the candidate's log is at least as up-to-date (section 5.4.1)."""
        last = self.log.last_index
        theirs = (message.lastLogTerm, message.lastLogIndex)
        return theirs >= (self.log.term_at(last), last)

    def may_vote(self, message: RequestVote) -> bool:
        """Return whether the candidate can have this server's vote (Figure 2, RequestVote)."""
        if message.term < self.currentTerm:
            return False
        voted = None if message.term > self.currentTerm else self.votedFor
        return voted in {None, message.cand} and self.up_to_date(message)

    @action("GrantVote", section="5.4.1")
    def grant_vote(self, message: RequestVote) -> Effects:
        """Vote for the candidate; the vote is durable before it leaves (Figure 2)."""
        before = (self.currentTerm, self.votedFor)
        stop = self._stopped(message.term)
        self.adopt_term(message.term)
        self.votedFor = message.cand
        reply = RequestVoteResponse(self.currentTerm, self.name, message.cand, True)
        return Effects(
            action="GrantVote",
            write=self._written() if before != (self.currentTerm, self.votedFor) else None,
            sends=[Send(message.cand, reply)],
            timers=[*stop, self.election_timer()],
        )

    @action("DenyVote", section="5.1")
    def deny_vote(self, message: RequestVote) -> Effects:
        """Refuse the vote, and go to the candidate's term if it is higher (section 5.1)."""
        stop = self._stopped(message.term)
        adopted = self.adopt_term(message.term)
        reply = RequestVoteResponse(self.currentTerm, self.name, message.cand, False)
        return Effects(
            action="DenyVote",
            write=self._written() if adopted else None,
            sends=[Send(message.cand, reply)],
            timers=[*stop, self.election_timer()] if stop else [],
        )

    def _stopped(self, term: int) -> list[SetTimer]:
        """Return what ends a leader's heartbeats, if it is a leader of a lower term."""
        if self.role == "leader" and term > self.currentTerm:
            return [SetTimer(HEARTBEAT_TIMER)]
        return []

    @action("CountVote", section="5.2")
    def count_vote(self, message: RequestVoteResponse) -> Effects:
        """Take a vote that does not yet make a quorum (section 5.2)."""
        self.votesGranted.add(message.sender)
        return Effects(action="CountVote")

    @action("BecomeLeader", section="5.2")
    def become_leader(self, message: RequestVoteResponse) -> Effects:
        """Take the vote that makes a quorum, and lead (section 5.2).

        A leader begins its term with an entry of its own that does nothing, so that it can
        commit what came before (section 8).
        """
        return self._lead(Effects(action="BecomeLeader"))

    def _lead(self, effects: Effects) -> Effects:
        self.role = "leader"
        self.leader = self.name
        self._reset()
        self.nextIndex = dict.fromkeys(self.others, self.log.last_index + 1)
        self.log.append(Entry(self.currentTerm, "noop", ""))
        effects.write = self._written()
        effects.timers = [self.leader_election_timer(), self.heartbeat_timer()]
        effects.sends = self._replicate(self.peers())
        effects.outputs = self._commit()
        return effects

    @action("StepDown", section="5.1")
    def step_down(self, message: Answer) -> Effects:
        """Learn from an answer that there is a higher term (section 5.1)."""
        was_leader = self.role == "leader"
        self.adopt_term(message.term)
        return Effects(
            action="StepDown",
            write=self._written(),
            timers=[SetTimer(HEARTBEAT_TIMER), self.election_timer()] if was_leader else [],
        )

    # Clients (sections 5.3 and 8; dissertation, section 6.3) -----------------------------

    def on_command(self, event: Command) -> Effects:
        """Append a client's request, or redirect the client to the leader (section 8)."""
        if self.role != "leader":
            return self.send_on(event, self.leader)
        result = self.sessions.cached(event.client, event.request)
        if result is not None:
            return self.reply([Output(event.client, event.request, result)])
        if (event.client, event.request) in self._waiting:
            return self.reply([])
        return self.client_request(event)

    def send_on(self, event: Command, leader: str | None) -> Effects:
        """Send a client to the leader, or let it wait and ask again."""
        return self.reply([Redirect(event.client, event.request, leader)])

    @action("Reply", section="8")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client without touching the log: who leads, or what its session has."""
        return Effects(action="Reply", outputs=outputs)

    @action("ClientRequest", section="5.3")
    def client_request(self, event: Command) -> Effects:
        """Append a client's command to the log and replicate it (section 5.3)."""
        what = _ENCODER.encode([event.client, event.request, event.operation]).decode()
        self._waiting[event.client, event.request] = self.log.last_index + 1
        return self._append(
            Entry(self.currentTerm, "command", what),
            Effects(action="ClientRequest", params={"v": what}),
        )

    def _append(self, entry: Entry, effects: Effects) -> Effects:
        """Append an entry, and send it to those to whom not too much is under way."""
        self.log.append(entry)
        effects.write = self._written()
        effects.sends = self._replicate(
            [
                other
                for other in self.peers()
                if self.nextIndex[other] - self.matchIndex[other] <= self.config.window
            ]
        )
        effects.outputs = self._commit()
        return effects

    # Replication (section 5.3) -----------------------------------------------------------

    def _replicate(self, to: Iterable[str]) -> list[Send]:
        """Send each server what comes next, and take it that it will arrive.

        Entries are sent on without waiting for an answer; what was lost shows when a later
        request does not fit (dissertation, section 10.2.2, pipelining).
        """
        return [Send(other, self._next(other)) for other in to]

    def _next(self, other: str) -> Message:
        """Return what comes next for a server; a batch of entries.

        Servers that are equally far get the same object: a leader's log only grows.
        """
        prev = self.nextIndex[other] - 1
        made_of = (prev, self.log.last_index, self.currentTerm, self.commitIndex, self.round)
        if self._request is None or made_of != self._made_of:
            self._made_of = made_of
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
        """Be heard of, and send again what may have been lost (section 5.2)."""
        return Effects(
            action="Heartbeat", sends=self._replicate(self.peers()), timers=[self.heartbeat_timer()]
        )

    def is_current(self, message: AppendEntries) -> bool:
        """Return whether the sender may still lead (Figure 2, AppendEntries, 1)."""
        return message.term >= self.currentTerm

    def agrees(self, message: AppendEntries) -> bool:
        """Return whether the entry before the new ones is in the log (section 5.3).

        What a snapshot stands for is committed, so that it is in every later leader's log.
        """
        prev = message.prevLogIndex
        return prev <= self.log.last_index and (
            prev < self.log.snapshot.index or self.log.term_at(prev) == message.prevLogTerm
        )

    def conflict(self, message: AppendEntries) -> int | None:
        """Return the index of the first new entry that the log does not have, if there is one.

        What stands behind is cut off only if an entry differs: a late request must not take
        back what a later one brought (section 5.3; Figure 2, AppendEntries, 3 and 4).
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
        """Take entries that fit (section 5.3; Figure 2, AppendEntries, 3 to 5)."""
        stop = self._stopped(message.term)
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
            write=self._written() if adopted or first is not None else None,
            sends=[Send(message.leader, reply)],
            timers=[*stop, self.election_timer()],
        )

    @action("RejectEntries", section="5.3")
    def reject_entries(self, message: AppendEntries) -> Effects:
        """Refuse entries of an old term, or that do not fit, and say why (section 5.3)."""
        if not self.is_current(message):
            reply = self._refusal(message, 0, 0)
            return Effects(action="RejectEntries", sends=[Send(message.leader, reply)])
        stop = self._stopped(message.term)
        adopted = self.adopt_term(message.term)
        self.become_follower(message.leader)
        reply = self._refusal(message, *self._hint(message.prevLogIndex))
        return Effects(
            action="RejectEntries",
            write=self._written() if adopted else None,
            sends=[Send(message.leader, reply)],
            timers=[*stop, self.election_timer()],
        )

    def _refusal(self, message: AppendEntries, term: int, index: int) -> AppendEntriesResponse:
        prev = message.prevLogIndex
        return AppendEntriesResponse(
            self.currentTerm, self.name, message.leader, False, 0, prev, term, index, message.round
        )

    def _hint(self, prev: int) -> tuple[int, int]:
        """Return the term in the way and where it begins, or where the log ends."""
        if prev > self.log.last_index:
            return 0, self.log.last_index + 1
        term = self.log.term_at(prev)
        first = prev
        while first > self.log.snapshot.index + 1 and self.log.term_at(first - 1) == term:
            first -= 1
        return term, first

    def record_match(self, message: AppendEntriesResponse) -> Effects:
        """Learn how far a follower's log agrees, and commit what a quorum has (section 5.3)."""
        outputs = self._heard(message)
        effects = self._learn(message.sender, message.matchIndex)
        effects.outputs = [*outputs, *effects.outputs]
        return effects

    def _heard(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        """Take note that a server answers; return what clients can be told for it."""
        return []

    @action("AdvanceCommitIndex", section="5.3")
    @action("RecordMatch", section="5.3")
    def _learn(self, sender: str, match: int) -> Effects:
        """Learn that a follower's log agrees up to an index, and send what is missing."""
        self.matchIndex[sender] = max(self.matchIndex[sender], match)
        self.nextIndex[sender] = max(self.nextIndex[sender], self.matchIndex[sender] + 1)
        before = self.commitIndex
        outputs = self._commit()
        more = (sender,) if self.nextIndex[sender] <= self.log.last_index else ()
        return Effects(
            action="RecordMatch" if self.commitIndex == before else "AdvanceCommitIndex",
            sends=self._replicate(more),
            outputs=outputs,
        )

    @action("DecrementNextIndex", section="5.3")
    def decrement_next_index(self, message: AppendEntriesResponse) -> Effects:
        """Go back to where a follower's log may agree, and send from there (section 5.3)."""
        sender = message.sender
        outputs = self._heard(message)
        back = message.hintIndex
        if message.hintTerm:
            # Terms never fall along a log: before the first lower one there is none.
            index = message.prevLogIndex - 1
            while index > 0 and self.log.term_at(index) > message.hintTerm:
                index -= 1
            if index > 0 and self.log.term_at(index) == message.hintTerm:
                back = index + 1
        self.nextIndex[sender] = max(self.matchIndex[sender] + 1, min(back, message.prevLogIndex))
        return Effects(
            action="DecrementNextIndex", sends=self._replicate((sender,)), outputs=outputs
        )

    # Commitment (sections 5.3 and 5.4.2) -------------------------------------------------

    def may_commit(self, index: int) -> bool:
        """Return whether an entry is of this term and a quorum has it.

        Entries of earlier terms are committed by one of this term behind them, and never by
        counting (section 5.4.2, Figure 8).
        """
        return self.log.term_at(index) == self.currentTerm and self.is_quorum(self.having(index))

    def having(self, index: int) -> set[str]:
        """Return who is known to have the log up to an index."""
        return {self.name, *[other for other, match in self.matchIndex.items() if match >= index]}

    def _commit(self) -> list[Output | Redirect]:
        """Raise commitIndex as far as it may go; return what the clients are told."""
        # A quorum has an index only if it has the next one up to which somebody agrees.
        last, committed = self.log.last_index, self.commitIndex
        if last > committed:
            agreed = {match for match in self.matchIndex.values() if committed < match < last}
            for index in (last, *sorted(agreed, reverse=True)):
                if self.may_commit(index):
                    self.commitIndex = index
                    break
        return self._apply() if self.lastApplied < self.commitIndex else []

    def _apply(self) -> list[Output | Redirect]:
        """Apply what is committed; return the answers to this leader's waiting clients."""
        outputs: list[Output | Redirect] = []
        while self.lastApplied < self.commitIndex:
            self.lastApplied += 1
            entry = self.log.entry(self.lastApplied)
            if entry.kind != "command":
                outputs += self._applied(entry)
                continue
            client, request, operation = _DECODER.decode(entry.val)
            result = self.sessions.apply(client, request, operation)
            if self._waiting.get((client, request)) == self.lastApplied:
                del self._waiting[client, request]
                outputs.append(Output(client, request, result))
        return outputs

    def _applied(self, entry: Entry) -> list[Output | Redirect]:
        """Return what clients are told when an entry that is no command is committed."""
        return []

    # Any server --------------------------------------------------------------------------

    def shown(self) -> dict[str, Any]:
        """Return the variables that options add, as the specification's, ITF-encoded."""
        return {}

    def abdicate(self, action: str) -> Effects:
        """Stop leading, and stay in the term."""
        self.become_follower(None)
        return Effects(action=action, timers=[SetTimer(HEARTBEAT_TIMER), self.election_timer()])

    @action("Ignore")
    def ignore(self) -> Effects:
        """Drop a message that is late, repeated or not for this role."""
        return Effects(action="Ignore")

    @action("Restart", section="5.1")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up as a follower with what the disk held (section 5.1; Figure 2)."""
        self.currentTerm = durable.get("currentTerm", 0)
        self.votedFor = durable.get("votedFor")
        self.log = durable["log"].copy() if "log" in durable else Log()
        return Effects(action="Restart", timers=[self.election_timer()])
