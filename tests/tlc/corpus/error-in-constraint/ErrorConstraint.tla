---- MODULE ErrorConstraint ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = "two"
Spec == Init /\ [][Next]_x
Bound == x < 5
====
