------------------------------- MODULE Paxos -------------------------------
(***************************************************************************)
(* Single-decree Paxos at the grain of an implementation's handlers.       *)
(*                                                                         *)
(* Source: L. Lamport, Paxos Made Simple, ACM SIGACT News 32(4), 2001.     *)
(* Separate quorums for the two phases: H. Howard, D. Malkhi and           *)
(* A. Spiegelman, Flexible Paxos, OPODIS 2016.                             *)
(*                                                                         *)
(* Modelled: requests, both phases, one message handled at a time,         *)
(* rejections (nack), learners that count votes, retransmission, writes    *)
(* that become durable in a step of their own, crashes that lose whatever  *)
(* the disk had not reached, restarts.  Nodes combine the three roles in   *)
(* any way.                                                                *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Nothing  *)
(* is taken out of it, so that a message may be received late, in any      *)
(* order, many times or never: loss, duplication and reordering need no    *)
(* actions of their own.  Time-outs and back-off are nondeterminism: a     *)
(* proposer may begin a new ballot at any time.  A message has no          *)
(* addressee: whoever plays the role may receive it.                       *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Proposers, Acceptors, Learners,   \* the nodes that play each role; they may overlap
    Values,                           \* what clients may ask for
    Ballots,                          \* the ballot numbers, a set of naturals
    Quorum1, Quorum2,                 \* the quorums of phase 1 and of phase 2
    Owns(_, _),                       \* Owns(p, b): ballot b is proposer p's own
    None,                             \* no value
    MayCrash,                         \* the nodes that may crash
    DiskQueue                         \* the most writes that may wait for a disk;
                                      \* 0: a write is durable at once

VARIABLES
    requested,    \* every value that a client ever asked for (history, for Validity)
    want,         \* proposer: the value its client asked for
    phase,        \* proposer: "idle", "1", "2" or "done"
    pBal,         \* proposer: the highest ballot it began (durable)
    pVal,         \* proposer: the value it proposed in phase 2, or was told is chosen
    promises,     \* proposer: the 1b messages received for pBal in phase 1
    maxBal,       \* acceptor: the highest ballot it took part in (durable)
    maxVBal,      \* acceptor: the highest ballot it accepted in (durable)
    maxVal,       \* acceptor: the value it accepted there (durable)
    votes,        \* learner: the 2b messages received while nothing is learned
    learned,      \* learner: the value it learned
    up,           \* node: running, not crashed
    durable,      \* node: what its disk holds
    disk,         \* node: the writes waiting for the disk, with the messages each holds back
    msgs          \* every message that ever left its sender

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

\* What node n wants its disk to hold.
Volatile(n) ==
    [pBal    |-> IF n \in Proposers THEN pBal[n] ELSE -1,
     maxBal  |-> IF n \in Acceptors THEN maxBal[n] ELSE -1,
     maxVBal |-> IF n \in Acceptors THEN maxVBal[n] ELSE -1,
     maxVal  |-> IF n \in Acceptors THEN maxVal[n] ELSE None]

\* Node n has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave when all that n has written so far is durable, and not before.
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

\* The oldest waiting write of node n becomes durable, and what it held back leaves.
Flush(n) ==
    /\ disk[n] # <<>>
    /\ durable' = [durable EXCEPT ![n] = Head(disk[n]).rec]
    /\ msgs' = msgs \cup Head(disk[n]).out
    /\ disk' = [disk EXCEPT ![n] = Tail(@)]
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>

-----------------------------------------------------------------------------
\* Proposers (section 2.2, phases 1(a) and 2(a); section 2.4)

\* A client asks proposer p for value v.  The first wish counts.
Request(p, v) ==
    /\ up[p]
    /\ requested' = requested \cup {v}
    /\ want' = [want EXCEPT ![p] = IF @ = None THEN v ELSE @]
    /\ UNCHANGED <<phase, pBal, pVal, promises, acceptorVars, learnerVars, up, hostVars>>

\* Proposer p begins ballot b, one of its own and higher than any it began before.
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

\* Message m is a promise for the ballot that p is conducting phase 1 of.
AwaitedPromise(p, m) ==
    /\ up[p]
    /\ m.type = "1b"
    /\ phase[p] = "1"
    /\ m.bal = pBal[p]

HasQuorum(Quorums, S) == \E Q \in Quorums : Q \subseteq {m.acc : m \in S}

\* The value that p must propose after the promises S: that of the highest-numbered
\* proposal among them, or its own client's if they report none.
PickValue(p, S) ==
    LET accepted == {m \in S : m.vbal >= 0}
    IN  IF accepted = {} THEN want[p]
        ELSE (CHOOSE m \in accepted : \A k \in accepted : m.vbal >= k.vbal).val

\* Proposer p receives a promise that does not yet make a quorum.
Promise(p, m) ==
    /\ AwaitedPromise(p, m)
    /\ ~ HasQuorum(Quorum1, promises[p] \cup {m})
    /\ promises' = [promises EXCEPT ![p] = @ \cup {m}]
    /\ UNCHANGED <<requested, want, phase, pBal, pVal, acceptorVars, learnerVars, up,
                   hostVars>>

\* Proposer p receives the promise that makes a quorum, and asks to accept a value.
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

\* Proposer p is told that a higher ballot is under way, and gives up its own.
Rejected(p, m) ==
    /\ up[p]
    /\ m.type = "nack"
    /\ phase[p] \in {"1", "2"}
    /\ m.bal = pBal[p]
    /\ phase' = [phase EXCEPT ![p] = "idle"]
    /\ pVal' = [pVal EXCEPT ![p] = None]
    /\ promises' = [promises EXCEPT ![p] = {}]
    /\ UNCHANGED <<requested, want, pBal, acceptorVars, learnerVars, up, hostVars>>

\* Proposer p has waited long enough and sends again what it sent last.
Resend(p) ==
    /\ up[p]
    /\ phase[p] \in {"1", "2"}
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>
    /\ Emit(p, IF phase[p] = "1" THEN {M1a(pBal[p])} ELSE {M2a(pBal[p], pVal[p])})

-----------------------------------------------------------------------------
\* Acceptors (section 2.2, phases 1(b) and 2(b))

\* Acceptor a promises to take no part in lower ballots, and reports what it accepted last.
\* A repeated request is answered again, unless a has gone on to accept in that ballot.
Phase1b(a, m) ==
    /\ up[a]
    /\ m.type = "1a"
    /\ m.bal >= maxBal[a]
    /\ m.bal > maxVBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
    /\ UNCHANGED <<proposerVars, maxVBal, maxVal, learnerVars, up>>
    /\ Emit(a, {M1b(a, m.bal, maxVBal[a], maxVal[a])})

\* Acceptor a accepts a proposal, unless it has promised otherwise.
Phase2b(a, m) ==
    /\ up[a]
    /\ m.type = "2a"
    /\ m.bal >= maxBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
    /\ maxVBal' = [maxVBal EXCEPT ![a] = m.bal]
    /\ maxVal' = [maxVal EXCEPT ![a] = m.val]
    /\ UNCHANGED <<proposerVars, learnerVars, up>>
    /\ Emit(a, {M2b(a, m.bal, m.val)})

\* Acceptor a rejects what its promise forbids, and says which ballot it promised.
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

\* Learner l receives a vote that does not yet make a quorum in its ballot.
Vote(l, m) ==
    /\ AwaitedVote(l, m)
    /\ ~ HasQuorum(Quorum2, SameBallot(votes[l] \cup {m}, m.bal))
    /\ votes' = [votes EXCEPT ![l] = @ \cup {m}]
    /\ UNCHANGED <<proposerVars, acceptorVars, learned, up, hostVars>>

\* Learner l receives the vote that makes a quorum in one ballot: the value is chosen.
\* It tells the proposers and the other learners.
Learn(l, m) ==
    /\ AwaitedVote(l, m)
    /\ HasQuorum(Quorum2, SameBallot(votes[l] \cup {m}, m.bal))
    /\ learned' = [learned EXCEPT ![l] = m.val]
    /\ votes' = [votes EXCEPT ![l] = {}]
    /\ UNCHANGED <<proposerVars, acceptorVars, up>>
    /\ Emit(l, {MChosen(m.val)})

\* Learner l knows what was chosen, and still receives a vote: it may tell again.
Remind(l, m) ==
    /\ up[l]
    /\ m.type = "2b"
    /\ learned[l] # None
    /\ UNCHANGED <<proposerVars, acceptorVars, learnerVars, up>>
    /\ Emit(l, {MChosen(learned[l])})

-----------------------------------------------------------------------------
\* Any node

\* Node n has yet to hear what was chosen.
Uninformed(n) == \/ n \in Proposers /\ phase[n] # "done"
                 \/ n \in Learners /\ learned[n] = None

\* Node n is told by a learner that a value is chosen.  A value that it knows already, in
\* one role, it does not change.
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

\* Node n receives a message that is of no use to it, late or repeated, and drops it.
Ignore(n, m) ==
    /\ up[n]
    /\ CASE m.type = "1a" -> n \in Acceptors => m.bal = maxBal[n] /\ m.bal = maxVBal[n]
         [] m.type = "1b" -> n \in Proposers => phase[n] # "1" \/ m.bal # pBal[n]
         [] m.type = "2a" -> n \notin Acceptors
         [] m.type = "2b" -> n \in Learners => learned[n] # None
         [] m.type = "nack" -> n \in Proposers => phase[n] \notin {"1", "2"} \/ m.bal # pBal[n]
         [] m.type = "chosen" -> ~ Uninformed(n)
    /\ UNCHANGED vars

\* Node n crashes when the disk had reached the first k of its waiting writes.  The others,
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

\* Node n comes up again, with what its disk holds.
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

\* Each of the protocol's own steps, without crashes.  Every disjunct is one action, so that
\* a behaviour can be told by the names of its actions.
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
\* What must hold

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

\* Only what a client asked for is chosen, or even proposed.
Validity == \A m \in msgs : m.type \in {"2a", "2b", "chosen"} => m.val \in requested

\* What a learner has learned, and tells others, is chosen.
LearnedIsChosen ==
    /\ \A l \in Learners : learned[l] # None => learned[l] \in chosen
    /\ \A m \in msgs : m.type = "chosen" => m.val \in chosen

\* A ballot has one value.
OneValuePerBallot ==
    \A m, k \in msgs : m.type = "2a" /\ k.type = "2a" /\ m.bal = k.bal => m.val = k.val

\* What an acceptor remembers hangs together.
AcceptorConsistent ==
    \A a \in Acceptors :
        /\ maxVBal[a] <= maxBal[a]
        /\ maxVBal[a] = -1 <=> maxVal[a] = None
        /\ maxVBal[a] >= 0 => M2a(maxVBal[a], maxVal[a]) \in msgs

\* What an acceptor said rests on what its disk holds: a crash cannot make it untrue.
SaidIsDurable ==
    \A m \in msgs :
        /\ m.type = "1b" => durable[m.acc].maxBal >= m.bal
        /\ m.type = "2b" => /\ durable[m.acc].maxBal >= m.bal
                            /\ durable[m.acc].maxVBal >= m.bal
                            /\ durable[m.acc].maxVBal = m.bal => durable[m.acc].maxVal = m.val

\* A promise was kept: whoever promised b, reporting vbal, accepted nothing in between.
PromiseKept ==
    \A m \in msgs : m.type = "1b" =>
        /\ m.vbal < m.bal
        /\ m.vbal >= 0 => M2a(m.vbal, m.val) \in msgs
        /\ \A k \in msgs : k.type = "2b" /\ k.acc = m.acc /\ k.bal < m.bal => k.bal <= m.vbal

\* Paxos implements consensus.
C == INSTANCE Consensus
Refinement == C!Spec
=============================================================================
