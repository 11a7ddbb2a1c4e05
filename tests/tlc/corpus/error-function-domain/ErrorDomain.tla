---- MODULE ErrorDomain ----
EXTENDS Naturals
VARIABLES x, f
Init == x = 0 /\ f = [i \in 0..2 |-> i + 1]
Next == x' = f[x] /\ UNCHANGED f
Spec == Init /\ [][Next]_<<x, f>>
====
