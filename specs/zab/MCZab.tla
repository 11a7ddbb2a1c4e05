------------------------------- MODULE MCZab -------------------------------
(***************************************************************************)
(* Zab within bounds that TLC can exhaust: epochs up to MaxEpoch, and each *)
(* value requested once.  Parts selects the optional actions:              *)
(*   "breaks"    connections break at other times than in crashes;         *)
(*   "give up"   leaders and learners give up although nothing happened;   *)
(*   "rivals"    two leaders may be about to begin epochs concurrently;    *)
(*   "First"     First is the first leader, and clients ask only First;    *)
(*   "once"      a server that has led does not lead again;                *)
(*   "cut off"   First's proposals in epoch 1 reach no other server.       *)
(* The oracle names only servers that may lead (Leaders), and makes no     *)
(* server follow a server that does not lead.  Pings, syncs and forwarded  *)
(* requests are left out: they change only messages in flight.  Leaving a  *)
(* part out can only keep a server from learning or doing something:       *)
(* fewer behaviours are explored, and no new ones are added.               *)
(***************************************************************************)
EXTENDS Zab, TLC

CONSTANTS
    MaxEpoch,         \* epochs are 0 .. MaxEpoch
    First,            \* a server that may be treated differently
    Leaders,          \* the servers that the oracle may name
    Parts             \* optional actions that are included

Part(part) == part \in Parts

Everybody == Servers
Majority == {Q \in SUBSET Voters : Cardinality(Q) = (Cardinality(Voters) \div 2) + 1}
Halves == {Q \in SUBSET Voters : 2 * Cardinality(Q) = Cardinality(Voters)}

\* Servers that may be told to lead: no other server is about to begin an epoch above the bound.
Leadable ==
    {s \in Leaders :
        /\ acceptedEpoch[s] < MaxEpoch
        /\ \A p \in Servers : mode[p] # "leading" \/ phase[p] # "discovery"
              \/ (Part("rivals") /\ epoch[p] # 0)
        /\ Part("First") /\ broadcast = {} /\ established = {} => s = First
        /\ Part("once") => \A e \in established : e.leader # s}

Followable(s) == {p \in Leaders \ {s} : mode[p] = "leading"}

Asked == {t.val : t \in broadcast}

\* Values are requested in any order, each once.
Wishes(s) ==
    IF Part("First") /\ epoch[s] = 1 /\ s # First THEN {} ELSE Values \ Asked

\* The messages that may be received next.
Deliverable ==
    {m \in Next1 : Part("cut off") => ~ (m.type = "PROPOSE" /\ m.txn.zxid.epoch = 1)}

\* A learner whose leader is gone, or does not lead, must give up; with "give up" every server may.
Idle1(s) ==
    \/ Part("give up")
    \/ /\ mode[s] \in {"following", "observing"}
       /\ <<s, leader[s]>> \notin link

Lonely == {s \in Servers : Idle1(s)}
Connected(s) == {p \in DOMAIN learners[s] : Part("breaks") \/ <<s, p>> \notin link}
Losing == {s \in Servers : Part("breaks") /\ Connecting(s)}
Retrying ==
    {s \in Servers :
        /\ Part("breaks")
        /\ Connecting(s)
        /\ <<s, leader[s]>> \notin link
        /\ \A i \in 1 .. Len(disk[s]) : disk[s][i].out.to[leader[s]] = <<>>}

Bounded(s, m) ==
    m.type = "CEPOCH" /\ epoch[s] = 0 /\ mode[s] = "leading" =>
        acceptedEpoch[s] < MaxEpoch /\ m.epoch < MaxEpoch

Opening(s) == {m \in Next1 : Bounded(s, m)}

MCSteps ==
    \/ \E s \in Lonely : Abandon(s)
    \/ \E s \in Losing : LoseConnection(s)
    \/ \E s \in Retrying : Connect(s)
    \/ \E s \in Servers : \E m \in Next1 : RejectConnection(s, m)
    \/ \E s \in Servers : \E p \in Connected(s) : DropLearner(s, p)
    \/ \E s \in Servers : \E m \in Next1 : CountCEpoch(s, m)
    \/ \E s \in Servers : \E m \in Opening(s) : NewEpoch(s, m)
    \/ \E s \in Servers : \E m \in Next1 : GreetLearner(s, m)
    \/ \E s \in Servers : \E m \in Next1 : AcceptEpoch(s, m)
    \/ \E s \in Servers : \E m \in Next1 : RefuseEpoch(s, m)
    \/ \E s \in Servers : \E m \in Next1 : CountAckEpoch(s, m)
    \/ \E s \in Servers : \E m \in Next1 : StepDownStaleHistory(s, m)
    \/ \E s \in Servers : \E m \in Next1 : NewLeader(s, m)
    \/ \E s \in Servers : \E m \in Next1 : SyncLearner(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Synchronize(s, m)
    \/ \E s \in Servers : \E m \in Next1 : AcceptLeader(s, m)
    \/ \E s \in Servers : \E m \in Next1 : CountAckLeader(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Establish(s, m)
    \/ \E s \in Servers : \E m \in Next1 : UpToDate(s, m)
    \/ \E s \in Servers : \E m \in Next1 : CommitLeader(s, m)
    \/ \E s \in Servers : \E v \in Wishes(s) : Propose(s, v)
    \/ \E s \in Servers : \E m \in Deliverable : AcceptProposal(s, m)
    \/ \E s \in Servers : \E m \in Next1 : CountAck(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Commit(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Deliver(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Inform(s, m)
    \/ \E s \in Servers : TakeSnapshot(s)
    \/ \E s \in Servers : Flush(s)

MCOracle ==
    \/ \E s \in Leadable : Lead(s)
    \/ \E s \in Servers : \E p \in Followable(s) : FollowLeader(s, p)

MCNext == MCSteps \/ MCOracle \/ Crashes

MCSpec == ZabInit /\ [][MCNext]_vars

\* Servers that crash or are treated differently are not symmetric.  Sound for safety only.
Symmetry == Permutations(Servers \ (MayCrash \cup Observers \cup {First})) \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Reachability: each of these states that something never happens, and TLC must refute it.

NeverEstablished == established = {}
NeverTwice == \A a, b \in established : a = b
NeverDelivered == \A s \in Servers : mode[s] = "following" => committed[s] = 0
NeverPipelined == \A s \in Servers : Len(history[s]) < committed[s] + 2
NeverSurpassed ==
    \A s \in Servers : mode[s] = "leading" => \A p \in Servers :
        wire[p][s] # <<>> => ~ (Head(wire[p][s]).type = "ACK-E" /\ IsAhead(s, Head(wire[p][s])))
Sent(type) == \E s, p \in Servers : wire[s][p] # <<>> /\ Head(wire[s][p]).type = type
NeverTruncated == ~ Sent("TRUNC")
NeverSnapped == ~ Sent("SNAP")
NeverInformed == ~ Sent("INFORM")
NeverRefused ==
    \A s \in Servers : mode[s] = "following" => \A p \in Servers :
        wire[p][s] # <<>> =>
            ~ (Head(wire[p][s]).type = "NEWEPOCH" /\ Head(wire[p][s]).epoch < acceptedEpoch[s])

\* A transaction of an earlier epoch is delivered in a later one.
NeverRecovered ==
    \A e \in established : e.history = <<>>

\* An acknowledgement of NEWLEADER completes the quorum of a proposal.
NeverLate ==
    \A s \in Servers : mode[s] = "leading" /\ phase[s] = "broadcast" => \A p \in Servers :
        wire[p][s] # <<>> =>
            LET m == Head(wire[p][s]) IN
            ~ (m.type = "ACK-LD" /\ Committable(s, Acked(s, m, "active"),
                                                IndexOf(history[s], m.zxid)) > committed[s])

-----------------------------------------------------------------------------
\* Seeded bugs, put in by override: each model that uses one must fail.

\* The disk records the epoch as current as soon as NEWEPOCH is accepted, before it holds the
\* history of that epoch.
EarlyVolatile(s) ==
    [acceptedEpoch |-> acceptedEpoch[s], currentEpoch |-> Max(currentEpoch[s], epoch[s]),
     history |-> history[s], snapshot |-> snapshot[s]]

\* The disk does not keep accepted transactions, so a crash loses them.
ForgetfulVolatile(s) ==
    [acceptedEpoch |-> acceptedEpoch[s], currentEpoch |-> currentEpoch[s],
     history |-> SubSeq(history[s], 1, snapshot[s]), snapshot |-> snapshot[s]]

\* The disk does not keep the accepted epoch.
ForgetsEpoch(s) ==
    [acceptedEpoch |-> currentEpoch[s], currentEpoch |-> currentEpoch[s],
     history |-> history[s], snapshot |-> snapshot[s]]

\* A leader takes its own history as the epoch's first, and commits it, as soon as the epoch is
\* promised: it does not synchronize the followers first.
Unsynchronized(s, m) ==
    LET L == Promised(s, m)
        ready == At(L, {"promised"})
    IN  /\ FromLearner(s, m, "ACK-E", {"offered"})
        /\ phase[s] = "discovery"
        /\ ~ IsAhead(s, m)
        /\ Backed(s, L, Promises(L))
        /\ phase' = [phase EXCEPT ![s] = "broadcast"]
        /\ currentEpoch' = [currentEpoch EXCEPT ![s] = epoch[s]]
        /\ committed' = [committed EXCEPT ![s] = Len(history[s])]
        /\ learners' = [learners EXCEPT ![s] =
               [p \in DOMAIN L |-> IF p \in ready THEN Stage("syncing", 0, Zero) ELSE L[p]]]
        /\ established' = established \cup
               {[epoch |-> epoch[s], leader |-> s, history |-> history[s]]}
        /\ UNCHANGED <<acceptedEpoch, history, snapshot, mode, leader, epoch, up, broadcast>>
        /\ Emit(s, Taking(s, m),
                [to |-> [p \in Servers |-> IF p \in ready
                                           THEN Synchronizing(s, epoch[s], p, L[p].zxid)
                                           ELSE <<>>],
                 all |-> {}])

\* A leader goes on although a follower's history is ahead of its own.
NobodyIsAhead(s, m) == FALSE

\* A learner never truncates its history: it treats TRUNC as DIFF.
CutsNothing(s, m) ==
    /\ FromLeader(s, m, {"DIFF", "TRUNC", "SNAP"}, {"discovery"})
    /\ epoch[s] # 0
    /\ phase' = [phase EXCEPT ![s] = "synchronization"]
    /\ history' = [history EXCEPT ![s] = @ \o m.txns]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, committed, mode, leader, epoch, learners,
                   up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Every reported history counts as a promise, even if its sender had accepted the epoch before.
AllPromises(L) == At(L, {"promised"})
=============================================================================
