---- MODULE SymmetryViolation ----
EXTENDS Naturals, TLC, FiniteSets
CONSTANT P
VARIABLE done
Init == done = {}
Add(p) == p \notin done /\ done' = done \cup {p}
Next == \E p \in P : Add(p)
Spec == Init /\ [][Next]_done
Alike == Permutations(P)
Few == Cardinality(done) < 2
====
