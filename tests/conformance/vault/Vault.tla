---- MODULE Vault ----
\* Variables that each invariant reads in a way of its own.
EXTENDS Integers, Sequences, FiniteSets
CONSTANTS Nodes
VARIABLES chain, local, passed, inner, domain, limit, extra, msgs

vars == <<chain, local, passed, inner, domain, limit, extra, msgs>>
Set(f, n, v) == [f EXCEPT ![n] = v]
Zero == [n \in Nodes |-> 0]

Init ==
    /\ chain = Zero /\ local = Zero /\ passed = Zero /\ inner = Zero /\ domain = Zero
    /\ limit = [n \in Nodes |-> 9]
    /\ extra = Zero
    /\ msgs = {}

Chain(n, v) == chain' = Set(chain, n, v)
               /\ UNCHANGED <<local, passed, inner, domain, limit, extra, msgs>>
Local(n, v) == local' = Set(local, n, v)
               /\ UNCHANGED <<chain, passed, inner, domain, limit, extra, msgs>>
Passed(n, v) == passed' = Set(passed, n, v)
                /\ UNCHANGED <<chain, local, inner, domain, limit, extra, msgs>>
Inner(n, v) == inner' = Set(inner, n, v)
               /\ UNCHANGED <<chain, local, passed, domain, limit, extra, msgs>>
Domain(n, v) == domain' = Set(domain, n, v)
                /\ UNCHANGED <<chain, local, passed, inner, limit, extra, msgs>>
Limit(n, v) == limit' = Set(limit, n, v)
               /\ UNCHANGED <<chain, local, passed, inner, domain, extra, msgs>>
Extra(n, v) == extra' = Set(extra, n, v)
               /\ UNCHANGED <<chain, local, passed, inner, domain, limit, msgs>>
Tell(n, v) == msgs' = msgs \cup {[type |-> "tell", from |-> n, val |-> v]}
              /\ UNCHANGED <<chain, local, passed, inner, domain, limit, extra>>
Vow(n, v) == msgs' = msgs \cup {[type |-> "vow", from |-> n, val |-> v]}
             /\ UNCHANGED <<chain, local, passed, inner, domain, limit, extra>>

Next ==
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Chain(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Local(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Passed(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Inner(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Domain(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Limit(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Extra(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Tell(n, v)
    \/ \E n \in Nodes : \E v \in 0 .. 9 : Vow(n, v)

Spec == Init /\ [][Next]_vars

Chain3 == chain
Chain2(n) == Chain3[n]
Chain1 == \A n \in Nodes : Chain2(n) < 3
ThroughChain == Chain1

Small(f) == \A n \in Nodes : f[n] < 3
ThroughLet == LET held == local IN LET all(f) == Small(f) IN all(held)

Apply(Op(_), n) == Op(n)
Looked(n) == passed[n] < 3
ThroughArgument == \A n \in Nodes : Apply(Looked, n)

I == INSTANCE VaultInner WITH held <- inner
ThroughInstance == I!Fine

ThroughFunction ==
    LET fits[n \in Nodes] == domain[n] < 3
    IN  \A n \in Nodes : fits[n]

\* Broken by a new message, or by a limit that goes below an old one.
EachMessage ==
    \A m \in msgs :
        /\ m.type = "tell" => m.val < 3
        /\ limit[m.from] >= m.val

\* Broken by two messages of one node.
Vows == {<<m.from, m.val>> : m \in {m \in msgs : m.type = "vow"}}
Pairs == \A p, q \in Vows : p[1] = q[1] => p = q

\* A filter that reads a variable, and a use of messages beside it.
Counted == Cardinality({m \in msgs : m.val >= extra[m.from]}) <= 4
Whole == Cardinality(msgs) < 5

\* The second conjunct has no value where the first is false.
Conjuncts ==
    /\ \A n \in Nodes : extra[n] < 3
    /\ \A n \in Nodes :
          /\ limit[n] * <<1, 2, 3>>[extra[n] + 1] > 0
          /\ limit[n] < 10
====
