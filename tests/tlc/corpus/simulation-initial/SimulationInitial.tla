---- MODULE SimulationInitial ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 9 /\ y = "on"
Next == x' = x + 1 /\ y' = y
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 4
====
