---- MODULE PrintMarks ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0 /\ PrintT("@!@!@STARTMSG 2110:1 @!@!@\nInvariant Low is violated.\n@!@!@ENDMSG 2110 @!@!@")
Next == /\ x' = (x + 1) % 3
        /\ PrintT("@!@!@ENDMSG 2217 @!@!@")
        /\ PrintT("Error: Invariant Low is violated.")
        /\ PrintT(<<"State 9:", "/\\ x = 9", "99 states generated, 98 distinct states found">>)
Spec == Init /\ [][Next]_x
Low == x < 2
====
