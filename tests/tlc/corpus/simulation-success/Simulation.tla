---- MODULE Simulation ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in {x, x + 1}
Spec == Init /\ [][Next]_x
Low == x < 100
====
