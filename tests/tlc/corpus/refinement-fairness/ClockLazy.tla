---- MODULE ClockLazy ----
EXTENDS Naturals
VARIABLE hour
Init == hour = 0
Next == hour' = (hour + 1) % 4
Spec == Init /\ [][Next]_hour
Coarse == INSTANCE ClockFair WITH h <- hour
Refines == Coarse!Spec
====
