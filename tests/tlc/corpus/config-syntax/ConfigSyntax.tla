---- MODULE ConfigSyntax ----
CONSTANT N
VARIABLE x
Init == x = N
Next == x' = x
Spec == Init /\ [][Next]_x
====
