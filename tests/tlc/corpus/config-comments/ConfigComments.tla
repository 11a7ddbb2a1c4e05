---- MODULE ConfigComments ----
EXTENDS Naturals
CONSTANTS N, Base(_)
VARIABLE x
Init == x = Base(N)
Next == x' = (x + 1) % 5
Spec == Init /\ [][Next]_x
Twice(n) == 2 * n
Low == x < 3
Lower == x < 4
====
