---- MODULE Constraint ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in {x + 1, x + 2}
Spec == Init /\ [][Next]_x
Bound == x < 4
====
