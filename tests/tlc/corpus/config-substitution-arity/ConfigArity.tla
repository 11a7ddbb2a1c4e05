---- MODULE ConfigArity ----
CONSTANT F(_)
VARIABLE x
Two(a, b) == a
Init == x = F(0)
Next == x' = x
Spec == Init /\ [][Next]_x
====
