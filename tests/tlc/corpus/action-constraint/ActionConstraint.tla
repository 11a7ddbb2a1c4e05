---- MODULE ActionConstraint ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in 0..5
Spec == Init /\ [][Next]_x
ByOne == x' = x + 1
====
