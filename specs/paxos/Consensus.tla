----------------------------- MODULE Consensus -----------------------------
(***************************************************************************)
(* What consensus means, and nothing else: at most one value is ever       *)
(* chosen, and once chosen it stays.  Everything about how it is reached   *)
(* is abstracted away; Paxos.tla refines this module.                      *)
(***************************************************************************)
CONSTANT Values        \* what may be chosen

VARIABLE chosen        \* the set of values chosen so far

TypeOK == chosen \subseteq Values

Init == chosen = {}

\* The one step there is: a first value becomes chosen.
Choose == /\ chosen = {}
          /\ \E v \in Values : chosen' = {v}

Next == Choose

Spec == Init /\ [][Next]_chosen

\* At most one value is chosen.
Agreement == \A v, w \in chosen : v = w
=============================================================================
