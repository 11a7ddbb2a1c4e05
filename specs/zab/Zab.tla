-------------------------------- MODULE Zab --------------------------------
(***************************************************************************)
(* Zab, ZooKeeper's atomic broadcast, at the granularity of an             *)
(* implementation's handlers.                                              *)
(*                                                                         *)
(* Sources: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance   *)
(* broadcast for primary-backup systems (DSN 2011), section IV for the     *)
(* phases and section III for the properties; where the paper is silent,   *)
(* Apache ZooKeeper's Leader, LearnerHandler, Learner and Follower.        *)
(*                                                                         *)
(* Modelled: discovery (CEPOCH, NEWEPOCH, ACK-E), synchronization (DIFF,   *)
(* TRUNC or SNAP, then NEWLEADER, ACK-LD, COMMIT-LD) and broadcast         *)
(* (PROPOSE, ACK, COMMIT); learners that join later; observers, which do   *)
(* not vote and are informed of committed transactions (INFORM); requests  *)
(* that a learner forwards, and SYNC; acceptedEpoch, currentEpoch and      *)
(* history that become durable in a separate step, in the order in which   *)
(* they were written, and messages that leave only after that; crashes and *)
(* restarts.  As in ZooKeeper, and unlike the paper's phase 1, a leader    *)
(* does not fetch a better history: it gives up when it learns of one.     *)
(*                                                                         *)
(* The network: two servers have at most one connection, which the learner *)
(* opens.  Its messages arrive in order and at most once, until it is      *)
(* closed or breaks; then all messages in flight are lost, in both         *)
(* directions, and each end notices separately.  A message that a real     *)
(* network has lost stays in flight here until the connection ends.        *)
(*                                                                         *)
(* Elections are left to an oracle that may name any server (Lead and      *)
(* FollowLeader): safety does not depend on it.  The module                *)
(* FastLeaderElection replaces it with ZooKeeper's phase 0.                *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options:          *)
(*   "snapshots"   committed transactions are compacted;                   *)
(*   "sync"        learners ask the leader up to where reads must wait.    *)
(*                                                                         *)
(* Abstracted: timeouts are nondeterministic.  Clients, their sessions and *)
(* the state machine are left out: the history up to committed stands for  *)
(* what is delivered.  The content of a snapshot is not modelled: a server *)
(* keeps its whole history here, and the variable snapshot says how much   *)
(* of it an implementation has discarded.                                  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* all servers
    Observers,        \* the servers that do not vote
    Quorums,          \* sets of voters, any two of which intersect
    Values,           \* values that clients may request
    Window,           \* a learner that lacks more transactions than this gets a snapshot
    Options,          \* the options that are switched on
    MayCrash,         \* the servers that may crash
    DiskQueue         \* maximum number of writes waiting for a disk;
                      \* 0: a write is durable at once

VARIABLES
    acceptedEpoch,    \* epoch of the last NEWEPOCH that was accepted (durable)
    currentEpoch,     \* epoch of the last NEWLEADER that was accepted (durable)
    history,          \* the transactions that were accepted (durable)
    snapshot,         \* the index up to which the history is compacted (durable)
    committed,        \* the number of transactions of the history that are delivered
    mode,             \* "looking", "following", "leading" or "observing"
    phase,            \* "idle" or "election" while looking, then "discovery",
                      \* "synchronization", "broadcast"
    leader,           \* the server that it follows, itself if it leads, "" while looking
    epoch,            \* the epoch in which it follows or leads, 0 until one is agreed on
    learners,         \* leader: connected server |-> its progress; see Stage
    up,               \* running, not crashed
    durable,          \* the content of its disk
    disk,             \* writes waiting for the disk, each with the messages it holds back
    link,             \* pairs <<s, p>>: messages of s to p travel on a connection
    wire,             \* [s][p]: the messages in flight from s to p, in order
    msgs,             \* every datagram that has left its sender
    broadcast,        \* every transaction that a primary has proposed (for properties only)
    established       \* established epochs: leader and initial history (for properties only)

durVars == <<acceptedEpoch, currentEpoch, history, snapshot>>
roleVars == <<mode, phase, leader, epoch, learners>>
ghostVars == <<broadcast, established>>
netVars == <<durable, disk, link, wire, msgs>>
vars == <<durVars, committed, roleVars, up, netVars, ghostVars>>

Max(i, j) == IF i > j THEN i ELSE j
MaxOf(S) == CHOOSE i \in S : \A j \in S : i >= j

Empty == [p \in {} |-> 0]
Put(f, p, x) == [q \in DOMAIN f \cup {p} |-> IF q = p THEN x ELSE f[q]]
Drop(f, p) == [q \in DOMAIN f \ {p} |-> f[q]]

Voters == Servers \ Observers
IsQuorum(S) == \E Q \in Quorums : Q \subseteq S

-----------------------------------------------------------------------------
\* Transactions.  A zxid is a pair of an epoch and a counter, ordered in this way.

Zero == [epoch |-> 0, counter |-> 0]

Less(y, z) == y.epoch < z.epoch \/ (y.epoch = z.epoch /\ y.counter < z.counter)
AtMost(y, z) == y = z \/ Less(y, z)

\* The last zxid of the history H.
LastOf(H) == IF H = <<>> THEN Zero ELSE H[Len(H)].zxid
Last(s) == LastOf(history[s])

\* The number of transactions of H with a zxid of at most z: H is ordered by zxid.
RECURSIVE UpTo(_, _, _)
UpTo(H, z, n) == IF n = 0 THEN 0 ELSE IF AtMost(H[n].zxid, z) THEN n ELSE UpTo(H, z, n - 1)
IndexOf(H, z) == UpTo(H, z, Len(H))

\* The zxid of transaction i of H; Zero for i = 0.
ZxidAt(H, i) == IF i = 0 THEN Zero ELSE H[i].zxid

\* The state (epoch a, zxid y) is behind (epoch b, zxid z).
Behind(a, y, b, z) == a < b \/ (a = b /\ Less(y, z))

-----------------------------------------------------------------------------
\* Messages

MCEpoch(s, e) == [type |-> "CEPOCH", from |-> s, epoch |-> e]
MNewEpoch(s, e) == [type |-> "NEWEPOCH", from |-> s, epoch |-> e]
\* The epoch is -1 if this is no promise, because the sender has accepted the epoch before.
MAckEpoch(s, e, z) == [type |-> "ACK-E", from |-> s, epoch |-> e, zxid |-> z]
MDiff(s, z, T) == [type |-> "DIFF", from |-> s, zxid |-> z, txns |-> T]
MTrunc(s, z, T) == [type |-> "TRUNC", from |-> s, zxid |-> z, txns |-> T]
MSnap(s, i, T) == [type |-> "SNAP", from |-> s, index |-> i, txns |-> T]
MNewLeader(s, e) == [type |-> "NEWLEADER", from |-> s, epoch |-> e]
MAckLeader(s, z) == [type |-> "ACK-LD", from |-> s, zxid |-> z]
MCommitLeader(s, z) == [type |-> "COMMIT-LD", from |-> s, zxid |-> z]
MPropose(s, t) == [type |-> "PROPOSE", from |-> s, txn |-> t]
MAck(s, z) == [type |-> "ACK", from |-> s, zxid |-> z]
MCommit(s, z) == [type |-> "COMMIT", from |-> s, zxid |-> z]
MInform(s, T) == [type |-> "INFORM", from |-> s, txns |-> T]
MPing(s) == [type |-> "PING", from |-> s]
MPong(s) == [type |-> "PONG", from |-> s]
MRequest(s, v) == [type |-> "REQUEST", from |-> s, val |-> v]
MSync(s, n) == [type |-> "SYNC", from |-> s, number |-> n]
MSynced(s, n, z) == [type |-> "SYNCED", from |-> s, number |-> n, zxid |-> z]

\* The output of a step: messages for each server's connection, in order, and datagrams.
Nothing == [to |-> [p \in Servers |-> <<>>], all |-> {}]
Send(P, M) == [to |-> [p \in Servers |-> IF p \in P THEN M ELSE <<>>], all |-> {}]
Notice(M) == [to |-> [p \in Servers |-> <<>>], all |-> M]

-----------------------------------------------------------------------------
\* The network and the disk.  A step of server s first computes a record of the connections and of
\* the writes that s holds back, before it sends anything.

Still(s) == [wire |-> wire, link |-> link, held |-> disk[s]]

\* Message m is the next one on its connection to s.
Arrives(s, m) == wire[m.from][s] # <<>> /\ m = Head(wire[m.from][s])

\* Message m is removed from its connection.
Taking(s, m) == [wire |-> [wire EXCEPT ![m.from][s] = Tail(@)], link |-> link, held |-> disk[s]]

\* The held-back writes of s without messages to the servers in P.
Withdrawn(held, P) ==
    [i \in 1 .. Len(held) |->
        [held[i] EXCEPT !.out.to = [p \in Servers |-> IF p \in P THEN <<>> ELSE @[p]]]]

\* Server s closes its ends of the connections to the servers in P.  If it was connected, the
\* other end closes too, and the messages in flight are lost.
Closing(s, N, P) ==
    LET live == {p \in P : <<s, p>> \in N.link}
    IN  [wire |-> [a \in Servers |-> [b \in Servers |->
                    IF (a = s /\ b \in live) \/ (b = s /\ a \in live) THEN <<>>
                    ELSE N.wire[a][b]]],
         link |-> N.link \ UNION {{<<s, p>>, <<p, s>>} : p \in live},
         held |-> Withdrawn(N.held, P)]

\* The first message on a new connection from p arrives: from now on s can send on it.
Attached(s, N, p) ==
    [wire |-> N.wire, link |-> N.link \cup {<<s, p>>}, held |-> Withdrawn(N.held, {p})]

\* The messages of server s leave.  A CEPOCH opens a connection; without one nothing leaves.
Leave(s, N, out) ==
    LET opens == {p \in Servers : out.to[p] # <<>> /\ Head(out.to[p]).type = "CEPOCH"}
    IN  /\ link' = (N.link \ {<<p, s>> : p \in opens}) \cup {<<s, p>> : p \in opens}
        /\ wire' = [a \in Servers |-> [b \in Servers |->
                     IF a = s /\ b \in opens THEN out.to[b]
                     ELSE IF b = s /\ a \in opens THEN <<>>
                     ELSE IF a = s /\ <<s, b>> \in N.link THEN N.wire[s][b] \o out.to[b]
                     ELSE N.wire[a][b]]]
        /\ msgs' = msgs \cup out.all

\* The state that server s writes to its disk.
Volatile(s) ==
    [acceptedEpoch |-> acceptedEpoch[s], currentEpoch |-> currentEpoch[s],
     history |-> history[s], snapshot |-> snapshot[s]]

Both(o, out) ==
    [to |-> [p \in Servers |-> o.to[p] \o out.to[p]], all |-> o.all \cup out.all]

\* Server s has changed its state (conjoin this after the primes), left the network as N, and
\* sends out.  The messages leave only when everything that s has written so far is durable.
Emit(s, N, out) ==
    LET new  == Volatile(s)'
        last == Len(N.held)
        old  == IF last = 0 THEN durable[s] ELSE N.held[last].rec
    IN  IF new = old
        THEN /\ UNCHANGED durable
             /\ IF last = 0
                THEN Leave(s, N, out) /\ UNCHANGED disk
                ELSE /\ disk' = [disk EXCEPT ![s] = [N.held EXCEPT ![last].out = Both(@, out)]]
                     /\ link' = N.link
                     /\ wire' = N.wire
                     /\ UNCHANGED msgs
        ELSE IF DiskQueue = 0
             THEN /\ durable' = [durable EXCEPT ![s] = new]
                  /\ Leave(s, N, out)
                  /\ UNCHANGED disk
             ELSE /\ last < DiskQueue
                  /\ disk' = [disk EXCEPT ![s] = Append(N.held, [rec |-> new, out |-> out])]
                  /\ link' = N.link
                  /\ wire' = N.wire
                  /\ UNCHANGED <<durable, msgs>>

\* The oldest waiting write of server s becomes durable, and the messages it held back leave.
Flush(s) ==
    /\ disk[s] # <<>>
    /\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]
    /\ Leave(s, Still(s), Head(disk[s]).out)
    /\ disk' = [disk EXCEPT ![s] = Tail(@)]
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>

-----------------------------------------------------------------------------
\* Looking for a leader

\* Server s neither leads nor follows.
Looks(s) ==
    /\ mode' = [mode EXCEPT ![s] = "looking"]
    /\ phase' = [phase EXCEPT ![s] = "idle"]
    /\ leader' = [leader EXCEPT ![s] = ""]
    /\ epoch' = [epoch EXCEPT ![s] = 0]
    /\ learners' = [learners EXCEPT ![s] = Empty]

\* The servers to which server s believes that it is connected.
Peers(s) ==
    DOMAIN learners[s] \cup (IF mode[s] \in {"following", "observing"} THEN {leader[s]} ELSE {})

\* Server s gives up leading or following: it has not heard from enough servers for too long, or
\* the connection to its leader is lost.
Abandon(s) ==
    /\ up[s]
    /\ mode[s] # "looking"
    /\ Looks(s)
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), Peers(s)), Nothing)

\* Server s becomes leader, and waits for connections.
BecomesLeader(s) ==
    /\ mode' = [mode EXCEPT ![s] = "leading"]
    /\ phase' = [phase EXCEPT ![s] = "discovery"]
    /\ leader' = [leader EXCEPT ![s] = s]
    /\ UNCHANGED <<durVars, committed, epoch, learners, up, ghostVars>>
    /\ Emit(s, Still(s), Nothing)

\* Server s becomes a learner of p, and connects to it (phase 1, step f.1.1).
BecomesLearner(s, p) ==
    /\ mode' = [mode EXCEPT ![s] = IF s \in Observers THEN "observing" ELSE "following"]
    /\ phase' = [phase EXCEPT ![s] = "discovery"]
    /\ leader' = [leader EXCEPT ![s] = p]
    /\ UNCHANGED <<durVars, committed, epoch, learners, up, ghostVars>>
    /\ Emit(s, Still(s), Send({p}, <<MCEpoch(s, acceptedEpoch[s])>>))

\* The oracle tells server s to lead.
Lead(s) ==
    /\ up[s]
    /\ mode[s] = "looking"
    /\ s \in Voters
    /\ BecomesLeader(s)

\* The oracle tells server s to follow p.
FollowLeader(s, p) ==
    /\ up[s]
    /\ mode[s] = "looking"
    /\ p \in Voters \ {s}
    /\ BecomesLearner(s, p)

\* Server s follows, and has not heard from its leader yet.
Connecting(s) ==
    /\ up[s]
    /\ mode[s] \in {"following", "observing"}
    /\ phase[s] = "discovery"
    /\ epoch[s] = 0

\* A connecting server loses its connection.
LoseConnection(s) ==
    /\ Connecting(s)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), {leader[s]}), Nothing)

