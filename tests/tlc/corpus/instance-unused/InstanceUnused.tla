---- MODULE InstanceUnused ----
EXTENDS Naturals, FiniteSets
VARIABLE x
Init == x \in {1, 2}
Next == x' = 3 - x
Spec == Init /\ [][Next]_x
Max(S) == CHOOSE m \in S : \A n \in S : n <= m
Fine == Max({x, 0}) = x
ASSUME Cardinality({0, 1}) = 2
Other == INSTANCE InstanceUnusedOther
====
