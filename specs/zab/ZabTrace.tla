------------------------------ MODULE ZabTrace ------------------------------
(***************************************************************************)
(* The parts of the trace specification of Zab.tla and                     *)
(* FastLeaderElection.tla that are written by hand; the rest is generated. *)
(* See Trace.tla for how a trace is checked.                               *)
(*                                                                         *)
(* Constants in the trace's header: Servers (a sequence, by the servers'   *)
(* numbers in elections), DiskQueue, Window; Observers, Options, if any;   *)
(* Quorums (the minimal ones), if they are not all majorities of the       *)
(* voters; and Values, if a trace records the requests of clients neither  *)
(* by the parameter v nor by histories.                                    *)
(***************************************************************************)
EXTENDS Trace

Constant_Numbered == Header.Servers
Constant_Servers == {Header.Servers[i] : i \in 1 .. Len(Header.Servers)}
Constant_Observers == HeaderOr("Observers", {})
TheVoters == Constant_Servers \ Constant_Observers
Constant_Quorums ==
    IF "Quorums" \in DOMAIN Header THEN Header.Quorums
    ELSE {Q \in SUBSET TheVoters : Cardinality(Q) = (Cardinality(TheVoters) \div 2) + 1}
Constant_Options == HeaderOr("Options", {})
Constant_MayCrash == TraceNodes

\* Any string may be requested.  (The set of the requested strings would be evaluated before the
\* tables that it depends on.)
Constant_Values == STRING

\* The values that clients requested, as far as the traces or their header record them.
AllAsked ==
    TLCEval(ParamsOf("v") \cup UNION {{H[i].val : i \in 1 .. Len(H)} : H \in ValuesOf("history")}
              \cup HeaderOr("Values", {}))

\* The set of all values is not evaluated if e records the value.
Param_v(e) == ParamOr(e, "v", AllAsked)

\* The number of a sync; 0 if not recorded.
Param_n(e) == ParamOr(e, "n", {0})

\* The history after the first n transactions.
Behind1(H, n) == SubSeq(H, n + 1, Len(H))

Shown_history(s) == Behind1(history[s], snapshot[s])
Shown_learners(s) ==
    {[name |-> p, stage |-> learners[s][p].stage, epoch |-> learners[s][p].epoch,
      zxid |-> learners[s][p].zxid] : p \in DOMAIN learners[s]}
Shown_tally(s) == {[from |-> p, vote |-> tally[s][p]] : p \in DOMAIN tally[s]}
Shown_outside(s) ==
    {[from |-> p, round |-> outside[s][p].round, vote |-> outside[s][p].vote,
      mode |-> outside[s][p].mode] : p \in DOMAIN outside[s]}
Shown_durable(s) ==
    [acceptedEpoch |-> durable[s].acceptedEpoch, currentEpoch |-> durable[s].currentEpoch,
     history |-> Behind1(durable[s].history, durable[s].snapshot),
     snapshot |-> durable[s].snapshot]

\* The messages that the step put on connections from a to b.
Added(a, b) ==
    LET old == wire[a][b]
        new == wire'[a][b]
    IN  IF Len(new) > Len(old) /\ SubSeq(new, 1, Len(old)) = old
        THEN {new[i] : i \in (Len(old) + 1) .. Len(new)}
        ELSE {}

Sends(e) ==
    IF Recorded(e, 5)
    THEN LET grams == {m \in Value(e, 5) : m.type = "NOTIFICATION"}
         IN  /\ msgs' = msgs \cup grams
             /\ Value(e, 5) \ grams = UNION {Added(a, b) : a \in Who(e, Servers), b \in Servers}
    ELSE TRUE
=============================================================================
