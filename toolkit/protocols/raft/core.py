"""The core of a Raft server: follower, candidate and leader.

Source: D. Ongaro and J. Ousterhout, *In Search of an Understandable Consensus Algorithm*, the
extended version of USENIX ATC 2014.  Sections cited by methods are sections of this paper, unless
the dissertation is named (D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014).  Each
handler is named after the action of ``specs/raft/Raft.tla`` that it performs, and the effects carry
that name.

Each option is a subclass of :class:`RaftCore` in its own module: ``prevote``,
``leadership``, ``reads``, ``snapshots``, ``membership``.

Extension points
----------------
The options, and servers of an experiment, override these methods and call the inherited ones:
``on_timeout``, ``on_command``, ``on_..._timeout``, ``on_..._request``, ``on_..._response`` choose
the action for an event; ``start_election``, ``step_down`` and the other actions perform it;
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
"""Any response to a request."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()

ELECTION_TIMER = "election"
"""Name of the election timer: runs out when a server has not heard from a leader for too long."""

HEARTBEAT_TIMER = "heartbeat"
"""Name of the heartbeat timer: runs out when a leader must send its next heartbeat."""


class RaftCore:
    """A Raft server without options.

    Parameters
    ----------
    name : str
        The name of this server.
    config : RaftConfig
        The configuration of the run.

    Attributes
    ----------
    role : str
        ``"follower"``, ``"precandidate"`` (with pre-votes), ``"candidate"`` or ``"leader"``.
    currentTerm : int
        The latest term it has seen, from 0.  Durable.
    votedFor : str or None
        The candidate that it voted for in that term.  Durable.
    log : Log
        The log entries; the first has index 1.  Durable.
    commitIndex : int
        The highest index known to be committed.
    votesGranted : set of str
        Candidate: the servers that voted for it.
    nextIndex, matchIndex : dict of str to int
        Leader: for every other server, the index of the next entry to send, and the highest
        index up to which its log is known to agree.
    lastApplied : int
        The highest index that has been applied to the machine.
    sessions : Sessions
        The machine together with the clients' sessions.
    leader : str or None
        The leader of this term, if known.
    round : int
        Leader: the number of its latest round of requests (0 unless reads use rounds).
    """

    def __init__(self, name: str, config: RaftConfig) -> None:
        self.name = name
        self.config = config
        self.others = tuple(server for server in config.servers if server != name)
        self.role = "follower"
        self.currentTerm = 0
        self.votedFor: str | None = None
        self.log = Log()
        self.commitIndex = 0
        self.votesGranted: set[str] = set()
        self.nextIndex: dict[str, int] = {}
        self.matchIndex: dict[str, int] = {}
        self.round = 0
        # The rest are not variables of the specification: they follow from the log, steer
        # answers to clients, or concern time.
        self.lastApplied = 0
        self.sessions = Sessions(config.machine())
        self.leader: str | None = None
        self._waiting: dict[tuple[str, int], int] = {}
        self._request: AppendEntries | None = None
        self._request_key: tuple[int, ...] = ()
        low, high = config.election
        self._election_timer = SetTimer(ELECTION_TIMER, low, high)
        self._now = 0.0
        self._contact = -math.inf
        self._transfer_started = False
        self._handlers: dict[type[Message], Callable[[Any], Effects]] = {
            RequestVote: self.on_vote_request,
            RequestVoteResponse: self.on_vote_response,
            AppendEntries: self.on_append_request,
            AppendEntriesResponse: self.on_append_response,
        }
        self._reset()

    def _reset(self) -> None:
        """Reset the variables that only a candidate or a leader uses."""
        self.votesGranted = set()
        self.nextIndex = dict.fromkeys(self.others, 1)
        self.matchIndex = dict.fromkeys(self.others, 0)
        self.round = 0
        self._waiting = {}
        self._transfer_started = False

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
        """Handle a timeout: of the election timer, or of a leader's heartbeat timer."""
        if timer == ELECTION_TIMER:
            return self.on_election_timeout()
        return self.on_heartbeat_timeout() if self.role == "leader" else Effects()

    def on_election_timeout(self) -> Effects:
        """Start an election, unless this server is the leader or has no vote (section 5.2)."""
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
        if message.success:
            return self._handle_success(message)
        # A rejection without a hint answers a request of an earlier term, in which this server may
        # have been leader too.  It says nothing about the log or about the rounds of this term.
        if not message.hintIndex or message.prevLogIndex <= self.matchIndex[message.sender]:
            return self.ignore()
        return self.decrement_next_index(message)

    # Membership and quorums ----------------------------------------------------------------------

    def configuration(self) -> Configuration:
        """Return the configuration in use: the latest in the log, committed or not."""
        return self.log.config() or self.config.first

    def peers(self) -> tuple[str, ...]:
        """Return the other members of the configuration: the servers that this server sends to."""
        config = self.log.config()
        if config is None:
            return self.config.peers[self.name]
        return tuple([server for server in config.members if server != self.name])

    def takes_part(self) -> bool:
        """Return whether this server may start an election.

        It may if it has a vote, or had a vote before the latest configuration and that is not yet
        committed: until then no other server may be able to lead (dissertation, section 4.2.2).
        """
        if self.configuration().has_vote(self.name):
            return True
        if not self.log.configs or self.log.configs[-1][0] <= self.commitIndex:
            return False
        before = self.log.config_before(self.log.configs[-1][0]) or self.config.first
        return before.has_vote(self.name)

    def heard_lately(self) -> bool:
        """Return whether a leader's message arrived within the shortest election timeout."""
        return self._now - self._contact < self.config.election[0]

    def knows_committed(self) -> bool:
        """Return whether this leader has committed an entry of its term.

        Until then it may not know every committed entry (dissertation, section 6.4).
        """
        return self.log.term_at(self.commitIndex) == self.currentTerm

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Return whether these servers are a quorum, for elections and for commits."""
        config = self.log.config()
        if config is None or (config.voters == self.config.first.voters and not config.old):
            return self.config.quorums.is_quorum(servers)
        return config.has_majority(servers)

    # Durable variables, and timers ---------------------------------------------------------

    def _written(self) -> dict[str, Any]:
        """Return the changes to write to disk before messages and answers leave (Figure 2)."""
        write: dict[str, Any] = {"currentTerm": self.currentTerm, "votedFor": self.votedFor}
        changes = self.log.changes()
        if changes is not None:
            write["log"] = changes
        return write

    def election_timer(self) -> SetTimer:
        """Return the election timer, with a new random delay (section 5.2)."""
        return self._election_timer

    def leader_election_timer(self) -> SetTimer:
        """Return the election timer of a new leader: cancelled."""
        return SetTimer(ELECTION_TIMER)

    def heartbeat_timer(self) -> SetTimer:
        """Return the timer for a leader's next heartbeat."""
        return SetTimer(HEARTBEAT_TIMER, self.config.heartbeat, self.config.heartbeat)

    # Elections (sections 5.2 and 5.4.1) --------------------------------------------------

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
            self._reset()
        self.leader = leader
        if leader is not None:
            self._contact = self._now

    def start_election(self, action: str, *, transfer: bool = False) -> Effects:
        """Start an election: raise the term, vote for itself, request votes (section 5.2)."""
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
        stop = self._stop_heartbeats(message.term)
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
        """Refuse the vote, and adopt the candidate's term if it is higher (section 5.1)."""
        stop = self._stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        reply = RequestVoteResponse(self.currentTerm, self.name, message.cand, False)
        return Effects(
            action="DenyVote",
            write=self._written() if adopted else None,
            sends=[Send(message.cand, reply)],
            timers=[*stop, self.election_timer()] if stop else [],
        )

    def _stop_heartbeats(self, term: int) -> list[SetTimer]:
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
        """Become a follower because a response has a higher term (section 5.1)."""
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
        return self._append(
            Entry(self.currentTerm, "command", value),
            Effects(action="ClientRequest", params={"v": value}),
        )

    def _append(self, entry: Entry, effects: Effects) -> Effects:
        """Append an entry and send it to the servers whose window is not full."""
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
        """Send each server its next message, and assume that it will arrive.

        Entries are sent without waiting for a response.  A loss is noticed when a later request
        is rejected (dissertation, section 10.2.2, pipelining).
        """
        return [Send(other, self._next(other)) for other in to]

    def _next(self, other: str) -> Message:
        """Return the next message for a server: a batch of entries.

        Servers with the same next index get the same object: a leader's log only grows.
        """
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
        return Effects(
            action="Heartbeat", sends=self._replicate(self.peers()), timers=[self.heartbeat_timer()]
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
        stop = self._stop_heartbeats(message.term)
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
        """Reject entries of an old term, or that do not agree with the log (section 5.3)."""
        if not self.is_current(message):
            reply = self._rejection(message, 0, 0)
            return Effects(action="RejectEntries", sends=[Send(message.leader, reply)])
        stop = self._stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        self.become_follower(message.leader)
        reply = self._rejection(message, *self._hint(message.prevLogIndex))
        return Effects(
            action="RejectEntries",
            write=self._written() if adopted else None,
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
        outputs = self._record_contact(message)
        effects = self.record_match(message.sender, message.matchIndex)
        effects.outputs = [*outputs, *effects.outputs]
        return effects

    def _record_contact(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        """Record that a server responded; return answers to clients that this permits."""
        return []

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
            sends=self._replicate(more),
            outputs=outputs,
        )

    @action("DecrementNextIndex", section="5.3")
    def decrement_next_index(self, message: AppendEntriesResponse) -> Effects:
        """Decrease nextIndex to where a follower's log may agree, and retry (section 5.3)."""
        sender = message.sender
        outputs = self._record_contact(message)
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
            action="DecrementNextIndex", sends=self._replicate((sender,)), outputs=outputs
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
                outputs += self._on_applied(entry)
                continue
            client, request, operation = _DECODER.decode(entry.val)
            result = self.sessions.apply(client, request, operation)
            if self._waiting.get((client, request)) == self.lastApplied:
                del self._waiting[client, request]
                outputs.append(Output(client, request, result))
        return outputs

    def _on_applied(self, entry: Entry) -> list[Output | Redirect]:
        """Return answers to clients after an entry that is not a command was applied."""
        return []

    # Any server --------------------------------------------------------------------------

    def shown(self) -> dict[str, Any]:
        """Return the specification variables that options add, ITF-encoded."""
        return {}

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
        return Effects(action="Restart", timers=[self.election_timer()])
