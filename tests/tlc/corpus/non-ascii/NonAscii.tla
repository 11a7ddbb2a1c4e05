---- MODULE NonAscii ----
EXTENDS Naturals \* Zähler, 計数, 🙂
VARIABLES x, text
(* Überschrift: ≤ ∧ ∈ *)
Init == x = 0 /\ text = "Grüße, «señor»"
Next == /\ text' = "ä" /\ x' = x + 1
Spec == Init /\ [][Next]_<<x, text>>
Low == x < 1
====
