---- MODULE ErrorTemporal ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (IF x = 0 THEN "a" ELSE 0)
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Rises == <>(x > 0)
====
