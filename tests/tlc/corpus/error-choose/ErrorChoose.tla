---- MODULE ErrorChoose ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = CHOOSE i \in 1..3 : i > x + 1
Spec == Init /\ [][Next]_x
====
