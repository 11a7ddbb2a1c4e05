---- MODULE ActionPropertyContinue ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in {(x + 1) % 3, (x + 2) % 3}
Spec == Init /\ [][Next]_x
NotDown == [][x' # x - 1]_x
====
