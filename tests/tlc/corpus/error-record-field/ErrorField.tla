---- MODULE ErrorField ----
VARIABLE m
Init == m = [kind |-> "ask"]
Next == m' = [m EXCEPT !.kind = m.sender]
Spec == Init /\ [][Next]_m
====
