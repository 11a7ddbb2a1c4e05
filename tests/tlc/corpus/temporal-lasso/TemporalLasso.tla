---- MODULE TemporalLasso ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Rise == x < 2 /\ x' = x + 1
Fall == x = 2 /\ x' = 1
Next == Rise \/ Fall
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Reach == <>(x = 3)
====
