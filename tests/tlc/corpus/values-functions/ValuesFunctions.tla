---- MODULE ValuesFunctions ----
EXTENDS Integers, Sequences, TLC
VARIABLES pairs, booleans, sets, record, likeRecord, likeSequence, shifted, single, deep, n
vars == <<pairs, booleans, sets, record, likeRecord, likeSequence, shifted, single, deep, n>>
Init == /\ pairs = [p \in {0, 1} \X {"a"} |-> p[1]]
        /\ booleans = [b \in BOOLEAN |-> ~b]
        /\ sets = [s \in SUBSET {1, 2} |-> {s}]
        /\ record = [b |-> 1, a |-> <<>>]
        /\ likeRecord = [f \in {"a", "b"} |-> f]
        /\ likeSequence = [i \in 1..2 |-> i - 5]
        /\ shifted = [i \in -1..1 |-> TRUE]
        /\ single = 1 :> "one"
        /\ deep = <<[x |-> {<<1, [y |-> {}]>>}], <<<<>>>>, 5 :> (7 :> {})>>
        /\ n = 0
Next == /\ n' = n + 1
        /\ UNCHANGED <<pairs, booleans, sets, record, likeRecord, likeSequence, shifted, single, deep>>
Spec == Init /\ [][Next]_vars
Nought == n = 0
====
