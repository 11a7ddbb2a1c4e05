---- MODULE ParseString ----
VARIABLE x
Init == x = "open
Next == x' = x
====
