--------------------------- MODULE MultiPaxosTrace ---------------------------
(***************************************************************************)
(* What a trace of MultiPaxos.tla does not say by itself; the rest of the  *)
(* trace specification is generated.  See Trace.tla for how a trace is     *)
(* checked.                                                                *)
(*                                                                         *)
(* Constants of the trace's header: Servers (a sequence, in the order in   *)
(* which they own ballots), Alpha, DiskQueue; Quorum1 and Quorum2, where   *)
(* they are not all majorities of the first members; Members, where not    *)
(* all servers are acceptors at first; Most, Options, where any is on;     *)
(* and Values, where a trace shows what clients asked for neither by the   *)
(* parameter v of ClientRequest nor by logs.                               *)
(***************************************************************************)
EXTENDS Trace

Constant_Proposers == Header.Servers
Constant_Servers == {Header.Servers[i] : i \in 1 .. Len(Header.Servers)}
Constant_Members == HeaderOr("Members", Constant_Servers)
Constant_Most == HeaderOr("Most", 1000000)
Constant_Options == HeaderOr("Options", {})
Majorities ==
    {Q \in SUBSET Constant_Members : Cardinality(Q) = (Cardinality(Constant_Members) \div 2) + 1}
Constant_Quorum1 == HeaderOr("Quorum1", Majorities)
Constant_Quorum2 == HeaderOr("Quorum2", Majorities)
Constant_MayCrash == TraceNodes

\* Any string may be asked for.  (A set of those that were would be worked out before the
\* tables that it hangs on.)
Constant_Values == STRING

\* What clients asked for, as far as anything in the traces or their header says so.
AllAsked ==
    TLCEval(ParamsOf("v") \cup UNION {{L[i].val : i \in 1 .. Len(L)} : L \in ValuesOf("log")}
              \cup HeaderOr("Values", {}))

\* The set of all is not worked out where e says it.
Param_v(e) == ParamOr(e, "v", AllAsked)

\* High enough that each server could begin one more ballot.
Param_b(e) == Param(e, "b", 0 .. (LargestNumber + Len(Header.Servers)))

\* Slots to values, and to those who voted, as sets of records.
Values1(f) == {[slot |-> j, val |-> f[j]] : j \in DOMAIN f}
Voters(f) == {[slot |-> j, acks |-> f[j]] : j \in DOMAIN f}

\* ... and back.
Function(S) == [j \in {r.slot : r \in S} |-> (CHOOSE r \in S : r.slot = j).val]
VoteFunction(S) ==
    [j \in {r.slot : r \in S} |->
        LET r == CHOOSE r \in S : r.slot = j IN [bal |-> r.bal, val |-> r.val]]
AckFunction(S) == [j \in {r.slot : r \in S} |-> (CHOOSE r \in S : r.slot = j).acks]

Shown_votes(s) == Told(votes[s])
Shown_log(s) == SubSeq(log[s], snapshot[s] + 1, Len(log[s]))
Shown_early(s) == Values1(early[s])
Shown_told(s) == Told(told[s])
Shown_proposed(s) == Values1(proposed[s])
Shown_acks(s) == Voters(acks[s])
Shown_durable(s) ==
    [maxBal |-> durable[s].maxBal, votes |-> Told(durable[s].votes),
     snapshot |-> durable[s].snapshot]

Taken_votes(e, s) == VoteFunction(Took(e, "votes", Shown_votes(s)))
Taken_early(e, s) == Function(Took(e, "early", Shown_early(s)))
Taken_told(e, s) == VoteFunction(Took(e, "told", Shown_told(s)))
Taken_proposed(e, s) == Function(Took(e, "proposed", Shown_proposed(s)))
Taken_acks(e, s) == AckFunction(Took(e, "acks", Shown_acks(s)))

\* The log of s, of which the snapshot and what comes behind it are recorded in e.  What a new
\* snapshot stands for is the server's own, or that of who sent it.
Taken_log(e, s) ==
    LET snap == Took(e, "snapshot", snapshot[s])
        sent == /\ snap # snapshot[s]
                /\ Recorded(e, 4)
                /\ Value(e, 4).type = "snapshot"
                /\ Len(log[Value(e, 4).from]) >= snap
        from == IF sent THEN log[Value(e, 4).from] ELSE log[s]
    IN  SubSeq(from, 1, Min(snap, Len(from))) \o Took(e, "log", Shown_log(s))

Taken_durable(e, s) ==
    LET whole == Taken_log(e, s)
        dur == Took(e, "durable", Shown_durable(s))
    IN  [maxBal |-> dur.maxBal, votes |-> VoteFunction(dur.votes), snapshot |-> dur.snapshot,
         log |-> SubSeq(whole, 1, Min(dur.snapshot, Len(whole)))]
=============================================================================
