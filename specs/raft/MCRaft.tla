------------------------------- MODULE MCRaft -------------------------------
(***************************************************************************)
(* Raft within bounds that TLC can exhaust: terms up to MaxTerm, each      *)
(* value asked for while it is in no log.  Parts says which optional       *)
(* actions take part:                                                      *)
(*   "accept"     entries are taken; without it there are elections alone; *)
(*   "deny"       refusals of a vote by a server whose term stays;         *)
(*   "reject"     refusals of entries that do not fit, and the way back;   *)
(*   "stale"      refusals of entries of an old term;                      *)
(*   "heartbeat"  heartbeats, which also carry commitIndex on;             *)
(*   "old"        requests of earlier terms arrive late.                   *)
(* Options of Raft.tla that are on take part within the bounds of Changes, *)
(* Chunks and MaxReads, which configurations override.                     *)
(* What is left out can only keep a server from learning something:        *)
(* without it fewer behaviours are seen, and no new ones.                  *)
(***************************************************************************)
EXTENDS Raft, TLC

CONSTANTS
    MaxTerm,          \* terms are 0 .. MaxTerm
    Starters,         \* the servers whose election time-out may run out
    First, Second,    \* two of them, for models in which they take turns
    Parts             \* optional parts that are switched on

Majority == {Q \in SUBSET Servers : Cardinality(Q) = (Cardinality(Servers) \div 2) + 1}

Part(part) == part \in Parts

Everybody == Servers

\* The configurations that may be asked for, the parts of a snapshot, and how many reads a
\* leader may have asked for.
Changes == {}
Chunks == 2
MaxReads == 1

\* Server s may begin term t.
MayStart(s, t) == t <= MaxTerm

\* First and Second take turns.
TakingTurns(s, t) == t <= MaxTerm /\ s = IF t % 2 = 1 THEN First ELSE Second

\* For random behaviours, which would otherwise hold one election after the other: nobody begins
\* one while a leader has entries to commit, or while somebody may yet win the latest.
Unhurried(s, t) ==
    /\ t <= MaxTerm
    /\ \A p \in Servers :
          /\ role[p] = "leader" => commitIndex[p] = Len(log[p])
          /\ role[p] = "candidate" => \E q \in Servers : votedFor[q] \notin {None, p}

\* Value v is in some log.
Asked(v) == \E s \in Servers : \E i \in 1 .. Len(log[s]) : log[s][i].val = v

Wishes == {v \in Values : ~ Asked(v)}

\* The messages that server s may take: those of its own term and later ones, and earlier ones
\* if that part takes part.
For(s) == IF Part("old") THEN msgs ELSE {m \in msgs : m.term >= currentTerm[s]}

\* What a heartbeat of leader s would say is new.
News(s) ==
    ~ (Batches(currentTerm[s], s, Peers(s, log[s]), Now(s)) \subseteq msgs)

\* Who may begin an election, and what takes part of what each server may do.
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

\* Servers that may crash or start elections are not like the others.  Sound for safety only.
Symmetry ==
    Permutations(Servers \ (MayCrash \cup Starters))
        \cup Permutations((Servers \cap Starters) \ MayCrash)
        \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Liveness, with one server that starts elections and is never cut off: every step that
\* stays possible is taken.

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
\* Reachability: each of these is claimed never to happen, and TLC must find that it does.

NeverLeads == \A s \in Servers : role[s] # "leader"

NeverTwoLeaders ==
    ~ \E m, k \in msgs :
        m.type = "AppendEntries" /\ k.type = "AppendEntries" /\ m.leader # k.leader

NeverCommitted == \A s \in Servers : commitIndex[s] < 2

\* An entry was taken back: what some request brought is no longer in its follower's log.
NeverOverwritten ==
    [][\A s \in Servers : SubSeq(log'[s], 1, Min(Len(log[s]), Len(log'[s]))) = log[s]]_vars

\* The situation of Figure 8: a leader has replicated an entry of an earlier term to a quorum,
\* and none of its own.
NeverFigure8 ==
    ~ \E s \in Servers : \E i \in 1 .. Len(log[s]) :
        /\ role[s] = "leader"
        /\ log[s][i].term < currentTerm[s]
        /\ commitIndex[s] < i
        /\ IsQuorum(s, {s} \cup {p \in Others(s) : matchIndex[s][p] >= i})
        /\ \A j \in (i + 1) .. Len(log[s]) : log[s][j].term = currentTerm[s] =>
              ~ IsQuorum(s, {s} \cup {p \in Others(s) : matchIndex[s][p] >= j})

\* Nobody was ever sent a snapshot and took it.
NeverInstalled ==
    ~ \E m \in msgs :
        m.type = "InstallSnapshotResponse" /\ m.done /\ snapshot[m.from].index >= m.lastIncludedIndex

-----------------------------------------------------------------------------
\* Planted bugs, put in by override: each model that uses one must fail.

\* A vote for anybody, however old the log.
AlwaysUpToDate(lastTerm, lastIndex, L) == TRUE

\* An entry is committed by counting, whatever its term (Figure 8).
CommitByCounting(s, L, match, i) ==
    IsQuorumOf(ConfigOf(L), {s} \cup {p \in Others(s) : match[p] >= i})

\* The log is cut off behind whatever arrives.
CutOff(L, prev, entries) == SubSeq(L, 1, prev) \o entries

\* The vote is not on the disk.
ForgetfulVolatile(s) ==
    [currentTerm |-> currentTerm[s], votedFor |-> None, log |-> log[s],
     snapshot |-> snapshot[s]]

\* A leader that does not wait until it has committed an entry of its term (the bug of 2015).
Careless(s) == TRUE

-----------------------------------------------------------------------------
\* For models of changes: First may remove one server and Second another, such that two
\* quorums of what is left need not meet.  All servers vote at first.
Without(s) == Configuration(Servers \ {s}, {}, {})
TwoRemovals ==
    {Without(First)} \cup {Without(s) : s \in {CHOOSE s \in Servers : s \notin Starters}}

\* ... in which entries are taken from Second alone, and only by who starts no election.
FromSecond(s) == {m \in For(s) : s \notin Starters /\ m.type = "AppendEntries" /\ m.leader = Second}

\* One joint change, to all servers but one that never starts an election.
Halfway ==
    LET gone == CHOOSE s \in Servers : s \notin Starters
    IN  {Configuration(Servers \ {gone}, Servers, {})}
=============================================================================
