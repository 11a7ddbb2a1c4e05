---- MODULE SetStep ----
EXTENDS Naturals, FiniteSets
VARIABLE x
Init == x = 0
Next == x' = Cardinality([1..40 -> 1..40])
Spec == Init /\ [][Next]_x
====
