---- MODULE TemporalStutteringLater ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Rise == x < 2 /\ x' = x + 1
Last == x = 2 /\ x' = 3
Next == Rise \/ Last
Spec == Init /\ [][Next]_x /\ WF_x(Rise)
Reach == <>(x = 3)
====
