---- MODULE InitialSeveral ----
EXTENDS Naturals
VARIABLES count, name, seen
Init == count \in 0..2 /\ name = "first" /\ seen = {}
Next == UNCHANGED <<count, name, seen>>
Spec == Init /\ [][Next]_<<count, name, seen>>
NotOne == count = 1 => name = "second"
====
