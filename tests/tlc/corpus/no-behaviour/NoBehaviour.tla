---- MODULE NoBehaviour ----
EXTENDS Naturals, TLC
ASSUME \A i \in 1..9 : i < 10
ASSUME PrintT(<<"sum", 1 + 1>>)
====
