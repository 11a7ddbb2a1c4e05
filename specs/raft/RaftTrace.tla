----------------------------- MODULE RaftTrace -----------------------------
(***************************************************************************)
(* The parts of the trace specification of Raft.tla that are written by    *)
(* hand; the rest is generated.  See Trace.tla for how a trace is checked. *)
(*                                                                         *)
(* Constants in the trace's header: Servers, Batch, DiskQueue; Quorums, if *)
(* they are not all majorities of the first voters; Options, if any is     *)
(* switched on; Voters, if not all servers vote initially; Window, if      *)
(* entries wait to be sent; and Values, if a trace records the requests of *)
(* clients neither by the parameter v of ClientRequest nor by logs.        *)
(*                                                                         *)
(***************************************************************************)
EXTENDS Trace

Constant_Options == HeaderOr("Options", {})
Constant_Window == HeaderOr("Window", 1000000)
Constant_Voters == HeaderOr("Voters", Header.Servers)
Constant_Quorums ==
    IF "Quorums" \in DOMAIN Header THEN Header.Quorums
    ELSE {Q \in SUBSET Constant_Voters :
             Cardinality(Q) = (Cardinality(Constant_Voters) \div 2) + 1}
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
Param_c(e) == ParamOr(e, "c", Configurations)

\* A snapshot is sent in any number of chunks, up to 9 if e does not record it.
Handle_TakeSnapshot(e) ==
    /\ NothingReceived(e)
    /\ \E s \in Who(e, Servers) : \E k \in ParamOr(e, "parts", 1 .. 9) : TakeSnapshot(s, k)

\* The part of a log that an implementation keeps.
Kept(L, snap) == SubSeq(L, snap.index + 1, Len(L))

Shown_log(s) == Kept(log[s], snapshot[s])
Shown_reads(s) == {[round |-> r.round, index |-> r.index] : r \in reads[s]}
Shown_durable(s) == [durable[s] EXCEPT !.log = Kept(@, durable[s].snapshot)]

\* The log of s, given the snapshot and the entries after it recorded in e.  The entries that a new
\* snapshot covers are those of the server itself, or of the leader that sent it.
Taken_log(e, s) ==
    LET snap == Took(e, "snapshot", snapshot[s])
        sent == /\ snap # snapshot[s]
                /\ Recorded(e, 4)
                /\ Value(e, 4).type = "InstallSnapshot"
                /\ Len(log[Value(e, 4).leader]) >= snap.index
        from == IF sent THEN log[Value(e, 4).leader] ELSE log[s]
    IN  SubSeq(from, 1, Min(snap.index, Len(from))) \o Took(e, "log", Shown_log(s))

Taken_reads(e, s) ==
    {[round |-> r.round, index |-> r.index, floor |-> r.index] :
        r \in Took(e, "reads", Shown_reads(s))}

Taken_durable(e, s) ==
    LET whole == Taken_log(e, s)
        dur == Took(e, "durable", Shown_durable(s))
    IN  [dur EXCEPT !.log = SubSeq(whole, 1, Min(dur.snapshot.index, Len(whole))) \o @]
=============================================================================
