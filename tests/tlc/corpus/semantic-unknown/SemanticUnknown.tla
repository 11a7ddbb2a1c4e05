---- MODULE SemanticUnknown ----
VARIABLE x
Init == x = Zero
Next == x' = Succ(x)
====
