---- MODULE AssertInvariant ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4
Spec == Init /\ [][Next]_x
Low == Assert(x < 2, "line 77, col 7 to line 77, col 9 of module Nowhere")
====
