---- MODULE ErrorTemporalInitial ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Third == <>(<<1, 2>>[x] = 3)
====
