---- MODULE DifferenceContinue ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y \in {0, 7}
Next == x < 3 /\ x' = x + 1 /\ y' = y
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 2
====
