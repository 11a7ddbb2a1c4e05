---- MODULE TemporalNotHandled ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Some == \E i \in {1, "a"} : <>(x = i)
====
