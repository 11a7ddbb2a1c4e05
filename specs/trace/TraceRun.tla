------------------------------ MODULE TraceRun ------------------------------
(***************************************************************************)
(* Runs a protocol's trace specification over recorded traces.             *)
(*                                                                         *)
(* The module ProtocolTrace is generated for a run: it EXTENDS the         *)
(* generated trace specification and defines                              *)
(*   Claims       which reports the protocol's invariants that do not hold *)
(*                in a state, or that the last step violated;              *)
(*   DueAfter(e)  the changes of event e's step that the invariants read:  *)
(*                only the invariants that read a changed variable are     *)
(*                evaluated after the step;                                *)
(*   AllDue       the same for an initial state: all are evaluated.        *)
(* Four questions are asked, each by its own configuration: which traces   *)
(* can be followed to their end (Accepted); how far the others can be      *)
(* followed (Stuck); which steps the specification allows there            *)
(* (ExplainSpec); and whether the invariants hold in the recorded states   *)
(* even so (StatesSpec).                                                   *)
(* The first evaluates what is due, the others evaluate all.               *)
(***************************************************************************)
EXTENDS ProtocolTrace

TraceInit ==
    /\ SpecInit
    /\ tid \in 1 .. RootCount
    /\ pos = 0
    /\ claimsDue = AllDue
    /\ \A k \in TraceInitial : \A n \in Who(TraceEvents[k], TraceNodes) :
          Agrees(TraceEvents[k], Shown(n), Shown(n))

\* The next recorded event happens.  (TLC evaluates the member of a one-element set only once.)
TraceNext ==
    /\ pos >= 0
    /\ \E at \in NextPlaces :
          /\ \E e \in {EventAt(Pieces[at[1]][1] + at[2])} :
                /\ Handle(e)
                /\ Sends(e)
                /\ \A n \in Who(e, TraceNodes) :
                      \A old \in {Shown(n)}, new \in {Shown(n)'} : Agrees(e, old, new)
                /\ claimsDue' = DueAfter(e)
          /\ tid' = at[1]
          /\ pos' = at[2] + 1

TraceSpec == TraceInit /\ [][TraceNext]_<<tid, pos>>

\* Exact if the recorded events determine the next state.  Otherwise it may miss a way to the
\* end, so traces that are not accepted are checked again without it.
TraceView == <<tid, pos>>

Accepted == (pos = Length(tid) /\ EndsTrace(tid)) => PrintT(<<"accepted", tid>>)

Stuck == (pos < Length(tid) /\ ~ ENABLED TraceNext) => PrintT(<<"stuck", tid, pos>>)

Follow == PrintT(<<"state", tid, pos, Snapshot>>)

-----------------------------------------------------------------------------
\* Follow each trace to its stop position, then explore the steps that are allowed there.

Before == pos = TraceStop[tid] => PrintT(<<"before", tid, Snapshot>>)

ExplainNext ==
    \/ pos < TraceStop[tid] /\ TraceNext
    \/ /\ pos >= 0
       /\ pos = TraceStop[tid]
       /\ pos' = -1
       /\ UNCHANGED <<tid, claimsDue>>
       /\ \/ \E e \in {Occasion(NextEvent)} :
                Handle(e) /\ PrintT(<<"occasion", tid, Snapshot'>>)
          \/ \E a \in 1 .. Len(TraceActions) : \E n \in TraceNodes :
                \E e \in {OfKind(a, n)} :
                   Handle(e) /\ PrintT(<<"allowed", tid, TraceActions[a], n, Snapshot'>>)

ExplainSpec == TraceInit /\ [][ExplainNext]_<<tid, pos>>

-----------------------------------------------------------------------------
\* The recorded states, even if no step of the protocol leads to them.

TakeNext ==
    /\ pos >= 0
    /\ \E at \in NextPlaces :
          /\ \E e \in {EventAt(Pieces[at[1]][1] + at[2])} : Take(e)
          /\ UNCHANGED claimsDue
          /\ tid' = at[1]
          /\ pos' = at[2] + 1

StatesSpec == TraceInit /\ [][TakeNext]_<<tid, pos>>
=============================================================================
