---- MODULE ErrorFair ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4
Spec == Init /\ [][Next]_x /\ WF_x(Next)
Moves == []<><<x' = <<1, 2>>[x + 1]>>_x
====
