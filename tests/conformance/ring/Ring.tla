---- MODULE Ring ----
\* A token that counts its hops, as a stranger might write it.
EXTENDS Integers
CONSTANTS Nodes, Limit
VARIABLES seen, msgs
Token(n) == [type |-> "token", hops |-> n]
Init == seen = [n \in Nodes |-> 0] /\ msgs = {}
Begin(n) == msgs' = msgs \cup {Token(1)} /\ UNCHANGED seen
Pass(n, m) == /\ m.hops < Limit
              /\ seen' = [seen EXCEPT ![n] = m.hops]
              /\ msgs' = msgs \cup {Token(m.hops + 1)}
Stop(n, m) == /\ m.hops = Limit
              /\ seen' = [seen EXCEPT ![n] = m.hops]
              /\ UNCHANGED msgs
Next == \E n \in Nodes : Begin(n) \/ \E m \in msgs : Pass(n, m) \/ Stop(n, m)
Spec == Init /\ [][Next]_<<seen, msgs>>
Bounded == \A n \in Nodes : seen[n] <= Limit
Early == \A n \in Nodes : seen[n] < Limit - 2
====
