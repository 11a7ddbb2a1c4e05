----------------------------- MODULE PaxosTrace -----------------------------
(***************************************************************************)
(* Which step of Paxos.tla a recorded event stands for: one line per       *)
(* action.  See Trace.tla for how a trace is checked.                      *)
(*                                                                         *)
(* Constants of the trace's header: Proposers (a sequence, in the order in *)
(* which they own ballots), Acceptors, Learners, Values, Quorum1, Quorum2, *)
(* DiskQueue; and MaxBallot, at least the highest ballot recorded.         *)
(***************************************************************************)
EXTENDS Trace

TraceProposers == {Header.Proposers[i] : i \in 1 .. Len(Header.Proposers)}
TraceAcceptors == Header.Acceptors
TraceLearners == Header.Learners
TraceValuesAsked == Header.Values
TraceQuorum1 == Header.Quorum1
TraceQuorum2 == Header.Quorum2
TraceDiskQueue == Header.DiskQueue
TraceBallots == 0 .. Header.MaxBallot
TraceOwns(p, b) == Header.Proposers[(b % Len(Header.Proposers)) + 1] = p
TraceMayCrash == TraceNodes

Handle(e) ==
    \/ /\ Is(e, "Request") /\ NothingReceived(e)
       /\ \E p \in Who(e, Proposers) : \E v \in Param(e, "v", Values) : Request(p, v)
    \/ /\ Is(e, "Phase1a") /\ NothingReceived(e)
       /\ \E p \in Who(e, Proposers) : \E b \in Param(e, "b", Ballots) : Phase1a(p, b)
    \/ /\ Is(e, "Promise")
       /\ \E p \in Who(e, Proposers) : \E m \in Received(e, msgs) : Promise(p, m)
    \/ /\ Is(e, "Phase2a")
       /\ \E p \in Who(e, Proposers) : \E m \in Received(e, msgs) : Phase2a(p, m)
    \/ /\ Is(e, "Rejected")
       /\ \E p \in Who(e, Proposers) : \E m \in Received(e, msgs) : Rejected(p, m)
    \/ /\ Is(e, "Resend") /\ NothingReceived(e)
       /\ \E p \in Who(e, Proposers) : Resend(p)
    \/ /\ Is(e, "Phase1b")
       /\ \E a \in Who(e, Acceptors) : \E m \in Received(e, msgs) : Phase1b(a, m)
    \/ /\ Is(e, "Phase2b")
       /\ \E a \in Who(e, Acceptors) : \E m \in Received(e, msgs) : Phase2b(a, m)
    \/ /\ Is(e, "Nack")
       /\ \E a \in Who(e, Acceptors) : \E m \in Received(e, msgs) : Nack(a, m)
    \/ /\ Is(e, "Vote")
       /\ \E l \in Who(e, Learners) : \E m \in Received(e, msgs) : Vote(l, m)
    \/ /\ Is(e, "Learn")
       /\ \E l \in Who(e, Learners) : \E m \in Received(e, msgs) : Learn(l, m)
    \/ /\ Is(e, "Remind")
       /\ \E l \in Who(e, Learners) : \E m \in Received(e, msgs) : Remind(l, m)
    \/ /\ Is(e, "Chosen")
       /\ \E n \in Who(e, Nodes) : \E m \in Received(e, msgs) : Chosen(n, m)
    \/ /\ Is(e, "Ignore")
       /\ \E n \in Who(e, Nodes) : \E m \in Received(e, msgs) : Ignore(n, m)
    \/ /\ Is(e, "Flush") /\ NothingReceived(e)
       /\ \E n \in Who(e, Nodes) : Flush(n)
    \/ /\ Is(e, "Crash") /\ NothingReceived(e)
       /\ \E n \in Who(e, Nodes) : \E k \in Param(e, "kept", 0 .. Len(disk[n])) : Crash(n, k)
    \/ /\ Is(e, "Restart") /\ NothingReceived(e)
       /\ \E n \in Who(e, Nodes) : Restart(n)

\* A variable of a role that n does not play is shown as None, and is never recorded.
Shown(n) ==
    LET p == n \in Proposers
        a == n \in Acceptors
        l == n \in Learners
    IN  [want     |-> IF p THEN want[n] ELSE None,
         phase    |-> IF p THEN phase[n] ELSE None,
         pBal     |-> IF p THEN pBal[n] ELSE None,
         pVal     |-> IF p THEN pVal[n] ELSE None,
         promises |-> IF p THEN promises[n] ELSE None,
         maxBal   |-> IF a THEN maxBal[n] ELSE None,
         maxVBal  |-> IF a THEN maxVBal[n] ELSE None,
         maxVal   |-> IF a THEN maxVal[n] ELSE None,
         votes    |-> IF l THEN votes[n] ELSE None,
         learned  |-> IF l THEN learned[n] ELSE None,
         up       |-> up[n],
         durable  |-> durable[n]]

Sends(e) == SentTakes(e, msgs, msgs')

Take(e) ==
    LET n == Value(e, 2)
        Of(role, f, name) == IF n \in role THEN [f EXCEPT ![n] = Took(e, name, @)] ELSE f
    IN  /\ requested' = IF Is(e, "Request") THEN requested \cup Param(e, "v", Values) ELSE requested
        /\ want' = Of(Proposers, want, "want")
        /\ phase' = Of(Proposers, phase, "phase")
        /\ pBal' = Of(Proposers, pBal, "pBal")
        /\ pVal' = Of(Proposers, pVal, "pVal")
        /\ promises' = Of(Proposers, promises, "promises")
        /\ maxBal' = Of(Acceptors, maxBal, "maxBal")
        /\ maxVBal' = Of(Acceptors, maxVBal, "maxVBal")
        /\ maxVal' = Of(Acceptors, maxVal, "maxVal")
        /\ votes' = Of(Learners, votes, "votes")
        /\ learned' = Of(Learners, learned, "learned")
        /\ up' = Of(Nodes, up, "up")
        /\ durable' = Of(Nodes, durable, "durable")
        /\ msgs' = TookSent(e, msgs)
        /\ UNCHANGED disk

Snapshot ==
    [requested |-> requested, want |-> want, phase |-> phase, pBal |-> pBal, pVal |-> pVal,
     promises |-> promises, maxBal |-> maxBal, maxVBal |-> maxVBal, maxVal |-> maxVal,
     votes |-> votes, learned |-> learned, up |-> up, durable |-> durable, disk |-> disk,
     msgs |-> msgs]
=============================================================================
