---- MODULE ConfigConstant ----
CONSTANTS N, M
VARIABLE x
Init == x = N
Next == x' = M
Spec == Init /\ [][Next]_x
====
