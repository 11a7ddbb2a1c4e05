---- MODULE ParseExtends ----
EXTENDS ParseBroken
VARIABLE x
Init == x = 0
Next == x' = x
====
