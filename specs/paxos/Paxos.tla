------------------------------- MODULE Paxos -------------------------------
(***************************************************************************)
(* Single-decree Paxos at the granularity of an implementation's handlers. *)
(*                                                                         *)
(* Source: L. Lamport, Paxos Made Simple, ACM SIGACT News 32(4), 2001.     *)
(* Separate quorums for the two phases: H. Howard, D. Malkhi and           *)
(* A. Spiegelman, Flexible Paxos, OPODIS 2016.                             *)
(*                                                                         *)
(* Modelled: requests, both phases, handling of one message at a time,     *)
(* rejections (nack), learners that count votes, retransmission, writes    *)
(* that become durable in a separate step, crashes that lose everything    *)
(* not yet written to disk, and restarts.  A node may play any             *)
(* combination of the three roles.                                         *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Messages *)
(* are never removed, so a message may be received late, in any order,     *)
(* many times or never: loss, duplication and reordering need no actions   *)
(* of their own.  Timeouts and back-off are nondeterministic: a proposer   *)
(* may begin a new ballot at any time.  Messages have no addressee: any    *)
(* node that plays the role may receive them.                              *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Proposers, Acceptors, Learners,   \* the nodes that play each role; they may overlap
    Values,                           \* values that clients may request
    Ballots,                          \* the ballot numbers, a set of naturals
    Quorum1, Quorum2,                 \* the quorums of phase 1 and of phase 2
    Owns(_, _),                       \* Owns(p, b): ballot b belongs to proposer p
    None,                             \* a value that stands for no value
    MayCrash,                         \* the nodes that may crash
    DiskQueue                         \* maximum number of writes waiting for a disk;
                                      \* 0: a write is durable at once

VARIABLES
    requested,    \* every value that a client has requested (history variable, for Validity)
    want,         \* proposer: the value that its client requested
    phase,        \* proposer: "idle", "1", "2" or "done"
    pBal,         \* proposer: the highest ballot that it began (durable)
    pVal,         \* proposer: the value proposed in phase 2, or reported to it as chosen
    promises,     \* proposer: the 1b messages received for pBal in phase 1
    maxBal,       \* acceptor: the highest ballot that it took part in (durable)
    maxVBal,      \* acceptor: the highest ballot in which it accepted a value (durable)
    maxVal,       \* acceptor: the value that it accepted there (durable)
    votes,        \* learner: the 2b messages received until a value is learned
    learned,      \* learner: the value that it learned
    up,           \* node: running, not crashed
    durable,      \* node: the content of its disk
    disk,         \* node: writes waiting for the disk, each with the messages it holds back
    msgs          \* every message that has left its sender

proposerVars == <<requested, want, phase, pBal, pVal, promises>>
acceptorVars == <<maxBal, maxVBal, maxVal>>
learnerVars  == <<votes, learned>>
hostVars     == <<durable, disk, msgs>>
vars == <<proposerVars, acceptorVars, learnerVars, up, hostVars>>

Nodes == Proposers \cup Acceptors \cup Learners

-----------------------------------------------------------------------------
\* Messages

M1a(b)            == [type |-> "1a", bal |-> b]
M1b(a, b, vb, v)  == [type |-> "1b", acc |-> a, bal |-> b, vbal |-> vb, val |-> v]
M2a(b, v)         == [type |-> "2a", bal |-> b, val |-> v]
M2b(a, b, v)      == [type |-> "2b", acc |-> a, bal |-> b, val |-> v]
MNack(b, mb)      == [type |-> "nack", bal |-> b, maxBal |-> mb]
MChosen(v)        == [type |-> "chosen", val |-> v]

BallotOrNone == Ballots \cup {-1}
ValueOrNone  == Values \cup {None}

Messages ==
         [type : {"1a"}, bal : Ballots]
    \cup [type : {"1b"}, acc : Acceptors, bal : Ballots, vbal : BallotOrNone,
          val : ValueOrNone]
    \cup [type : {"2a"}, bal : Ballots, val : Values]
    \cup [type : {"2b"}, acc : Acceptors, bal : Ballots, val : Values]
    \cup [type : {"nack"}, bal : Ballots, maxBal : Ballots]
    \cup [type : {"chosen"}, val : Values]

-----------------------------------------------------------------------------
\* The disk

DurableRecord == [pBal : BallotOrNone, maxBal : BallotOrNone,
                  maxVBal : BallotOrNone, maxVal : ValueOrNone]

\* The state that node n writes to its disk.
Volatile(n) ==
    [pBal    |-> IF n \in Proposers THEN pBal[n] ELSE -1,
     maxBal  |-> IF n \in Acceptors THEN maxBal[n] ELSE -1,
     maxVBal |-> IF n \in Acceptors THEN maxVBal[n] ELSE -1,
     maxVal  |-> IF n \in Acceptors THEN maxVal[n] ELSE None]

\* Node n has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave only when everything that n has written so far is durable.
Emit(n, M) ==
    LET new  == Volatile(n)'
        last == Len(disk[n])
        old  == IF last = 0 THEN durable[n] ELSE disk[n][last].rec
    IN  IF new = old
        THEN /\ UNCHANGED durable
             /\ IF last = 0
                THEN msgs' = msgs \cup M /\ UNCHANGED disk
                ELSE disk' = [disk EXCEPT ![n][last].out = @ \cup M] /\ UNCHANGED msgs
        ELSE IF DiskQueue = 0
             THEN /\ durable' = [durable EXCEPT ![n] = new]
                  /\ msgs' = msgs \cup M
                  /\ UNCHANGED disk
             ELSE /\ last < DiskQueue
                  /\ disk' = [disk EXCEPT ![n] = Append(@, [rec |-> new, out |-> M])]
                  /\ UNCHANGED <<durable, msgs>>

\* The oldest waiting write of node n becomes durable, and the messages it held back leave.
Flush(n) ==
    /\ disk[n] # <<>>
    /\ durable' = [durable EXCEPT ![n] = Head(disk[n]).rec]
    /\ msgs' = msgs \cup Head(disk[n]).out
    /\ disk' = [disk EXCEPT ![n] = Tail(@)]
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>

-----------------------------------------------------------------------------
\* Proposers (section 2.2, phases 1(a) and 2(a); section 2.4)

\* A client requests value v from proposer p.  Later requests do not change want.
Request(p, v) ==
    /\ up[p]
    /\ requested' = requested \cup {v}
    /\ want' = [want EXCEPT ![p] = IF @ = None THEN v ELSE @]
    /\ UNCHANGED <<phase, pBal, pVal, promises, acceptorVars, learnerVars, up, hostVars>>

\* Proposer p begins ballot b, which belongs to it and is higher than any it began before.
Phase1a(p, b) ==
    /\ up[p]
    /\ want[p] # None
    /\ phase[p] # "done"
    /\ Owns(p, b)
    /\ b > pBal[p]
    /\ pBal' = [pBal EXCEPT ![p] = b]
    /\ phase' = [phase EXCEPT ![p] = "1"]
    /\ pVal' = [pVal EXCEPT ![p] = None]
    /\ promises' = [promises EXCEPT ![p] = {}]
    /\ UNCHANGED <<requested, want, acceptorVars, learnerVars, up>>
    /\ Emit(p, {M1a(b)})

\* Message m is a promise for the ballot in which p conducts phase 1.
AwaitedPromise(p, m) ==
    /\ up[p]
    /\ m.type = "1b"
    /\ phase[p] = "1"
    /\ m.bal = pBal[p]

HasQuorum(Quorums, S) == \E Q \in Quorums : Q \subseteq {m.acc : m \in S}

\* The value that p must propose after the promises S: the value accepted in the highest ballot
\* that they report, or the value of its own client if they report none.
PickValue(p, S) ==
    LET accepted == {m \in S : m.vbal >= 0}
    IN  IF accepted = {} THEN want[p]
        ELSE (CHOOSE m \in accepted : \A k \in accepted : m.vbal >= k.vbal).val

\* Proposer p counts a promise that does not complete a quorum.
Promise(p, m) ==
    /\ AwaitedPromise(p, m)
    /\ ~ HasQuorum(Quorum1, promises[p] \cup {m})
    /\ promises' = [promises EXCEPT ![p] = @ \cup {m}]
    /\ UNCHANGED <<requested, want, phase, pBal, pVal, acceptorVars, learnerVars, up,
                   hostVars>>

\* Proposer p counts the promise that completes a quorum, and proposes a value.
Phase2a(p, m) ==
    LET S == promises[p] \cup {m}
        v == PickValue(p, S)
    IN  /\ AwaitedPromise(p, m)
        /\ HasQuorum(Quorum1, S)
        /\ phase' = [phase EXCEPT ![p] = "2"]
        /\ pVal' = [pVal EXCEPT ![p] = v]
        /\ promises' = [promises EXCEPT ![p] = {}]
        /\ UNCHANGED <<requested, want, pBal, acceptorVars, learnerVars, up>>
        /\ Emit(p, {M2a(pBal[p], v)})

\* Proposer p learns of a higher ballot, and abandons its own.
Rejected(p, m) ==
    /\ up[p]
    /\ m.type = "nack"
    /\ phase[p] \in {"1", "2"}
    /\ m.bal = pBal[p]
    /\ phase' = [phase EXCEPT ![p] = "idle"]
    /\ pVal' = [pVal EXCEPT ![p] = None]
    /\ promises' = [promises EXCEPT ![p] = {}]
    /\ UNCHANGED <<requested, want, pBal, acceptorVars, learnerVars, up, hostVars>>

\* Proposer p times out and sends its last message again.
Resend(p) ==
    /\ up[p]
    /\ phase[p] \in {"1", "2"}
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>
    /\ Emit(p, IF phase[p] = "1" THEN {M1a(pBal[p])} ELSE {M2a(pBal[p], pVal[p])})

-----------------------------------------------------------------------------
\* Acceptors (section 2.2, phases 1(b) and 2(b))

\* Acceptor a promises to take no part in lower ballots, and reports the last value it accepted.
\* It answers a repeated request again, unless it has already accepted in that ballot.
Phase1b(a, m) ==
    /\ up[a]
    /\ m.type = "1a"
    /\ m.bal >= maxBal[a]
    /\ m.bal > maxVBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
    /\ UNCHANGED <<proposerVars, maxVBal, maxVal, learnerVars, up>>
    /\ Emit(a, {M1b(a, m.bal, maxVBal[a], maxVal[a])})

\* Acceptor a accepts a proposal, unless it has promised a higher ballot.
Phase2b(a, m) ==
    /\ up[a]
    /\ m.type = "2a"
    /\ m.bal >= maxBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
    /\ maxVBal' = [maxVBal EXCEPT ![a] = m.bal]
    /\ maxVal' = [maxVal EXCEPT ![a] = m.val]
    /\ UNCHANGED <<proposerVars, learnerVars, up>>
    /\ Emit(a, {M2b(a, m.bal, m.val)})

\* Acceptor a rejects a request below its promise, and reports the ballot that it promised.
Nack(a, m) ==
    /\ up[a]
    /\ m.type \in {"1a", "2a"}
    /\ m.bal < maxBal[a]
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>
    /\ Emit(a, {MNack(m.bal, maxBal[a])})

-----------------------------------------------------------------------------
\* Learners (section 2.3)

AwaitedVote(l, m) ==
    /\ up[l]
    /\ m.type = "2b"
    /\ learned[l] = None

SameBallot(S, b) == {m \in S : m.bal = b}

\* Learner l counts a vote that does not complete a quorum in its ballot.
Vote(l, m) ==
    /\ AwaitedVote(l, m)
    /\ ~ HasQuorum(Quorum2, SameBallot(votes[l] \cup {m}, m.bal))
    /\ votes' = [votes EXCEPT ![l] = @ \cup {m}]
    /\ UNCHANGED <<proposerVars, acceptorVars, learned, up, hostVars>>

\* Learner l counts the vote that completes a quorum in one ballot: the value is chosen.
\* It tells the proposers and the other learners.
Learn(l, m) ==
    /\ AwaitedVote(l, m)
    /\ HasQuorum(Quorum2, SameBallot(votes[l] \cup {m}, m.bal))
    /\ learned' = [learned EXCEPT ![l] = m.val]
    /\ votes' = [votes EXCEPT ![l] = {}]
    /\ UNCHANGED <<proposerVars, acceptorVars, up>>
    /\ Emit(l, {MChosen(m.val)})

\* Learner l already knows the chosen value and receives a vote: it may announce the value again.
Remind(l, m) ==
    /\ up[l]
    /\ m.type = "2b"
    /\ learned[l] # None
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>
    /\ Emit(l, {MChosen(learned[l])})

-----------------------------------------------------------------------------
\* Any node

\* Node n does not yet know the chosen value.
Uninformed(n) == \/ n \in Proposers /\ phase[n] # "done"
                 \/ n \in Learners /\ learned[n] = None

\* Node n is told by a learner that a value is chosen.  If it already knows the value in one
\* role, that does not change.
Chosen(n, m) ==
    /\ up[n]
    /\ m.type = "chosen"
    /\ Uninformed(n)
    /\ IF n \in Proposers
       THEN /\ phase' = [phase EXCEPT ![n] = "done"]
            /\ pVal' = [pVal EXCEPT ![n] = m.val]
            /\ promises' = [promises EXCEPT ![n] = {}]
       ELSE UNCHANGED <<phase, pVal, promises>>
    /\ IF n \in Learners
       THEN /\ learned' = [learned EXCEPT ![n] = m.val]
            /\ votes' = [votes EXCEPT ![n] = {}]
       ELSE UNCHANGED learnerVars
    /\ UNCHANGED <<requested, want, pBal, acceptorVars, up, hostVars>>

\* Node n drops a message that is late, repeated or not meant for its role.
Ignore(n, m) ==
    /\ up[n]
    /\ CASE m.type = "1a" -> n \in Acceptors => m.bal = maxBal[n] /\ m.bal = maxVBal[n]
         [] m.type = "1b" -> n \in Proposers => phase[n] # "1" \/ m.bal # pBal[n]
         [] m.type = "2a" -> n \notin Acceptors
         [] m.type = "2b" -> n \in Learners => learned[n] # None
         [] m.type = "nack" -> n \in Proposers => phase[n] \notin {"1", "2"} \/ m.bal # pBal[n]
         [] m.type = "chosen" -> ~ Uninformed(n)
    /\ UNCHANGED vars

\* Node n crashes after its disk has completed the first k waiting writes.  The other writes,
\* the messages held back, and all volatile state are lost.
Crash(n, k) ==
    LET kept == IF k = 0 THEN durable[n] ELSE disk[n][k].rec
    IN  /\ up[n]
        /\ up' = [up EXCEPT ![n] = FALSE]
        /\ durable' = [durable EXCEPT ![n] = kept]
        /\ disk' = [disk EXCEPT ![n] = <<>>]
        /\ IF n \in Proposers
           THEN /\ want' = [want EXCEPT ![n] = None]
                /\ phase' = [phase EXCEPT ![n] = "idle"]
                /\ pBal' = [pBal EXCEPT ![n] = kept.pBal]
                /\ pVal' = [pVal EXCEPT ![n] = None]
                /\ promises' = [promises EXCEPT ![n] = {}]
           ELSE UNCHANGED <<want, phase, pBal, pVal, promises>>
        /\ IF n \in Acceptors
           THEN /\ maxBal' = [maxBal EXCEPT ![n] = kept.maxBal]
                /\ maxVBal' = [maxVBal EXCEPT ![n] = kept.maxVBal]
                /\ maxVal' = [maxVal EXCEPT ![n] = kept.maxVal]
           ELSE UNCHANGED acceptorVars
        /\ IF n \in Learners
           THEN /\ votes' = [votes EXCEPT ![n] = {}]
                /\ learned' = [learned EXCEPT ![n] = None]
           ELSE UNCHANGED learnerVars
        /\ UNCHANGED <<requested, msgs>>

\* Node n restarts with the content of its disk.
Restart(n) ==
    /\ ~ up[n]
    /\ up' = [up EXCEPT ![n] = TRUE]
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, hostVars>>

-----------------------------------------------------------------------------
Init ==
    /\ requested = {}
    /\ want = [p \in Proposers |-> None]
    /\ phase = [p \in Proposers |-> "idle"]
    /\ pBal = [p \in Proposers |-> -1]
    /\ pVal = [p \in Proposers |-> None]
    /\ promises = [p \in Proposers |-> {}]
    /\ maxBal = [a \in Acceptors |-> -1]
    /\ maxVBal = [a \in Acceptors |-> -1]
    /\ maxVal = [a \in Acceptors |-> None]
    /\ votes = [l \in Learners |-> {}]
    /\ learned = [l \in Learners |-> None]
    /\ up = [n \in Nodes |-> TRUE]
    /\ durable = [n \in Nodes |-> [pBal |-> -1, maxBal |-> -1, maxVBal |-> -1,
                                   maxVal |-> None]]
    /\ disk = [n \in Nodes |-> <<>>]
    /\ msgs = {}

\* The steps of the protocol, without crashes.  Every disjunct is one action, so that a behaviour
\* can be described by the names of its actions.
Steps ==
    \/ \E p \in Proposers : \E v \in Values : Request(p, v)
    \/ \E p \in Proposers : \E b \in Ballots : Phase1a(p, b)
    \/ \E p \in Proposers : \E m \in msgs : Promise(p, m)
    \/ \E p \in Proposers : \E m \in msgs : Phase2a(p, m)
    \/ \E p \in Proposers : \E m \in msgs : Rejected(p, m)
    \/ \E p \in Proposers : Resend(p)
    \/ \E a \in Acceptors : \E m \in msgs : Phase1b(a, m)
    \/ \E a \in Acceptors : \E m \in msgs : Phase2b(a, m)
    \/ \E a \in Acceptors : \E m \in msgs : Nack(a, m)
    \/ \E l \in Learners : \E m \in msgs : Vote(l, m)
    \/ \E l \in Learners : \E m \in msgs : Learn(l, m)
    \/ \E l \in Learners : \E m \in msgs : Remind(l, m)
    \/ \E n \in Proposers \cup Learners : \E m \in msgs : Chosen(n, m)
    \/ \E n \in Nodes : Flush(n)
    \/ \E n \in Nodes : \E m \in msgs : Ignore(n, m)

Crashes ==
    \/ \E n \in MayCrash : \E kept \in 0 .. Len(disk[n]) : Crash(n, kept)
    \/ \E n \in MayCrash : Restart(n)

Next == Steps \/ Crashes

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* Invariants

TypeOK ==
    /\ requested \subseteq Values
    /\ want \in [Proposers -> ValueOrNone]
    /\ phase \in [Proposers -> {"idle", "1", "2", "done"}]
    /\ pBal \in [Proposers -> BallotOrNone]
    /\ pVal \in [Proposers -> ValueOrNone]
    /\ \A p \in Proposers : promises[p] \subseteq {m \in msgs : m.type = "1b"}
    /\ maxBal \in [Acceptors -> BallotOrNone]
    /\ maxVBal \in [Acceptors -> BallotOrNone]
    /\ maxVal \in [Acceptors -> ValueOrNone]
    /\ \A l \in Learners : votes[l] \subseteq {m \in msgs : m.type = "2b"}
    /\ learned \in [Learners -> ValueOrNone]
    /\ up \in [Nodes -> BOOLEAN]
    /\ durable \in [Nodes -> DurableRecord]
    /\ \A n \in Nodes : \A i \in 1 .. Len(disk[n]) :
          disk[n][i].rec \in DurableRecord /\ disk[n][i].out \subseteq Messages
    /\ msgs \subseteq Messages

\* Value v is chosen in ballot b: a quorum accepted it there.
ChosenIn(b, v) == \E Q \in Quorum2 : \A a \in Q : M2b(a, b, v) \in msgs

\* The values chosen so far.
chosen == {v \in Values : \E b \in Ballots : ChosenIn(b, v)}

\* At most one value is chosen.
Agreement == \A v, w \in chosen : v = w

\* Only values that a client requested are chosen, or even proposed.
Validity == \A m \in msgs : m.type \in {"2a", "2b", "chosen"} => m.val \in requested

\* A value that a learner has learned, or announces, is chosen.
LearnedIsChosen ==
    /\ \A l \in Learners : learned[l] # None => learned[l] \in chosen
    /\ \A m \in msgs : m.type = "chosen" => m.val \in chosen

\* At most one value is proposed in a ballot.
OneValuePerBallot ==
    \A m, k \in msgs : m.type = "2a" /\ k.type = "2a" /\ m.bal = k.bal => m.val = k.val

\* The variables of an acceptor are consistent.
AcceptorConsistent ==
    \A a \in Acceptors :
        /\ maxVBal[a] <= maxBal[a]
        /\ maxVBal[a] = -1 <=> maxVal[a] = None
        /\ maxVBal[a] >= 0 => M2a(maxVBal[a], maxVal[a]) \in msgs

\* Everything that an acceptor has said is supported by its disk: a crash cannot make it untrue.
SaidIsDurable ==
    \A m \in msgs :
        /\ m.type = "1b" => durable[m.acc].maxBal >= m.bal
        /\ m.type = "2b" => /\ durable[m.acc].maxBal >= m.bal
                            /\ durable[m.acc].maxVBal >= m.bal
                            /\ durable[m.acc].maxVBal = m.bal => durable[m.acc].maxVal = m.val

\* Promises are kept: an acceptor that promised b and reported vbal accepted nothing in between.
PromiseKept ==
    \A m \in msgs : m.type = "1b" =>
        /\ m.vbal < m.bal
        /\ m.vbal >= 0 => M2a(m.vbal, m.val) \in msgs
        /\ \A k \in msgs : k.type = "2b" /\ k.acc = m.acc /\ k.bal < m.bal => k.bal <= m.vbal

\* Paxos implements consensus.
C == INSTANCE Consensus
Refinement == C!Spec
=============================================================================
