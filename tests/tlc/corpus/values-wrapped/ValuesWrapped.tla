---- MODULE ValuesWrapped ----
EXTENDS Naturals
VARIABLES m, n
Text == "a string that is long enough to have the value wrapped, = |-> and all"
Init == /\ m = [first |-> {Text, "short"}, second |-> <<Text, Text, 3>>, third |-> [k \in {2, 3} |-> Text]]
        /\ n = 0
Next == n' = n + 1 /\ m' = m
Spec == Init /\ [][Next]_<<m, n>>
Nought == n = 0
====
