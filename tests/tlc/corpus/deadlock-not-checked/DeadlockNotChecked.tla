---- MODULE DeadlockNotChecked ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y \in {0, 1}
Next == x + y < 2 /\ x' = x + 1 /\ UNCHANGED y
Spec == Init /\ [][Next]_<<x, y>>
====
