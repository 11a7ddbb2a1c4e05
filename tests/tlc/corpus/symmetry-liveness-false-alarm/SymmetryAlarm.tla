---- MODULE SymmetryAlarm ----
EXTENDS TLC
CONSTANT P
VARIABLE last
Init == last \in P
Next == last' \in P /\ last' # last
Spec == Init /\ [][Next]_last /\ WF_last(Next)
Alike == Permutations(P)
Each == \A p \in P : []<>(last = p)
====
