---- MODULE InstanceParameter ----
EXTENDS Naturals
VARIABLE x
By(n) == INSTANCE InstanceStep WITH Size <- n, place <- x
Init == x = 0
Next == By(2)!Step \/ By(3)!Step
Spec == Init /\ [][Next]_x
NotSeven == x # 7
====
