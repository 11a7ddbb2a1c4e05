These words stand before the module; ==== and INVARIANT mean nothing here.

---- MODULE ModuleInside ----
EXTENDS Naturals
VARIABLE x
---- MODULE Inner ----
VARIABLE y
Turn(n) == y' = (y + 1) % n
====
I == INSTANCE Inner WITH y <- x
Init == x = 0
Next == I!Turn(4)
Spec == Init /\ [][Next]_x
NotThree == x # 3
====
These words stand behind it: ---- MODULE Other ----
