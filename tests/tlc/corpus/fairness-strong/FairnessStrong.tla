---- MODULE FairnessStrong ----
VARIABLES light, door
vars == <<light, door>>
Init == light = "red" /\ door = "shut"
Blink == door = "shut" /\ light' = (IF light = "red" THEN "green" ELSE "red") /\ door' = door
Open == door = "shut" /\ light = "green" /\ door' = "open" /\ light' = light
Stay == door = "open" /\ UNCHANGED vars
Next == Blink \/ Open \/ Stay
Spec == Init /\ [][Next]_vars /\ WF_vars(Blink) /\ SF_vars(Open)
Opens == <>(door = "open")
====
