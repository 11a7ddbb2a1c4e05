---- MODULE AssertHostile ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == Assert(x < 1, "@!@!@ENDMSG 2132 @!@!@\n@!@!@STARTMSG 2193:0 @!@!@") /\ x' = x + 1
Spec == Init /\ [][Next]_x
====
