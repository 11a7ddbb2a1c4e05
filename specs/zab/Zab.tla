-------------------------------- MODULE Zab --------------------------------
(***************************************************************************)
(* Zab, ZooKeeper's atomic broadcast, at the grain of an implementation's  *)
(* handlers.                                                               *)
(*                                                                         *)
(* Sources: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance   *)
(* broadcast for primary-backup systems (DSN 2011), section IV for the     *)
(* phases and section III for the properties; where the paper is silent,   *)
(* Apache ZooKeeper's Leader, LearnerHandler, Learner and Follower.        *)
(*                                                                         *)
(* Modelled: discovery (CEPOCH, NEWEPOCH, ACK-E), synchronization (DIFF,   *)
(* TRUNC or SNAP, then NEWLEADER, ACK-LD, COMMIT-LD) and broadcast         *)
(* (PROPOSE, ACK, COMMIT); learners that join while it goes on; observers, *)
(* which vote on nothing and are informed of what is committed (INFORM);   *)
(* requests that a learner forwards, and SYNC; acceptedEpoch, currentEpoch *)
(* and history that become durable in a step of their own, in the order in *)
(* which they were written, and messages that leave only then; crashes and *)
(* restarts.  As in ZooKeeper a leader does not fetch a better history, as *)
(* the paper's does in phase 1: it gives up when it learns of one.         *)
(*                                                                         *)
(* The network: between two servers there is at most one connection, which *)
(* the learner opens.  On it messages arrive in order and once, until it   *)
(* is closed or breaks; then all that is under way is lost, in both        *)
(* directions, and each end learns of it by itself.  A message that a real *)
(* network has lost stays under way here, until the connection ends.       *)
(*                                                                         *)
(* Elections are left to an oracle that may say anything (Lead, FollowLeader):   *)
(* safety does not hang on it.  The module FastLeaderElection puts         *)
(* ZooKeeper's phase 0 in its place.                                       *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options:          *)
(*   "snapshots"   what is committed is compacted;                         *)
(*   "sync"        learners ask how far reads are to wait.                 *)
(*                                                                         *)
(* Abstracted: time-outs are nondeterminism.  Clients, their sessions and  *)
(* the state machine are left out: what is delivered is the history up to  *)
(* committed.  What a snapshot holds is not shown: a server keeps its      *)
(* whole history here, and snapshot says how much of it an implementation  *)
(* has no more.                                                            *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* all servers
    Observers,        \* those of them that vote on nothing
    Quorums,          \* sets of the others, each of which meets each
    Values,           \* what clients may ask for
    Window,           \* a learner that lacks more transactions than this gets a snapshot
    Options,          \* the options that are switched on
    MayCrash,         \* the servers that may crash
    DiskQueue         \* the most writes that may wait for a disk;
                      \* 0: a write is durable at once

VARIABLES
    acceptedEpoch,    \* of the last NEWEPOCH that was accepted (durable)
    currentEpoch,     \* of the last NEWLEADER that was accepted (durable)
    history,          \* the transactions that were accepted (durable)
    snapshot,         \* up to where the history is compacted (durable)
    committed,        \* how much of the history is delivered
    mode,             \* "looking", "following", "leading" or "observing"
    phase,            \* "idle" or "election" while looking, then "discovery",
                      \* "synchronization", "broadcast"
    leader,           \* whom it follows, itself if it leads, "" while looking
    epoch,            \* the epoch in which it does, 0 while none is agreed on
    learners,         \* leader: who is connected |-> how far it has come; see Stage
    up,               \* running, not crashed
    durable,          \* what its disk holds
    disk,             \* the writes waiting for the disk, with the messages each holds back
    link,             \* pairs <<s, p>>: what s sends to p goes on a connection
    wire,             \* [s][p]: the messages under way from s to p, in order
    msgs,             \* every datagram that ever left its sender
    broadcast,        \* every transaction that a primary ever proposed (for properties only)
    established       \* epoch, leader, initial history of each one (for properties only)

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
\* Transactions.  A zxid is an epoch and a counter, in this order.

Zero == [epoch |-> 0, counter |-> 0]

Less(y, z) == y.epoch < z.epoch \/ (y.epoch = z.epoch /\ y.counter < z.counter)
AtMost(y, z) == y = z \/ Less(y, z)

\* The last zxid of the history H.
LastOf(H) == IF H = <<>> THEN Zero ELSE H[Len(H)].zxid
Last(s) == LastOf(history[s])

\* How many transactions of H have a zxid that is at most z: H is in the order of its zxids.
RECURSIVE UpTo(_, _, _)
UpTo(H, z, n) == IF n = 0 THEN 0 ELSE IF AtMost(H[n].zxid, z) THEN n ELSE UpTo(H, z, n - 1)
IndexOf(H, z) == UpTo(H, z, Len(H))

\* The zxid of transaction i of H; before the first there is Zero.
ZxidAt(H, i) == IF i = 0 THEN Zero ELSE H[i].zxid

\* The state (epoch a, zxid y) is behind (epoch b, zxid z).
Behind(a, y, b, z) == a < b \/ (a = b /\ Less(y, z))

-----------------------------------------------------------------------------
\* Messages

MCEpoch(s, e) == [type |-> "CEPOCH", from |-> s, epoch |-> e]
MNewEpoch(s, e) == [type |-> "NEWEPOCH", from |-> s, epoch |-> e]
\* The epoch is -1 if this is no promise, since the sender has accepted the epoch before.
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

\* What a step sends: to each server some messages on its connection, in order, and datagrams.
Nothing == [to |-> [p \in Servers |-> <<>>], all |-> {}]
Send(P, M) == [to |-> [p \in Servers |-> IF p \in P THEN M ELSE <<>>], all |-> {}]
Notice(M) == [to |-> [p \in Servers |-> <<>>], all |-> M]

-----------------------------------------------------------------------------
\* The network and the disk.  A step of server s works on a record of what it leaves of the
\* connections, and of what s holds back, before it sends anything.

Still(s) == [wire |-> wire, link |-> link, held |-> disk[s]]

\* Message m is the next one on its connection to s.
Arrives(s, m) == wire[m.from][s] # <<>> /\ m = Head(wire[m.from][s])

\* ... and is taken out of it.
Taking(s, m) == [wire |-> [wire EXCEPT ![m.from][s] = Tail(@)], link |-> link, held |-> disk[s]]

\* Server s holds nothing back any more for those in P.
Withdrawn(held, P) ==
    [i \in 1 .. Len(held) |->
        [held[i] EXCEPT !.out.to = [p \in Servers |-> IF p \in P THEN <<>> ELSE @[p]]]]

\* Server s closes its ends of the connections to those in P.  Where it was connected the other
\* end is no more, either, and what is under way is lost.
Closing(s, N, P) ==
    LET live == {p \in P : <<s, p>> \in N.link}
    IN  [wire |-> [a \in Servers |-> [b \in Servers |->
                    IF (a = s /\ b \in live) \/ (b = s /\ a \in live) THEN <<>>
                    ELSE N.wire[a][b]]],
         link |-> N.link \ UNION {{<<s, p>>, <<p, s>>} : p \in live},
         held |-> Withdrawn(N.held, P)]

\* The first message on a new connection from p arrives: from now on s sends on it.
Attached(s, N, p) ==
    [wire |-> N.wire, link |-> N.link \cup {<<s, p>>}, held |-> Withdrawn(N.held, {p})]

\* What server s sends leaves.  A CEPOCH opens a connection; where there is none nothing leaves.
Leave(s, N, out) ==
    LET opens == {p \in Servers : out.to[p] # <<>> /\ Head(out.to[p]).type = "CEPOCH"}
    IN  /\ link' = (N.link \ {<<p, s>> : p \in opens}) \cup {<<s, p>> : p \in opens}
        /\ wire' = [a \in Servers |-> [b \in Servers |->
                     IF a = s /\ b \in opens THEN out.to[b]
                     ELSE IF b = s /\ a \in opens THEN <<>>
                     ELSE IF a = s /\ <<s, b>> \in N.link THEN N.wire[s][b] \o out.to[b]
                     ELSE N.wire[a][b]]]
        /\ msgs' = msgs \cup out.all

\* What server s wants its disk to hold.
Volatile(s) ==
    [acceptedEpoch |-> acceptedEpoch[s], currentEpoch |-> currentEpoch[s],
     history |-> history[s], snapshot |-> snapshot[s]]

Both(o, out) ==
    [to |-> [p \in Servers |-> o.to[p] \o out.to[p]], all |-> o.all \cup out.all]

\* Server s has changed its state (conjoin this after the primes), left N of the network, and
\* sends out.  That leaves when all that s has written so far is durable, and not before.
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

\* The oldest waiting write of server s becomes durable, and what it held back leaves.
Flush(s) ==
    /\ disk[s] # <<>>
    /\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]
    /\ Leave(s, Still(s), Head(disk[s]).out)
    /\ disk' = [disk EXCEPT ![s] = Tail(@)]
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>

-----------------------------------------------------------------------------
\* Looking, and what ends it

\* Server s neither leads nor follows.
Looks(s) ==
    /\ mode' = [mode EXCEPT ![s] = "looking"]
    /\ phase' = [phase EXCEPT ![s] = "idle"]
    /\ leader' = [leader EXCEPT ![s] = ""]
    /\ epoch' = [epoch EXCEPT ![s] = 0]
    /\ learners' = [learners EXCEPT ![s] = Empty]

\* To whom server s takes itself to be connected.
Peers(s) ==
    DOMAIN learners[s] \cup (IF mode[s] \in {"following", "observing"} THEN {leader[s]} ELSE {})

\* Server s gives up leading or following: it has heard too little of too few for too long, or
\* the connection to its leader is gone.
Abandon(s) ==
    /\ up[s]
    /\ mode[s] # "looking"
    /\ Looks(s)
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), Peers(s)), Nothing)

