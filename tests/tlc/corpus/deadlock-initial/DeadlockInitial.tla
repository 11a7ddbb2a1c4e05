---- MODULE DeadlockInitial ----
VARIABLE x
Init == x = {}
Next == x # {} /\ x' = x
Spec == Init /\ [][Next]_x
====