\* A connecting server connects again: the leader may not know yet that it leads.
Connect(s) ==
    /\ Connecting(s)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send({leader[s]}, <<MCEpoch(s, acceptedEpoch[s])>>))

\* Server s does not lead and rejects a connection.  If its own leader opened the connection,
\* s has no leader to follow any more.
RejectConnection(s, m) ==
    /\ up[s]
    /\ m.type = "CEPOCH"
    /\ Arrives(s, m)
    /\ mode[s] # "leading"
    /\ IF leader[s] = m.from THEN Looks(s) ELSE UNCHANGED roleVars
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Attached(s, Taking(s, m), m.from), {m.from}), Nothing)

-----------------------------------------------------------------------------
\* The leader's side.  The leader records the progress of each learner:
\*   "offered"    CEPOCH was received; epoch is the learner's acceptedEpoch;
\*   "promised"   ACK-E was received; epoch is its currentEpoch, or -1; zxid is its last;
\*   "syncing"    DIFF, TRUNC or SNAP, and NEWLEADER were sent;
\*   "acked"      ACK-LD was received; zxid is the last that it acknowledged;
\*   "active"     COMMIT-LD was sent; zxid as before.

Stage(name, e, z) == [stage |-> name, epoch |-> e, zxid |-> z]

At(L, S) == {p \in DOMAIN L : L[p].stage \in S}

