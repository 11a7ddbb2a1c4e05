---- MODULE InvariantContinueTwo ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 5
Spec == Init /\ [][Next]_x
Low == x < 4
NotTwo == x # 2
Even == x # 4
====
