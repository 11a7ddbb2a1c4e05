----------------------------- MODULE RaftTrace -----------------------------
(***************************************************************************)
(* What a trace of Raft.tla does not say by itself; the rest of the trace  *)
(* specification is generated.  See Trace.tla for how a trace is checked.  *)
(*                                                                         *)
(* Constants of the trace's header: Servers, Batch, DiskQueue; Quorums,    *)
(* where they are not all majorities of the first voters;                  *)
(* Options, where any is on; Voters, where not all servers vote at first;  *)
(* Window, where entries wait to be sent on;                               *)
(* and Values, where a trace shows what clients asked for neither by the   *)
(* parameter v of ClientRequest nor by logs.                               *)
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

\* Any string may be asked for.  (A set of those that were would be worked out before the
\* tables that it hangs on.)
Constant_Values == STRING

\* What clients asked for, as far as anything in the traces or their header says so.
AllAsked ==
    TLCEval(ParamsOf("v") \cup UNION {{L[i].val : i \in 1 .. Len(L)} : L \in ValuesOf("log")}
              \cup HeaderOr("Values", {}))

\* The set of all is not worked out where e says it.
Param_v(e) == ParamOr(e, "v", AllAsked)
Param_c(e) == ParamOr(e, "c", Configurations)

\* A snapshot goes in any number of parts, up to 9 where e does not say it.
Handle_TakeSnapshot(e) ==
    /\ NothingReceived(e)
    /\ \E s \in Who(e, Servers) : \E k \in ParamOr(e, "parts", 1 .. 9) : TakeSnapshot(s, k)

\* What an implementation has of a log.
Kept(L, snap) == SubSeq(L, snap.index + 1, Len(L))

Shown_log(s) == Kept(log[s], snapshot[s])
Shown_reads(s) == {[round |-> r.round, index |-> r.index] : r \in reads[s]}
Shown_durable(s) == [durable[s] EXCEPT !.log = Kept(@, durable[s].snapshot)]

\* The log of s, of which the snapshot and the entries behind it are recorded in e.  What a new
\* snapshot stands for is the server's own, or that of the leader who sent it.
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