\* Server s takes itself for the leader, and waits to be connected to.
BecomesLeader(s) ==
    /\ mode' = [mode EXCEPT ![s] = "leading"]
    /\ phase' = [phase EXCEPT ![s] = "discovery"]
    /\ leader' = [leader EXCEPT ![s] = s]
    /\ UNCHANGED <<durVars, committed, epoch, learners, up, ghostVars>>
    /\ Emit(s, Still(s), Nothing)

\* Server s takes p for the leader, and connects to it (phase 1, step f.1.1).
BecomesLearner(s, p) ==
    /\ mode' = [mode EXCEPT ![s] = IF s \in Observers THEN "observing" ELSE "following"]
    /\ phase' = [phase EXCEPT ![s] = "discovery"]
    /\ leader' = [leader EXCEPT ![s] = p]
    /\ UNCHANGED <<durVars, committed, epoch, learners, up, ghostVars>>
    /\ Emit(s, Still(s), Send({p}, <<MCEpoch(s, acceptedEpoch[s])>>))

\* The oracle tells server s that it leads.
Lead(s) ==
    /\ up[s]
    /\ mode[s] = "looking"
    /\ s \in Voters
    /\ BecomesLeader(s)

\* The oracle tells server s that p leads.
FollowLeader(s, p) ==
    /\ up[s]
    /\ mode[s] = "looking"
    /\ p \in Voters \ {s}
    /\ BecomesLearner(s, p)

