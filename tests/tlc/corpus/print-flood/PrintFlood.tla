---- MODULE PrintFlood ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4 /\ \A i \in 1..4000 : PrintT(<<"line", x, i>>)
Spec == Init /\ [][Next]_x
Low == x < 3
====
