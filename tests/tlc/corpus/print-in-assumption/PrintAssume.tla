---- MODULE PrintAssume ----
EXTENDS Naturals, TLC
VARIABLE x
ASSUME PrintT("@!@!@STARTMSG 2193:0 @!@!@")
ASSUME PrintT([a |-> 1, b |-> {"two"}])
Init == x = 0
Next == x' = 1 - x
Spec == Init /\ [][Next]_x
====
