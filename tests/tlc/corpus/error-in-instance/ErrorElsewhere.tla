---- MODULE ErrorElsewhere ----
EXTENDS Naturals
VARIABLE x
Help == INSTANCE ErrorHelper
Init == x = 0
Next == x' = Help!Second(x)
Spec == Init /\ [][Next]_x
====
