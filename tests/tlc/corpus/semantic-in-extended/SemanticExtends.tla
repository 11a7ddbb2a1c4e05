---- MODULE SemanticExtends ----
EXTENDS SemanticBroken
VARIABLE x
Init == x = One
Next == x' = x
====
