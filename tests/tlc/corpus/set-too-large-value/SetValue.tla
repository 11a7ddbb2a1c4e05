---- MODULE SetValue ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = {i + 1 : i \in 1..1000001}
Spec == Init /\ [][Next]_x
====
