----------------------------- MODULE PaxosTrace -----------------------------
(***************************************************************************)
(* What a trace of Paxos.tla does not say by itself; the rest of the trace *)
(* specification is generated.  See Trace.tla for how a trace is checked.  *)
(*                                                                         *)
(* Constants of the trace's header: Proposers (a sequence, in the order in *)
(* which they own ballots), Acceptors, Learners, Values, Quorum1, Quorum2, *)
(* DiskQueue.                                                              *)
(***************************************************************************)
EXTENDS Trace

Constant_Proposers == {Header.Proposers[i] : i \in 1 .. Len(Header.Proposers)}
Constant_Owns(p, b) == Header.Proposers[(b % Len(Header.Proposers)) + 1] = p
Constant_MayCrash == TraceNodes

\* High enough that each proposer could begin one more ballot.
Constant_Ballots == 0 .. (LargestNumber + Len(Header.Proposers))

Taken_requested(e, n) ==
    IF Is(e, "Request") THEN requested \cup Param(e, "v", Values) ELSE requested
=============================================================================