\* Message m of the given type is the next that leader s gets from a learner at a stage in S.
FromLearner(s, m, type, S) ==
    /\ up[s]
    /\ m.type = type
    /\ Arrives(s, m)
    /\ mode[s] = "leading"
    /\ m.from \in At(learners[s], S)

\* Leader s learns that the connection to p is lost.
DropLearner(s, p) ==
    /\ up[s]
    /\ mode[s] = "leading"
    /\ p \in DOMAIN learners[s]
    /\ learners' = [learners EXCEPT ![s] = Drop(@, p)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), {p}), Nothing)

-----------------------------------------------------------------------------
\* Phase 1: discovery

\* The learners of leader s after the offer m.  It replaces the state of the sender's earlier
\* connection.
Offered(s, m) == Put(learners[s], m.from, Stage("offered", m.epoch, Zero))

OffersTo(s, m) ==
    /\ up[s]
    /\ m.type = "CEPOCH"
    /\ Arrives(s, m)
    /\ mode[s] = "leading"

\* Leader s and its learners in P are a quorum.
Backed(s, L, P) == IsQuorum({s} \cup (P \cap Voters))

\* Leader s counts a CEPOCH that does not complete a quorum.
CountCEpoch(s, m) ==
    /\ OffersTo(s, m)
    /\ epoch[s] = 0
    /\ ~ Backed(s, Offered(s, m), DOMAIN Offered(s, m))
    /\ learners' = [learners EXCEPT ![s] = Offered(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Attached(s, Taking(s, m), m.from), Nothing)