\* Server s follows, and has heard nothing from its leader yet.
Connecting(s) ==
    /\ up[s]
    /\ mode[s] \in {"following", "observing"}
    /\ phase[s] = "discovery"
    /\ epoch[s] = 0

\* ... and its connection is gone.
LoseConnection(s) ==
    /\ Connecting(s)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), {leader[s]}), Nothing)

\* ... and it connects once more: the leader may not know yet that it is one.
Connect(s) ==
    /\ Connecting(s)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send({leader[s]}, <<MCEpoch(s, acceptedEpoch[s])>>))

\* Server s is connected to and does not lead: it closes the connection.  If it was by its own
\* leader there is nobody left to follow.
RejectConnection(s, m) ==
    /\ up[s]
    /\ m.type = "CEPOCH"
    /\ Arrives(s, m)
    /\ mode[s] # "leading"
    /\ IF leader[s] = m.from THEN Looks(s) ELSE UNCHANGED roleVars
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Attached(s, Taking(s, m), m.from), {m.from}), Nothing)

-----------------------------------------------------------------------------
\* The leader's side.  Of each learner it knows how far it has come:
\*   "offered"    its CEPOCH has come; epoch is its acceptedEpoch;
\*   "promised"   its ACK-E has come; epoch is its currentEpoch, or -1; zxid its last;
\*   "syncing"    DIFF, TRUNC or SNAP, and NEWLEADER were sent;
\*   "acked"      its ACK-LD has come; zxid is the last that it has acknowledged;
\*   "active"     COMMIT-LD was sent; zxid as before.

