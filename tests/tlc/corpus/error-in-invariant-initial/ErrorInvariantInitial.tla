---- MODULE ErrorInvariantInitial ----
EXTENDS Naturals
VARIABLES x, y
Init == x = "a" /\ y = 0
Next == UNCHANGED <<x, y>>
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 3
====
