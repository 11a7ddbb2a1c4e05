---- MODULE CoverageNever ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Up == x < 3 /\ x' = x + 1
Back == x = 3 /\ x' = 0
Never == x > 7 /\ x' = x - 1
Next == Up \/ Back \/ Never
Spec == Init /\ [][Next]_x
====