Stage(name, e, z) == [stage |-> name, epoch |-> e, zxid |-> z]

At(L, S) == {p \in DOMAIN L : L[p].stage \in S}

\* Message m, of a type, is the next one that leader s gets from a learner at one of the stages S.
FromLearner(s, m, type, S) ==
    /\ up[s]
    /\ m.type = type
    /\ Arrives(s, m)
    /\ mode[s] = "leading"
    /\ m.from \in At(learners[s], S)

\* Leader s learns that the connection to p is gone.
DropLearner(s, p) ==
    /\ up[s]
    /\ mode[s] = "leading"
    /\ p \in DOMAIN learners[s]
    /\ learners' = [learners EXCEPT ![s] = Drop(@, p)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Closing(s, Still(s), {p}), Nothing)

-----------------------------------------------------------------------------
\* Phase 1: discovery

\* What leader s knows of its learners with the offer m.  If it had come with an earlier
\* connection that is forgotten.
Offered(s, m) == Put(learners[s], m.from, Stage("offered", m.epoch, Zero))

OffersTo(s, m) ==
    /\ up[s]
    /\ m.type = "CEPOCH"
    /\ Arrives(s, m)
    /\ mode[s] = "leading"

\* These learners of L and leader s are a quorum.
Backed(s, L, P) == IsQuorum({s} \cup (P \cap Voters))

\* Leader s counts a CEPOCH that does not yet make a quorum.
CountCEpoch(s, m) ==
    /\ OffersTo(s, m)
    /\ epoch[s] = 0
    /\ ~ Backed(s, Offered(s, m), DOMAIN Offered(s, m))
    /\ learners' = [learners EXCEPT ![s] = Offered(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Attached(s, Taking(s, m), m.from), Nothing)

\* Leader s counts the CEPOCH that makes a quorum: it proposes an epoch above all that it was
\* told of (step l.1.1).
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

\* Leader s tells a learner that comes later which epoch it is.
GreetLearner(s, m) ==
    /\ OffersTo(s, m)
    /\ epoch[s] # 0
    /\ learners' = [learners EXCEPT ![s] = Offered(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Attached(s, Taking(s, m), m.from), Send({m.from}, <<MNewEpoch(s, epoch[s])>>))

\* Message m, of a type, is the next one that learner s gets from its leader in one of the phases F.
FromLeader(s, m, types, F) ==
    /\ up[s]
    /\ m.type \in types
    /\ Arrives(s, m)
    /\ mode[s] \in {"following", "observing"}
    /\ leader[s] = m.from
    /\ phase[s] \in F

\* Learner s accepts an epoch that is not below the last one, and tells its state (step f.1.2).
\* It has promised it only if it is above.
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

\* What leader s knows with the promise m.
Promised(s, m) == Put(learners[s], m.from, Stage("promised", m.epoch, m.zxid))

\* Those of L whose promise counts.
Promises(L) == {p \in At(L, {"promised"}) : L[p].epoch # -1}

\* The state of who sent m is ahead of that of leader s.
IsAhead(s, m) ==
    /\ m.from \in Voters
    /\ m.epoch # -1
    /\ Behind(currentEpoch[s], Last(s), m.epoch, m.zxid)

\* Leader s counts an ACK-E that does not yet make a quorum.
CountAckEpoch(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] = "discovery"
    /\ ~ IsAhead(s, m)
    /\ ~ Backed(s, Promised(s, m), Promises(Promised(s, m)))
    /\ learners' = [learners EXCEPT ![s] = Promised(s, m)]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Leader s gives up: a follower has a later history.
StepDownStaleHistory(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] = "discovery"
    /\ IsAhead(s, m)
    /\ Looks(s)
    /\ UNCHANGED <<durVars, committed, up, ghostVars>>
    /\ Emit(s, Closing(s, Taking(s, m), Peers(s)), Nothing)

-----------------------------------------------------------------------------
\* Phase 2: synchronization

\* What server p, whose last zxid is z, is sent of the first n transactions of s: those that it
\* lacks (DIFF); where it has others, up to which it is to cut them off before (TRUNC); or, if
\* it lacks too many or s has compacted them, a snapshot of what s has delivered, and the rest.
Difference(s, z, n) ==
    LET H == SubSeq(history[s], 1, n)
        common == IndexOf(H, z)
        rest == SubSeq(H, common + 1, n)
        y == ZxidAt(H, common)
    IN  IF common < snapshot[s] \/ n - common > Window
        THEN MSnap(s, committed[s], SubSeq(H, committed[s] + 1, n))
        ELSE IF y = z THEN MDiff(s, z, rest) ELSE MTrunc(s, y, rest)

\* ... and then NEWLEADER.  An observer is sent what is committed, once anything can be.
Synchronizing(s, e, p, z) ==
    LET n == IF p \in Observers /\ phase[s] = "broadcast" THEN committed[s] ELSE Len(history[s])
    IN  <<Difference(s, z, n), MNewLeader(s, e)>>

\* Leader s counts the ACK-E that makes a quorum: its own history is the epoch's first one, and
\* it synchronizes all that have told it their state (step l.1.2, l.2.1).
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

\* Leader s synchronizes a learner that comes later.
SyncLearner(s, m) ==
    /\ FromLearner(s, m, "ACK-E", {"offered"})
    /\ phase[s] # "discovery"
    /\ learners' = [learners EXCEPT ![s] = Put(@, m.from, Stage("syncing", 0, Zero))]
    /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, Synchronizing(s, epoch[s], m.from, m.zxid)))

