---- MODULE SimulationViolation ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = "on"
Next == x' = x + 1 /\ y' = y
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 4
====
