---- MODULE ParseBroken ----
One == 1
Two == IF One = 1 THEN 2
====
