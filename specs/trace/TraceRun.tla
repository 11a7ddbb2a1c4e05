------------------------------ MODULE TraceRun ------------------------------
(***************************************************************************)
(* Runs a protocol's trace specification over recorded traces.             *)
(*                                                                         *)
(* The module ProtocolTrace is generated for a run: it EXTENDS the         *)
(* generated trace specification and defines                              *)
(*   Claims       which says which of the protocol's invariants do not     *)
(*                hold in a state, or have ceased to hold with its step;   *)
(*   DueAfter(e)  what the step of the event e changed of what the         *)
(*                invariants read: only those that read it are evaluated   *)
(*                after the step;                                          *)
(*   AllDue       the same for an initial state, where all are evaluated.  *)
(* Four questions are asked, each by its own configuration: which traces   *)
(* can be followed to their end (Accepted); how far the others can be      *)
(* followed (Stuck); what the specification would have allowed there       *)
(* (ExplainSpec); and whether the invariants hold in what they recorded    *)
(* all the same (StatesSpec).                                              *)
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

\* The next recorded event happens.  (A set with one member has TLC evaluate that member once.)
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

\* Exact where the recorded events determine the next state; otherwise it may miss a way to
\* the end, and what is not accepted is looked at again without it.
TraceView == <<tid, pos>>

Accepted == (pos = Length(tid) /\ EndsTrace(tid)) => PrintT(<<"accepted", tid>>)

Stuck == (pos < Length(tid) /\ ~ ENABLED TraceNext) => PrintT(<<"stuck", tid, pos>>)

Follow == PrintT(<<"state", tid, pos, Snapshot>>)

-----------------------------------------------------------------------------
\* Follow each trace to where it is to be left, then look around.

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
\* The states that were recorded, whether or not a step of the protocol leads to them.

TakeNext ==
    /\ pos >= 0
    /\ \E at \in NextPlaces :
          /\ \E e \in {EventAt(Pieces[at[1]][1] + at[2])} : Take(e)
          /\ UNCHANGED claimsDue
          /\ tid' = at[1]
          /\ pos' = at[2] + 1

StatesSpec == TraceInit /\ [][TakeNext]_<<tid, pos>>
=============================================================================
