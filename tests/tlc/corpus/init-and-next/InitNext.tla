---- MODULE InitNext ----
EXTENDS Naturals
VARIABLES x, y
Start == x = 0 /\ (y = 1 \/ y = 2 \/ y = 1)
Step == x' = 1 - x /\ y' = y
====
