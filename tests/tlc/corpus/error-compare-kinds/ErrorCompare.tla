---- MODULE ErrorCompare ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == IF x = 1 THEN x' = 2 ELSE x' = (IF x = 0 THEN "a" ELSE 0)
Spec == Init /\ [][Next]_x
====
