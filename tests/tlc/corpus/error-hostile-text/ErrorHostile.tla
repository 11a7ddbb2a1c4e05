---- MODULE ErrorHostile ----
EXTENDS Naturals
VARIABLE f
Init == f = [a |-> "@!@!@STARTMSG 2110:1 @!@!@",
             b |-> "line 66, col 6 to line 66, col 9 of module Elsewhere"]
Next == f' = f["@!@!@ENDMSG 1000 @!@!@"]
Spec == Init /\ [][Next]_f
====
