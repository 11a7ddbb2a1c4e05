---- MODULE Difference ----
EXTENDS Naturals
VARIABLES x, y, z
Init == x = 0 /\ y = "still" /\ z = <<>>
Up == x' = x + 1 /\ UNCHANGED <<y, z>>
Mark == x = 1 /\ z = <<>> /\ z' = <<x>> /\ UNCHANGED <<x, y>>
Next == Up \/ Mark
Spec == Init /\ [][Next]_<<x, y, z>>
Low == ~(x = 3 /\ z # <<>>)
====
