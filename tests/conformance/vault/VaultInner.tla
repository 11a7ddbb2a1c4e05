---- MODULE VaultInner ----
EXTENDS Integers
VARIABLE held
Fine == \A n \in DOMAIN held : held[n] < 3
====
