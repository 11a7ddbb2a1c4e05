---- MODULE ParseMissingInstance ----
VARIABLE x
Other == INSTANCE NowhereEither
Init == x = 0
Next == x' = x
====
