------------------------------ MODULE MCPaxos ------------------------------
(***************************************************************************)
(* Paxos within bounds that TLC can exhaust.  The constants that are sets  *)
(* of model values come from the .cfg; quorums and the ownership of        *)
(* ballots are defined here and put in by override.  Parts says which      *)
(* optional actions take part:                                             *)
(*   "nack"   rejections;                                                  *)
(* Learners = {} leaves the learners out (chosen is defined by the         *)
(* messages alone), MayCrash = {} the crashes, and DiskQueue = 0 the       *)
(* moments between a write and its becoming durable.                       *)
(***************************************************************************)
EXTENDS Paxos, TLC

CONSTANTS
    FirstProposer,     \* owns the even ballots; all others share the odd ones out
    SecondProposer,    \* owns the odd ballots
    MaxBallot,         \* ballots are 0 .. MaxBallot
    Parts              \* optional parts that are switched on

MCBallots == 0 .. MaxBallot

MCOwns(p, b) == IF b % 2 = 0 THEN p = FirstProposer ELSE p = SecondProposer

Subsets(n) == {Q \in SUBSET Acceptors : Cardinality(Q) = n}

\* Any majority, in both phases.
Majority == Subsets((Cardinality(Acceptors) \div 2) + 1)

\* Flexible Paxos: all quorums of phase 1 meet all quorums of phase 2, and quorums of the
\* same phase need not meet.
Large == Subsets(Cardinality(Acceptors) - 1)
Small == Subsets(2)

ASSUME BallotsAreUnique ==
    \A b \in Ballots : Cardinality({p \in Proposers : Owns(p, b)}) <= 1

\* What p's client may still ask for: one value, once.
Wishes(p) == IF want[p] = None THEN Values ELSE {}

\* The messages, if the part takes part.
If(part) == IF part \in Parts THEN msgs ELSE {}

\* Ignore changes nothing; Resend and Remind send what is in msgs already, or waits for the
\* disk already.  They are left out: they add no state.
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

\* Acceptors that may crash are not like the others.  Sound for safety only.
Symmetry == Permutations(Acceptors \ MayCrash) \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Liveness, with one proposer, and every step that stays possible taken.

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

\* Nodes may crash, and whether one that crashed ever comes back is left open.
CrashingSpec == Init /\ [][MCNext]_vars /\ Fairness

EventuallyChosen == <>(chosen # {})
EventuallyLearned == <>(\A l \in Learners : learned[l] # None)
EventuallyDone == <>(\A p \in Proposers : phase[p] = "done")

-----------------------------------------------------------------------------
\* Reachability: each of these is claimed never to happen, and TLC must find that it does.

NeverChosen == chosen = {}
NeverLearned == \A l \in Learners : learned[l] = None

\* Two ballots reached phase 2.
NeverCompete ==
    ~ \E m, k \in msgs : m.type = "2a" /\ k.type = "2a" /\ m.bal # k.bal

\* A proposer had to take over a value that its own client had not asked for.
NeverAdopted ==
    ~ \E p \in Proposers : phase[p] = "2" /\ pVal[p] # want[p]

\* An acceptor came back from a crash knowing more than nothing.
NeverRecovered ==
    ~ \E a \in Acceptors : ~ up[a] /\ durable[a].maxVBal >= 0

-----------------------------------------------------------------------------
\* Planted bugs, put in by override: each model that uses one must fail.

\* A proposer that ignores what the promises report.
IgnoreAccepted(p, S) == want[p]

\* A node whose messages leave at once, before what they rest on is durable.
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
