--------------------------- MODULE MultiPaxosTrace ---------------------------
(***************************************************************************)
(* The parts of the trace specification of MultiPaxos.tla that are written *)
(* by hand; the rest is generated.  See Trace.tla for how a trace is       *)
(* checked.                                                                *)
(*                                                                         *)
(* Constants in the trace's header: Servers (a sequence, in the order in   *)
(* which they own ballots), Alpha, DiskQueue; Quorum1 and Quorum2, if they *)
(* are not all majorities of the first members; Members, if not all        *)
(* servers are initial acceptors; Most and Options, if set; and Values, if *)
(* a trace records the requests of clients neither by the parameter v of   *)
(* ClientRequest nor by logs.                                              *)
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

\* Any string may be requested.  (The set of the requested strings would be evaluated before the
\* tables that it depends on.)
Constant_Values == STRING

\* The values that clients requested, as far as the traces or their header record them.
AllAsked ==
    TLCEval(ParamsOf("v") \cup UNION {{L[i].val : i \in 1 .. Len(L)} : L \in ValuesOf("log")}
              \cup HeaderOr("Values", {}))

\* The set of all values is not evaluated if e records the value.
Param_v(e) == ParamOr(e, "v", AllAsked)

\* High enough for each server to begin one more ballot.
Param_b(e) == Param(e, "b", 0 .. (LargestNumber + Len(Header.Servers)))

\* Functions from slots to values, and to sets of voters, as sets of records.
Values1(f) == {[slot |-> j, val |-> f[j]] : j \in DOMAIN f}
Voters(f) == {[slot |-> j, acks |-> f[j]] : j \in DOMAIN f}

\* The inverse functions.
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

\* The log of s, given the snapshot and the entries after it recorded in e.  The entries that a new
\* snapshot covers are those of the server itself, or of the server that sent it.
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
