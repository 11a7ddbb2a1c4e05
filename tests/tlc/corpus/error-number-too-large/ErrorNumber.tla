---- MODULE ErrorNumber ----
EXTENDS Naturals
VARIABLE x
Init == x = 99999999999
Next == x' = x
Spec == Init /\ [][Next]_x
====
