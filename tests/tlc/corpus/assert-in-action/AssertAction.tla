---- MODULE AssertAction ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == /\ Assert(x < 2, <<"too high:", x>>)
        /\ x' = x + 1
Spec == Init /\ [][Next]_x
====
