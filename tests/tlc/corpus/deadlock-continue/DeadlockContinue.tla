---- MODULE DeadlockContinue ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x < 10 /\ x' \in {x + 10, x + 20}
Spec == Init /\ [][Next]_x
====
