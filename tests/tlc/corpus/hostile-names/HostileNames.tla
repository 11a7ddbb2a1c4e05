---- MODULE HostileNames ----
EXTENDS Naturals
VARIABLES State, Error, violated
Init == State = 1 /\ Error = 0 /\ violated = FALSE
line == Error' = Error + 1 /\ State' = State + 1 /\ violated' = violated
Back_to_state == Error = 2 /\ UNCHANGED <<State, Error, violated>>
Next == line \/ Back_to_state
Spec == Init /\ [][Next]_<<State, Error, violated>>
is == Error < 3
====