\* Leader s counts the CEPOCH that completes a quorum: it proposes an epoch above all that were
\* reported to it (step l.1.1).
NewEpoch(s, m) ==
    LET L == Offered(s, m)
        e == 1 + MaxOf({acceptedEpoch[s]} \cup {L[p].epoch : p \in DOMAIN L})
    IN  /\ OffersTo(s, m)
        /\ epoch[s] = 0
        /\ Backed(s, L, DOMAIN L)
        /\ learners' = [learners EXCEPT ![s] = L]
        /\ epoch' = [epoch EXCEPT ![s] = e]
        /\ acceptedEpoch' = [acceptedEpoch EXCEPT ![s] = e]
        /\ UNCHANGED <<currentEpoch, history, snapshot, committed, mode, phase, leader, up,
                       ghostVars>>
        /\ Emit(s, Attached(s, Taking(s, m), m.from), Send(DOMAIN L, <<MNewEpoch(s, e)>>))

\* Leader s sends its epoch to a learner that joins later.
GreetLearner(s, m) ==
    /\ OffersTo(s, m)
    /\ epoch[s] # 0
    /\ learners' = [learners EXCEPT ![s] = Offered(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Attached(s, Taking(s, m), m.from), Send({m.from}, <<MNewEpoch(s, epoch[s])>>))

\* Message m of a type in types is the next that learner s gets from its leader in a phase in F.
FromLeader(s, m, types, F) ==
    /\ up[s]
    /\ m.type \in types
    /\ Arrives(s, m)
    /\ mode[s] \in {"following", "observing"}
    /\ leader[s] = m.from
    /\ phase[s] \in F

\* Learner s accepts an epoch that is not below the last one, and reports its state (step f.1.2).
\* The answer counts as a promise only if the epoch is higher.
AcceptEpoch(s, m) ==
    LET told == IF m.epoch > acceptedEpoch[s] THEN currentEpoch[s] ELSE -1
    IN  /\ FromLeader(s, m, {"NEWEPOCH"}, {"discovery"})
        /\ epoch[s] = 0
        /\ m.epoch >= acceptedEpoch[s]
        /\ epoch' = [epoch EXCEPT ![s] = m.epoch]
        /\ acceptedEpoch' = [acceptedEpoch EXCEPT ![s] = m.epoch]
        /\ UNCHANGED <<currentEpoch, history, snapshot, committed, mode, phase, leader, learners,
                       up, ghostVars>>
        /\ Emit(s, Taking(s, m), Send({m.from}, <<MAckEpoch(s, told, Last(s))>>))

\* Learner s has accepted a later epoch, and looks for another leader.
RefuseEpoch(s, m) ==
    /\ FromLeader(s, m, {"NEWEPOCH"}, {"discovery"})
    /\ epoch[s] = 0
    /\ m.epoch < acceptedEpoch[s]
    /\ Looks(s)
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Taking(s, m), {m.from}), Nothing)

\* The learners of leader s after the promise m.
Promised(s, m) == Put(learners[s], m.from, Stage("promised", m.epoch, m.zxid))

\* The learners in L whose promise counts.
Promises(L) == {p \in At(L, {"promised"}) : L[p].epoch # -1}

\* The state of the sender of m is ahead of that of leader s.
IsAhead(s, m) ==
    /\ m.from \in Voters
    /\ m.epoch # -1
    /\ Behind(currentEpoch[s], Last(s), m.epoch, m.zxid)

\* Leader s counts an ACK-E that does not complete a quorum.
CountAckEpoch(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] = "discovery"
    /\ ~ IsAhead(s, m)
    /\ ~ Backed(s, Promised(s, m), Promises(Promised(s, m)))
    /\ learners' = [learners EXCEPT ![s] = Promised(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Leader s gives up, because a follower has a later history.
StepDownStaleHistory(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] = "discovery"
    /\ IsAhead(s, m)
    /\ Looks(s)
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Taking(s, m), Peers(s)), Nothing)

-----------------------------------------------------------------------------
\* Phase 2: synchronization

\* The messages that bring server p, whose last zxid is z, to the first n transactions of s: the
\* missing ones (DIFF); if p has others, the zxid after which it must truncate (TRUNC); if p lacks
\* too many or s has compacted them, a snapshot of what s has delivered and the rest (SNAP).
Difference(s, z, n) ==
    LET H == SubSeq(history[s], 1, n)
        common == IndexOf(H, z)
        rest == SubSeq(H, common + 1, n)
        y == ZxidAt(H, common)
    IN  IF common < snapshot[s] \/ n - common > Window
        THEN MSnap(s, committed[s], SubSeq(H, committed[s] + 1, n))
        ELSE IF y = z THEN MDiff(s, z, rest) ELSE MTrunc(s, y, rest)

\* The same, then NEWLEADER.  In the broadcast phase an observer gets only committed transactions.
Synchronizing(s, e, p, z) ==
    LET n == IF p \in Observers /\ phase[s] = "broadcast" THEN committed[s] ELSE Len(history[s])
    IN  <<Difference(s, z, n), MNewLeader(s, e)>>

