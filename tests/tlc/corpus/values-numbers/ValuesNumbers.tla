---- MODULE ValuesNumbers ----
EXTENDS Integers, Sequences
VARIABLES low, high, negative, range, none, emptySet, emptySequence, emptyFunction, emptyRange
vars == <<low, high, negative, range, none, emptySet, emptySequence, emptyFunction, emptyRange>>
Init == /\ low = -2147483647 - 1
        /\ high = 2147483647
        /\ negative = {-3, 0, -1}
        /\ range = 1..3
        /\ none = -(-0)
        /\ emptySet = {}
        /\ emptySequence = <<>>
        /\ emptyFunction = [i \in {} |-> 0]
        /\ emptyRange = 3..1
Next == /\ none' = none - 1
        /\ UNCHANGED <<low, high, negative, range, emptySet, emptySequence, emptyFunction, emptyRange>>
Spec == Init /\ [][Next]_vars
Nought == none = 0
====
