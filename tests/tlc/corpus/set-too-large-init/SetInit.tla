---- MODULE SetInit ----
EXTENDS Naturals
VARIABLE x
Init == x = SUBSET (1..40)
Next == x' = x
Spec == Init /\ [][Next]_x
====
