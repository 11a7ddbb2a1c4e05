---- MODULE ErrorHead ----
EXTENDS Sequences
VARIABLE q
Init == q = <<"a">>
Next == q' = IF Head(q) = "a" THEN Tail(q) ELSE q
Spec == Init /\ [][Next]_q
====
