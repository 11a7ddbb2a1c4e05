------------------------------- MODULE MCRaft -------------------------------
(***************************************************************************)
(* Raft within bounds that TLC can exhaust: terms up to MaxTerm, and each  *)
(* value requested only while it is in no log.  Parts selects the optional *)
(* actions:                                                                *)
(*   "accept"     entries are accepted; without it: only elections;        *)
(*   "deny"       votes denied by a server whose term does not change;     *)
(*   "reject"     rejection of entries that do not fit, and backing up;    *)
(*   "stale"      rejection of entries of an old term;                     *)
(*   "heartbeat"  heartbeats, which also spread commitIndex;               *)
(*   "old"        requests of earlier terms arrive late.                   *)
(* Options of Raft.tla are bounded by Changes, Chunks and MaxReads, which  *)
(* models override.                                                        *)
(* Leaving a part out can only keep a server from learning something:      *)
(* fewer behaviours are explored, and no new ones are added.               *)
(***************************************************************************)
EXTENDS Raft, TLC

CONSTANTS
    MaxTerm,          \* terms are 0 .. MaxTerm
    Starters,         \* the servers whose election timeout may expire
    First, Second,    \* two of them, for models in which they take turns
    Parts             \* optional actions that are included

Majority == {Q \in SUBSET Servers : Cardinality(Q) = (Cardinality(Servers) \div 2) + 1}

Part(part) == part \in Parts

Everybody == Servers

\* The configurations that may be requested, the chunks of a snapshot, and the number of reads that
\* may be requested of a leader.
Changes == {}
Chunks == 2
MaxReads == 1

\* Server s may begin term t.
MayStart(s, t) == t <= MaxTerm

\* First and Second take turns.
TakingTurns(s, t) == t <= MaxTerm /\ s = IF t % 2 = 1 THEN First ELSE Second

\* For random behaviours, which would otherwise hold one election after the other: no server begins
\* an election while a leader has entries to commit, or while a candidate may still win.
Unhurried(s, t) ==
    /\ t <= MaxTerm
    /\ \A p \in Servers :
          /\ role[p] = "leader" => commitIndex[p] = Len(log[p])
          /\ role[p] = "candidate" => \E q \in Servers : votedFor[q] \notin {None, p}

\* Value v is in some log.
Asked(v) == \E s \in Servers : \E i \in 1 .. Len(log[s]) : log[s][i].val = v

Wishes == {v \in Values : ~ Asked(v)}

\* The messages that server s may receive: those of its own term and later ones, and earlier ones
\* if the part "old" is included.
For(s) == IF Part("old") THEN msgs ELSE {m \in msgs : m.term >= currentTerm[s]}

\* A heartbeat of leader s would send a message that was never sent before.
News(s) ==
    ~ (Batches(currentTerm[s], s, Peers(s, log[s]), Now(s)) \subseteq msgs)

\* The servers that may begin an election, and the included actions of each server.
Starting == {s \in Starters : MayStart(s, currentTerm[s] + 1)}
Refusable(s) == {m \in For(s) : Part("deny") \/ m.term > currentTerm[s]}
Beating ==
    IF Part("heartbeat") THEN {s \in Servers : role[s] = "leader" /\ News(s)} ELSE {}
Takeable(s) == IF Part("accept") THEN For(s) ELSE {}
Rejectable(s) == {m \in For(s) : Part(IF m.term < currentTerm[s] THEN "stale" ELSE "reject")}

PreRefusable(s) == IF Part("deny") THEN msgs ELSE {m \in msgs : m.term <= currentTerm[s]}
Reading == {s \in Servers : round[s] < MaxReads}

\* Reply, LeaseRead and Ignore change nothing and are left out; so is RejectChunk.
MCSteps ==
    \/ \E s \in Starting : Timeout(s)
    \/ \E s \in Servers : \E m \in For(s) : GrantVote(s, m)
    \/ \E s \in Servers : \E m \in Refusable(s) : DenyVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : BecomeLeader(s, m)
    \/ \E s \in Servers : \E m \in msgs : StepDown(s, m)
    \/ \E s \in Servers : \E v \in Wishes : ClientRequest(s, v)
    \/ \E s \in Beating : Heartbeat(s)
    \/ \E s \in Servers : \E m \in Takeable(s) : AcceptEntries(s, m)
    \/ \E s \in Servers : \E m \in Rejectable(s) : RejectEntries(s, m)
    \/ \E s \in Servers : \E m \in msgs : RecordMatch(s, m)
    \/ \E s \in Servers : \E m \in msgs : AdvanceCommitIndex(s, m)
    \/ \E s \in Servers : \E m \in msgs : DecrementNextIndex(s, m)
    \/ \E s \in Servers : Flush(s)
    \/ \E s \in Starting : PreVote(s)
    \/ \E s \in Servers : \E m \in For(s) : GrantPreVote(s, m)
    \/ \E s \in Servers : \E m \in PreRefusable(s) : DenyPreVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountPreVote(s, m)
    \/ \E s \in Starting : \E m \in msgs : WinPreVote(s, m)
    \/ \E s \in Servers : CheckQuorum(s)
    \/ \E s \in Servers : \E p \in Others(s) : TransferLeadership(s, p)
    \/ \E s \in Starting : \E m \in msgs : TimeoutNow(s, m)
    \/ \E s \in Reading : ReadIndex(s)
    \/ \E s \in Servers : TakeSnapshot(s, Chunks)
    \/ \E s \in Servers : \E m \in For(s) : AcceptChunk(s, m)
    \/ \E s \in Servers : \E m \in For(s) : InstallSnapshot(s, m)
    \/ \E s \in Servers : \E m \in For(s) : SendChunk(s, m)
    \/ \E s \in Servers : \E m \in For(s) : RecordSnapshot(s, m)
    \/ \E s \in Servers : \E c \in Changes : ChangeConfiguration(s, c)
    \/ \E s \in Servers : LeaveJoint(s)
    \/ \E s \in Servers : Resign(s)

