---- MODULE LineEnds ----
EXTENDS Naturals
VARIABLE x
Init ==	x = 0
Next ==
	\/ x' = x + <<1, "a">>[x + 1]
Spec == Init /\ [][Next]_x
====
