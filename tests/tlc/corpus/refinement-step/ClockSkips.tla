---- MODULE ClockSkips ----
EXTENDS Naturals
VARIABLE hour
Init == hour = 0
Tick == hour' = (hour + 1) % 4
Skip == hour = 2 /\ hour' = 0
Next == Tick \/ Skip
Spec == Init /\ [][Next]_hour
Coarse == INSTANCE ClockWhole WITH h <- hour
Refines == Coarse!Spec
====
