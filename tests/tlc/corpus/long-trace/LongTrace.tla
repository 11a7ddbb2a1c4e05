---- MODULE LongTrace ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 1 /\ y = {}
Next == x' = x + 1 /\ y' = {x % 7}
Spec == Init /\ [][Next]_<<x, y>>
Low == x < 1000
====