\* Leader s counts the ACK-E that completes a quorum: its own history becomes the epoch's first
\* one, and it synchronizes all learners that have reported their state (step l.1.2, l.2.1).
NewLeader(s, m) ==
    LET L == Promised(s, m)
        ready == At(L, {"promised"})
    IN  /\ FromLearner(s, m, "ACK-E", {"offered"})
        /\ phase[s] = "discovery"
        /\ ~ IsAhead(s, m)
        /\ Backed(s, L, Promises(L))
        /\ phase' = [phase EXCEPT ![s] = "synchronization"]
        /\ currentEpoch' = [currentEpoch EXCEPT ![s] = epoch[s]]
        /\ learners' = [learners EXCEPT ![s] =
               [p \in DOMAIN L |-> IF p \in ready THEN Stage("syncing", 0, Zero) ELSE L[p]]]
        /\ UNCHANGED <<acceptedEpoch, history, snapshot, committed, mode, leader, epoch, up,
                       ghostVars>>
        /\ Emit(s, Taking(s, m),
                [to |-> [p \in Servers |-> IF p \in ready
                                           THEN Synchronizing(s, epoch[s], p, L[p].zxid)
                                           ELSE <<>>],
                 all |-> {}])

\* Leader s synchronizes a learner that joins later.
SyncLearner(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] # "discovery"
    /\ learners' = [learners EXCEPT ![s] = Put(@, m.from, Stage("syncing", 0, Zero))]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, Synchronizing(s, epoch[s], m.from, m.zxid)))

\* Learner s makes its history agree with the leader's.
Synchronize(s, m) ==
    LET snaps == m.type = "SNAP"
        kept == IF snaps THEN SubSeq(history[m.from], 1, m.index)
                ELSE SubSeq(history[s], 1, IndexOf(history[s], m.zxid))
    IN  /\ FromLeader(s, m, {"DIFF", "TRUNC", "SNAP"}, {"discovery"})
        /\ epoch[s] # 0
        /\ phase' = [phase EXCEPT ![s] = "synchronization"]
        /\ history' = [history EXCEPT ![s] = kept \o m.txns]
        /\ IF snaps /\ m.index > committed[s]
           THEN /\ snapshot' = [snapshot EXCEPT ![s] = m.index]
                /\ committed' = [committed EXCEPT ![s] = m.index]
           ELSE UNCHANGED <<snapshot, committed>>
        /\ UNCHANGED <<acceptedEpoch, currentEpoch, mode, leader, epoch, learners, up, ghostVars>>
        /\ Emit(s, Taking(s, m), Nothing)

\* Learner s accepts the new leader: its history becomes durable before its currentEpoch, and both
\* before its answer leaves (step f.2.1).
AcceptLeader(s, m) ==
    /\ FromLeader(s, m, {"NEWLEADER"}, {"synchronization"})
    /\ m.epoch = epoch[s]
    /\ currentEpoch' = [currentEpoch EXCEPT ![s] = m.epoch]
    /\ UNCHANGED <<acceptedEpoch, history, snapshot, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MAckLeader(s, Last(s))>>))

\* The learners of leader s after the acknowledgement m of NEWLEADER.
Acked(s, m, stage) == Put(learners[s], m.from, Stage(stage, 0, m.zxid))

\* Leader s counts an ACK-LD that does not complete a quorum.
CountAckLeader(s, m) ==
    LET L == Acked(s, m, "acked")
    IN  /\ FromLearner(s, m, "ACK-LD", {"syncing"})
        /\ phase[s] = "synchronization"
        /\ ~ Backed(s, L, At(L, {"acked"}))
        /\ learners' = [learners EXCEPT ![s] = L]
        /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
        /\ Emit(s, Taking(s, m), Nothing)

\* Leader s counts the ACK-LD that completes a quorum: the epoch is established, and its first
\* history is committed (step l.2.2).
Establish(s, m) ==
    LET L == Acked(s, m, "acked")
        ready == At(L, {"acked"})
    IN  /\ FromLearner(s, m, "ACK-LD", {"syncing"})
        /\ phase[s] = "synchronization"
        /\ Backed(s, L, ready)
        /\ phase' = [phase EXCEPT ![s] = "broadcast"]
        /\ committed' = [committed EXCEPT ![s] = Len(history[s])]
        /\ learners' = [learners EXCEPT ![s] =
               [p \in DOMAIN L |-> IF p \in ready THEN [L[p] EXCEPT !.stage = "active"] ELSE L[p]]]
        /\ established' = established \cup
               {[epoch |-> epoch[s], leader |-> s, history |-> history[s]]}
        /\ UNCHANGED <<durVars, mode, leader, epoch, up, broadcast>>
        /\ Emit(s, Taking(s, m), Send(ready, <<MCommitLeader(s, Last(s))>>))

\* Learner s is synchronized: it delivers the committed transactions (step f.2.2).
CommitLeader(s, m) ==
    /\ FromLeader(s, m, {"COMMIT-LD"}, {"synchronization"})
    /\ phase' = [phase EXCEPT ![s] = "broadcast"]
    /\ committed' = [committed EXCEPT ![s] = Max(@, IndexOf(history[s], m.zxid))]
    /\ UNCHANGED <<durVars, mode, leader, epoch, learners, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

-----------------------------------------------------------------------------
\* Phase 3: broadcast

\* Leader s proposes a value without waiting for its earlier proposals, to all followers that it
\* has begun to synchronize (step l.3.1).
Proposes(s, N, v) ==
    LET counter == IF Last(s).epoch = epoch[s] THEN Last(s).counter + 1 ELSE 1
        t == [zxid |-> [epoch |-> epoch[s], counter |-> counter], val |-> v]
        to == At(learners[s], {"syncing", "acked", "active"}) \cap Voters
    IN  /\ phase[s] = "broadcast"
        /\ history' = [history EXCEPT ![s] = Append(@, t)]
        /\ broadcast' = broadcast \cup {t}
        /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, committed, roleVars, up, established>>
        /\ Emit(s, N, Send(to, <<MPropose(s, t)>>))

Propose(s, v) ==
    /\ up[s]
    /\ mode[s] = "leading"
    /\ Proposes(s, Still(s), v)

