---- MODULE ValuesLazy ----
EXTENDS Naturals
VARIABLES powers, functions, products, records, filtered, union, n
vars == <<powers, functions, products, records, filtered, union, n>>
Init == /\ powers = SUBSET {1, 2}
        /\ functions = [{1, 2} -> {3}]
        /\ products = {1} \X {2, 3}
        /\ records = [a : {1}, b : {2, 3}]
        /\ filtered = {i \in 1..9 : i > 7}
        /\ union = UNION {{1}, {2}}
        /\ n = 0
Next == n' = n + 1 /\ UNCHANGED <<powers, functions, products, records, filtered, union>>
Spec == Init /\ [][Next]_vars
Nought == n = 0
====
