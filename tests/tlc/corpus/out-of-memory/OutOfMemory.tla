---- MODULE OutOfMemory ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = IF {<<i, i>> : i \in 1..900000} = {} THEN 1 ELSE 2
Spec == Init /\ [][Next]_x
====
