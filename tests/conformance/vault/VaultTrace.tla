---- MODULE VaultTrace ----
EXTENDS Trace
Num(e) == Param(e, "v", 0 .. 9)
Handle(e) ==
    \E n \in Who(e, Nodes) : \E v \in Num(e) :
        \/ Is(e, "Chain") /\ Chain(n, v)
        \/ Is(e, "Local") /\ Local(n, v)
        \/ Is(e, "Passed") /\ Passed(n, v)
        \/ Is(e, "Inner") /\ Inner(n, v)
        \/ Is(e, "Domain") /\ Domain(n, v)
        \/ Is(e, "Limit") /\ Limit(n, v)
        \/ Is(e, "Extra") /\ Extra(n, v)
        \/ Is(e, "Tell") /\ Tell(n, v)
        \/ Is(e, "Vow") /\ Vow(n, v)
Shown(n) == [chain |-> chain[n]]
Sends(e) == SentTakes(e, msgs, msgs')
Snapshot == [chain |-> chain, msgs |-> msgs]
====
