---- MODULE StackOverflow ----
EXTENDS Naturals
VARIABLE x
RECURSIVE Deep(_)
Deep(n) == 1 + Deep(n + 1)
Init == x = 0
Next == x' = Deep(x)
Spec == Init /\ [][Next]_x
====
