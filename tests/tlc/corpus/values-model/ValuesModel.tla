---- MODULE ValuesModel ----
EXTENDS Naturals
CONSTANTS a, T_1, S, none
VARIABLES alone, both, inside, text, n
vars == <<alone, both, inside, text, n>>
Init == /\ alone = a
        /\ both = {a, T_1, none}
        /\ inside = [s \in S |-> <<s, "s1">>]
        /\ text = "a"
        /\ n = 0
Next == n' = n + 1 /\ UNCHANGED <<alone, both, inside, text>>
Spec == Init /\ [][Next]_vars
Nought == n = 0
====
