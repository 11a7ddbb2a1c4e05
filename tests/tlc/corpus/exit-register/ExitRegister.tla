---- MODULE ExitRegister ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' \in {x + 1, x + 2}
Spec == Init /\ [][Next]_x
Enough == x < 20 \/ TLCSet("exit", TRUE)
====
