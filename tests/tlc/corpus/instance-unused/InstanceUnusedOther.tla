---- MODULE InstanceUnusedOther ----
EXTENDS Naturals
Max(S) == CHOOSE m \in S : TRUE
====
