---- MODULE PropertyTrue ----
VARIABLE x
Init == x \in BOOLEAN
Next == x' = ~x
Spec == Init /\ [][Next]_x
Nothing == TRUE
====
