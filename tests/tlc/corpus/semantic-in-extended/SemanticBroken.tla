---- MODULE SemanticBroken ----
One == Successor(0)
====
