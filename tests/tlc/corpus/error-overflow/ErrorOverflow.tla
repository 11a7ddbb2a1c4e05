---- MODULE ErrorOverflow ----
EXTENDS Naturals
VARIABLE x
Init == x = 2
Next == x' = x * x
Spec == Init /\ [][Next]_x
====
