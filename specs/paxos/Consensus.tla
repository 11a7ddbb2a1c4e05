----------------------------- MODULE Consensus -----------------------------
(***************************************************************************)
(* The definition of consensus: at most one value is ever chosen, and a    *)
(* chosen value stays chosen.  How the value is chosen is abstracted away; *)
(* Paxos.tla refines this module.                                          *)
(***************************************************************************)
CONSTANT Values        \* the values that may be chosen

VARIABLE chosen        \* the set of values chosen so far

TypeOK == chosen \subseteq Values

Init == chosen = {}

\* The only step: a first value becomes chosen.
Choose == /\ chosen = {}
          /\ \E v \in Values : chosen' = {v}

Next == Choose

Spec == Init /\ [][Next]_chosen

\* At most one value is chosen.
Agreement == \A v, w \in chosen : v = w
=============================================================================
