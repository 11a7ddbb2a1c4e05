---- MODULE DifferenceLasso ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Start == y = 0 /\ y' = 1 /\ x' = x
Turn == y = 1 /\ x' = (x + 1) % 3 /\ y' = y
Next == Start \/ Turn
Spec == Init /\ [][Next]_<<x, y>> /\ WF_<<x, y>>(Next)
Reach == <>(x = 5)
====
