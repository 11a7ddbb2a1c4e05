---- MODULE Recursive ----
EXTENDS Naturals, Sequences
VARIABLE x
RECURSIVE Sum(_)
Sum(s) == IF s = <<>> THEN 0 ELSE Head(s) + Sum(Tail(s))
fact[n \in Nat] == IF n = 0 THEN 1 ELSE n * fact[n - 1]
Apply(F(_), v) == F(v)
Init == x = Sum(<<1, 2, 3>>)
Next == x' = fact[x % 6] + Apply(LAMBDA v : v + 1, x)
Spec == Init /\ [][Next]_x
Small == x < 100
====
