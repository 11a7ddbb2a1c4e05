---- MODULE ConstantUnused ----
CONSTANTS N, Unused
VARIABLE x
Init == x = N
Next == x' = x
Spec == Init /\ [][Next]_x
====
