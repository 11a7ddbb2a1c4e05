---- MODULE ErrorIndex ----
EXTENDS Naturals, Sequences
VARIABLE x
Digits == <<1, 2>>
Pick(i) == Digits[i]
Init == x = 1
Next == x' = Pick(x + 1)
Spec == Init /\ [][Next]_x
====