MCNext == MCSteps \/ Crashes

MCSpec == Init /\ [][MCNext]_vars

\* Servers that may crash or start elections are not symmetric.  Sound for safety only.
Symmetry ==
    Permutations(Servers \ (MayCrash \cup Starters))
        \cup Permutations((Servers \cap Starters) \ MayCrash)
        \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Liveness, with one server that starts elections and is never cut off: every step that
\* stays enabled is taken in the end.

Fairness ==
    /\ WF_vars(\E s \in Starting : Timeout(s))
    /\ \A s \in Servers :
          /\ WF_vars(\E m \in msgs : GrantVote(s, m))
          /\ WF_vars(\E m \in msgs : BecomeLeader(s, m))
          /\ WF_vars(\E m \in msgs : CountVote(s, m))
          /\ WF_vars(\E v \in Wishes : ClientRequest(s, v))
          /\ \A p \in Servers :
                WF_vars(\E m \in msgs : m.type = "AppendEntriesResponse" /\ m.from = p
                                          /\ (RecordMatch(s, m) \/ AdvanceCommitIndex(s, m)))
          /\ \A k \in 0 .. Cardinality(Values) :
                WF_vars(\E m \in msgs : m.type = "AppendEntries" /\ m.prevLogIndex = k
                                          /\ AcceptEntries(s, m))
          /\ WF_vars(Flush(s))

LiveSpec == Init /\ [][MCSteps]_vars /\ Fairness

EventuallyLeads == <>(\E s \in Servers : role[s] = "leader")
EventuallyCommitted == <>(\E s \in Servers : commitIndex[s] > Cardinality(Values))

-----------------------------------------------------------------------------
\* Reachability: each of these states that something never happens, and TLC must refute it.

NeverLeads == \A s \in Servers : role[s] # "leader"

NeverTwoLeaders ==
    ~ \E m, k \in msgs :
        m.type = "AppendEntries" /\ k.type = "AppendEntries" /\ m.leader # k.leader

NeverCommitted == \A s \in Servers : commitIndex[s] < 2

\* An entry was overwritten: a follower's log no longer has what an earlier request brought.
NeverOverwritten ==
    [][\A s \in Servers : SubSeq(log'[s], 1, Min(Len(log[s]), Len(log'[s]))) = log[s]]_vars

\* The situation of Figure 8: a leader has replicated an entry of an earlier term to a quorum,
\* but no entry of its own term.
NeverFigure8 ==
    ~ \E s \in Servers : \E i \in 1 .. Len(log[s]) :
        /\ role[s] = "leader"
        /\ log[s][i].term < currentTerm[s]
        /\ commitIndex[s] < i
        /\ IsQuorum(s, {s} \cup {p \in Others(s) : matchIndex[s][p] >= i})
        /\ \A j \in (i + 1) .. Len(log[s]) : log[s][j].term = currentTerm[s] =>
              ~ IsQuorum(s, {s} \cup {p \in Others(s) : matchIndex[s][p] >= j})

\* No server has installed a snapshot that it was sent.
NeverInstalled ==
    ~ \E m \in msgs :
        m.type = "InstallSnapshotResponse" /\ m.done /\ snapshot[m.from].index >= m.lastIncludedIndex

-----------------------------------------------------------------------------
\* Seeded bugs, put in by override: each model that uses one must fail.

\* A server votes for any candidate, however old its log.
AlwaysUpToDate(lastTerm, lastIndex, L) == TRUE

\* An entry is committed by counting replicas, whatever its term (Figure 8).
CommitByCounting(s, L, match, i) ==
    IsQuorumOf(ConfigOf(L), {s} \cup {p \in Others(s) : match[p] >= i})

\* The log is cut off after the entries of every request.
CutOff(L, prev, entries) == SubSeq(L, 1, prev) \o entries

\* The vote is not written to disk.
ForgetfulVolatile(s) ==
    [currentTerm |-> currentTerm[s], votedFor |-> None, log |-> log[s],
     snapshot |-> snapshot[s]]

\* A leader does not wait until it has committed an entry of its term (the bug of 2015).
Careless(s) == TRUE

-----------------------------------------------------------------------------
\* For models of changes: First may remove one server and Second another, such that two quorums
\* of the remaining servers need not intersect.  All servers vote initially.
Without(s) == Configuration(Servers \ {s}, {}, {})
TwoRemovals ==
    {Without(First)} \cup {Without(s) : s \in {CHOOSE s \in Servers : s \notin Starters}}

\* Entries are accepted only from Second, and only by a server that starts no election.
FromSecond(s) == {m \in For(s) : s \notin Starters /\ m.type = "AppendEntries" /\ m.leader = Second}

\* One joint change, which removes a server that never starts an election.
Halfway ==
    LET gone == CHOOSE s \in Servers : s \notin Starters
    IN  {Configuration(Servers \ {gone}, Servers, {})}
=============================================================================
