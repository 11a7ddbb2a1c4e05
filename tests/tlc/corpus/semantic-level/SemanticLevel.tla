---- MODULE SemanticLevel ----
VARIABLE x
Init == x = 0
Step == x'
Next == x = Step'
====
