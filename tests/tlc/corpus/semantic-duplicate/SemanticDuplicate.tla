---- MODULE SemanticDuplicate ----
VARIABLE x
Init == x = 0
Next == x' = x
Init == x = 1
====
