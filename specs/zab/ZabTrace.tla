------------------------------ MODULE ZabTrace ------------------------------
(***************************************************************************)
(* Which step of Zab.tla and FastLeaderElection.tla a recorded event       *)
(* stands for: one line per action.  See Trace.tla for how a trace is      *)
(* checked.                                                                *)
(*                                                                         *)
(* Constants of the trace's header: Servers (a sequence, by the servers'   *)
(* numbers in elections), DiskQueue, Window; Observers, Options, where     *)
(* there are any; Quorums (the minimal ones), where they are not all       *)
(* majorities of the others; and Values, where a trace shows what clients  *)
(* asked for neither by the parameter v nor by histories.                  *)
(***************************************************************************)
EXTENDS Trace

TraceNumbered == Header.Servers
TraceServers == {Header.Servers[i] : i \in 1 .. Len(Header.Servers)}
TraceObservers == IF "Observers" \in DOMAIN Header THEN Header.Observers ELSE {}
TraceVoters == TraceServers \ TraceObservers
TraceQuorums ==
    IF "Quorums" \in DOMAIN Header THEN Header.Quorums
    ELSE {Q \in SUBSET TraceVoters : Cardinality(Q) = (Cardinality(TraceVoters) \div 2) + 1}
TraceWindow == Header.Window
TraceDiskQueue == Header.DiskQueue
TraceOptions == IF "Options" \in DOMAIN Header THEN Header.Options ELSE {}
TraceMayCrash == TraceNodes

\* Any string may be asked for.  (A set of those that were would be worked out before the
\* tables that it hangs on.)
TraceAsked == STRING

\* What clients asked for, as far as anything in the traces or their header says so.
AllAsked ==
    LET asked == {TraceValues[c] : c \in {TraceEvents[k][3] : k \in 1 .. RowCount} \ {0}}
        logs == {TraceValues[c] :
                    c \in {TraceEvents[k][TraceFields.history] : k \in 1 .. RowCount} \ {0, 1}}
    IN  TLCEval({p.v : p \in {p \in asked : "v" \in DOMAIN p}}
                  \cup UNION {{H[i].val : i \in 1 .. Len(H)} : H \in logs}
                  \cup (IF "Values" \in DOMAIN Header THEN Header.Values ELSE {}))

\* What the client asked for in e; the set of all is not worked out where e says it.
AskedIn(e) ==
    IF Recorded(e, 3) /\ "v" \in DOMAIN Value(e, 3) THEN {Value(e, 3).v} ELSE AllAsked

\* The number of a sync, which any may be.
NumberIn(e) ==
    IF Recorded(e, 3) /\ "n" \in DOMAIN Value(e, 3) THEN {Value(e, 3).n} ELSE {0}

\* A step of s that has nothing to do with elections.
Plain == UNCHANGED electionVars

\* What may be received on connections.
Next2(e) == Received(e, Next1)

Elections(e) ==
    \/ /\ Is(e, "Look") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Look(s)
    \/ /\ Is(e, "Notify") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Notify(s)
    \/ /\ Is(e, "JoinRound")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : JoinRound(s, m)
    \/ /\ Is(e, "CountVote")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : CountVote(s, m)
    \/ /\ Is(e, "Answer")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Answer(s, m)
    \/ /\ Is(e, "CountOutside")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : CountOutside(s, m)
    \/ /\ Is(e, "JoinEnsemble")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : JoinEnsemble(s, m)
    \/ /\ Is(e, "Decide") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Decide(s)
    \/ /\ Is(e, "Ignore")
       /\ \E s \in Who(e, Servers) : \E m \in Received(e, msgs) : Ignore(s, m)
    \/ /\ Is(e, "Crash") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E k \in Param(e, "kept", 0 .. Len(disk[s])) : LoseAll(s, k)

