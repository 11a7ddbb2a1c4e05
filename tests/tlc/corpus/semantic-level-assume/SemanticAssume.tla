---- MODULE SemanticAssume ----
VARIABLE x
ASSUME x = 0
Init == x = 0
Next == x' = x
====
