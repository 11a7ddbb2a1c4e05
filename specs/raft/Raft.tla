-------------------------------- MODULE Raft --------------------------------
(***************************************************************************)
(* Raft at the grain of an implementation's handlers: elections, log       *)
(* replication, commitment.                                                *)
(*                                                                         *)
(* Source: D. Ongaro and J. Ousterhout, In Search of an Understandable     *)
(* Consensus Algorithm, extended version of USENIX ATC 2014; the sections  *)
(* that the actions cite are its.                                          *)
(*                                                                         *)
(* Modelled: one message handled at a time, with the term that it brings;  *)
(* votes and logs that become durable in a step of their own, and          *)
(* messages that leave only then; crashes that lose whatever the disk had  *)
(* not reached, restarts; the no-op that a leader begins its term with;    *)
(* entries sent on without waiting for an answer, and the fast way back    *)
(* when one was lost; any quorum system whose quorums meet.                *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options, after    *)
(* D. Ongaro, Consensus: Bridging Theory and Practice, 2014 (whose         *)
(* sections are called D4 and so on):                                      *)
(*   "pre-vote"     a server asks before it raises its term (D9.6);        *)
(*   "check-quorum" a leader that hears from no quorum gives up, and who   *)
(*                  hears from a leader votes for nobody (D6.2, D4.2.3);   *)
(*   "transfer"     a leader hands over to a server that it names (D3.10); *)
(*   "snapshots"    logs are compacted, and snapshots sent in chunks (D5); *)
(*   "single"       voters are changed one at a time (D4.1);               *)
(*   "joint"        voters are changed by joint consensus (D4.3);          *)
(*   "learners"     servers that get the log and do not vote (D4.2.1);     *)
(*   "read-index"   reads that leave no entry in the log (D6.4);           *)
(*   "lease"        reads under a leader's lease (D6.4.1).                 *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Nothing  *)
(* is taken out of it, so that a message may be received late, in any      *)
(* order, many times or never.  Requests have no addressee: whoever they   *)
(* do not come from may receive them.  Time-outs are nondeterminism.       *)
(* Clients, their sessions and the state machine are left out: what is     *)
(* applied is the committed part of the log.  There are no clocks: a       *)
(* server may think at any time that it has heard of a leader lately, or   *)
(* has not, and that it has a lease; so nothing is said about the reads    *)
(* that rest on a lease.  What a snapshot holds is not shown: a server     *)
(* keeps its whole log here, and snapshot says how much of it an           *)
(* implementation has no more (log matching and the like can then be said  *)
(* of whole logs).                                                         *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* the servers
    Values,           \* what clients may ask for
    Quorums,          \* sets of servers, any two of which meet
    Voters,           \* the servers that vote at first, and Quorums are of
    Options,          \* the options that are switched on
    Batch,            \* the most entries in one message
    Window,           \* the most entries under way to a server before new ones wait
    None,             \* no server
    MayCrash,         \* the servers that may crash
    DiskQueue         \* the most writes that may wait for a disk;
                      \* 0: a write is durable at once

VARIABLES
    role,             \* "follower", "candidate" or "leader"
    currentTerm,      \* the latest term it has seen (durable)
    votedFor,         \* who got its vote in that term (durable)
    log,              \* the entries, from index 1 (durable)
    commitIndex,      \* up to where the log is known to be committed
    votesGranted,     \* candidate: whose votes it has
    nextIndex,        \* leader: for each other server the next entry to send
    matchIndex,       \* leader: for each other server up to where the logs agree
    snapshot,         \* up to where the log is compacted, and in how many chunks the
                      \* snapshot goes (durable)
    incoming,         \* the snapshot that it is getting, and how much of it it has
    offset,           \* leader: for each other server the chunk it was sent last
    round,            \* leader: how many rounds of requests were begun for reads
    acked,            \* leader: for each other server the last round it answered
    reads,            \* leader: reads that wait for their round to be answered
    up,               \* running, not crashed
    durable,          \* what its disk holds
    disk,             \* the writes waiting for the disk, with the messages each holds back
    msgs              \* every message that ever left its sender

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

\* The servers in old vote as well, until a joint configuration is left.
Config(t, c) == [term |-> t, kind |-> "config", val |-> "", config |-> c]
Configuration(voters, old, learners) == [voters |-> voters, old |-> old, learners |-> learners]

TermAt(L, i) == IF i = 0 THEN 0 ELSE L[i].term
LastTerm(L) == TermAt(L, Len(L))

Min(i, j) == IF i < j THEN i ELSE j
Max(i, j) == IF i > j THEN i ELSE j

\* Whether a log with this last entry is at least as up-to-date as L (section 5.4.1).
UpToDate(lastTerm, lastIndex, L) ==
    \/ lastTerm > LastTerm(L)
    \/ lastTerm = LastTerm(L) /\ lastIndex >= Len(L)

-----------------------------------------------------------------------------
\* Configurations (D4).  Without their options there is the first one for ever.

Changing == Options \cap {"single", "joint", "learners"} # {}

FirstConfiguration == Configuration(Voters, {}, {})

\* Where the latest configuration stands in a log; 0: it is the first one.
ConfigIndex(L) ==
    IF ~ Changing THEN 0
    ELSE LET C == {i \in 1 .. Len(L) : L[i].kind = "config"}
         IN  IF C = {} THEN 0 ELSE CHOOSE i \in C : \A j \in C : i >= j

\* A server uses the latest configuration in its log, committed or not (D4.1).
ConfigOf(L) == IF ConfigIndex(L) = 0 THEN FirstConfiguration ELSE L[ConfigIndex(L)].config

IsMajority(S, of) == 2 * Cardinality(S \cap of) > Cardinality(of)

\* Learners change nothing about who decides.
IsQuorumOf(c, S) ==
    IF c.voters = Voters /\ c.old = {}
    THEN \E Q \in Quorums : Q \subseteq S
    ELSE IsMajority(S, c.voters) /\ (c.old # {} => IsMajority(S, c.old))

\* To whom server s with log L sends.
Peers(s, L) ==
    LET c == ConfigOf(L) IN (c.voters \cup c.old \cup c.learners) \ {s}

VotesIn(c, s) == s \in c.voters \cup c.old

\* Server s takes part in elections: its configuration lets it vote, or the one before, of
\* which it may still be needed until the latest is committed (D4.2.2).
TakesPart(s) ==
    LET at == ConfigIndex(log[s])
    IN  \/ VotesIn(ConfigOf(log[s]), s)
        \/ at > commitIndex[s] /\ VotesIn(ConfigOf(SubSeq(log[s], 1, at - 1)), s)

-----------------------------------------------------------------------------
\* Messages

\* A vote that a leader's handing over brings about is asked for as such (D4.2.3).
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

\* One chunk of the snapshot that ends with the entry at index; what it holds is not shown.
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

\* What server s wants its disk to hold.
Volatile(s) ==
    [currentTerm |-> currentTerm[s], votedFor |-> votedFor[s], log |-> log[s],
     snapshot |-> snapshot[s]]

\* Server s has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave when all that s has written so far is durable, and not before (Figure 2).
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

\* The oldest waiting write of server s becomes durable, and what it held back leaves.
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

\* Server s knows of no reads, and of no chunks on their way.
NoReads(s) ==
    /\ offset' = [offset EXCEPT ![s] = NoMatch(s)]
    /\ round' = [round EXCEPT ![s] = 0]
    /\ acked' = [acked EXCEPT ![s] = NoMatch(s)]
    /\ reads' = [reads EXCEPT ![s] = {}]

\* Server s is no candidate and no leader: it knows nothing that these know.
Forgets(s) ==
    /\ votesGranted' = [votesGranted EXCEPT ![s] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![s] = FirstNext(s)]
    /\ matchIndex' = [matchIndex EXCEPT ![s] = NoMatch(s)]
    /\ NoReads(s)

\* Server s goes to term t if that is higher, as a follower who has not voted (section 5.1).
Adopts(s, t) ==
    IF t > currentTerm[s]
    THEN /\ currentTerm' = [currentTerm EXCEPT ![s] = t]
         /\ votedFor' = [votedFor EXCEPT ![s] = None]
         /\ role' = [role EXCEPT ![s] = "follower"]
         /\ Forgets(s)
    ELSE UNCHANGED <<role, voteVars, leaderVars>>

\* How leaders send.  X has what a request is made of: L the log, next the next entry for each
\* server, commit, rd the round, and offset.  A server that needs what is compacted gets a
\* chunk of the snapshot.
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

\* The next entry for a server after that: those that were sent are taken to arrive.
After(s, L, next) ==
    IF NeedsSnapshot(s, next) THEN next ELSE Min(Len(L), next + Batch - 1) + 1

\* To all of P: what leader s sends, and how nextIndex goes on.
Batches(t, s, P, X) == {Next1(t, s, p, X) : p \in P}
SentOn(s, P, L, next) == [p \in Others(s) |-> IF p \in P THEN After(s, L, next[p]) ELSE next[p]]

\* As things stand at s.
Now(s) == Sender(s, log[s], nextIndex[s], commitIndex[s], round[s], offset[s])

\* Leader s may commit the entry at i: it is of this term, and a quorum has it.  Entries of
\* earlier terms are never committed by counting (section 5.4.2, Figure 8).
MayCommit(s, L, match, i) ==
    /\ TermAt(L, i) = currentTerm'[s]
    /\ IsQuorumOf(ConfigOf(L), {s} \cup {p \in Others(s) : match[p] >= i})

\* Up to where leader s may commit.
Committable(s, L, match) ==
    LET C == {i \in (commitIndex[s] + 1) .. Len(L) : MayCommit(s, L, match, i)}
    IN  IF C = {} THEN commitIndex[s] ELSE CHOOSE i \in C : \A j \in C : i >= j

\* The servers in S are a quorum, as server s sees it.
IsQuorum(s, S) == IsQuorumOf(ConfigOf(log[s]), S)

\* Server s leads its term: it appends an entry that does nothing, so that it can commit what
\* came before (section 8), and replicates it.
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

\* Server s begins an election with its own vote.
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

\* Server s has heard of no leader for too long (with pre-votes: and needs no other's).
Timeout(s) ==
    /\ up[s]
    /\ role[s] # "leader"
    /\ TakesPart(s)
    /\ "pre-vote" \in Options => IsQuorum(s, {s})
    /\ Starts(s, FALSE)

\* Candidate m.cand can have the vote of server s (Figure 2, RequestVote).
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

\* Server s refuses its vote, and goes to the candidate's term if that is higher.
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

\* Candidate s takes a vote that does not yet make a quorum.
CountVote(s, m) ==
    /\ AwaitedVote(s, m)
    /\ ~ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ votesGranted' = [votesGranted EXCEPT ![s] = @ \cup {m.from}]
    /\ UNCHANGED <<role, voteVars, logVars, nextIndex, matchIndex, offset, readVars, up, hostVars>>

\* Candidate s takes the vote that makes a quorum, and leads.
BecomeLeader(s, m) ==
    /\ AwaitedVote(s, m)
    /\ IsQuorum(s, votesGranted[s] \cup {m.from})
    /\ UNCHANGED <<voteVars, up>>
    /\ Leads(s)

\* A pre-vote is for a term that nobody may ever be in.
IsPreVote(m) == m.type = "RequestPreVoteResponse" /\ m.granted

\* Server s learns from an answer that there is a higher term (section 5.1).
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

\* Leader s appends what a client asks for.
ClientRequest(s, v) ==
    /\ up[s]
    /\ role[s] = "leader"
    /\ Appends(s, Command(currentTerm[s], v))

\* Server s answers a client without touching its log: it does not lead, or the client's
\* session has the answer.
Reply(s) == up[s] /\ UNCHANGED vars

\* Leader s lets itself be heard of, and sends what comes next to each other server.
Heartbeat(s) ==
    LET P  == Peers(s, log[s])
        rd == IF "lease" \in Options THEN round[s] + 1 ELSE round[s]
    IN  /\ up[s]
        /\ role[s] = "leader"
        /\ nextIndex' = [nextIndex EXCEPT ![s] = SentOn(s, P, log[s], nextIndex[s])]
        /\ round' = [round EXCEPT ![s] = rd]
        /\ UNCHANGED <<role, voteVars, logVars, votesGranted, matchIndex, offset, acked, reads, up>>
        /\ Emit(s, Batches(currentTerm[s], s, P, [Now(s) EXCEPT !.rd = rd]))

\* The entry before the new ones is in the log of server s.
Fits(s, m) ==
    /\ m.prevLogIndex <= Len(log[s])
    /\ TermAt(log[s], m.prevLogIndex) = m.prevLogTerm

\* The log with new entries after prev.  What stands behind is cut off only if an entry
\* differs: a late request must not take back what a later one brought.
Merged(L, prev, entries) ==
    IF \A i \in 1 .. Len(entries) : prev + i <= Len(L) /\ L[prev + i].term = entries[i].term
    THEN L
    ELSE SubSeq(L, 1, prev) \o entries

\* Message m is a request of another server that leads, as far as s can know.
FromLeader(s, m) ==
    /\ up[s]
    /\ m.type = "AppendEntries"
    /\ m.leader # s

\* Server s follows the leader of m's term, which is not below its own.
Follows(s, m) ==
    /\ currentTerm' = [currentTerm EXCEPT ![s] = m.term]
    /\ votedFor' = [votedFor EXCEPT ![s] = IF m.term > currentTerm[s] THEN None ELSE @]
    /\ role' = [role EXCEPT ![s] = "follower"]
    /\ Forgets(s)

\* Server s takes entries that fit (Figure 2, AppendEntries, 3 to 5).
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

\* Why entries after prev do not fit: the term in the way and where it begins, or the place
\* after the end of a log that is too short (the end of section 5.3).
Hint(s, prev) ==
    LET L == log[s]
    IN  IF prev > Len(L) THEN <<0, Len(L) + 1>>
        ELSE <<L[prev].term,
               CHOOSE i \in 1 .. prev :
                  /\ \A j \in i .. prev : L[j].term = L[prev].term
                  /\ i > snapshot[s].index
                  /\ i > snapshot[s].index + 1 => L[i - 1].term # L[prev].term>>

\* Server s refuses entries of an old term, or entries that do not fit.
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

\* Message m is an answer of this term to leader s.
AwaitedAnswer(s, m) ==
    /\ up[s]
    /\ m.type = "AppendEntriesResponse"
    /\ m.to = s
    /\ m.term = currentTerm[s]
    /\ role[s] = "leader"

\* The reads of leader s whose round a quorum has answered, when acks is what was answered.
Answered(s, acks) ==
    {r \in reads[s] : IsQuorum(s, {s} \cup {p \in Others(s) : acks[p] >= r.round})}

\* Leader s takes m for an answer to its round: with a quorum of them, a read's commitIndex
\* was the latest when it was asked for (D6.4).
Hears(s, m) ==
    LET acks == [acked[s] EXCEPT ![m.from] = Max(@, m.round)]
    IN  /\ acked' = [acked EXCEPT ![s] = acks]
        /\ reads' = [reads EXCEPT ![s] = @ \ Answered(s, acks)]
        /\ UNCHANGED round

\* Leader s learns that the log of p agrees up to i, and sends p what is missing.
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

\* ... and nothing more is committed by it.
RecordMatch(s, m) ==
    /\ AwaitedAnswer(s, m)
    /\ m.success
    /\ Hears(s, m)
    /\ Learns(s, m.from, m.matchIndex)
    /\ commitIndex'[s] = commitIndex[s]

\* ... and a quorum has an entry of this term that was not committed (section 5.4.2).
AdvanceCommitIndex(s, m) ==
    /\ AwaitedAnswer(s, m)
    /\ m.success
    /\ Hears(s, m)
    /\ Learns(s, m.from, m.matchIndex)
    /\ commitIndex'[s] > commitIndex[s]

\* Where leader s goes back to after a refusal: behind its last entry of the term in the way,
\* or to where that term began (the end of section 5.3).
Back(s, m) ==
    LET own == {i \in Max(1, snapshot[s].index) .. (m.prevLogIndex - 1) :
                   log[s][i].term = m.hintTerm}
    IN  IF m.hintTerm # 0 /\ own # {}
        THEN (CHOOSE i \in own : \A j \in own : i >= j) + 1
        ELSE m.hintIndex

\* Message m refuses a request of an earlier term.  It says nothing of the log, nor of the rounds of
\* this term, even if it was this server that led then.
RefusesOldTerm(m) == ~ m.success /\ m.hintIndex = 0

\* A follower's log does not agree: leader s goes back, and sends from there.
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
\* Pre-votes (D9.6): before it raises its term, a server asks whether it would be elected.  It
\* tells the term that it would go to, and nobody's state changes for being asked.

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

\* Without clocks, server s may always have heard of a leader lately.
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
\* Leaders that give up, or hand over

\* Leader s stops leading, in its term.
Abdicates(s) ==
    /\ up[s]
    /\ role[s] = "leader"
    /\ role' = [role EXCEPT ![s] = "follower"]
    /\ Forgets(s)
    /\ UNCHANGED <<voteVars, logVars, up, hostVars>>

\* Leader s has heard from no quorum for too long (D6.2).
CheckQuorum(s) ==
    /\ "check-quorum" \in Options
    /\ Abdicates(s)

\* Leader s tells p, whose log is as long as its own, to begin an election (D3.10).
TransferLeadership(s, p) ==
    /\ "transfer" \in Options
    /\ up[s]
    /\ role[s] = "leader"
    /\ p \in Others(s)
    /\ p \in ConfigOf(log[s]).voters
    /\ matchIndex[s][p] = Len(log[s])
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MTimeoutNow(currentTerm[s], s, p)})

\* Server s begins an election as its leader asks, without waiting and without pre-votes.
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

\* Leader s knows the latest commitIndex: it has committed an entry of its term.
KnowsCommitted(s) == TermAt(log[s], commitIndex[s]) = currentTerm[s]

\* The furthest that anything is committed: what a read must see.
Floor ==
    LET C == {commitIndex[p] : p \in {p \in Servers : up[p]}}
    IN  CHOOSE i \in C : \A j \in C : i >= j

\* Leader s is asked to read: it remembers commitIndex, and asks around whether it still
\* leads.  Where it is a quorum by itself it knows.
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

\* Leader s answers a read at once, for its lease lasts: nothing is checked here.
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

\* Server s compacts its log as far as it is committed; the snapshot is sent in so many parts.
TakeSnapshot(s, parts) ==
    /\ "snapshots" \in Options
    /\ up[s]
    /\ commitIndex[s] > snapshot[s].index
    /\ snapshot' = [snapshot EXCEPT ![s] = [index |-> commitIndex[s], parts |-> parts]]
    /\ offset' = [offset EXCEPT ![s] = NoMatch(s)]
    /\ UNCHANGED <<role, voteVars, log, commitIndex, incoming, votesGranted, nextIndex>>
    /\ UNCHANGED <<matchIndex, readVars, up>>
    /\ Emit(s, {})

\* Message m is a chunk from who leads, as far as s can know.
ChunkFor(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshot"
    /\ m.leader # s
    /\ m.term >= currentTerm[s]
    /\ ~ (m.term = currentTerm[s] /\ role[s] = "leader")

\* How many chunks of the snapshot in m server s has.
Got(s, m) ==
    IF incoming[s].term = m.term /\ incoming[s].index = m.lastIncludedIndex
    THEN incoming[s].got ELSE 0

\* Chunk m is the last one that server s needs.
Completes(s, m) == m.lastIncludedIndex > commitIndex[s] /\ m.offset = Got(s, m) /\ m.done

\* Server s takes a chunk, unless it is not the one that it needs next, and says how many it
\* has.  A snapshot of what it knows to be committed it needs no more.
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

\* Server s puts the snapshot in the place of its log; of that it keeps what comes behind the
\* snapshot, if its log agrees with it.
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

\* Server s refuses a chunk of an old term.
RejectChunk(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshot"
    /\ m.leader # s
    /\ m.term < currentTerm[s]
    /\ UNCHANGED <<role, voteVars, logVars, leaderVars, up>>
    /\ Emit(s, {MSnapshotResponse(currentTerm[s], s, m.leader, m.lastIncludedIndex, 0, FALSE)})

\* Message m is an answer of this term to a chunk of leader s.
AwaitedReceipt(s, m) ==
    /\ up[s]
    /\ m.type = "InstallSnapshotResponse"
    /\ m.to = s
    /\ m.term = currentTerm[s]
    /\ role[s] = "leader"

\* A follower needs another chunk than the one it was sent last.
WantsChunk(s, m) ==
    /\ ~ m.done
    /\ m.lastIncludedIndex = snapshot[s].index
    /\ NeedsSnapshot(s, nextIndex[s][m.from])
    /\ m.received # offset[s][m.from]

\* Leader s sends it.
SendChunk(s, m) ==
    /\ AwaitedReceipt(s, m)
    /\ WantsChunk(s, m)
    /\ offset' = [offset EXCEPT ![s][m.from] = m.received]
    /\ UNCHANGED <<role, voteVars, logVars, votesGranted, nextIndex, matchIndex, readVars, up>>
    /\ Emit(s, {Chunk(currentTerm[s], s, log[s], m.received)})

\* Leader s learns that a follower has all that a snapshot stands for.
RecordSnapshot(s, m) ==
    /\ AwaitedReceipt(s, m)
    /\ m.done
    /\ Learns(s, m.from, m.lastIncludedIndex)
    /\ UNCHANGED readVars

-----------------------------------------------------------------------------
\* Changes of the configuration (D4)

Configurations ==
    {Configuration(v, o, l) : v \in SUBSET Servers \ {{}}, o \in SUBSET Servers,
                              l \in SUBSET Servers}

\* The voters of c and d differ in one server at most.
OneApart(c, d) ==
    Cardinality(c.voters \ d.voters) + Cardinality(d.voters \ c.voters) <= 1

\* Leader s appends a configuration.  The one before is committed, and so is an entry of the
\* leader's own term: without that two leaders could change it side by side (Ongaro, "bug in
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

\* Leader s leaves a joint configuration that is committed (D4.3).
LeaveJoint(s) ==
    LET d == ConfigOf(log[s])
    IN  /\ up[s]
        /\ role[s] = "leader"
        /\ d.old # {}
        /\ ConfigIndex(log[s]) <= commitIndex[s]
        /\ Appends(s, Config(currentTerm[s], [d EXCEPT !.old = {}]))

\* Leader s is not in the configuration that is committed: it stops leading (D4.2.2).
Resign(s) ==
    /\ Changing
    /\ ConfigIndex(log[s]) <= commitIndex[s]
    /\ ~ VotesIn(ConfigOf(log[s]), s)
    /\ Abdicates(s)

-----------------------------------------------------------------------------
\* Any server

\* Server s drops a message that is late, repeated or not for its role.
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
       \* Without clocks, server s may always have heard of a leader lately (D4.2.3).
       \/ /\ m.type = "RequestVote"
          /\ "check-quorum" \in Options
          /\ m.cand # s
          /\ m.term >= currentTerm[s]
          /\ ~ m.transfer
    /\ UNCHANGED vars

\* Server s crashes when the disk had reached the first k of its waiting writes.  The others,
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

\* Server s comes up again, with what its disk holds.
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

\* Each of the protocol's own steps, without crashes.
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
\* What must hold

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

\* Who is known to have led which term: whoever did has sent an entry of it.
Led ==
    {<<m.term, m.leader>> : m \in {m \in msgs : m.type = "AppendEntries"}}
        \cup {<<currentTerm[s], s>> : s \in {s \in Servers : role[s] = "leader"}}

\* At most one server leads in a term (Figure 3).
ElectionSafety == \A a, b \in Led : a[1] = b[1] => a = b

\* A server votes for one candidate in a term.
Votes ==
    {<<m.from, m.term, m.to>> : m \in {m \in msgs : m.type = "RequestVoteResponse" /\ m.granted}}

VotesOnce == \A a, b \in Votes : a[1] = b[1] /\ a[2] = b[2] => a = b

\* The last index up to i at which the logs L and M have entries of one term; 0 if there is none.
\* (From the end: in long logs that are alike it is found at once.)
RECURSIVE LastOfOneTerm(_, _, _)
LastOfOneTerm(L, M, i) ==
    IF i = 0 THEN 0 ELSE IF L[i].term = M[i].term THEN i ELSE LastOfOneTerm(L, M, i - 1)

\* If two logs have an entry with the same index and term, they agree up to there (Figure 3).
\* (If they agree up to the last such index, they do up to each.)
LogMatching ==
    \A s, p \in Servers :
        LET last == LastOfOneTerm(log[s], log[p], Min(Len(log[s]), Len(log[p])))
        IN  SubSeq(log[s], 1, last) = SubSeq(log[p], 1, last)

\* What two servers take to be committed is the same (Figure 3, State Machine Safety).
StateMachineSafety ==
    \A s, p \in Servers :
        LET i == Min(commitIndex[s], commitIndex[p])
        IN  SubSeq(log[s], 1, i) = SubSeq(log[p], 1, i)

\* What a server takes to be committed is in the log of every leader of a later term (Figure
\* 3, Leader Completeness).
LeaderCompleteness ==
    \A s, p \in Servers :
        role[p] = "leader" /\ currentTerm[p] >= currentTerm[s] =>
            /\ commitIndex[s] <= Len(log[p])
            /\ SubSeq(log[s], 1, commitIndex[s]) = SubSeq(log[p], 1, commitIndex[s])

\* The configurations that somebody may use.
InUse ==
    {FirstConfiguration} \cup
    UNION {{log[s][i].config : i \in {i \in 1 .. Len(log[s]) : log[s][i].kind = "config"}} :
               s \in IF Changing THEN Servers ELSE {}}

\* What is taken to be committed is on the disks of a quorum.  A server that is a quorum by itself
\* may still be writing it: whatever it says of it waits for that.
CommittedIsDurable ==
    \A s \in Servers :
        LET i    == commitIndex[s]
            have == {p \in Servers : Len(durable[p].log) >= i /\ durable[p].log[i] = log[s][i]}
        IN  i > 0 => \E c \in InUse : IsQuorumOf(c, have) \/ IsQuorumOf(c, {s})

\* What a server said rests on what its disk holds: a crash cannot make it untrue.
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
\* What no step may do

\* A leader never overwrites or deletes entries in its log, it only appends (Figure 3).
LeaderAppendOnly ==
    [][\A s \in Servers :
          role[s] = "leader" /\ role'[s] = "leader" /\ currentTerm'[s] = currentTerm[s]
             => Len(log'[s]) >= Len(log[s]) /\ SubSeq(log'[s], 1, Len(log[s])) = log[s]]_vars

\* Terms and commitIndex never go back, but for a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ currentTerm'[s] >= currentTerm[s]
                    /\ commitIndex'[s] >= commitIndex[s]
                    /\ snapshot'[s].index >= snapshot[s].index]_vars

\* A read sees all that was committed when it was asked for (D6.4).
ReadsAreFresh ==
    [][\A s \in Servers :
          role'[s] = "leader" /\ currentTerm'[s] = currentTerm[s]
             => \A r \in reads[s] \ reads'[s] : r.index >= r.floor]_vars
=============================================================================
