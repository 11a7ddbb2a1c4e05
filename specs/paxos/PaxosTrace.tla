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

Agrees(e) ==
    \A n \in Who(e, Nodes) :
        /\ n \in Proposers =>
              /\ Holds(e, "want", want[n])
              /\ Holds(e, "phase", phase[n])
              /\ Holds(e, "pBal", pBal[n])
              /\ Holds(e, "pVal", pVal[n])
              /\ Holds(e, "promises", promises[n])
        /\ n \in Acceptors =>
              /\ Holds(e, "maxBal", maxBal[n])
              /\ Holds(e, "maxVBal", maxVBal[n])
              /\ Holds(e, "maxVal", maxVal[n])
        /\ n \in Learners =>
              /\ Holds(e, "votes", votes[n])
              /\ Holds(e, "learned", learned[n])
        /\ Holds(e, "up", up[n])
        /\ Holds(e, "durable", durable[n])

Sends(e) == SentTakes(e, msgs, msgs')

Snapshot ==
    [requested |-> requested, want |-> want, phase |-> phase, pBal |-> pBal, pVal |-> pVal,
     promises |-> promises, maxBal |-> maxBal, maxVBal |-> maxVBal, maxVal |-> maxVal,
     votes |-> votes, learned |-> learned, up |-> up, durable |-> durable, disk |-> disk,
     msgs |-> msgs]

traceVars == vars
=============================================================================
