---- MODULE InitialContinue ----
EXTENDS Naturals
VARIABLES x, y
Init == x \in 1..5 /\ y = 0
Next == y = 0 /\ x = 1 /\ y' = 1 /\ x' = 9
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 3
====
