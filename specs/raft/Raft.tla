-------------------------------- MODULE Raft --------------------------------
(***************************************************************************)
(* Raft at the granularity of an implementation's handlers: elections, log *)
(* replication, commitment.                                                *)
(*                                                                         *)
(* Source: D. Ongaro and J. Ousterhout, In Search of an Understandable     *)
(* Consensus Algorithm, extended version of USENIX ATC 2014.  Sections and *)
(* figures without a prefix are those of this paper.                       *)
(*                                                                         *)
(* Modelled: handling of one message at a time, with the term that it      *)
(* carries; votes and logs that become durable in a separate step, and     *)
(* messages that leave only after that; crashes that lose everything not   *)
(* yet written to disk, and restarts; the no-op with which a leader begins *)
(* its term; entries sent without waiting for an answer, and fast back-up  *)
(* of nextIndex when one was lost; any intersecting quorums.               *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options, after    *)
(* D. Ongaro, Consensus: Bridging Theory and Practice, 2014 (whose         *)
(* sections are cited as D4 and so on):                                    *)
(*   "pre-vote"     a server asks before it raises its term (D9.6);        *)
(*   "check-quorum" a leader that hears from no quorum steps down; servers *)
(*                  that hear from a leader deny votes (D6.2, D4.2.3);     *)
(*   "transfer"     a leader transfers leadership to a server (D3.10);     *)
(*   "snapshots"    logs are compacted, and snapshots sent in chunks (D5); *)
(*   "single"       voters are changed one at a time (D4.1);               *)
(*   "joint"        voters are changed by joint consensus (D4.3);          *)
(*   "learners"     servers that receive the log and do not vote (D4.2.1); *)
(*   "read-index"   reads that leave no entry in the log (D6.4);           *)
(*   "lease"        reads under a leader's lease (D6.4.1).                 *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Messages *)
(* are never removed, so a message may be received late, in any order,     *)
(* many times or never.  Requests have no addressee: any server except     *)
(* the sender may receive them.  Timeouts are nondeterministic.  Clients,  *)
(* their sessions and the state machine are left out: the committed part   *)
(* of the log stands for what is applied.  There are no clocks: a server   *)
(* may believe at any time that it has heard from a leader recently, or    *)
(* that it has not, and that it holds a lease; so nothing is claimed about *)
(* reads that rely on a lease.  The content of a snapshot is not modelled: *)
(* a server keeps its whole log here, and the variable snapshot says how   *)
(* much of it an implementation has discarded.  So properties such as log  *)
(* matching can be stated for whole logs.                                  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* the servers
    Values,           \* values that clients may request
    Quorums,          \* sets of servers, any two of which intersect
    Voters,           \* the servers that vote initially; Quorums are subsets of it
    Options,          \* the options that are switched on
    Batch,            \* maximum number of entries in one message
    Window,           \* maximum number of entries in flight to a server before new ones wait
    None,             \* a value that stands for no server
    MayCrash,         \* the servers that may crash
    DiskQueue         \* maximum number of writes waiting for a disk;
                      \* 0: a write is durable at once

VARIABLES
    role,             \* "follower", "precandidate", "candidate" or "leader"
    currentTerm,      \* the latest term that the server has seen (durable)
    votedFor,         \* the candidate that received its vote in that term (durable)
    log,              \* the log entries, from index 1 (durable)
    commitIndex,      \* index of the highest entry known to be committed
    votesGranted,     \* candidate: the servers that voted for it
    nextIndex,        \* leader: for each other server, the next entry to send
    matchIndex,       \* leader: for each other server, the index up to which the logs agree
    snapshot,         \* the index up to which the log is compacted, and the number of
                      \* chunks in which the snapshot is sent (durable)
    incoming,         \* the snapshot being received, and the number of chunks received
    offset,           \* leader: for each other server, the last chunk sent to it
    round,            \* leader: number of heartbeat rounds begun for reads
    acked,            \* leader: for each other server, the last round it acknowledged
    reads,            \* leader: reads that wait for their round to be acknowledged
    up,               \* running, not crashed
    durable,          \* the content of its disk
    disk,             \* writes waiting for the disk, each with the messages it holds back
    msgs              \* every message that has left its sender

voteVars == <<currentTerm, votedFor>>
logVars == <<log, commitIndex, snapshot, incoming>>
readVars == <<round, acked, reads>>
leaderVars == <<votesGranted, nextIndex, matchIndex, offset, readVars>>
hostVars == <<durable, disk, msgs>>
vars == <<role, voteVars, logVars, leaderVars, up, hostVars>>

Others(s) == Servers \ {s}

-----------------------------------------------------------------------------
\* The log

Noop(t) == [term |-> t, kind |-> "noop", val |-> ""]
Command(t, v) == [term |-> t, kind |-> "command", val |-> v]

\* The servers in old also vote, until the joint configuration is left.
Config(t, c) == [term |-> t, kind |-> "config", val |-> "", config |-> c]
Configuration(voters, old, learners) == [voters |-> voters, old |-> old, learners |-> learners]

TermAt(L, i) == IF i = 0 THEN 0 ELSE L[i].term
LastTerm(L) == TermAt(L, Len(L))

Min(i, j) == IF i < j THEN i ELSE j
Max(i, j) == IF i > j THEN i ELSE j

\* True if a log with this last entry is at least as up-to-date as L (section 5.4.1).
UpToDate(lastTerm, lastIndex, L) ==
    \/ lastTerm > LastTerm(L)
    \/ lastTerm = LastTerm(L) /\ lastIndex >= Len(L)

-----------------------------------------------------------------------------
\* Configurations (D4).  Without their options the first configuration holds forever.

Changing == Options \cap {"single", "joint", "learners"} # {}

FirstConfiguration == Configuration(Voters, {}, {})

\* Index of the latest configuration in a log; 0: the first configuration.
ConfigIndex(L) ==
    IF ~ Changing THEN 0
    ELSE LET C == {i \in 1 .. Len(L) : L[i].kind = "config"}
         IN  IF C = {} THEN 0 ELSE CHOOSE i \in C : \A j \in C : i >= j

\* A server uses the latest configuration in its log, committed or not (D4.1).
ConfigOf(L) == IF ConfigIndex(L) = 0 THEN FirstConfiguration ELSE L[ConfigIndex(L)].config

IsMajority(S, of) == 2 * Cardinality(S \cap of) > Cardinality(of)

\* Learners do not count towards a quorum.
IsQuorumOf(c, S) ==
    IF c.voters = Voters /\ c.old = {}
    THEN \E Q \in Quorums : Q \subseteq S
    ELSE IsMajority(S, c.voters) /\ (c.old # {} => IsMajority(S, c.old))

\* The servers to which server s with log L sends.
Peers(s, L) ==
    LET c == ConfigOf(L) IN (c.voters \cup c.old \cup c.learners) \ {s}

VotesIn(c, s) == s \in c.voters \cup c.old

\* Server s takes part in elections if it may vote in its latest configuration, or in the one
\* before, because its vote may be needed until the latest is committed (D4.2.2).
TakesPart(s) ==
    LET at == ConfigIndex(log[s])
    IN  \/ VotesIn(ConfigOf(log[s]), s)
        \/ at > commitIndex[s] /\ VotesIn(ConfigOf(SubSeq(log[s], 1, at - 1)), s)

-----------------------------------------------------------------------------
\* Messages

\* A vote request that follows a leadership transfer is marked as such (D4.2.3).
MRequestVote(t, s, L, transfer) ==
    [type |-> "RequestVote", term |-> t, cand |-> s,
     lastLogIndex |-> Len(L), lastLogTerm |-> LastTerm(L), transfer |-> transfer]

MVote(t, s, c, granted) ==
    [type |-> "RequestVoteResponse", term |-> t, from |-> s, to |-> c, granted |-> granted]

MPreVote(t, s, L) ==
    [type |-> "RequestPreVote", term |-> t, cand |-> s,
     lastLogIndex |-> Len(L), lastLogTerm |-> LastTerm(L)]

MPreVoteResponse(t, s, c, granted) ==
    [type |-> "RequestPreVoteResponse", term |-> t, from |-> s, to |-> c, granted |-> granted]

MAppend(t, s, prev, prevTerm, entries, commit, rd) ==
    [type |-> "AppendEntries", term |-> t, leader |-> s, prevLogIndex |-> prev,
     prevLogTerm |-> prevTerm, entries |-> entries, leaderCommit |-> commit, round |-> rd]

MSuccess(t, s, l, match, rd) ==
    [type |-> "AppendEntriesResponse", term |-> t, from |-> s, to |-> l, success |-> TRUE,
     matchIndex |-> match, prevLogIndex |-> 0, hintTerm |-> 0, hintIndex |-> 0, round |-> rd]

MFailure(t, s, l, prev, hint, rd) ==
    [type |-> "AppendEntriesResponse", term |-> t, from |-> s, to |-> l, success |-> FALSE,
     matchIndex |-> 0, prevLogIndex |-> prev, hintTerm |-> hint[1], hintIndex |-> hint[2],
     round |-> rd]

\* One chunk of the snapshot whose last entry is at index; the content is not modelled.
MSnapshot(t, s, index, indexTerm, chunk, done) ==
    [type |-> "InstallSnapshot", term |-> t, leader |-> s, lastIncludedIndex |-> index,
     lastIncludedTerm |-> indexTerm, offset |-> chunk, done |-> done]

MSnapshotResponse(t, s, l, index, got, done) ==
    [type |-> "InstallSnapshotResponse", term |-> t, from |-> s, to |-> l,
     lastIncludedIndex |-> index, received |-> got, done |-> done]

MTimeoutNow(t, s, p) == [type |-> "TimeoutNow", term |-> t, leader |-> s, to |-> p]

IsResponse(m) ==
    m.type \in {"RequestVoteResponse", "AppendEntriesResponse", "RequestPreVoteResponse",
                "InstallSnapshotResponse"}

-----------------------------------------------------------------------------
\* The disk

\* The state that server s writes to its disk.
Volatile(s) ==
    [currentTerm |-> currentTerm[s], votedFor |-> votedFor[s], log |-> log[s],
     snapshot |-> snapshot[s]]

\* Server s has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave only when everything that s has written so far is durable (Figure 2).
Emit(s, M) ==
    LET new  == Volatile(s)'
        last == Len(disk[s])
        old  == IF last = 0 THEN durable[s] ELSE disk[s][last].rec
    IN  IF new = old
        THEN /\ UNCHANGED durable
             /\ IF last = 0
                THEN msgs' = msgs \cup M /\ UNCHANGED disk
                ELSE disk' = [disk EXCEPT ![s][last].out = @ \cup M] /\ UNCHANGED msgs
        ELSE IF DiskQueue = 0
             THEN /\ durable' = [durable EXCEPT ![s] = new]
                  /\ msgs' = msgs \cup M
                  /\ UNCHANGED disk
             ELSE /\ last < DiskQueue
                  /\ disk' = [disk EXCEPT ![s] = Append(@, [rec |-> new, out |-> M])]
                  /\ UNCHANGED <<durable, msgs>>

\* The oldest waiting write of server s becomes durable, and the messages it held back leave.
Flush(s) ==
    /\ disk[s] # <<>>
    /\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]
    /\ msgs' = msgs \cup Head(disk[s]).out
    /\ disk' = [disk EXCEPT ![s] = Tail(@)]
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>

-----------------------------------------------------------------------------
\* Terms and roles

FirstNext(s) == [p \in Others(s) |-> 1]
NoMatch(s) == [p \in Others(s) |-> 0]

\* Server s has no pending reads and no chunks in flight.
NoReads(s) ==
    /\ offset' = [offset EXCEPT ![s] = NoMatch(s)]
    /\ round' = [round EXCEPT ![s] = 0]
    /\ acked' = [acked EXCEPT ![s] = NoMatch(s)]
    /\ reads' = [reads EXCEPT ![s] = {}]

\* Server s discards the state that only candidates and leaders keep.
Forgets(s) ==
    /\ votesGranted' = [votesGranted EXCEPT ![s] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![s] = FirstNext(s)]
    /\ matchIndex' = [matchIndex EXCEPT ![s] = NoMatch(s)]
    /\ NoReads(s)

\* If term t is higher, server s moves to it, as a follower that has not voted (section 5.1).
Adopts(s, t) ==
    IF t > currentTerm[s]
    THEN /\ currentTerm' = [currentTerm EXCEPT ![s] = t]
         /\ votedFor' = [votedFor EXCEPT ![s] = None]
         /\ role' = [role EXCEPT ![s] = "follower"]
         /\ Forgets(s)
    ELSE UNCHANGED <<role, voteVars, leaderVars>>

\* How leaders send.  X holds the parts of a request: the log L, the next entry for each server,
\* the commit index, the round rd, and the snapshot chunk for each server.  A server that needs
\* compacted entries receives a chunk of the snapshot.
Sender(s, L, next, commit, rd, chunk) ==
    [L |-> L, next |-> next, commit |-> commit, rd |-> rd, chunk |-> chunk]

NeedsSnapshot(s, next) == next <= snapshot[s].index

Chunk(t, s, L, chunk) ==
    MSnapshot(t, s, snapshot[s].index, TermAt(L, snapshot[s].index), chunk,
              chunk = snapshot[s].parts - 1)

Next1(t, s, p, X) ==
    LET next == X.next[p]
    IN  IF NeedsSnapshot(s, next) THEN Chunk(t, s, X.L, X.chunk[p])
        ELSE MAppend(t, s, next - 1, TermAt(X.L, next - 1),
                     SubSeq(X.L, next, Min(Len(X.L), next + Batch - 1)), X.commit, X.rd)

\* The next entry for a server after sending: the entries sent are assumed to arrive.
After(s, L, next) ==
    IF NeedsSnapshot(s, next) THEN next ELSE Min(Len(L), next + Batch - 1) + 1

\* The messages that leader s sends to the servers in P, and the nextIndex that results.
Batches(t, s, P, X) == {Next1(t, s, p, X) : p \in P}
SentOn(s, P, L, next) == [p \in Others(s) |-> IF p \in P THEN After(s, L, next[p]) ELSE next[p]]

\* The sender record for the current state of s.
Now(s) == Sender(s, log[s], nextIndex[s], commitIndex[s], round[s], offset[s])

\* Leader s may commit the entry at i: it is from the current term, and a quorum has it.  Entries
\* of earlier terms are never committed by counting replicas (section 5.4.2, Figure 8).
MayCommit(s, L, match, i) ==
    /\ TermAt(L, i) = currentTerm'[s]
    /\ IsQuorumOf(ConfigOf(L), {s} \cup {p \in Others(s) : match[p] >= i})

\* The highest index that leader s may commit.
Committable(s, L, match) ==
    LET C == {i \in (commitIndex[s] + 1) .. Len(L) : MayCommit(s, L, match, i)}
    IN  IF C = {} THEN commitIndex[s] ELSE CHOOSE i \in C : \A j \in C : i >= j

\* The servers in S are a quorum of the configuration of s.
IsQuorum(s, S) == IsQuorumOf(ConfigOf(log[s]), S)

\* Server s becomes leader of its term: it appends a no-op, so that it can commit entries of
\* earlier terms (section 8), and replicates it.
Leads(s) ==
    LET L    == Append(log[s], Noop(currentTerm'[s]))
        next == [p \in Others(s) |-> Len(log[s]) + 1]
        X    == Sender(s, L, next, commitIndex[s], 0, NoMatch(s))
    IN  /\ role' = [role EXCEPT ![s] = "leader"]
        /\ votesGranted' = [votesGranted EXCEPT ![s] = {}]
        /\ log' = [log EXCEPT ![s] = L]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, Peers(s, L), L, next)]
        /\ matchIndex' = [matchIndex EXCEPT ![s] = NoMatch(s)]
        /\ NoReads(s)
        /\ commitIndex' = [commitIndex EXCEPT ![s] = Committable(s, L, NoMatch(s))]
        /\ UNCHANGED <<snapshot, incoming>>
        /\ Emit(s, Batches(currentTerm'[s], s, Peers(s, L), X))

-----------------------------------------------------------------------------
\* Elections (sections 5.2 and 5.4.1)

\* Server s begins an election and votes for itself.
Starts(s, transfer) ==
    /\ currentTerm' = [currentTerm EXCEPT ![s] = @ + 1]
    /\ votedFor' = [votedFor EXCEPT ![s] = s]
    /\ UNCHANGED up
    /\ IF IsQuorum(s, {s})
       THEN Leads(s)
       ELSE /\ role' = [role EXCEPT ![s] = "candidate"]
            /\ votesGranted' = [votesGranted EXCEPT ![s] = {s}]
            /\ nextIndex' = [nextIndex EXCEPT ![s] = FirstNext(s)]
            /\ matchIndex' = [matchIndex EXCEPT ![s] = NoMatch(s)]
            /\ NoReads(s)
            /\ UNCHANGED logVars
            /\ Emit(s, {MRequestVote(currentTerm'[s], s, log[s], transfer)})

\* The election timeout of s expires (with "pre-vote": only if s alone is a quorum).
Timeout(s) ==
    /\ up[s]
    /\ role[s] # "leader"
    /\ TakesPart(s)
    /\ "pre-vote" \in Options => IsQuorum(s, {s})
    /\ Starts(s, FALSE)

\* Server s may vote for candidate m.cand (Figure 2, RequestVote).
MayVote(s, m) ==
    /\ m.term >= currentTerm[s]
    /\ m.term = currentTerm[s] => votedFor[s] \in {None, m.cand}
    /\ UpToDate(m.lastLogTerm, m.lastLogIndex, log[s])

\* Server s votes for the candidate.
GrantVote(s, m) ==
    /\ up[s]
    /\ m.type = "RequestVote"
    /\ m.cand # s
    /\ MayVote(s, m)
    /\ currentTerm' = [currentTerm EXCEPT ![s] = m.term]
    /\ votedFor' = [votedFor EXCEPT ![s] = m.cand]
    /\ IF m.term > currentTerm[s]
       THEN role' = [role EXCEPT ![s] = "follower"] /\ Forgets(s)
       ELSE UNCHANGED <<role, leaderVars>>
    /\ UNCHANGED <<logVars, up>>
    /\ Emit(s, {MVote(m.term, s, m.cand, TRUE)})

\* Server s denies its vote, and moves to the candidate's term if that is higher.
DenyVote(s, m) ==
    /\ up[s]
    /\ m.type = "RequestVote"
    /\ m.cand # s
    /\ ~ MayVote(s, m)
    /\ Adopts(s, m.term)
    /\ UNCHANGED <<logVars, up>>
    /\ Emit(s, {MVote(Max(currentTerm[s], m.term), s, m.cand, FALSE)})

\* Message m is a vote for candidate s in its term.
AwaitedVote(s, m) ==
    /\ up[s]
    /\ m.type = "RequestVoteResponse"
    /\ m.to = s
    /\ m.granted
    /\ m.term = currentTerm[s]
    /\ role[s] = "candidate"

\* Candidate s counts a vote that does not complete a quorum.
CountVote(s, m) ==
    /\ AwaitedVote(s, m)
    /\ ~ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ votesGranted' = [votesGranted EXCEPT ![s] = @ \cup {m.from}]
    /\ UNCHANGED <<role, voteVars, logVars, nextIndex, matchIndex, offset, readVars, up, hostVars>>

\* Candidate s counts the vote that completes a quorum, and becomes leader.
BecomeLeader(s, m) ==
    /\ AwaitedVote(s, m)
    /\ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ UNCHANGED <<voteVars, up>>
    /\ Leads(s)

\* A granted pre-vote carries a term that may never begin.
IsPreVote(m) == m.type = "RequestPreVoteResponse" /\ m.granted

\* Server s learns from an answer that a higher term exists (section 5.1).
StepDown(s, m) ==
    /\ up[s]
    /\ IsResponse(m)
    /\ m.to = s
    /\ m.term > currentTerm[s]
    /\ ~ IsPreVote(m)
    /\ Adopts(s, m.term)
    /\ UNCHANGED <<logVars, up>>
    /\ Emit(s, {})

-----------------------------------------------------------------------------
\* Replication (section 5.3)

\* Leader s appends an entry and replicates it.
Appends(s, entry) ==
    LET L == Append(log[s], entry)
        P == {p \in Peers(s, L) : nextIndex[s][p] - matchIndex[s][p] <= Window}
    IN  /\ log' = [log EXCEPT ![s] = L]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, P, L, nextIndex[s])]
        /\ UNCHANGED <<role, voteVars, snapshot, incoming, votesGranted, matchIndex, offset>>
        /\ UNCHANGED <<readVars, up>>
        /\ commitIndex' = [commitIndex EXCEPT ![s] = Committable(s, L, matchIndex[s])]
        /\ Emit(s, Batches(currentTerm[s], s, P,
                           Sender(s, L, nextIndex[s], commitIndex[s], round[s], offset[s])))

\* Leader s appends a client's command.
ClientRequest(s, v) ==
    /\ up[s]
    /\ role[s] = "leader"
    /\ Appends(s, Command(currentTerm[s], v))

\* Server s answers a client without changing its log: it is not the leader, or the client's
\* session already holds the answer.
Reply(s) == up[s] /\ UNCHANGED vars

\* Leader s sends a heartbeat with the next entries to each other server.
Heartbeat(s) ==
    LET P  == Peers(s, log[s])
        rd == IF "lease" \in Options THEN round[s] + 1 ELSE round[s]
    IN  /\ up[s]
        /\ role[s] = "leader"
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, P, log[s], nextIndex[s])]
        /\ round' = [round EXCEPT ![s] = rd]
        /\ UNCHANGED <<role, voteVars, logVars, votesGranted, matchIndex, offset, acked, reads, up>>
        /\ Emit(s, Batches(currentTerm[s], s, P, [Now(s) EXCEPT !.rd = rd]))

\* The log of server s contains the entry that precedes the new ones.
Fits(s, m) ==
    /\ m.prevLogIndex <= Len(log[s])
    /\ TermAt(log[s], m.prevLogIndex) = m.prevLogTerm

\* The log L with the new entries after index prev.  Entries after prev are removed only if an
\* entry differs: a late request must not undo what a later one appended.
Merged(L, prev, entries) ==
    IF \A i \in 1 .. Len(entries) : prev + i <= Len(L) /\ L[prev + i].term = entries[i].term
    THEN L
    ELSE SubSeq(L, 1, prev) \o entries

\* Message m is an AppendEntries request that server s may receive.
FromLeader(s, m) ==
    /\ up[s]
    /\ m.type = "AppendEntries"
    /\ m.leader # s

\* Server s follows the leader of m's term, which is at least its own.
Follows(s, m) ==
    /\ currentTerm' = [currentTerm EXCEPT ![s] = m.term]
    /\ votedFor' = [votedFor EXCEPT ![s] = IF m.term > currentTerm[s] THEN None ELSE @]
    /\ role' = [role EXCEPT ![s] = "follower"]
    /\ Forgets(s)

\* Server s accepts entries that fit its log (Figure 2, AppendEntries, 3 to 5).
AcceptEntries(s, m) ==
    LET last == m.prevLogIndex + Len(m.entries)
    IN  /\ FromLeader(s, m)
        /\ m.term >= currentTerm[s]
        /\ ~ (m.term = currentTerm[s] /\ role[s] = "leader")
        /\ Fits(s, m)
        /\ Follows(s, m)
        /\ log' = [log EXCEPT ![s] = Merged(@, m.prevLogIndex, m.entries)]
        /\ commitIndex' = [commitIndex EXCEPT ![s] = Max(@, Min(m.leaderCommit, last))]
        /\ UNCHANGED <<snapshot, incoming, up>>
        /\ Emit(s, {MSuccess(m.term, s, m.leader, last, m.round)})

\* The reason why entries after prev do not fit: the conflicting term and its first index, or the
\* index after the end of a log that is too short (the end of section 5.3).
Hint(s, prev) ==
    LET L == log[s]
    IN  IF prev > Len(L) THEN <<0, Len(L) + 1>>
        ELSE <<L[prev].term,
               CHOOSE i \in 1 .. prev :
                  /\ \A j \in i .. prev : L[j].term = L[prev].term
                  /\ i > snapshot[s].index
                  /\ i > snapshot[s].index + 1 => L[i - 1].term # L[prev].term>>

\* Server s rejects entries of an old term, or entries that do not fit its log.
RejectEntries(s, m) ==
    /\ FromLeader(s, m)
    /\ UNCHANGED <<logVars, up>>
    /\ IF m.term < currentTerm[s]
       THEN /\ UNCHANGED <<role, voteVars, leaderVars>>
            /\ Emit(s, {MFailure(currentTerm[s], s, m.leader, m.prevLogIndex, <<0, 0>>, m.round)})
       ELSE /\ ~ (m.term = currentTerm[s] /\ role[s] = "leader")
            /\ ~ Fits(s, m)
            /\ Follows(s, m)
            /\ Emit(s, {MFailure(m.term, s, m.leader, m.prevLogIndex,
                                 Hint(s, m.prevLogIndex), m.round)})

\* Message m answers a request of leader s in the current term.
AwaitedAnswer(s, m) ==
    /\ up[s]
    /\ m.type = "AppendEntriesResponse"
    /\ m.to = s
    /\ m.term = currentTerm[s]
    /\ role[s] = "leader"

\* The reads of leader s whose round a quorum has acknowledged, given the acknowledged rounds acks.
Answered(s, acks) ==
    {r \in reads[s] : IsQuorum(s, {s} \cup {p \in Others(s) : acks[p] >= r.round})}

\* Leader s counts m as an acknowledgement of its round.  When a quorum has acknowledged it, the
\* commitIndex that the read recorded was the latest when the read arrived (D6.4).
Hears(s, m) ==
    LET acks == [acked[s] EXCEPT ![m.from] = Max(@, m.round)]
    IN  /\ acked' = [acked EXCEPT ![s] = acks]
        /\ reads' = [reads EXCEPT ![s] = @ \ Answered(s, acks)]
        /\ UNCHANGED round

\* Leader s learns that its log and that of p agree up to i, and sends p the missing entries.
Learns(s, p, i) ==
    LET match == [matchIndex[s] EXCEPT ![p] = Max(@, i)]
        next  == [nextIndex[s] EXCEPT ![p] = Max(@, match[p] + 1)]
        more  == IF next[p] <= Len(log[s]) THEN {p} ELSE {}
    IN  /\ matchIndex' = [matchIndex EXCEPT ![s] = match]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, more, log[s], next)]
        /\ UNCHANGED <<role, voteVars, log, snapshot, incoming, votesGranted, offset, up>>
        /\ commitIndex' = [commitIndex EXCEPT ![s] = Committable(s, log[s], match)]
        /\ Emit(s, Batches(currentTerm[s], s, more,
                           Sender(s, log[s], next, commitIndex'[s], round[s], offset[s])))

\* Leader s records a success that commits nothing new.
RecordMatch(s, m) ==
    /\ AwaitedAnswer(s, m)
    /\ m.success
    /\ Hears(s, m)
    /\ Learns(s, m.from, m.matchIndex)
    /\ commitIndex'[s] = commitIndex[s]

\* Leader s records a success, and a quorum now has a further entry of this term (section 5.4.2).
AdvanceCommitIndex(s, m) ==
    /\ AwaitedAnswer(s, m)
    /\ m.success
    /\ Hears(s, m)
    /\ Learns(s, m.from, m.matchIndex)
    /\ commitIndex'[s] > commitIndex[s]

\* The index to which leader s backs up after a rejection: after its own last entry of the
\* conflicting term, or to the first index of that term (the end of section 5.3).
Back(s, m) ==
    LET own == {i \in Max(1, snapshot[s].index) .. (m.prevLogIndex - 1) :
                   log[s][i].term = m.hintTerm}
    IN  IF m.hintTerm # 0 /\ own # {}
        THEN (CHOOSE i \in own : \A j \in own : i >= j) + 1
        ELSE m.hintIndex

\* Message m rejects a request of an earlier term.  It says nothing about the log or about the
\* rounds of this term, even if the same server led the earlier term.
RefusesOldTerm(m) == ~ m.success /\ m.hintIndex = 0

\* A follower's log does not match: leader s decrements nextIndex, and sends from there.
DecrementNextIndex(s, m) ==
    LET p    == m.from
        next == [nextIndex[s] EXCEPT
                    ![p] = Max(matchIndex[s][p] + 1, Min(Back(s, m), m.prevLogIndex))]
    IN  /\ AwaitedAnswer(s, m)
        /\ ~ m.success
        /\ ~ RefusesOldTerm(m)
        /\ m.prevLogIndex > matchIndex[s][p]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, {p}, log[s], next)]
        /\ Hears(s, m)
        /\ UNCHANGED <<role, voteVars, logVars, votesGranted, matchIndex, offset, up>>
        /\ Emit(s, Batches(currentTerm[s], s, {p}, [Now(s) EXCEPT !.next = next]))

-----------------------------------------------------------------------------
\* Pre-votes (D9.6): before it raises its term, a server asks whether it would be elected.  The
\* request carries the term that would begin, and changes no server's state.

PreVote(s) ==
    /\ "pre-vote" \in Options
    /\ up[s]
    /\ role[s] # "leader"
    /\ TakesPart(s)
    /\ ~ IsQuorum(s, {s})
    /\ role' = [role EXCEPT ![s] = "precandidate"]
    /\ votesGranted' = [votesGranted EXCEPT ![s] = {s}]
    /\ UNCHANGED <<voteVars, logVars, nextIndex, matchIndex, offset, readVars, up>>
    /\ Emit(s, {MPreVote(currentTerm[s] + 1, s, log[s])})

AskedForPreVote(s, m) == up[s] /\ m.type = "RequestPreVote" /\ m.cand # s

GrantPreVote(s, m) ==
    /\ AskedForPreVote(s, m)
    /\ role[s] # "leader"
    /\ m.term > currentTerm[s]
    /\ UpToDate(m.lastLogTerm, m.lastLogIndex, log[s])
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MPreVoteResponse(m.term, s, m.cand, TRUE)})

\* Without clocks, server s may have heard from a leader recently in any state.
DenyPreVote(s, m) ==
    /\ AskedForPreVote(s, m)
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MPreVoteResponse(currentTerm[s], s, m.cand, FALSE)})

AwaitedPreVote(s, m) ==
    /\ up[s]
    /\ IsPreVote(m)
    /\ m.to = s
    /\ m.term = currentTerm[s] + 1
    /\ role[s] = "precandidate"

CountPreVote(s, m) ==
    /\ AwaitedPreVote(s, m)
    /\ ~ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ votesGranted' = [votesGranted EXCEPT ![s] = @ \cup {m.from}]
    /\ UNCHANGED <<role, voteVars, logVars, nextIndex, matchIndex, offset, readVars, up, hostVars>>

\* Server s would be elected: it begins the election.
WinPreVote(s, m) ==
    /\ AwaitedPreVote(s, m)
    /\ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ Starts(s, FALSE)

-----------------------------------------------------------------------------
\* Leaders that step down or transfer leadership

\* Leader s stops leading, and stays in its term.
Abdicates(s) ==
    /\ up[s]
    /\ role[s] = "leader"
    /\ role' = [role EXCEPT ![s] = "follower"]
    /\ Forgets(s)
    /\ UNCHANGED <<voteVars, logVars, up, hostVars>>

\* Leader s has not heard from a quorum for an election timeout (D6.2).
CheckQuorum(s) ==
    /\ "check-quorum" \in Options
    /\ Abdicates(s)

\* Leader s tells p, whose log matches its own, to begin an election (D3.10).
TransferLeadership(s, p) ==
    /\ "transfer" \in Options
    /\ up[s]
    /\ role[s] = "leader"
    /\ p \in Others(s)
    /\ p \in ConfigOf(log[s]).voters
    /\ matchIndex[s][p] = Len(log[s])
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MTimeoutNow(currentTerm[s], s, p)})

\* Server s begins an election at its leader's request, without a timeout and without pre-votes.
AskedToStart(s, m) ==
    /\ up[s]
    /\ m.type = "TimeoutNow"
    /\ m.to = s
    /\ m.term = currentTerm[s]
    /\ role[s] # "leader"
    /\ TakesPart(s)

TimeoutNow(s, m) == AskedToStart(s, m) /\ Starts(s, TRUE)

-----------------------------------------------------------------------------
\* Reads (D6.4)

\* Leader s knows the latest commitIndex, because it has committed an entry of its term.
KnowsCommitted(s) == TermAt(log[s], commitIndex[s]) = currentTerm[s]

\* The highest commitIndex of any running server: a read must see entries up to it.
Floor ==
    LET C == {commitIndex[p] : p \in {p \in Servers : up[p]}}
    IN  CHOOSE i \in C : \A j \in C : i >= j

\* Leader s receives a read: it records commitIndex, and starts a round to confirm that it still
\* leads.  If it is a quorum by itself, no round is needed.
ReadIndex(s) ==
    LET P    == Peers(s, log[s])
        rd   == round[s] + 1
        read == [round |-> rd, index |-> commitIndex[s], floor |-> Floor]
    IN  /\ Options \cap {"read-index", "lease"} # {}
        /\ up[s]
        /\ role[s] = "leader"
        /\ KnowsCommitted(s)
        /\ round' = [round EXCEPT ![s] = rd]
        /\ reads' = [reads EXCEPT ![s] = IF IsQuorum(s, {s}) THEN @ ELSE @ \cup {read}]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, P, log[s], nextIndex[s])]
        /\ UNCHANGED <<role, voteVars, logVars, votesGranted, matchIndex, offset, acked, up>>
        /\ Emit(s, Batches(currentTerm[s], s, P, [Now(s) EXCEPT !.rd = rd]))

\* Leader s answers a read at once, because it holds a lease.  The lease is not checked here.
LeaseRead(s) ==
    /\ "lease" \in Options
    /\ up[s]
    /\ role[s] = "leader"
    /\ KnowsCommitted(s)
    /\ UNCHANGED vars

-----------------------------------------------------------------------------
\* Snapshots (D5; section 7 and Figure 13)

NoSnapshot == [index |-> 0, parts |-> 0]
NothingIncoming == [term |-> 0, index |-> 0, got |-> 0]

\* Server s compacts its log up to commitIndex; the snapshot is sent in the given number of parts.
TakeSnapshot(s, parts) ==
    /\ "snapshots" \in Options
    /\ up[s]
    /\ commitIndex[s] > snapshot[s].index
    /\ snapshot' = [snapshot EXCEPT ![s] = [index |-> commitIndex[s], parts |-> parts]]
    /\ offset' = [offset EXCEPT ![s] = NoMatch(s)]
    /\ UNCHANGED <<role, voteVars, log, commitIndex, incoming, votesGranted, nextIndex>>
    /\ UNCHANGED <<matchIndex, readVars, up>>
    /\ Emit(s, {})

\* Message m is a snapshot chunk that server s may accept from a leader.
ChunkFor(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshot"
    /\ m.leader # s
    /\ m.term >= currentTerm[s]
    /\ ~ (m.term = currentTerm[s] /\ role[s] = "leader")

\* The number of chunks that server s has of the snapshot in m.
Got(s, m) ==
    IF incoming[s].term = m.term /\ incoming[s].index = m.lastIncludedIndex
    THEN incoming[s].got ELSE 0

\* Chunk m is the last one that server s needs.
Completes(s, m) == m.lastIncludedIndex > commitIndex[s] /\ m.offset = Got(s, m) /\ m.done

\* Server s accepts a chunk if it is the next one needed, and answers how many chunks it has.  It
\* does not need a snapshot of entries that it knows to be committed.
AcceptChunk(s, m) ==
    LET known == m.lastIncludedIndex <= commitIndex[s]
        got   == IF m.offset = Got(s, m) THEN Got(s, m) + 1 ELSE Got(s, m)
        index == m.lastIncludedIndex
    IN  /\ ChunkFor(s, m)
        /\ ~ Completes(s, m)
        /\ Follows(s, m)
        /\ incoming' = [incoming EXCEPT ![s] =
               IF known THEN NothingIncoming ELSE [term |-> m.term, index |-> index, got |-> got]]
        /\ UNCHANGED <<log, commitIndex, snapshot, up>>
        /\ Emit(s, {MSnapshotResponse(m.term, s, m.leader, index, IF known THEN 0 ELSE got, known)})

\* Server s replaces its log by the snapshot.  It keeps the entries after the snapshot if its log
\* agrees with the snapshot.
InstallSnapshot(s, m) ==
    LET index  == m.lastIncludedIndex
        agrees == index <= Len(log[s]) /\ TermAt(log[s], index) = m.lastIncludedTerm
    IN  /\ ChunkFor(s, m)
        /\ Completes(s, m)
        /\ Follows(s, m)
        /\ log' = [log EXCEPT ![s] = IF agrees THEN @ ELSE SubSeq(log[m.leader], 1, index)]
        /\ snapshot' = [snapshot EXCEPT ![s] = [index |-> index, parts |-> m.offset + 1]]
        /\ commitIndex' = [commitIndex EXCEPT ![s] = index]
        /\ incoming' = [incoming EXCEPT ![s] = NothingIncoming]
        /\ UNCHANGED up
        /\ Emit(s, {MSnapshotResponse(m.term, s, m.leader, index, 0, TRUE)})

\* Server s rejects a chunk of an old term.
RejectChunk(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshot"
    /\ m.leader # s
    /\ m.term < currentTerm[s]
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MSnapshotResponse(currentTerm[s], s, m.leader, m.lastIncludedIndex, 0, FALSE)})

\* Message m answers a snapshot chunk of leader s in the current term.
AwaitedReceipt(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshotResponse"
    /\ m.to = s
    /\ m.term = currentTerm[s]
    /\ role[s] = "leader"

\* A follower needs a different chunk from the one sent last.
WantsChunk(s, m) ==
    /\ ~ m.done
    /\ m.lastIncludedIndex = snapshot[s].index
    /\ NeedsSnapshot(s, nextIndex[s][m.from])
    /\ m.received # offset[s][m.from]

\* Leader s sends the chunk that the follower needs.
SendChunk(s, m) ==
    /\ AwaitedReceipt(s, m)
    /\ WantsChunk(s, m)
    /\ offset' = [offset EXCEPT ![s][m.from] = m.received]
    /\ UNCHANGED <<role, voteVars, logVars, votesGranted, nextIndex, matchIndex, readVars, up>>
    /\ Emit(s, {Chunk(currentTerm[s], s, log[s], m.received)})

\* Leader s learns that a follower has everything that the snapshot covers.
RecordSnapshot(s, m) ==
    /\ AwaitedReceipt(s, m)
    /\ m.done
    /\ Learns(s, m.from, m.lastIncludedIndex)
    /\ UNCHANGED readVars

-----------------------------------------------------------------------------
\* Configuration changes (D4)

Configurations ==
    {Configuration(v, o, l) : v \in SUBSET Servers \ {{}}, o \in SUBSET Servers,
                              l \in SUBSET Servers}

\* The voters of c and d differ in at most one server.
OneApart(c, d) ==
    Cardinality(c.voters \ d.voters) + Cardinality(d.voters \ c.voters) <= 1

\* Leader s appends a configuration.  The previous one is committed, and so is an entry of the
\* leader's own term: otherwise two leaders could change it concurrently (Ongaro, "bug in
\* single-server membership changes", raft-dev, July 2015).
ChangeConfiguration(s, c) ==
    LET d == ConfigOf(log[s])
    IN  /\ up[s]
        /\ role[s] = "leader"
        /\ c # d
        /\ d.old = {}
        /\ ConfigIndex(log[s]) <= commitIndex[s]
        /\ KnowsCommitted(s)
        /\ c.voters \cap c.learners = {}
        /\ c.learners # d.learners => "learners" \in Options
        /\ \/ c.voters = d.voters /\ c.old = {}
           \/ "single" \in Options /\ c.old = {} /\ OneApart(c, d)
           \/ "joint" \in Options /\ c.old = d.voters /\ c.voters # d.voters
        /\ Appends(s, Config(currentTerm[s], c))

\* Leader s leaves a joint configuration after it is committed (D4.3).
LeaveJoint(s) ==
    LET d == ConfigOf(log[s])
    IN  /\ up[s]
        /\ role[s] = "leader"
        /\ d.old # {}
        /\ ConfigIndex(log[s]) <= commitIndex[s]
        /\ Appends(s, Config(currentTerm[s], [d EXCEPT !.old = {}]))

\* Leader s is not in the committed configuration: it stops leading (D4.2.2).
Resign(s) ==
    /\ Changing
    /\ ConfigIndex(log[s]) <= commitIndex[s]
    /\ ~ VotesIn(ConfigOf(log[s]), s)
    /\ Abdicates(s)

-----------------------------------------------------------------------------
\* Any server

\* Server s drops a message that is late, repeated or not meant for its role.
Ignore(s, m) ==
    /\ up[s]
    /\ \/ /\ m.type \in {"AppendEntries", "InstallSnapshot"}
          /\ m.leader # s
          /\ m.term = currentTerm[s]
          /\ role[s] = "leader"
       \/ /\ IsResponse(m)
          /\ m.to = s
          /\ m.term <= currentTerm[s] \/ IsPreVote(m)
          /\ ~ AwaitedVote(s, m)
          /\ ~ AwaitedPreVote(s, m)
          /\ AwaitedAnswer(s, m) =>
                RefusesOldTerm(m) \/ (~ m.success /\ m.prevLogIndex <= matchIndex[s][m.from])
          /\ AwaitedReceipt(s, m) => ~ m.done /\ ~ WantsChunk(s, m)
       \/ /\ m.type = "TimeoutNow"
          /\ m.to = s
          /\ ~ AskedToStart(s, m)
       \* Without clocks, server s may have heard from a leader recently in any state (D4.2.3).
       \/ /\ m.type = "RequestVote"
          /\ "check-quorum" \in Options
          /\ m.cand # s
          /\ m.term >= currentTerm[s]
          /\ ~ m.transfer
    /\ UNCHANGED vars

\* Server s crashes after its disk has completed the first k waiting writes.  The other writes,
\* the messages held back, and all volatile state are lost.
Crash(s, k) ==
    LET kept == IF k = 0 THEN durable[s] ELSE disk[s][k].rec
    IN  /\ up[s]
        /\ up' = [up EXCEPT ![s] = FALSE]
        /\ durable' = [durable EXCEPT ![s] = kept]
        /\ disk' = [disk EXCEPT ![s] = <<>>]
        /\ currentTerm' = [currentTerm EXCEPT ![s] = kept.currentTerm]
        /\ votedFor' = [votedFor EXCEPT ![s] = kept.votedFor]
        /\ log' = [log EXCEPT ![s] = kept.log]
        /\ snapshot' = [snapshot EXCEPT ![s] = kept.snapshot]
        /\ incoming' = [incoming EXCEPT ![s] = NothingIncoming]
        /\ role' = [role EXCEPT ![s] = "follower"]
        /\ commitIndex' = [commitIndex EXCEPT ![s] = kept.snapshot.index]
        /\ Forgets(s)
        /\ UNCHANGED msgs

\* Server s restarts with the content of its disk.
Restart(s) ==
    /\ ~ up[s]
    /\ up' = [up EXCEPT ![s] = TRUE]
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, hostVars>>

-----------------------------------------------------------------------------
Init ==
    /\ role = [s \in Servers |-> "follower"]
    /\ currentTerm = [s \in Servers |-> 0]
    /\ votedFor = [s \in Servers |-> None]
    /\ log = [s \in Servers |-> <<>>]
    /\ commitIndex = [s \in Servers |-> 0]
    /\ votesGranted = [s \in Servers |-> {}]
    /\ nextIndex = [s \in Servers |-> FirstNext(s)]
    /\ matchIndex = [s \in Servers |-> NoMatch(s)]
    /\ snapshot = [s \in Servers |-> NoSnapshot]
    /\ incoming = [s \in Servers |-> NothingIncoming]
    /\ offset = [s \in Servers |-> NoMatch(s)]
    /\ round = [s \in Servers |-> 0]
    /\ acked = [s \in Servers |-> NoMatch(s)]
    /\ reads = [s \in Servers |-> {}]
    /\ up = [s \in Servers |-> TRUE]
    /\ durable = [s \in Servers |-> [currentTerm |-> 0, votedFor |-> None, log |-> <<>>,
                                     snapshot |-> NoSnapshot]]
    /\ disk = [s \in Servers |-> <<>>]
    /\ msgs = {}

\* The steps of the protocol, without crashes.
Steps ==
    \/ \E s \in Servers : Timeout(s)
    \/ \E s \in Servers : \E m \in msgs : GrantVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : DenyVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : BecomeLeader(s, m)
    \/ \E s \in Servers : \E m \in msgs : StepDown(s, m)
    \/ \E s \in Servers : \E v \in Values : ClientRequest(s, v)
    \/ \E s \in Servers : Reply(s)
    \/ \E s \in Servers : Heartbeat(s)
    \/ \E s \in Servers : \E m \in msgs : AcceptEntries(s, m)
    \/ \E s \in Servers : \E m \in msgs : RejectEntries(s, m)
    \/ \E s \in Servers : \E m \in msgs : RecordMatch(s, m)
    \/ \E s \in Servers : \E m \in msgs : AdvanceCommitIndex(s, m)
    \/ \E s \in Servers : \E m \in msgs : DecrementNextIndex(s, m)
    \/ \E s \in Servers : Flush(s)
    \/ \E s \in Servers : \E m \in msgs : Ignore(s, m)
    \/ \E s \in Servers : PreVote(s)
    \/ \E s \in Servers : \E m \in msgs : GrantPreVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : DenyPreVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountPreVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : WinPreVote(s, m)
    \/ \E s \in Servers : CheckQuorum(s)
    \/ \E s \in Servers : \E to \in Others(s) : TransferLeadership(s, to)
    \/ \E s \in Servers : \E m \in msgs : TimeoutNow(s, m)
    \/ \E s \in Servers : ReadIndex(s)
    \/ \E s \in Servers : LeaseRead(s)
    \/ \E s \in Servers : TakeSnapshot(s, 1)
    \/ \E s \in Servers : \E m \in msgs : AcceptChunk(s, m)
    \/ \E s \in Servers : \E m \in msgs : InstallSnapshot(s, m)
    \/ \E s \in Servers : \E m \in msgs : RejectChunk(s, m)
    \/ \E s \in Servers : \E m \in msgs : SendChunk(s, m)
    \/ \E s \in Servers : \E m \in msgs : RecordSnapshot(s, m)
    \/ \E s \in Servers : \E c \in Configurations : ChangeConfiguration(s, c)
    \/ \E s \in Servers : LeaveJoint(s)
    \/ \E s \in Servers : Resign(s)

Crashes ==
    \/ \E s \in MayCrash : \E kept \in 0 .. Len(disk[s]) : Crash(s, kept)
    \/ \E s \in MayCrash : Restart(s)

Next == Steps \/ Crashes

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* Invariants

IsEntry(e) ==
    /\ DOMAIN e = {"term", "kind", "val"} \cup (IF e.kind = "config" THEN {"config"} ELSE {})
    /\ e.term \in Nat \ {0}
    /\ e.kind \in {"noop", "command"} \cup (IF Changing THEN {"config"} ELSE {})
    /\ e.kind = "command" => e.val \in Values

IsLog(L) == \A i \in 1 .. Len(L) : IsEntry(L[i]) /\ (i > 1 => L[i - 1].term <= L[i].term)

TypeOK ==
    /\ role \in [Servers -> {"follower", "precandidate", "candidate", "leader"}]
    /\ currentTerm \in [Servers -> Nat]
    /\ votedFor \in [Servers -> Servers \cup {None}]
    /\ commitIndex \in [Servers -> Nat]
    /\ \A s \in Servers :
          /\ IsLog(log[s]) /\ IsLog(durable[s].log)
          /\ LastTerm(log[s]) <= currentTerm[s]
          /\ commitIndex[s] <= Len(log[s])
          /\ votesGranted[s] \subseteq Servers
          /\ role[s] \notin {"precandidate", "candidate"} => votesGranted[s] = {}
          /\ \A p \in Others(s) :
                /\ nextIndex[s][p] \in 1 .. (Len(log[s]) + 1)
                /\ matchIndex[s][p] \in 0 .. (nextIndex[s][p] - 1)
                /\ offset[s][p] <= snapshot[s].parts
                /\ acked[s][p] <= round[s]
          /\ snapshot[s].index <= commitIndex[s]
          /\ role[s] # "leader" => round[s] = 0 /\ reads[s] = {}
    /\ up \in [Servers -> BOOLEAN]
    /\ \A m \in msgs : m.term > 0 \/ m.type = "RequestPreVoteResponse"

\* The pairs of a term and a server that led it: a leader has sent an entry of its term.
Led ==
    {<<m.term, m.leader>> : m \in {m \in msgs : m.type = "AppendEntries"}}
        \cup {<<currentTerm[s], s>> : s \in {s \in Servers : role[s] = "leader"}}

\* At most one server leads in a term (Figure 3).
ElectionSafety == \A a, b \in Led : a[1] = b[1] => a = b

\* A server votes for one candidate in a term.
Votes ==
    {<<m.from, m.term, m.to>> : m \in {m \in msgs : m.type = "RequestVoteResponse" /\ m.granted}}

VotesOnce == \A a, b \in Votes : a[1] = b[1] /\ a[2] = b[2] => a = b

\* The last index up to i at which the logs L and M have entries of the same term; 0 if none.
\* (Searched from the end: for long logs that agree it is found at once.)
RECURSIVE LastOfOneTerm(_, _, _)
LastOfOneTerm(L, M, i) ==
    IF i = 0 THEN 0 ELSE IF L[i].term = M[i].term THEN i ELSE LastOfOneTerm(L, M, i - 1)

\* If two logs have an entry with the same index and term, they agree up to it (Figure 3).
\* (If they agree up to the last such index, they agree up to each.)
LogMatching ==
    \A s, p \in Servers :
        LET last == LastOfOneTerm(log[s], log[p], Min(Len(log[s]), Len(log[p])))
        IN  SubSeq(log[s], 1, last) = SubSeq(log[p], 1, last)

\* The committed prefixes of two servers agree (Figure 3, State Machine Safety).
StateMachineSafety ==
    \A s, p \in Servers :
        LET i == Min(commitIndex[s], commitIndex[p])
        IN  SubSeq(log[s], 1, i) = SubSeq(log[p], 1, i)

\* The committed entries of a server are in the log of every leader of a later term (Figure
\* 3, Leader Completeness).
LeaderCompleteness ==
    \A s, p \in Servers :
        role[p] = "leader" /\ currentTerm[p] >= currentTerm[s] =>
            /\ commitIndex[s] <= Len(log[p])
            /\ SubSeq(log[s], 1, commitIndex[s]) = SubSeq(log[p], 1, commitIndex[s])

\* The configurations that some server may use.
InUse ==
    {FirstConfiguration} \cup
    UNION {{log[s][i].config : i \in {i \in 1 .. Len(log[s]) : log[s][i].kind = "config"}} :
               s \in IF Changing THEN Servers ELSE {}}

\* Committed entries are on the disks of a quorum.  A server that is a quorum by itself may still
\* be writing them: its messages about them wait for the write.
CommittedIsDurable ==
    \A s \in Servers :
        LET i    == commitIndex[s]
            have == {p \in Servers : Len(durable[p].log) >= i /\ durable[p].log[i] = log[s][i]}
        IN  i > 0 => \E c \in InUse : IsQuorumOf(c, have) \/ IsQuorumOf(c, {s})

\* Everything that a server has said is supported by its disk: a crash cannot make it untrue.
SaidIsDurable ==
    \A m \in msgs :
        /\ IsResponse(m) /\ ~ IsPreVote(m) => durable[m.from].currentTerm >= m.term
        /\ m.type = "RequestVote" => durable[m.cand].currentTerm >= m.term
        /\ m.type \in {"AppendEntries", "InstallSnapshot", "TimeoutNow"} =>
              durable[m.leader].currentTerm >= m.term
        /\ m.type = "AppendEntries" => Len(durable[m.leader].log) >= m.leaderCommit
        /\ m.type = "InstallSnapshot" =>
              durable[m.leader].snapshot.index >= m.lastIncludedIndex
        /\ m.type = "AppendEntriesResponse" /\ durable[m.from].currentTerm = m.term
              => Len(durable[m.from].log) >= m.matchIndex
        /\ m.type = "RequestVoteResponse" /\ m.granted /\ durable[m.from].currentTerm = m.term
              => durable[m.from].votedFor = m.to

-----------------------------------------------------------------------------
\* Properties of steps

\* A leader never overwrites or deletes entries in its log; it only appends (Figure 3).
LeaderAppendOnly ==
    [][\A s \in Servers :
          role[s] = "leader" /\ role'[s] = "leader" /\ currentTerm'[s] = currentTerm[s]
             => Len(log'[s]) >= Len(log[s]) /\ SubSeq(log'[s], 1, Len(log[s])) = log[s]]_vars

\* Terms, commitIndex and snapshots never decrease, except in a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ currentTerm'[s] >= currentTerm[s]
                    /\ commitIndex'[s] >= commitIndex[s]
                    /\ snapshot'[s].index >= snapshot[s].index]_vars

\* A read sees everything that was committed when it arrived (D6.4).
ReadsAreFresh ==
    [][\A s \in Servers :
          role'[s] = "leader" /\ currentTerm'[s] = currentTerm[s]
             => \A r \in reads[s] \ reads'[s] : r.index >= r.floor]_vars
=============================================================================