\* Learner s brings its history into line with the leader's.
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

\* Learner s accepts the new leader: its history is durable before its currentEpoch, and that
\* before it says so (step f.2.1).
AcceptLeader(s, m) ==
    /\ FromLeader(s, m, {"NEWLEADER"}, {"synchronization"})
    /\ m.epoch = epoch[s]
    /\ currentEpoch' = [currentEpoch EXCEPT ![s] = m.epoch]
    /\ UNCHANGED <<acceptedEpoch, history, snapshot, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MAckLeader(s, Last(s))>>))

\* What leader s knows with the acknowledgement m of NEWLEADER.
Acked(s, m, stage) == Put(learners[s], m.from, Stage(stage, 0, m.zxid))

\* Leader s counts an ACK-LD that does not yet make a quorum.
CountAckLeader(s, m) ==
    LET L == Acked(s, m, "acked")
    IN  /\ FromLearner(s, m, "ACK-LD", {"syncing"})
        /\ phase[s] = "synchronization"
        /\ ~ Backed(s, L, At(L, {"acked"}))
        /\ learners' = [learners EXCEPT ![s] = L]
        /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
        /\ Emit(s, Taking(s, m), Nothing)

\* Leader s counts the ACK-LD that makes a quorum: the epoch is established, and its first
\* history committed (step l.2.2).
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

\* Learner s is up to date: it delivers what is committed (step f.2.2).
CommitLeader(s, m) ==
    /\ FromLeader(s, m, {"COMMIT-LD"}, {"synchronization"})
    /\ phase' = [phase EXCEPT ![s] = "broadcast"]
    /\ committed' = [committed EXCEPT ![s] = Max(@, IndexOf(history[s], m.zxid))]
    /\ UNCHANGED <<durVars, mode, leader, epoch, learners, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

-----------------------------------------------------------------------------
\* Phase 3: broadcast

\* Leader s proposes what a client asks for, without waiting for what it proposed before, to all
\* followers that it has begun to synchronize (step l.3.1).
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

\* ... which a learner has forwarded.
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

\* Follower s accepts a proposal, and says so when it is durable (step f.3.1).
AcceptProposal(s, m) ==
    /\ FromLeader(s, m, {"PROPOSE"}, {"synchronization", "broadcast"})
    /\ history' = [history EXCEPT ![s] = Append(@, m.txn)]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MAck(s, m.txn.zxid)>>))

\* How much of the history of leader s is committed when its learners are L: what a quorum has
\* acknowledged.
RECURSIVE Committable(_, _, _)
Committable(s, L, n) ==
    IF n <= committed[s] THEN committed[s]
    ELSE IF Backed(s, L, {p \in At(L, {"acked", "active"}) :
                             AtMost(history[s][n].zxid, L[p].zxid)})
    THEN n ELSE Committable(s, L, n - 1)

\* Leader s, whose learners are L, has committed n transactions, and tells its active followers,
\* and its observers from that point on; P it tells by COMMIT-LD that they are up to date.
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

