---- MODULE ParseExtendsName ----
EXTENDS Sub
VARIABLE x
Init == x = 0
Next == x' = x
====
