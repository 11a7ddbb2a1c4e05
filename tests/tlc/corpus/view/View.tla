---- MODULE View ----
EXTENDS Naturals
VARIABLES x, n
Init == x = 0 /\ n = 0
Next == x' = (x + 1) % 3 /\ n' = n + 1
Spec == Init /\ [][Next]_<<x, n>>
Seen == x
====
