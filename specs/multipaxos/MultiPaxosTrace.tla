--------------------------- MODULE MultiPaxosTrace ---------------------------
(***************************************************************************)
(* Which step of MultiPaxos.tla a recorded event stands for: one line per  *)
(* action.  See Trace.tla for how a trace is checked.                      *)
(*                                                                         *)
(* Constants of the trace's header: Servers (a sequence, in the order in   *)
(* which they own ballots), Alpha, DiskQueue; Quorum1 and Quorum2, where   *)
(* they are not all majorities of the first members; Members, where not    *)
(* all servers are acceptors at first; Most, Options, where any is on;     *)
(* MaxBallot, at least the highest ballot recorded; and Values, where a    *)
(* trace shows what clients asked for neither by the parameter v of        *)
(* ClientRequest nor by logs.                                              *)
(***************************************************************************)
EXTENDS Trace

TraceProposers == Header.Servers
TraceServers == {Header.Servers[i] : i \in 1 .. Len(Header.Servers)}
TraceMembers == IF "Members" \in DOMAIN Header THEN Header.Members ELSE TraceServers
TraceAlpha == Header.Alpha
TraceDiskQueue == Header.DiskQueue
TraceMost == IF "Most" \in DOMAIN Header THEN Header.Most ELSE 1000000
TraceOptions == IF "Options" \in DOMAIN Header THEN Header.Options ELSE {}
TraceMajorities ==
    {Q \in SUBSET TraceMembers : Cardinality(Q) = (Cardinality(TraceMembers) \div 2) + 1}
TraceQuorum1 == IF "Quorum1" \in DOMAIN Header THEN Header.Quorum1 ELSE TraceMajorities
TraceQuorum2 == IF "Quorum2" \in DOMAIN Header THEN Header.Quorum2 ELSE TraceMajorities
TraceBallots == 0 .. Header.MaxBallot
TraceMayCrash == TraceNodes

\* Any string may be asked for.  (A set of those that were would be worked out before the
\* tables that it hangs on.)
TraceAsked == STRING

\* What clients asked for, as far as anything in the traces or their header says so.
AllAsked ==
    LET asked == {TraceValues[c] : c \in {TraceEvents[k][3] : k \in 1 .. RowCount} \ {0}}
        logs == {TraceValues[c] :
                    c \in {TraceEvents[k][TraceFields.log] : k \in 1 .. RowCount} \ {0, 1}}
    IN  TLCEval({p.v : p \in {p \in asked : "v" \in DOMAIN p}}
                  \cup UNION {{L[i].val : i \in 1 .. Len(L)} : L \in logs}
                  \cup (IF "Values" \in DOMAIN Header THEN Header.Values ELSE {}))

\* What the client asked for in e; the set of all is not worked out where e says it.
AskedIn(e) ==
    IF Recorded(e, 3) /\ "v" \in DOMAIN Value(e, 3) THEN {Value(e, 3).v} ELSE AllAsked

