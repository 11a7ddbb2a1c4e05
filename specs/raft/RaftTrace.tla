----------------------------- MODULE RaftTrace -----------------------------
(***************************************************************************)
(* Which step of Raft.tla a recorded event stands for: one line per        *)
(* action.  See Trace.tla for how a trace is checked.                      *)
(*                                                                         *)
(* Constants of the trace's header: Servers, Batch, DiskQueue; Quorums,    *)
(* where they are not all majorities of the first voters;                  *)
(* Options, where any is on; Voters, where not all servers vote at first;  *)
(* Window, where entries wait to be sent on;                               *)
(* and Values, where a trace shows what clients asked for neither by the   *)
(* parameter v of ClientRequest nor by logs.                               *)
(***************************************************************************)
EXTENDS Trace

TraceServers == Header.Servers
TraceBatch == Header.Batch
TraceDiskQueue == Header.DiskQueue
TraceOptions == IF "Options" \in DOMAIN Header THEN Header.Options ELSE {}
TraceWindow == IF "Window" \in DOMAIN Header THEN Header.Window ELSE 1000000
TraceVoters == IF "Voters" \in DOMAIN Header THEN Header.Voters ELSE Header.Servers
TraceQuorums ==
    IF "Quorums" \in DOMAIN Header THEN Header.Quorums
    ELSE {Q \in SUBSET TraceVoters :
             Cardinality(Q) = (Cardinality(TraceVoters) \div 2) + 1}
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
Asked(e) ==
    IF Recorded(e, 3) /\ "v" \in DOMAIN Value(e, 3) THEN {Value(e, 3).v} ELSE AllAsked

\* The configuration that was asked for in e; where e does not say it, all that may be.
Wanted(e) ==
    IF Recorded(e, 3) /\ "c" \in DOMAIN Value(e, 3) THEN {Value(e, 3).c} ELSE Configurations

\* In how many parts the snapshot of e goes: any number up to 9 where e does not say it.
Parts(e) ==
    IF Recorded(e, 3) /\ "parts" \in DOMAIN Value(e, 3) THEN {Value(e, 3).parts} ELSE 1 .. 9

Handle(e) ==
    \/ /\ Is(e, "Timeout") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Timeout(s)
    \/ /\ Is(e, "GrantVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : GrantVote(s, m)
    \/ /\ Is(e, "DenyVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : DenyVote(s, m)
    \/ /\ Is(e, "CountVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : CountVote(s, m)
    \/ /\ Is(e, "BecomeLeader")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : BecomeLeader(s, m)
    \/ /\ Is(e, "StepDown")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : StepDown(s, m)
    \/ /\ Is(e, "ClientRequest") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E v \in Asked(e) : ClientRequest(s, v)
    \/ /\ Is(e, "Reply") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Reply(s)
    \/ /\ Is(e, "Heartbeat") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Heartbeat(s)
    \/ /\ Is(e, "AcceptEntries")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : AcceptEntries(s, m)
    \/ /\ Is(e, "RejectEntries")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : RejectEntries(s, m)
    \/ /\ Is(e, "RecordMatch")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : RecordMatch(s, m)
    \/ /\ Is(e, "AdvanceCommitIndex")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : AdvanceCommitIndex(s, m)
    \/ /\ Is(e, "DecrementNextIndex")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : DecrementNextIndex(s, m)
    \/ /\ Is(e, "Ignore")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Ignore(s, m)
    \/ /\ Is(e, "Flush") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Flush(s)
    \/ /\ Is(e, "Crash") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E k \in Param(e, "kept", 0 .. Len(disk[s])) : Crash(s, k)
    \/ /\ Is(e, "Restart") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Restart(s)
    \/ /\ Is(e, "PreVote") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : PreVote(s)
    \/ /\ Is(e, "GrantPreVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : GrantPreVote(s, m)
    \/ /\ Is(e, "DenyPreVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : DenyPreVote(s, m)
    \/ /\ Is(e, "CountPreVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : CountPreVote(s, m)
    \/ /\ Is(e, "WinPreVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : WinPreVote(s, m)
    \/ /\ Is(e, "CheckQuorum") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : CheckQuorum(s)
    \/ /\ Is(e, "TransferLeadership") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E p \in Param(e, "to", Others(s)) : TransferLeadership(s, p)
    \/ /\ Is(e, "TimeoutNow")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : TimeoutNow(s, m)
    \/ /\ Is(e, "ReadIndex") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : ReadIndex(s)
    \/ /\ Is(e, "LeaseRead") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : LeaseRead(s)
    \/ /\ Is(e, "TakeSnapshot") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E k \in Parts(e) : TakeSnapshot(s, k)
    \/ /\ Is(e, "AcceptChunk")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : AcceptChunk(s, m)
    \/ /\ Is(e, "InstallSnapshot")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : InstallSnapshot(s, m)
    \/ /\ Is(e, "RejectChunk")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : RejectChunk(s, m)
    \/ /\ Is(e, "SendChunk")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : SendChunk(s, m)
    \/ /\ Is(e, "RecordSnapshot")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : RecordSnapshot(s, m)
    \/ /\ Is(e, "ChangeConfiguration") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E c \in Wanted(e) : ChangeConfiguration(s, c)
    \/ /\ Is(e, "LeaveJoint") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : LeaveJoint(s)
    \/ /\ Is(e, "Resign") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Resign(s)

\* What an implementation has of a log.
Kept(L, snap) == SubSeq(L, snap.index + 1, Len(L))

Shown(s) ==
    [role         |-> role[s],
     currentTerm  |-> currentTerm[s],
     votedFor     |-> votedFor[s],
     log          |-> Kept(log[s], snapshot[s]),
     commitIndex  |-> commitIndex[s],
     votesGranted |-> votesGranted[s],
     nextIndex    |-> nextIndex[s],
     matchIndex   |-> matchIndex[s],
     snapshot     |-> snapshot[s],
     incoming     |-> incoming[s],
     offset       |-> offset[s],
     round        |-> round[s],
     acked        |-> acked[s],
     reads        |-> {[round |-> r.round, index |-> r.index] : r \in reads[s]},
     up           |-> up[s],
     durable      |-> [durable[s] EXCEPT !.log = Kept(@, durable[s].snapshot)]]

Sends(e) == SentTakes(e, msgs, msgs')

\* The log of s, of which the snapshot snap and the entries behind it are recorded in e.  What a
\* new snapshot stands for is the server's own, or that of the leader who sent it.
Whole(e, s, snap, kept) ==
    LET sent == /\ snap # snapshot[s]
                /\ Recorded(e, 4)
                /\ Value(e, 4).type = "InstallSnapshot"
                /\ Len(log[Value(e, 4).leader]) >= snap.index
        from == IF sent THEN log[Value(e, 4).leader] ELSE log[s]
    IN  SubSeq(from, 1, Min(snap.index, Len(from))) \o kept

Take(e) ==
    LET s == Value(e, 2)
        old == Shown(s)
        snap == Took(e, "snapshot", old.snapshot)
        whole == Whole(e, s, snap, Took(e, "log", old.log))
        dur == Took(e, "durable", old.durable)
    IN  /\ role' = [role EXCEPT ![s] = Took(e, "role", @)]
        /\ currentTerm' = [currentTerm EXCEPT ![s] = Took(e, "currentTerm", @)]
        /\ votedFor' = [votedFor EXCEPT ![s] = Took(e, "votedFor", @)]
        /\ log' = [log EXCEPT ![s] = whole]
        /\ commitIndex' = [commitIndex EXCEPT ![s] = Took(e, "commitIndex", @)]
        /\ votesGranted' = [votesGranted EXCEPT ![s] = Took(e, "votesGranted", @)]
        /\ nextIndex' = [nextIndex EXCEPT ![s] = Took(e, "nextIndex", @)]
        /\ matchIndex' = [matchIndex EXCEPT ![s] = Took(e, "matchIndex", @)]
        /\ snapshot' = [snapshot EXCEPT ![s] = snap]
        /\ incoming' = [incoming EXCEPT ![s] = Took(e, "incoming", @)]
        /\ offset' = [offset EXCEPT ![s] = Took(e, "offset", @)]
        /\ round' = [round EXCEPT ![s] = Took(e, "round", @)]
        /\ acked' = [acked EXCEPT ![s] = Took(e, "acked", @)]
        /\ reads' = [reads EXCEPT ![s] =
               {[round |-> r.round, index |-> r.index, floor |-> r.index] :
                   r \in Took(e, "reads", old.reads)}]
        /\ up' = [up EXCEPT ![s] = Took(e, "up", @)]
        /\ durable' = [durable EXCEPT ![s] =
               [dur EXCEPT !.log = SubSeq(whole, 1, Min(dur.snapshot.index, Len(whole))) \o @]]
        /\ msgs' = TookSent(e, msgs)
        /\ UNCHANGED disk

\* Logs and reads as Shown, so that they can be laid beside what was recorded.
Snapshot ==
    [role |-> role, currentTerm |-> currentTerm, votedFor |-> votedFor,
     log |-> [s \in Servers |-> Shown(s).log], commitIndex |-> commitIndex,
     votesGranted |-> votesGranted, nextIndex |-> nextIndex, matchIndex |-> matchIndex,
     snapshot |-> snapshot, incoming |-> incoming, offset |-> offset, round |-> round,
     acked |-> acked, reads |-> [s \in Servers |-> Shown(s).reads], up |-> up,
     durable |-> [s \in Servers |-> Shown(s).durable], disk |-> disk, msgs |-> msgs]
=============================================================================
