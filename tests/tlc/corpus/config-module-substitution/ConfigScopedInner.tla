---- MODULE ConfigScopedInner ----
EXTENDS Naturals
Limit == 100
====
