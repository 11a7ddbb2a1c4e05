---- MODULE ClockWhole ----
EXTENDS Naturals
VARIABLE h
Init == h = 0
Next == h' = (h + 1) % 4
Spec == Init /\ [][Next]_h
====
