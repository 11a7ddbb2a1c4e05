------------------------- MODULE FastLeaderElection -------------------------
(***************************************************************************)
(* Phase 0 of Zab: ZooKeeper's election, which replaces Zab.tla's oracle.  *)
(*                                                                         *)
(* The paper does not define it (Junqueira, Reed and Serafini, DSN 2011,   *)
(* section IV); this is what ZooKeeper does (Apache ZooKeeper, class       *)
(* FastLeaderElection: lookForLeader, and its Messenger's WorkerReceiver). *)
(* A server that looks for a leader votes, initially for itself, and tells *)
(* all others by notifications, which are datagrams.  It adopts a higher   *)
(* vote, compared by current epoch, then last zxid, then server number.    *)
(* Votes count in the round in which they were cast.  Once a quorum has    *)
(* the same vote, the server waits a little for a higher one, and then     *)
(* follows that vote.  A server that already leads or follows answers with *)
(* the vote that elected its leader.  A server that gets such answers from *)
(* a quorum that includes the leader joins them.                           *)
(*                                                                         *)
(* Observers have no vote: they adopt the votes of others, receive answers *)
(* and do not answer.                                                      *)
(***************************************************************************)
EXTENDS Zab

CONSTANT
    Numbered          \* the sequence of all servers, ordered by their numbers

VARIABLES                \* (in ZooKeeper: logicalclock, proposal, recvset, outofelection)
    round,            \* the round of elections that the server takes part in, or took part in last
    vote,             \* its own vote in that round
    tally,            \* server |-> the vote that it cast last in this round
    outside           \* leading or following server |-> round and vote that elected it, its mode

electionVars == <<round, vote, tally, outside>>
allVars == <<vars, electionVars>>

Rank(p) == IF p = "" THEN 0 ELSE CHOOSE i \in 1 .. Len(Numbered) : Numbered[i] = p

Vote(p, e, z) == [leader |-> p, epoch |-> e, zxid |-> z]
Nobody == Vote("", 0, Zero)

\* The initial vote of server s.
OwnVote(s) == IF s \in Observers THEN Nobody ELSE Vote(s, currentEpoch[s], Last(s))

\* Vote v is higher than w.
Higher(v, w) ==
    \/ Behind(w.epoch, w.zxid, v.epoch, v.zxid)
    \/ v.epoch = w.epoch /\ v.zxid = w.zxid /\ Rank(v.leader) > Rank(w.leader)

MNotification(s, m, r, v) ==
    [type |-> "NOTIFICATION", from |-> s, mode |-> m, round |-> r, vote |-> v]

\* The notification that looking server s sends to all others.
Telling(s, r, v) == Notice({MNotification(s, "looking", r, v)})

Electing(s) == up[s] /\ phase[s] = "election"

\* Server s begins a round.
Look(s) ==
    LET v == OwnVote(s)
        r == IF s \in Observers THEN 0 ELSE round[s] + 1
    IN  /\ up[s]
        /\ phase[s] = "idle"
        /\ phase' = [phase EXCEPT ![s] = "election"]
        /\ round' = [round EXCEPT ![s] = r]
        /\ vote' = [vote EXCEPT ![s] = v]
        /\ tally' = [tally EXCEPT ![s] = IF s \in Voters THEN Put(Empty, s, v) ELSE Empty]
        /\ outside' = [outside EXCEPT ![s] = Empty]
        /\ UNCHANGED <<durVars, committed, mode, leader, epoch, learners, up, ghostVars>>
        /\ Emit(s, Still(s), Telling(s, r, v))

\* Server s has not decided for a while, and sends its vote again.
Notify(s) ==
    /\ Electing(s)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars, electionVars>>
    /\ Emit(s, Still(s), Telling(s, round[s], vote[s]))

\* Message m is a vote that server s may count: it comes from another voter that is looking.
IsVote(s, m) ==
    /\ Electing(s)
    /\ m.type = "NOTIFICATION"
    /\ m.from \in Voters \ {s}
    /\ m.mode = "looking"

\* Server s has vote v after m, with the votes T of others; it notifies all if its vote is new.
Votes(s, m, v, T, news) ==
    /\ round' = [round EXCEPT ![s] = m.round]
    /\ vote' = [vote EXCEPT ![s] = v]
    /\ tally' = [tally EXCEPT ![s] =
           IF s \in Voters THEN Put(Put(T, m.from, m.vote), s, v) ELSE Put(T, m.from, m.vote)]
    /\ UNCHANGED <<outside, durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), IF news /\ s \in Voters THEN Telling(s, m.round, v) ELSE Nothing)

\* Server s moves to a later round.
JoinRound(s, m) ==
    LET v == IF Higher(m.vote, OwnVote(s)) THEN m.vote ELSE OwnVote(s)
    IN  /\ IsVote(s, m)
        /\ m.round > round[s]
        /\ Votes(s, m, v, Empty, TRUE)

\* Server s counts a vote of its round, and adopts it if it is higher.
CountVote(s, m) ==
    LET higher == Higher(m.vote, vote[s])
    IN  /\ IsVote(s, m)
        /\ m.round = round[s]
        /\ Votes(s, m, IF higher THEN m.vote ELSE vote[s], tally[s], higher)

\* A looking server gets an answer from a voter that leads or follows or is in a later round; an
\* observer gets an answer from every voter.
IsAnswered(s, m) ==
    /\ m.type = "NOTIFICATION"
    /\ m.from # s
    /\ m.mode = "looking"
    /\ s \in Voters
    /\ phase[s] # "idle"
    /\ \/ phase[s] # "election"
       \/ m.from \in Observers
       \/ m.round < round[s]

