---- MODULE ConfigKind ----
CONSTANT F(_)
VARIABLE x
Init == x = F(0)
Next == x' = x
Spec == Init /\ [][Next]_x
====