Handle(e) ==
    \/ /\ Is(e, "Prepare") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E b \in Param(e, "b", TraceBallots) : Prepare(s, b)
    \/ /\ Is(e, "ClientRequest") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E v \in AskedIn(e) : ClientRequest(s, v)
    \/ /\ Is(e, "ChangeConfiguration") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E c \in Param(e, "c", SUBSET Servers) : ChangeConfiguration(s, c)
    \/ /\ Is(e, "Promise")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Promise(s, m)
    \/ /\ Is(e, "Nack")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Nack(s, m)
    \/ /\ Is(e, "CountPromise")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : CountPromise(s, m)
    \/ /\ Is(e, "Lead")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Lead(s, m)
    \/ /\ Is(e, "FallBehind")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : FallBehind(s, m)
    \/ /\ Is(e, "StepDown")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : StepDown(s, m)
    \/ /\ Is(e, "Accept")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Accept(s, m)
    \/ /\ Is(e, "RecordVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : RecordVote(s, m)
    \/ /\ Is(e, "Choose")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Choose(s, m)
    \/ /\ Is(e, "HandleHeartbeat")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : HandleHeartbeat(s, m)
    \/ /\ Is(e, "Share")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Share(s, m)
    \/ /\ Is(e, "Learn")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Learn(s, m)
    \/ /\ Is(e, "InstallSnapshot")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : InstallSnapshot(s, m)
    \/ /\ Is(e, "Ignore")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Ignore(s, m)
    \/ /\ Is(e, "Reply") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Reply(s)
    \/ /\ Is(e, "Heartbeat") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Heartbeat(s)
    \/ /\ Is(e, "TakeSnapshot") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : TakeSnapshot(s)
    \/ /\ Is(e, "Flush") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Flush(s)
    \/ /\ Is(e, "Restart") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Restart(s)
    \/ /\ Is(e, "Crash") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E k \in Param(e, "kept", 0 .. Len(disk[s])) : Crash(s, k)

\* Slots to values, and to those who voted, as sets of records.
Values1(f) == {[slot |-> j, val |-> f[j]] : j \in DOMAIN f}
Voters(f) == {[slot |-> j, acks |-> f[j]] : j \in DOMAIN f}

\* ... and back.
Function(S) == [j \in {r.slot : r \in S} |-> (CHOOSE r \in S : r.slot = j).val]
VoteFunction(S) ==
    [j \in {r.slot : r \in S} |->
        LET r == CHOOSE r \in S : r.slot = j IN [bal |-> r.bal, val |-> r.val]]
AckFunction(S) == [j \in {r.slot : r \in S} |-> (CHOOSE r \in S : r.slot = j).acks]

Shown(s) ==
    [maxBal   |-> maxBal[s],
     votes    |-> Told(votes[s]),
     log      |-> SubSeq(log[s], snapshot[s] + 1, Len(log[s])),
     early    |-> Values1(early[s]),
     snapshot |-> snapshot[s],
     phase    |-> phase[s],
     bal      |-> bal[s],
     promised |-> promised[s],
     told     |-> Told(told[s]),
     proposed |-> Values1(proposed[s]),
     acks     |-> Voters(acks[s]),
     up       |-> up[s],
     durable  |-> [maxBal |-> durable[s].maxBal, votes |-> Told(durable[s].votes),
                   snapshot |-> durable[s].snapshot]]

Sends(e) == SentTakes(e, msgs, msgs')

\* The log of s, of which the snapshot snap and what comes behind it are recorded in e.  What a
\* new snapshot stands for is the server's own, or that of who sent it.
Whole(e, s, snap, kept) ==
    LET sent == /\ snap # snapshot[s]
                /\ Recorded(e, 4)
                /\ Value(e, 4).type = "snapshot"
                /\ Len(log[Value(e, 4).from]) >= snap
        from == IF sent THEN log[Value(e, 4).from] ELSE log[s]
    IN  SubSeq(from, 1, Min(snap, Len(from))) \o kept

Take(e) ==
    LET s == Value(e, 2)
        old == Shown(s)
        snap == Took(e, "snapshot", old.snapshot)
        whole == Whole(e, s, snap, Took(e, "log", old.log))
        dur == Took(e, "durable", old.durable)
    IN  /\ maxBal' = [maxBal EXCEPT ![s] = Took(e, "maxBal", @)]
        /\ votes' = [votes EXCEPT ![s] = VoteFunction(Took(e, "votes", old.votes))]
        /\ log' = [log EXCEPT ![s] = whole]
        /\ early' = [early EXCEPT ![s] = Function(Took(e, "early", old.early))]
        /\ snapshot' = [snapshot EXCEPT ![s] = snap]
        /\ phase' = [phase EXCEPT ![s] = Took(e, "phase", @)]
        /\ bal' = [bal EXCEPT ![s] = Took(e, "bal", @)]
        /\ promised' = [promised EXCEPT ![s] = Took(e, "promised", @)]
        /\ told' = [told EXCEPT ![s] = VoteFunction(Took(e, "told", old.told))]
        /\ proposed' = [proposed EXCEPT ![s] = Function(Took(e, "proposed", old.proposed))]
        /\ acks' = [acks EXCEPT ![s] = AckFunction(Took(e, "acks", old.acks))]
        /\ up' = [up EXCEPT ![s] = Took(e, "up", @)]
        /\ durable' = [durable EXCEPT ![s] =
               [maxBal |-> dur.maxBal, votes |-> VoteFunction(dur.votes),
                snapshot |-> dur.snapshot, log |-> SubSeq(whole, 1, Min(dur.snapshot, Len(whole)))]]
        /\ msgs' = TookSent(e, msgs)
        /\ UNCHANGED disk

\* As Shown, so that states can be laid beside what was recorded.
Snapshot ==
    LET of(s) == Shown(s) IN
    [maxBal |-> maxBal, votes |-> [s \in Servers |-> of(s).votes],
     log |-> [s \in Servers |-> of(s).log], early |-> [s \in Servers |-> of(s).early],
     snapshot |-> snapshot, phase |-> phase, bal |-> bal, promised |-> promised,
     told |-> [s \in Servers |-> of(s).told],
     proposed |-> [s \in Servers |-> of(s).proposed],
     acks |-> [s \in Servers |-> of(s).acks], up |-> up,
     durable |-> [s \in Servers |-> of(s).durable], disk |-> disk, msgs |-> msgs]
=============================================================================
