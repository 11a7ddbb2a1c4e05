---- MODULE InstanceCounter ----
EXTENDS Naturals
CONSTANT Top
VARIABLE count
Start == count = 0
Up == count < Top /\ count' = count + 1
====
