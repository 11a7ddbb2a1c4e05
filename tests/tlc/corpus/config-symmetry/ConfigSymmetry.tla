---- MODULE ConfigSymmetry ----
EXTENDS Naturals
CONSTANTS a, b
VARIABLE x
Init == x \in {a, b}
Next == x' = x
Spec == Init /\ [][Next]_x
Swap == {1, 2}
====