\* What leader s knows with the acknowledgement m.
AckedBy(s, m) == Put(learners[s], m.from, [learners[s][m.from] EXCEPT !.zxid = m.zxid])

\* Leader s counts an ACK that does not make a quorum, or no longer matters.
CountAck(s, m) ==
    LET L == AckedBy(s, m)
    IN  /\ FromLearner(s, m, "ACK", {"active"})
        /\ Committable(s, L, IndexOf(history[s], m.zxid)) = committed[s]
        /\ learners' = [learners EXCEPT ![s] = L]
        /\ UNCHANGED <<durVars, committed, mode, phase, leader, epoch, up, ghostVars>>
        /\ Emit(s, Taking(s, m), Nothing)

\* Leader s counts the ACK that makes a quorum, and commits (step l.3.2).  Acknowledgements come
\* in order, so that all before it is committed with it.
Commit(s, m) ==
    LET L == AckedBy(s, m)
        n == Committable(s, L, IndexOf(history[s], m.zxid))
    IN  /\ FromLearner(s, m, "ACK", {"active"})
        /\ n > committed[s]
        /\ Commits(s, m, L, n, {})

\* Leader s gets the ACK-LD of a learner that came later.  It may complete a quorum for what was
\* proposed before.
UpToDate(s, m) ==
    LET L == Acked(s, m, "active")
    IN  /\ FromLearner(s, m, "ACK-LD", {"syncing"})
        /\ phase[s] = "broadcast"
        /\ Commits(s, m, L, Committable(s, L, IndexOf(history[s], m.zxid)), {m.from})

\* Follower s delivers what is committed (step f.3.2).
Deliver(s, m) ==
    /\ FromLeader(s, m, {"COMMIT"}, {"broadcast"})
    /\ committed' = [committed EXCEPT ![s] = Max(@, IndexOf(history[s], m.zxid))]
    /\ UNCHANGED <<durVars, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Observer s is told of what is committed, and delivers it once it is up to date.
Inform(s, m) ==
    /\ FromLeader(s, m, {"INFORM"}, {"synchronization", "broadcast"})
    /\ history' = [history EXCEPT ![s] = @ \o m.txns]
    /\ committed' = [committed EXCEPT ![s] =
           IF phase[s] = "broadcast" THEN Len(history[s]) + Len(m.txns) ELSE @]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, snapshot, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

-----------------------------------------------------------------------------
\* What changes no history

\* Leader s lets itself be heard of by all that are connected.
Ping(s) ==
    /\ up[s]
    /\ mode[s] = "leading"
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send(DOMAIN learners[s], <<MPing(s)>>))

\* Learner s hears of its leader, and answers.
Pong(s, m) ==
    /\ FromLeader(s, m, {"PING"}, {"discovery", "synchronization", "broadcast"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MPong(s)>>))

\* Leader s hears of a learner.
HandlePong(s, m) ==
    /\ FromLearner(s, m, "PONG", {"offered", "promised", "syncing", "acked", "active"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Learner s asks its leader how far it is to wait with a read (sync).
AskSync(s, n) ==
    /\ "sync" \in Options
    /\ up[s]
    /\ mode[s] \in {"following", "observing"}
    /\ phase[s] = "broadcast"
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Send({leader[s]}, <<MSync(s, n)>>))

\* Leader s answers: until all that it has proposed so far is delivered.
AnswerSync(s, m) ==
    /\ FromLearner(s, m, "SYNC", {"active"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Send({m.from}, <<MSynced(s, m.number, Last(s))>>))

\* Learner s takes note.
Synced(s, m) ==
    /\ FromLeader(s, m, {"SYNCED"}, {"broadcast"})
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Taking(s, m), Nothing)

\* Server s answers a client without sending anything to another server.
Reply(s) == up[s] /\ UNCHANGED vars

\* Server s compacts what it has delivered.
TakeSnapshot(s) ==
    /\ "snapshots" \in Options
    /\ up[s]
    /\ committed[s] > snapshot[s]
    /\ snapshot' = [snapshot EXCEPT ![s] = committed[s]]
    /\ UNCHANGED <<acceptedEpoch, currentEpoch, history, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Nothing)

\* Server s crashes when the disk had reached the first k of its waiting writes.  The others,
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

\* Server s comes up again, with what its disk holds.
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

