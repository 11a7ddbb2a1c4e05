---- MODULE LeadsTo ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (IF x = 3 THEN 2 ELSE x + 1)
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Grows == <>(x = 3)
Returns == (x = 1) ~> (x = 0)
====
