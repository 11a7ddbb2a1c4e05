---- MODULE ActionNames ----
EXTENDS Naturals
VARIABLES x, step
Set(v, s) == x' = v /\ step' = s
Plain == step = 0 /\ Set(1, 1)
Chosen(p, q) == step = 1 /\ Set(p + q, 2)
Dynamic(m) == step = 2 /\ Set(m, 3)
Nested == \E i \in {5} : step = 3 /\ Set(i, 4)
Outer == Nested
Next == \/ Plain
        \/ \E p \in {1}, q \in {2} : Chosen(p, q)
        \/ \E m \in {x} : Dynamic(m)
        \/ Outer
        \/ step = 4 /\ Set(6, 5)
        \/ LET Named == step = 5 /\ Set(7, 6) IN Named
Init == x = 0 /\ step = 0
Spec == Init /\ [][Next]_<<x, step>>
Before == step < 6
====
