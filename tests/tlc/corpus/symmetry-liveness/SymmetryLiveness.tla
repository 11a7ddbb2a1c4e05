---- MODULE SymmetryLiveness ----
EXTENDS TLC
CONSTANT P
VARIABLE last
Init == last \in P
Next == last' \in P /\ last' # last
Spec == Init /\ [][Next]_last /\ WF_last(Next)
Alike == Permutations(P)
Stays == \E p \in P : <>[](last = p)
====
