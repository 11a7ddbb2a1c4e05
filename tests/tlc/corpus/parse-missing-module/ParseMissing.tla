---- MODULE ParseMissing ----
EXTENDS Naturals, NowhereAtAll
VARIABLE x
Init == x = 0
Next == x' = x
====
