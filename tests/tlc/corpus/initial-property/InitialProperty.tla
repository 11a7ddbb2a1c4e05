---- MODULE InitialProperty ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 1 /\ y = 2
Next == x' = y /\ y' = x
Spec == Init /\ [][Next]_<<x, y>>
Zero == x = 0
====