Answer(s, m) ==
    /\ up[s]
    /\ IsAnswered(s, m)
    /\ UNCHANGED <<durVars, committed, roleVars, up, ghostVars, electionVars>>
    /\ Emit(s, Still(s), Notice({MNotification(s, mode[s], round[s], vote[s])}))

\* Message m is the answer of a server that leads or follows.
IsOutside(s, m) ==
    /\ Electing(s)
    /\ m.type = "NOTIFICATION"
    /\ m.from \in Voters \ {s}
    /\ m.mode \in {"following", "leading"}

WithAnswer(s, m) == Put(outside[s], m.from, [round |-> m.round, vote |-> m.vote, mode |-> m.mode])

\* With answer m, server s knows that a quorum follows a leader, and that this server leads.
Settles(s, m) ==
    LET O == WithAnswer(s, m)
        p == m.vote.leader
        P == {q \in DOMAIN O : O[q].vote.leader = p /\ O[q].round = m.round}
    IN  p # s /\ p \in P /\ O[p].mode = "leading" /\ IsQuorum(P)

\* Server s counts the answer of a server that leads or follows; in its own round it is also a vote.
CountOutside(s, m) ==
    /\ IsOutside(s, m)
    /\ ~ Settles(s, m)
    /\ outside' = [outside EXCEPT ![s] = WithAnswer(s, m)]
    /\ tally' = [tally EXCEPT ![s] = IF m.round = round[s] THEN Put(@, m.from, m.vote) ELSE @]
    /\ UNCHANGED <<round, vote, durVars, committed, roleVars, up, ghostVars>>
    /\ Emit(s, Still(s), Nothing)

\* Server s joins the leader that a quorum follows.
JoinEnsemble(s, m) ==
    /\ IsOutside(s, m)
    /\ Settles(s, m)
    /\ outside' = [outside EXCEPT ![s] = WithAnswer(s, m)]
    /\ round' = [round EXCEPT ![s] = m.round]
    /\ vote' = [vote EXCEPT ![s] = m.vote]
    /\ UNCHANGED tally
    /\ BecomesLearner(s, m.vote.leader)

\* A quorum has the same vote as server s.
Agreed(s) == vote[s] # Nobody /\ IsQuorum({p \in DOMAIN tally[s] : tally[s][p] = vote[s]})

\* Server s follows its vote, after waiting for a higher one.
Decide(s) ==
    /\ Electing(s)
    /\ Agreed(s)
    /\ UNCHANGED electionVars
    /\ IF vote[s].leader = s THEN BecomesLeader(s) ELSE BecomesLearner(s, vote[s].leader)

\* Server s drops a notification that is of no use to it.
Ignore(s, m) ==
    /\ up[s]
    /\ m.type = "NOTIFICATION"
    /\ m.from # s
    /\ ~ (IsVote(s, m) /\ m.round >= round[s])
    /\ ~ IsAnswered(s, m)
    /\ ~ IsOutside(s, m)
    /\ UNCHANGED allVars

\* A crash also loses the state of the election.
LoseAll(s, k) ==
    /\ Crash(s, k)
    /\ round' = [round EXCEPT ![s] = 0]
    /\ vote' = [vote EXCEPT ![s] = Nobody]
    /\ tally' = [tally EXCEPT ![s] = Empty]
    /\ outside' = [outside EXCEPT ![s] = Empty]

-----------------------------------------------------------------------------
Init ==
    /\ ZabInit
    /\ round = [s \in Servers |-> 0]
    /\ vote = [s \in Servers |-> Nobody]
    /\ tally = [s \in Servers |-> Empty]
    /\ outside = [s \in Servers |-> Empty]

ElectionSteps ==
    \/ \E s \in Servers : Look(s)
    \/ \E s \in Servers : Notify(s)
    \/ \E s \in Servers : \E m \in msgs : JoinRound(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : Answer(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountOutside(s, m)
    \/ \E s \in Servers : \E m \in msgs : JoinEnsemble(s, m)
    \/ \E s \in Servers : Decide(s)
    \/ \E s \in Servers : \E m \in msgs : Ignore(s, m)

ElectionCrashes ==
    \/ \E s \in MayCrash : \E kept \in 0 .. Len(disk[s]) : LoseAll(s, kept)
    \/ \E s \in MayCrash : Restart(s) /\ UNCHANGED electionVars

Next == ElectionSteps \/ (Steps /\ UNCHANGED electionVars) \/ ElectionCrashes

Spec == Init /\ [][Next]_allVars

-----------------------------------------------------------------------------
\* Invariants

ElectionTypeOK ==
    /\ TypeOK
    /\ \A s \in Servers :
          /\ round[s] \in Nat
          /\ vote[s].leader \in Voters \cup {""}
          /\ DOMAIN tally[s] \subseteq Voters
          /\ DOMAIN outside[s] \subseteq Voters

\* A server in an election has the highest of the votes that it counted in its round, except for
\* votes of servers that have already decided.
HasHighestVote ==
    \A s \in Servers : phase[s] = "election" =>
        \A p \in DOMAIN tally[s] \ DOMAIN outside[s] : ~ Higher(tally[s][p], vote[s])

\* A voter does not vote for a server whose state is behind its own.
VotesForward ==
    \A s \in Voters : phase[s] = "election" => ~ Higher(OwnVote(s), vote[s])
=============================================================================
