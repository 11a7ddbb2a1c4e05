---- MODULE ValuesLarge ----
EXTENDS Naturals
VARIABLES table, n
Init == table = [i \in 0..8000 |-> <<i, "value">>] /\ n = 0
Next == n' = n + 1 /\ table' = [table EXCEPT ![n] = <<>>]
Spec == Init /\ [][Next]_<<table, n>>
Few == n < 2
====
