---- MODULE ParseComment ----
VARIABLE x
(* an opening without an end
Init == x = 0
Next == x' = x
====
