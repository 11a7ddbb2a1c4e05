---- MODULE SemanticArity ----
EXTENDS Naturals
VARIABLE x
Add(a, b) == a + b
Init == x = 0
Next == x' = Add(x, 1, 2)
====
