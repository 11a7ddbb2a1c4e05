---- MODULE InstanceLocal ----
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
VARIABLE q
LOCAL Limit == 3
Init == q = <<>>
Next == q' = Append(q, Len(q))
Spec == Init /\ [][Next]_q
Short == Len(q) < Limit
====
