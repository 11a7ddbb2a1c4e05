----------------------------- MODULE PaxosTrace -----------------------------
(***************************************************************************)
(* The parts of the trace specification of Paxos.tla that are written by   *)
(* hand; the rest is generated.  See Trace.tla for how a trace is checked. *)
(*                                                                         *)
(* Constants in the trace's header: Proposers (a sequence, in the order in *)
(* which they own ballots), Acceptors, Learners, Values, Quorum1, Quorum2, *)
(* DiskQueue.                                                              *)
(***************************************************************************)
EXTENDS Trace

Constant_Proposers == {Header.Proposers[i] : i \in 1 .. Len(Header.Proposers)}
Constant_Owns(p, b) == Header.Proposers[(b % Len(Header.Proposers)) + 1] = p
Constant_MayCrash == TraceNodes

\* High enough for each proposer to begin one more ballot.
Constant_Ballots == 0 .. (LargestNumber + Len(Header.Proposers))

Taken_requested(e, n) ==
    IF Is(e, "Request") THEN requested \cup Param(e, "v", Values) ELSE requested
=============================================================================
