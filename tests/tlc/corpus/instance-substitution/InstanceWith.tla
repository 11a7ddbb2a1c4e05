---- MODULE InstanceWith ----
EXTENDS Naturals
VARIABLES left, right
Left == INSTANCE InstanceCounter WITH count <- left, Top <- 2
Right == INSTANCE InstanceCounter WITH count <- right, Top <- 3
Init == Left!Start /\ Right!Start
Next == \/ Left!Up /\ UNCHANGED right
        \/ Right!Up /\ UNCHANGED left
Spec == Init /\ [][Next]_<<left, right>>
NotBoth == left + right < 5
====
