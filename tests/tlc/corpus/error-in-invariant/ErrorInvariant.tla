---- MODULE ErrorInvariant ----
EXTENDS Naturals, Sequences
VARIABLE q
Init == q = <<1, 2>>
Next == q' = Tail(q)
Spec == Init /\ [][Next]_q
Sorted == \/ q = <<>>
          \/ q[1] < q[2]
====