Handle(e) ==
    \/ Elections(e)
    \/ /\ Is(e, "Abandon") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Abandon(s) /\ Plain
    \/ /\ Is(e, "LoseConnection") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : LoseConnection(s) /\ Plain
    \/ /\ Is(e, "Connect") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Connect(s) /\ Plain
    \/ /\ Is(e, "DropLearner") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E p \in Param(e, "p", Servers) : DropLearner(s, p) /\ Plain
    \/ /\ Is(e, "Propose") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E v \in AskedIn(e) : Propose(s, v) /\ Plain
    \/ /\ Is(e, "Forward") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E v \in AskedIn(e) : Forward(s, v) /\ Plain
    \/ /\ Is(e, "AskSync") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : \E n \in NumberIn(e) : AskSync(s, n) /\ Plain
    \/ /\ Is(e, "RejectConnection")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : RejectConnection(s, m) /\ Plain
    \/ /\ Is(e, "CountCEpoch")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : CountCEpoch(s, m) /\ Plain
    \/ /\ Is(e, "NewEpoch")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : NewEpoch(s, m) /\ Plain
    \/ /\ Is(e, "GreetLearner")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : GreetLearner(s, m) /\ Plain
    \/ /\ Is(e, "AcceptEpoch")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : AcceptEpoch(s, m) /\ Plain
    \/ /\ Is(e, "RefuseEpoch")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : RefuseEpoch(s, m) /\ Plain
    \/ /\ Is(e, "CountAckEpoch")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : CountAckEpoch(s, m) /\ Plain
    \/ /\ Is(e, "StepDownStaleHistory")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : StepDownStaleHistory(s, m) /\ Plain
    \/ /\ Is(e, "NewLeader")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : NewLeader(s, m) /\ Plain
    \/ /\ Is(e, "SyncLearner")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : SyncLearner(s, m) /\ Plain
    \/ /\ Is(e, "Synchronize")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Synchronize(s, m) /\ Plain
    \/ /\ Is(e, "AcceptLeader")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : AcceptLeader(s, m) /\ Plain
    \/ /\ Is(e, "CountAckLeader")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : CountAckLeader(s, m) /\ Plain
    \/ /\ Is(e, "Establish")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Establish(s, m) /\ Plain
    \/ /\ Is(e, "UpToDate")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : UpToDate(s, m) /\ Plain
    \/ /\ Is(e, "CommitLeader")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : CommitLeader(s, m) /\ Plain
    \/ /\ Is(e, "ProposeFor")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : ProposeFor(s, m) /\ Plain
    \/ /\ Is(e, "AcceptProposal")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : AcceptProposal(s, m) /\ Plain
    \/ /\ Is(e, "CountAck")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : CountAck(s, m) /\ Plain
    \/ /\ Is(e, "Commit")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Commit(s, m) /\ Plain
    \/ /\ Is(e, "Deliver")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Deliver(s, m) /\ Plain
    \/ /\ Is(e, "Inform")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Inform(s, m) /\ Plain
    \/ /\ Is(e, "Ping") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Ping(s) /\ Plain
    \/ /\ Is(e, "Pong")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Pong(s, m) /\ Plain
    \/ /\ Is(e, "HandlePong")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : HandlePong(s, m) /\ Plain
    \/ /\ Is(e, "AnswerSync")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : AnswerSync(s, m) /\ Plain
    \/ /\ Is(e, "Synced")
       /\ \E s \in Who(e, Servers) : \E m \in Next2(e) : Synced(s, m) /\ Plain
    \/ /\ Is(e, "Reply") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Reply(s) /\ Plain
    \/ /\ Is(e, "TakeSnapshot") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : TakeSnapshot(s) /\ Plain
    \/ /\ Is(e, "Flush") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Flush(s) /\ Plain
    \/ /\ Is(e, "Restart") /\ NothingReceived(e)
       /\ \E s \in Who(e, Servers) : Restart(s) /\ Plain

\* The history behind the first n.
Behind1(H, n) == SubSeq(H, n + 1, Len(H))

Shown(s) ==
    [acceptedEpoch |-> acceptedEpoch[s],
     currentEpoch  |-> currentEpoch[s],
     history       |-> Behind1(history[s], snapshot[s]),
     snapshot      |-> snapshot[s],
     committed     |-> committed[s],
     mode          |-> mode[s],
     phase         |-> phase[s],
     leader        |-> leader[s],
     epoch         |-> epoch[s],
     learners      |-> {[name |-> p, stage |-> learners[s][p].stage,
                         epoch |-> learners[s][p].epoch, zxid |-> learners[s][p].zxid] :
                            p \in DOMAIN learners[s]},
     round         |-> round[s],
     vote          |-> vote[s],
     tally         |-> {[from |-> p, vote |-> tally[s][p]] : p \in DOMAIN tally[s]},
     outside       |-> {[from |-> p, round |-> outside[s][p].round, vote |-> outside[s][p].vote,
                         mode |-> outside[s][p].mode] : p \in DOMAIN outside[s]},
     up            |-> up[s],
     durable       |-> [acceptedEpoch |-> durable[s].acceptedEpoch,
                        currentEpoch |-> durable[s].currentEpoch,
                        history |-> Behind1(durable[s].history, durable[s].snapshot),
                        snapshot |-> durable[s].snapshot]]

\* What was put on connections from a to b in the step.
Added(a, b) ==
    LET old == wire[a][b]
        new == wire'[a][b]
    IN  IF Len(new) > Len(old) /\ SubSeq(new, 1, Len(old)) = old
        THEN {new[i] : i \in (Len(old) + 1) .. Len(new)}
        ELSE {}

Sends(e) ==
    IF Recorded(e, 5)
    THEN LET grams == {m \in Value(e, 5) : m.type = "NOTIFICATION"}
         IN  /\ msgs' = msgs \cup grams
             /\ Value(e, 5) \ grams = UNION {Added(a, b) : a \in Who(e, Servers), b \in Servers}
    ELSE TRUE

\* As Shown, so that states can be laid beside what was recorded.
Snapshot ==
    LET of(s) == Shown(s) IN
    [acceptedEpoch |-> acceptedEpoch, currentEpoch |-> currentEpoch,
     history |-> [s \in Servers |-> of(s).history], snapshot |-> snapshot,
     committed |-> committed, mode |-> mode, phase |-> phase, leader |-> leader, epoch |-> epoch,
     learners |-> [s \in Servers |-> of(s).learners], round |-> round, vote |-> vote,
     tally |-> [s \in Servers |-> of(s).tally], outside |-> [s \in Servers |-> of(s).outside],
     up |-> up, durable |-> [s \in Servers |-> of(s).durable], disk |-> disk, link |-> link,
     wire |-> wire, msgs |-> msgs]
=============================================================================
