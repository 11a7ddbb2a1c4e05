---- MODULE SimulationError ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = <<1, 2>>[x + 1]
Spec == Init /\ [][Next]_x
====
