---- MODULE InstanceStep ----
EXTENDS Naturals
CONSTANT Size
VARIABLE place
Step == place' = place + Size
====
