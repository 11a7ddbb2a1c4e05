---- MODULE ClockFine ----
EXTENDS Naturals
VARIABLES hour, half
Init == hour = 0 /\ half = 0
Next == IF half = 0 THEN half' = 1 /\ hour' = hour
        ELSE half' = 0 /\ hour' = (hour + 1) % 4
Spec == Init /\ [][Next]_<<hour, half>>
Coarse == INSTANCE ClockCoarse WITH h <- hour
Refines == Coarse!Spec
====
