---- MODULE Symmetry ----
EXTENDS Naturals, TLC, FiniteSets
CONSTANT P
VARIABLE done
Init == done = {}
Next == \E p \in P : p \notin done /\ done' = done \cup {p}
Spec == Init /\ [][Next]_done
Alike == Permutations(P)
Types == done \subseteq P
====
