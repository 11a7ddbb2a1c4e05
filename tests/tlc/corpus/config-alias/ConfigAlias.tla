---- MODULE ConfigAlias ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = 1 - x
Spec == Init /\ [][Next]_x
Zero == x = 0
View == [twice |-> 2 * x]
====
