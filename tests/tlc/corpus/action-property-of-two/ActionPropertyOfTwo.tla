---- MODULE ActionPropertyOfTwo ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Next == x' = (x + 1) % 3 /\ y' = x
Spec == Init /\ [][Next]_<<x, y>>
Bounded == [][x' < 3]_x
Near == [][y' - y < 2]_y
Falls == [][y' >= y]_y
====
