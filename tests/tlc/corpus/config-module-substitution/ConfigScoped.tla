---- MODULE ConfigScoped ----
EXTENDS ConfigScopedInner
VARIABLE x
Three == 3
Init == x = 0
Next == x' = (x + 1) % Limit
Spec == Init /\ [][Next]_x
Small == x # 2
====
