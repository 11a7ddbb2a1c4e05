---- MODULE BadOption ----
VARIABLE x
Init == x = 0
Next == x' = x
====
