---- MODULE RingTrace ----
EXTENDS Trace
TraceLimit == Header.Limit
Handle(e) ==
    \/ Is(e, "Begin") /\ NothingReceived(e) /\ \E n \in Who(e, Nodes) : Begin(n)
    \/ Is(e, "Pass") /\ \E n \in Who(e, Nodes) : \E m \in Received(e, msgs) : Pass(n, m)
    \/ Is(e, "Stop") /\ \E n \in Who(e, Nodes) : \E m \in Received(e, msgs) : Stop(n, m)
Shown(n) == [seen |-> seen[n], up |-> TRUE]
Sends(e) == SentTakes(e, msgs, msgs')
Snapshot == [seen |-> seen, msgs |-> msgs]
====