\* Leader s proposes a request that a learner has forwarded.
ProposeFor(s, m) ==
    /\ FromLearner(s, m, "REQUEST", {"active"})
    /\ Proposes(s, Taking(s, m), m.val)

\* Learner s forwards a client's request to its leader.
Forward(s, v) ==
    /\ up[s]
    /\ mode[s] \in {"following", "observing"}
    /\ phase[s] = "broadcast"
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send({leader[s]}, <<MRequest(s, v)>>))

\* Follower s accepts a proposal, and acknowledges it once it is durable (step f.3.1).
AcceptProposal(s, m) ==
    /\ FromLeader(s, m, {"PROPOSE"}, {"synchronization", "broadcast"})
    /\ history' = [history EXCEPT ![s] = Append(@, m.txn)]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MAck(s, m.txn.zxid)>>))

\* The committed length of leader s's history, given learners L: the part that a quorum has
\* acknowledged.
RECURSIVE Committable(_, _, _)
Committable(s, L, n) ==
    IF n <= committed[s] THEN committed[s]
    ELSE IF Backed(s, L, {p \in At(L, {"acked", "active"}) :
                             AtMost(history[s][n].zxid, L[p].zxid)})
    THEN n ELSE Committable(s, L, n - 1)

\* Leader s, with learners L, has committed n transactions, and tells its active followers; it
\* informs its observers.  COMMIT-LD tells the learners in P that they are synchronized.
Commits(s, m, L, n, P) ==
    LET news == SubSeq(history[s], committed[s] + 1, n)
        z == ZxidAt(history[s], n)
    IN  /\ learners' = [learners EXCEPT ![s] = L]
        /\ committed' = [committed EXCEPT ![s] = n]
        /\ UNCHANGED <<durVars, mode, phase, leader, epoch, up, ghostVars>>
        /\ Emit(s, Taking(s, m),
                [to |-> [p \in Servers |->
                    (IF news = <<>> THEN <<>>
                     ELSE IF p \in At(L, {"syncing", "active"}) \cap Observers
                     THEN <<MInform(s, news)>>
                     ELSE IF p \in At(L, {"active"}) \ P THEN <<MCommit(s, z)>>
                     ELSE <<>>)
                    \o (IF p \in P THEN <<MCommitLeader(s, z)>> ELSE <<>>)],
                 all |-> {}])

\* The learners of leader s after the acknowledgement m.
AckedBy(s, m) == Put(learners[s], m.from, [learners[s][m.from] EXCEPT !.zxid = m.zxid])

\* Leader s counts an ACK that does not complete a quorum, or no longer matters.
CountAck(s, m) ==
    LET L == AckedBy(s, m)
    IN  /\ FromLearner(s, m, "ACK", {"active"})
        /\ Committable(s, L, IndexOf(history[s], m.zxid)) = committed[s]
        /\ learners' = [learners EXCEPT ![s] = L]
        /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
        /\ Emit(s, Taking(s, m), Nothing)

\* Leader s counts the ACK that completes a quorum, and commits (step l.3.2).  Acknowledgements
\* arrive in order, so all earlier transactions are committed with it.
Commit(s, m) ==
    LET L == AckedBy(s, m)
        n == Committable(s, L, IndexOf(history[s], m.zxid))
    IN  /\ FromLearner(s, m, "ACK", {"active"})
        /\ n > committed[s]
        /\ Commits(s, m, L, n, {})

\* Leader s gets the ACK-LD of a learner that joined later.  It may complete a quorum for earlier
\* proposals.
UpToDate(s, m) ==
    LET L == Acked(s, m, "active")
    IN  /\ FromLearner(s, m, "ACK-LD", {"syncing"})
        /\ phase[s] = "broadcast"
        /\ Commits(s, m, L, Committable(s, L, IndexOf(history[s], m.zxid)), {m.from})

\* Follower s delivers committed transactions (step f.3.2).
Deliver(s, m) ==
    /\ FromLeader(s, m, {"COMMIT"}, {"broadcast"})
    /\ committed' = [committed EXCEPT ![s] = Max(@, IndexOf(history[s], m.zxid))]
    /\ UNCHANGED <<durVars, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Observer s is informed of committed transactions, and delivers them once it is synchronized.
Inform(s, m) ==
    /\ FromLeader(s, m, {"INFORM"}, {"synchronization", "broadcast"})
    /\ history' = [history EXCEPT ![s] = @ \o m.txns]
    /\ committed' = [committed EXCEPT ![s] =
           IF phase[s] = "broadcast" THEN Len(history[s]) + Len(m.txns) ELSE @]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

-----------------------------------------------------------------------------
\* Steps that change no history

\* Leader s sends a ping to all connected learners.
Ping(s) ==
    /\ up[s]
    /\ mode[s] = "leading"
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send(DOMAIN learners[s], <<MPing(s)>>))

\* Learner s answers its leader's ping.
Pong(s, m) ==
    /\ FromLeader(s, m, {"PING"}, {"discovery", "synchronization", "broadcast"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MPong(s)>>))

