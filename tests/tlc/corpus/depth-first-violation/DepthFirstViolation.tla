---- MODULE DepthFirstViolation ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = FALSE
Up == x' = x + 1 /\ y' = y
Flip == y' = ~y /\ x' = x
Next == Up \/ Flip
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 3
====
