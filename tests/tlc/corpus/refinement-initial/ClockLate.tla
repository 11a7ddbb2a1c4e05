---- MODULE ClockLate ----
EXTENDS Naturals
VARIABLE hour
Init == hour = 1
Next == hour' = (hour + 1) % 4
Spec == Init /\ [][Next]_hour
Coarse == INSTANCE ClockZero WITH h <- hour
Refines == Coarse!Spec
====
