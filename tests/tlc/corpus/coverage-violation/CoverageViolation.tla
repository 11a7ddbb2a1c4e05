---- MODULE CoverageViolation ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Up == x' = x + 1
Next == Up
Spec == Init /\ [][Next]_x
Low == x < 2
====
