---- MODULE ErrorInit ----
EXTENDS Naturals
VARIABLES x, y
Init == /\ x = 0
        /\ y = <<1, 2>>[x]
Next == UNCHANGED <<x, y>>
Spec == Init /\ [][Next]_<<x, y>>
====
