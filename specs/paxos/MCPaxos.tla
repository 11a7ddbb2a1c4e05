------------------------------ MODULE MCPaxos ------------------------------
(***************************************************************************)
(* Paxos within bounds that TLC can exhaust.  The constants that are sets  *)
(* of model values come from the .cfg; quorums and the owners of ballots   *)
(* are defined here and put in by override.  Parts selects the optional    *)
(* actions:                                                                *)
(*   "nack"   rejections.                                                  *)
(* Learners = {} leaves out the learners (chosen is defined by messages    *)
(* alone), MayCrash = {} leaves out crashes, and DiskQueue = 0 the states  *)
(* between a write and the moment when it becomes durable.                 *)
(***************************************************************************)
EXTENDS Paxos, TLC

CONSTANTS
    FirstProposer,     \* owns the even ballots
    SecondProposer,    \* owns the odd ballots
    MaxBallot,         \* ballots are 0 .. MaxBallot
    Parts              \* optional actions that are included

MCBallots == 0 .. MaxBallot

MCOwns(p, b) == IF b % 2 = 0 THEN p = FirstProposer ELSE p = SecondProposer

Subsets(n) == {Q \in SUBSET Acceptors : Cardinality(Q) = n}

\* Any majority, in both phases.
Majority == Subsets((Cardinality(Acceptors) \div 2) + 1)

\* Flexible Paxos: every quorum of phase 1 intersects every quorum of phase 2; quorums of the
\* same phase need not intersect.
Large == Subsets(Cardinality(Acceptors) - 1)
Small == Subsets(2)

ASSUME BallotsAreUnique ==
    \A b \in Ballots : Cardinality({p \in Proposers : Owns(p, b)}) <= 1

\* The values that the client of p may still request: one value, once.
Wishes(p) == IF want[p] = None THEN Values ELSE {}

\* The messages, if the part is included.
If(part) == IF part \in Parts THEN msgs ELSE {}

\* Ignore changes nothing; Resend and Remind send only messages that are in msgs or that already
\* wait for the disk.  They are left out, because they add no state.
MCSteps ==
    \/ \E p \in Proposers : \E v \in Wishes(p) : Request(p, v)
    \/ \E p \in Proposers : \E b \in Ballots : Phase1a(p, b)
    \/ \E p \in Proposers : \E m \in msgs : Promise(p, m)
    \/ \E p \in Proposers : \E m \in msgs : Phase2a(p, m)
    \/ \E p \in Proposers : \E m \in If("nack") : Rejected(p, m)
    \/ \E a \in Acceptors : \E m \in msgs : Phase1b(a, m)
    \/ \E a \in Acceptors : \E m \in msgs : Phase2b(a, m)
    \/ \E a \in Acceptors : \E m \in If("nack") : Nack(a, m)
    \/ \E l \in Learners : \E m \in msgs : Vote(l, m)
    \/ \E l \in Learners : \E m \in msgs : Learn(l, m)
    \/ \E n \in Proposers \cup Learners : \E m \in msgs : Chosen(n, m)
    \/ \E n \in Nodes : Flush(n)

MCNext == MCSteps \/ Crashes

MCSpec == Init /\ [][MCNext]_vars

\* Acceptors that may crash are not symmetric.  Sound for safety only.
Symmetry == Permutations(Acceptors \ MayCrash) \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Liveness, with one proposer: every step that stays enabled is taken in the end.

Fairness ==
    /\ \A p \in Proposers :
          /\ WF_vars(\E v \in Wishes(p) : Request(p, v))
          /\ WF_vars(\E b \in Ballots : Phase1a(p, b))
          /\ WF_vars(\E m \in msgs : Promise(p, m) /\ m \notin promises[p])
          /\ WF_vars(\E m \in msgs : Phase2a(p, m))
    /\ \A a \in Acceptors : \A b \in Ballots :
          /\ WF_vars(\E m \in msgs : m.type = "1a" /\ m.bal = b /\ Phase1b(a, m))
          /\ WF_vars(\E m \in msgs : m.type = "2a" /\ m.bal = b /\ Phase2b(a, m))
    /\ \A l \in Learners :
          /\ WF_vars(\E m \in msgs : Vote(l, m) /\ m \notin votes[l])
          /\ WF_vars(\E m \in msgs : Learn(l, m))
    /\ \A n \in Proposers \cup Learners : WF_vars(\E m \in msgs : Chosen(n, m))
    /\ \A n \in Nodes : WF_vars(Flush(n))

LiveSpec == Init /\ [][MCSteps]_vars /\ Fairness

\* Nodes may crash, and a crashed node may or may not restart.
CrashingSpec == Init /\ [][MCNext]_vars /\ Fairness

EventuallyChosen == <>(chosen # {})
EventuallyLearned == <>(\A l \in Learners : learned[l] # None)
EventuallyDone == <>(\A p \in Proposers : phase[p] = "done")

-----------------------------------------------------------------------------
\* Reachability: each of these states that something never happens, and TLC must refute it.

NeverChosen == chosen = {}
NeverLearned == \A l \in Learners : learned[l] = None

\* Two ballots have reached phase 2.
NeverCompete ==
    ~ \E m, k \in msgs : m.type = "2a" /\ k.type = "2a" /\ m.bal # k.bal

\* A proposer had to propose a value that its own client did not request.
NeverAdopted ==
    ~ \E p \in Proposers : phase[p] = "2" /\ pVal[p] # want[p]

\* An acceptor crashed and can restart with an accepted value.
NeverRecovered ==
    ~ \E a \in Acceptors : ~ up[a] /\ durable[a].maxVBal >= 0

-----------------------------------------------------------------------------
\* Seeded bugs, put in by override: each model that uses one must fail.

\* A proposer ignores the accepted values that promises report.
IgnoreAccepted(p, S) == want[p]

\* A node sends messages at once, before the state that they report is durable.
EmitBeforeDurable(n, M) ==
    LET new  == Volatile(n)'
        last == Len(disk[n])
        old  == IF last = 0 THEN durable[n] ELSE disk[n][last].rec
    IN  /\ msgs' = msgs \cup M
        /\ UNCHANGED durable
        /\ IF new = old THEN UNCHANGED disk
           ELSE /\ last < DiskQueue
                /\ disk' = [disk EXCEPT ![n] = Append(@, [rec |-> new, out |-> {}])]
=============================================================================
