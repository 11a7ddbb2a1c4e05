---- MODULE Assumption ----
EXTENDS Naturals
CONSTANT N
VARIABLE x
ASSUME N \in Nat
ASSUME Large ==
    N > 7
Init == x = 0
Next == x' = x
Spec == Init /\ [][Next]_x
====