\* Leader s receives the answer to a ping.
HandlePong(s, m) ==
    /\ FromLearner(s, m, "PONG", {"offered", "promised", "syncing", "acked", "active"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Learner s asks its leader up to which transaction a read must wait (sync).
AskSync(s, n) ==
    /\ "sync" \in Options
    /\ up[s]
    /\ mode[s] \in {"following", "observing"}
    /\ phase[s] = "broadcast"
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send({leader[s]}, <<MSync(s, n)>>))

\* Leader s answers a sync: reads wait until everything that it has proposed so far is delivered.
AnswerSync(s, m) ==
    /\ FromLearner(s, m, "SYNC", {"active"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MSynced(s, m.number, Last(s))>>))

\* Learner s receives the answer to its sync.
Synced(s, m) ==
    /\ FromLeader(s, m, {"SYNCED"}, {"broadcast"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Server s answers a client without sending anything to another server.
Reply(s) == up[s] /\ UNCHANGED vars

\* Server s compacts the delivered part of its history.
TakeSnapshot(s) ==
    /\ "snapshots" \in Options
    /\ up[s]
    /\ committed[s] > snapshot[s]
    /\ snapshot' = [snapshot EXCEPT ![s] = committed[s]]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, history, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Nothing)

\* Server s crashes after its disk has completed the first k waiting writes.  The other writes,
\* the messages held back, all volatile state, and its connections are lost.
Crash(s, k) ==
    LET kept == IF k = 0 THEN durable[s] ELSE disk[s][k].rec
        N == Closing(s, Still(s), Servers)
    IN  /\ up[s]
        /\ up' = [up EXCEPT ![s] = FALSE]
        /\ durable' = [durable EXCEPT ![s] = kept]
        /\ disk' = [disk EXCEPT ![s] = <<>>]
        /\ acceptedEpoch' = [acceptedEpoch EXCEPT ![s] = kept.acceptedEpoch]
        /\ currentEpoch' = [currentEpoch EXCEPT ![s] = kept.currentEpoch]
        /\ history' = [history EXCEPT ![s] = kept.history]
        /\ snapshot' = [snapshot EXCEPT ![s] = kept.snapshot]
        /\ committed' = [committed EXCEPT ![s] = kept.snapshot]
        /\ Looks(s)
        /\ link' = N.link
        /\ wire' = N.wire
        /\ UNCHANGED <<msgs, ghostVars>>

\* Server s restarts with the content of its disk.
Restart(s) ==
    /\ ~ up[s]
    /\ up' = [up EXCEPT ![s] = TRUE]
    /\ UNCHANGED <<durVars, committed, roleVars, netVars, ghostVars>>

-----------------------------------------------------------------------------
ZabInit ==
    /\ acceptedEpoch = [s \in Servers |-> 0]
    /\ currentEpoch = [s \in Servers |-> 0]
    /\ history = [s \in Servers |-> <<>>]
    /\ snapshot = [s \in Servers |-> 0]
    /\ committed = [s \in Servers |-> 0]
    /\ mode = [s \in Servers |-> "looking"]
    /\ phase = [s \in Servers |-> "idle"]
    /\ leader = [s \in Servers |-> ""]
    /\ epoch = [s \in Servers |-> 0]
    /\ learners = [s \in Servers |-> Empty]
    /\ up = [s \in Servers |-> TRUE]
    /\ durable = [s \in Servers |-> [acceptedEpoch |-> 0, currentEpoch |-> 0,
                                     history |-> <<>>, snapshot |-> 0]]
    /\ disk = [s \in Servers |-> <<>>]
    /\ link = {}
    /\ wire = [s \in Servers |-> [p \in Servers |-> <<>>]]
    /\ msgs = {}
    /\ broadcast = {}
    /\ established = {}

\* The messages that may be received next.
Next1 == {Head(wire[p[1]][p[2]]) : p \in {p \in Servers \X Servers : wire[p[1]][p[2]] # <<>>}}

\* The steps of the protocol except elections, without crashes.
Steps ==
    \/ \E s \in Servers : Abandon(s)
    \/ \E s \in Servers : LoseConnection(s)
    \/ \E s \in Servers : Connect(s)
    \/ \E s \in Servers : \E m \in Next1 : RejectConnection(s, m)
    \/ \E s \in Servers : \E p \in Servers : DropLearner(s, p)
    \/ \E s \in Servers : \E m \in Next1 : CountCEpoch(s, m)
    \/ \E s \in Servers : \E m \in Next1 : NewEpoch(s, m)
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
    \/ \E s \in Servers : \E v \in Values : Propose(s, v)
    \/ \E s \in Servers : \E v \in Values : Forward(s, v)
    \/ \E s \in Servers : \E m \in Next1 : ProposeFor(s, m)
    \/ \E s \in Servers : \E m \in Next1 : AcceptProposal(s, m)
    \/ \E s \in Servers : \E m \in Next1 : CountAck(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Commit(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Deliver(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Inform(s, m)
    \/ \E s \in Servers : Ping(s)
    \/ \E s \in Servers : \E m \in Next1 : Pong(s, m)
    \/ \E s \in Servers : \E m \in Next1 : HandlePong(s, m)
    \/ \E s \in Servers : \E n \in Nat : AskSync(s, n)
    \/ \E s \in Servers : \E m \in Next1 : AnswerSync(s, m)
    \/ \E s \in Servers : \E m \in Next1 : Synced(s, m)
    \/ \E s \in Servers : Reply(s)
    \/ \E s \in Servers : TakeSnapshot(s)
    \/ \E s \in Servers : Flush(s)

Oracle ==
    \/ \E s \in Servers : Lead(s)
    \/ \E s \in Servers : \E p \in Servers : FollowLeader(s, p)

Crashes ==
    \/ \E s \in MayCrash : \E kept \in 0 .. Len(disk[s]) : Crash(s, kept)
    \/ \E s \in MayCrash : Restart(s)

ZabNext == Steps \/ Oracle \/ Crashes

ZabSpec == ZabInit /\ [][ZabNext]_vars

-----------------------------------------------------------------------------
\* Invariants: types, and consequences of the phases

IsZxid(z) == DOMAIN z = {"epoch", "counter"} /\ z.epoch >= 0 /\ z.counter >= 0

TypeOK ==
    /\ mode \in [Servers -> {"looking", "following", "leading", "observing"}]
    /\ phase \in [Servers -> {"idle", "election", "discovery", "synchronization", "broadcast"}]
    /\ up \in [Servers -> BOOLEAN]
    /\ \A s \in Servers :
          /\ mode[s] = "looking" <=> phase[s] \in {"idle", "election"}
          /\ mode[s] = "looking" <=> leader[s] = ""
          /\ mode[s] = "leading" <=> leader[s] = s
          /\ mode[s] = "observing" => s \in Observers
          /\ mode[s] \in {"leading", "following"} => s \in Voters
          /\ mode[s] # "leading" => learners[s] = Empty
          /\ phase[s] \in {"synchronization", "broadcast"} => epoch[s] > 0
          /\ snapshot[s] <= committed[s]
          /\ committed[s] <= Len(history[s])
          /\ \A p \in DOMAIN learners[s] :
                learners[s][p].stage \in {"offered", "promised", "syncing", "acked", "active"}

\* The epochs as in the paper's proofs: a server has accepted the epoch of its history.
EpochsInOrder ==
    \A s \in Servers :
        /\ currentEpoch[s] <= acceptedEpoch[s]
        /\ epoch[s] # 0 => epoch[s] <= acceptedEpoch[s]
        /\ Last(s).epoch <= acceptedEpoch[s]

\* A history is ordered by zxid, and has no gap within an epoch.
HistoryInOrder ==
    \A s \in Servers : \A i \in 2 .. Len(history[s]) :
        LET y == history[s][i - 1].zxid
            z == history[s][i].zxid
        IN  IF y.epoch = z.epoch THEN z.counter = y.counter + 1
            ELSE y.epoch < z.epoch /\ z.counter = 1

\* At most one leader establishes an epoch.
OneLeaderPerEpoch ==
    \A a, b \in established : a.epoch = b.epoch => a = b

\* If the history of p contains the last zxid of s, then the history of p up to there is the
\* history of s.
SameZxidSamePrefix ==
    \A s, p \in Servers :
        LET i == Len(history[s])
            j == IndexOf(history[p], Last(s))
        IN  i > 0 /\ j > 0 /\ history[p][j].zxid = Last(s)
                => i = j /\ SubSeq(history[p], 1, j) = history[s]

\* Delivered transactions are on the disks of a quorum.
DeliveredIsDurable ==
    \A s \in Servers : committed[s] > 0 =>
        IsQuorum({p \in Voters :
            /\ Len(durable[p].history) >= committed[s]
            /\ durable[p].history[committed[s]] = history[s][committed[s]]})

\* Every message in flight is supported by its sender's disk: a crash cannot make it untrue.
Holds(D, t) == \E i \in 1 .. Len(D.history) : D.history[i] = t

SaidIsDurable ==
    \A s, p \in Servers : \A i \in 1 .. Len(wire[s][p]) :
        LET m == wire[s][p][i]
            D == durable[s]
        IN  /\ m.type = "CEPOCH" => D.acceptedEpoch >= m.epoch
            /\ m.type = "NEWEPOCH" => D.acceptedEpoch >= m.epoch
            /\ m.type = "ACK-E" => D.currentEpoch >= m.epoch /\ D.acceptedEpoch >= epoch[s]
            /\ m.type = "NEWLEADER" => D.currentEpoch >= m.epoch
            /\ m.type = "ACK-LD" =>
                  D.currentEpoch >= epoch[s] /\ ZxidAt(D.history, IndexOf(D.history, m.zxid)) = m.zxid
            /\ m.type = "PROPOSE" => Holds(D, m.txn)
            /\ m.type = "ACK" => ZxidAt(D.history, IndexOf(D.history, m.zxid)) = m.zxid

-----------------------------------------------------------------------------
\* Properties of the paper's section III.  The history up to committed is what is delivered.

Delivered(s) == SubSeq(history[s], 1, committed[s])

\* Every delivered transaction was broadcast.
Integrity == \A s \in Servers : \A i \in 1 .. committed[s] : history[s][i] \in broadcast

\* Total order and agreement: of two servers' delivered histories, one is a prefix of the other.
TotalOrder ==
    \A s, p \in Servers :
        LET n == IF committed[s] < committed[p] THEN committed[s] ELSE committed[p]
        IN  SubSeq(history[s], 1, n) = SubSeq(history[p], 1, n)

\* Agreement alone: if two servers deliver different transactions, one of them also delivers the
\* other's transaction.
Agreement ==
    \A s, p \in Servers : \A i \in 1 .. committed[s] : \A j \in 1 .. committed[p] :
        \/ \E k \in 1 .. committed[p] : history[p][k] = history[s][i]
        \/ \E k \in 1 .. committed[s] : history[s][k] = history[p][j]

\* A server that delivers a primary's transaction has delivered all that it broadcast before.
LocalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. committed[s] : \A t \in broadcast :
        LET z == history[s][i].zxid IN
        t.zxid.epoch = z.epoch /\ t.zxid.counter < z.counter =>
            \E j \in 1 .. (i - 1) : history[s][j] = t

\* Transactions of an earlier primary are delivered before those of a later one.
GlobalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. committed[s] : \A j \in 1 .. (i - 1) :
        history[s][j].zxid.epoch <= history[s][i].zxid.epoch

PrimaryOrder == LocalPrimaryOrder /\ GlobalPrimaryOrder

\* Before it broadcasts, a primary has delivered all that any server delivers of earlier primaries.
PrimaryIntegrity ==
    \A e \in established : (\E t \in broadcast : t.zxid.epoch = e.epoch) =>
        \A s \in Servers : \A i \in 1 .. committed[s] :
            history[s][i].zxid.epoch < e.epoch =>
                \E j \in 1 .. Len(e.history) : e.history[j] = history[s][i]

-----------------------------------------------------------------------------
\* Properties of steps

\* Epochs never decrease, and delivered transactions stay, except in a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ acceptedEpoch'[s] >= acceptedEpoch[s]
                    /\ currentEpoch'[s] >= currentEpoch[s]
                    /\ committed'[s] >= committed[s]
                    /\ SubSeq(history'[s], 1, committed[s]) = Delivered(s)]_vars
=============================================================================
