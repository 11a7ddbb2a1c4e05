---- MODULE AssertInit ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0 /\ Assert(x > 0, "not above nought")
Next == x' = x
Spec == Init /\ [][Next]_x
====