\* Each of the protocol's own steps but for elections, without crashes.
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
\* What must hold: the types, and what follows from the phases

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

\* The epochs of the paper's proofs: a server has accepted the epoch of its history.
EpochsInOrder ==
    \A s \in Servers :
        /\ currentEpoch[s] <= acceptedEpoch[s]
        /\ epoch[s] # 0 => epoch[s] <= acceptedEpoch[s]
        /\ Last(s).epoch <= acceptedEpoch[s]

\* A history is in the order of its zxids, and within an epoch without a gap.
HistoryInOrder ==
    \A s \in Servers : \A i \in 2 .. Len(history[s]) :
        LET y == history[s][i - 1].zxid
            z == history[s][i].zxid
        IN  IF y.epoch = z.epoch THEN z.counter = y.counter + 1
            ELSE y.epoch < z.epoch /\ z.counter = 1

\* An epoch is established by one leader at most.
OneLeaderPerEpoch ==
    \A a, b \in established : a.epoch = b.epoch => a = b

\* What the two servers have of the epochs up to the last zxid of the first, if both have that
\* zxid, is the same.
SameZxidSamePrefix ==
    \A s, p \in Servers :
        LET i == Len(history[s])
            j == IndexOf(history[p], Last(s))
        IN  i > 0 /\ j > 0 /\ history[p][j].zxid = Last(s)
                => i = j /\ SubSeq(history[p], 1, j) = history[s]

\* What is delivered is on the disks of a quorum.
DeliveredIsDurable ==
    \A s \in Servers : committed[s] > 0 =>
        IsQuorum({p \in Voters :
            /\ Len(durable[p].history) >= committed[s]
            /\ durable[p].history[committed[s]] = history[s][committed[s]]})

\* What is under way rests on what a disk holds: a crash cannot make it untrue.
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
\* What must hold: the paper's section III.  To deliver is to have in the history up to committed.

Delivered(s) == SubSeq(history[s], 1, committed[s])

\* Whatever is delivered was broadcast.
Integrity == \A s \in Servers : \A i \in 1 .. committed[s] : history[s][i] \in broadcast

\* Total order and agreement: of what two servers deliver, one begins with the other.
TotalOrder ==
    \A s, p \in Servers :
        LET n == IF committed[s] < committed[p] THEN committed[s] ELSE committed[p]
        IN  SubSeq(history[s], 1, n) = SubSeq(history[p], 1, n)

\* Agreement alone: if one delivers a transaction and another a different one, either the former
\* delivers the latter's or the latter the former's.
Agreement ==
    \A s, p \in Servers : \A i \in 1 .. committed[s] : \A j \in 1 .. committed[p] :
        \/ \E k \in 1 .. committed[p] : history[p][k] = history[s][i]
        \/ \E k \in 1 .. committed[s] : history[s][k] = history[p][j]

\* Whoever delivers what a primary broadcast has delivered all that it broadcast before.
LocalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. committed[s] : \A t \in broadcast :
        LET z == history[s][i].zxid IN
        t.zxid.epoch = z.epoch /\ t.zxid.counter < z.counter =>
            \E j \in 1 .. (i - 1) : history[s][j] = t

\* What an earlier primary broadcast is delivered before what a later one did.
GlobalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. committed[s] : \A j \in 1 .. (i - 1) :
        history[s][j].zxid.epoch <= history[s][i].zxid.epoch

PrimaryOrder == LocalPrimaryOrder /\ GlobalPrimaryOrder

\* A primary has delivered, before it broadcasts, whatever anybody delivers of earlier primaries.
PrimaryIntegrity ==
    \A e \in established : (\E t \in broadcast : t.zxid.epoch = e.epoch) =>
        \A s \in Servers : \A i \in 1 .. committed[s] :
            history[s][i].zxid.epoch < e.epoch =>
                \E j \in 1 .. Len(e.history) : e.history[j] = history[s][i]

-----------------------------------------------------------------------------
\* What no step may do

\* Epochs never fall, and what is delivered stays, but for a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ acceptedEpoch'[s] >= acceptedEpoch[s]
                    /\ currentEpoch'[s] >= currentEpoch[s]
                    /\ committed'[s] >= committed[s]
                    /\ SubSeq(history'[s], 1, committed[s]) = Delivered(s)]_vars
=============================================================================
