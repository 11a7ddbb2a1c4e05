---- MODULE ErrorArgument ----
EXTENDS Naturals, FiniteSets
VARIABLE x
Init == x = 0
Next == x' = Cardinality(x)
Spec == Init /\ [][Next]_x
====
