------------------------------ MODULE MultiPaxos ------------------------------
(***************************************************************************)
(* A log of Paxos instances at the grain of an implementation's handlers.  *)
(*                                                                         *)
(* Sources: L. Lamport, Paxos Made Simple (SIGACT News 2001), section 3;   *)
(* L. Lamport, The Part-Time Parliament (TOCS 1998), section 3; L. Lamport, *)
(* D. Malkhi and L. Zhou, Reconfiguring a State Machine (SIGACT News 2010), *)
(* section 3, for the window alpha; H. Howard, D. Malkhi and A. Spiegelman, *)
(* Flexible Paxos (OPODIS 2016); R. van Renesse and D. Altinbuken, Paxos    *)
(* Made Moderately Complex (2015), for leaders; T. Chandra, R. Griesemer    *)
(* and J. Redstone, Paxos Made Live (PODC 2007), for catching up and        *)
(* snapshots.                                                              *)
(*                                                                         *)
(* Modelled: phase 1 once for all open slots; a leader that proposes in up *)
(* to Alpha slots without waiting (pipelining), settles first what it was  *)
(* told in phase 1, and fills gaps with values that do nothing; votes and  *)
(* promises that become durable in a step of their own, and messages that  *)
(* leave only then; crashes and restarts; servers that ask for what they   *)
(* missed; phase 1 and phase 2 quorums that meet each other.               *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options:          *)
(*   "snapshots"   what is chosen is compacted;                            *)
(*   "membership"  the set of acceptors is changed by a value in the log,  *)
(*                 which holds from Alpha slots later on.                  *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Nothing  *)
(* is taken out of it, so that a message may be received late, in any      *)
(* order, many times or never.  Time-outs are nondeterminism.  Clients,    *)
(* their sessions and the state machine are left out: what is applied is   *)
(* the log.  What a snapshot holds is not shown: a server keeps its whole  *)
(* log here, and snapshot says how much of it an implementation has no     *)
(* more.                                                                   *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* the servers, each of them proposer, acceptor and learner
    Proposers,        \* a sequence of them: ballot b belongs to the one at b modulo its length
    Members,          \* the acceptors at first
    Quorum1, Quorum2, \* sets of sets of Members: each of the former meets each of the latter
    Values,           \* what clients may ask for
    Alpha,            \* so many slots may be open at a time
    Most,             \* the most values in one message to who asks for what it missed
    Options,          \* the options that are switched on
    MayCrash,         \* the servers that may crash
    DiskQueue         \* the most writes that may wait for a disk;
                      \* 0: a write is durable at once

VARIABLES
    maxBal,           \* acceptor: the highest ballot it has taken part in (durable)
    votes,            \* acceptor: slot |-> its last vote there, a ballot and a value (durable)
    log,              \* learner: what is chosen, without a gap from slot 1 on
    early,            \* learner: slot |-> what is chosen behind a gap
    snapshot,         \* up to where the log is compacted (durable, with the log up to there)
    phase,            \* proposer: "idle", "preparing" (phase 1) or "leading" (phase 2)
    bal,              \* proposer: its ballot, -1 while it is idle
    promised,         \* proposer: who has promised its ballot
    told,             \* proposer: slot |-> the highest vote it was told of, until settled
    proposed,         \* proposer: slot |-> its proposal, until it is chosen
    acks,             \* proposer: slot |-> who has voted for its proposal
    up,               \* running, not crashed
    durable,          \* what its disk holds
    disk,             \* the writes waiting for the disk, with the messages each holds back
    msgs              \* every message that ever left its sender

accVars == <<maxBal, votes>>
logVars == <<log, early, snapshot>>
propVars == <<phase, bal, promised, told, proposed, acks>>
hostVars == <<durable, disk, msgs>>
vars == <<accVars, logVars, propVars, up, hostVars>>

Max(i, j) == IF i > j THEN i ELSE j
Min(i, j) == IF i < j THEN i ELSE j
MaxOf(S) == CHOOSE i \in S : \A j \in S : i >= j

\* Functions from slots, whose domains grow and shrink.
Empty == [j \in {} |-> 0]
Over(f, g) == [j \in DOMAIN f \cup DOMAIN g |-> IF j \in DOMAIN g THEN g[j] ELSE f[j]]
Beyond(f, i) == [j \in {j \in DOMAIN f : j > i} |-> f[j]]
Except(f, S) == [j \in DOMAIN f \ S |-> f[j]]

Owner(b) == Proposers[(b % Len(Proposers)) + 1]

-----------------------------------------------------------------------------
\* Values.  Each says in which ballot and for which slot it was proposed first: a value that is
\* found in phase 1 is proposed again as it is.

Noop(b, j) == [kind |-> "noop", val |-> "", bal |-> b, slot |-> j]
Command(b, j, v) == [kind |-> "command", val |-> v, bal |-> b, slot |-> j]
Config(b, j, c) == [kind |-> "config", val |-> "", bal |-> b, slot |-> j, members |-> c]

-----------------------------------------------------------------------------
\* Configurations: a slot's acceptors are those of the last configuration that is chosen at
\* least Alpha slots before it.

Changing == "membership" \in Options

ConfigAt(L, j) ==
    IF ~ Changing THEN Members
    ELSE LET C == {i \in 1 .. Min(Len(L), j - Alpha) : L[i].kind = "config"}
         IN  IF C = {} THEN Members ELSE L[MaxOf(C)].members

IsMajority(S, of) == 2 * Cardinality(S \cap of) > Cardinality(of)

\* The servers in S are a quorum for phase 1, or for phase 2, of the acceptors c.
IsQuorum1(c, S) == IF c = Members THEN \E Q \in Quorum1 : Q \subseteq S ELSE IsMajority(S, c)
IsQuorum2(c, S) == IF c = Members THEN \E Q \in Quorum2 : Q \subseteq S ELSE IsMajority(S, c)

\* The promises of R are enough for all slots that may be open after the log L.
Enough(L, R) == \A j \in (Len(L) + 1) .. (Len(L) + Alpha) : IsQuorum1(ConfigAt(L, j), R)

-----------------------------------------------------------------------------
\* Messages

\* The votes of an acceptor, as a message tells them.
Told(f) == {[slot |-> j, bal |-> f[j].bal, val |-> f[j].val] : j \in DOMAIN f}

M1a(b, first) == [type |-> "1a", bal |-> b, first |-> first]
M1b(s, b, snap, f) ==
    [type |-> "1b", from |-> s, bal |-> b, snapshot |-> snap, votes |-> Told(f)]
MNack(b, max) == [type |-> "nack", bal |-> b, maxBal |-> max]
M2a(b, j, v) == [type |-> "2a", bal |-> b, slot |-> j, val |-> v]
M2b(s, b, j) == [type |-> "2b", from |-> s, bal |-> b, slot |-> j]

\* A leader is there; it knows all that is chosen up to a slot.
MHeartbeat(b, i) == [type |-> "heartbeat", bal |-> b, chosen |-> i]

\* A server asks for what is chosen from a slot on, and gets it.
MAsk(s, first) == [type |-> "ask", from |-> s, first |-> first]
MLearn(first, vals) == [type |-> "learn", first |-> first, vals |-> vals]
MSnapshot(s, i) == [type |-> "snapshot", from |-> s, index |-> i]

\* What goes to all other servers, where there are any.
ToOthers(s, M) == IF Servers = {s} THEN {} ELSE M

-----------------------------------------------------------------------------
\* The disk

\* What server s wants its disk to hold.
Volatile(s) ==
    [maxBal |-> maxBal[s], votes |-> votes[s], snapshot |-> snapshot[s],
     log |-> SubSeq(log[s], 1, snapshot[s])]

\* Server s has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave when all that s has written so far is durable, and not before.
Emit(s, M) ==
    LET new  == Volatile(s)'
        last == Len(disk[s])
        old  == IF last = 0 THEN durable[s] ELSE disk[s][last].rec
    IN  IF new = old
        THEN /\ UNCHANGED durable
             /\ IF last = 0
                THEN msgs' = msgs \cup M /\ UNCHANGED disk
                ELSE disk' = [disk EXCEPT ![s][last].out = @ \cup M] /\ UNCHANGED msgs
        ELSE IF DiskQueue = 0
             THEN /\ durable' = [durable EXCEPT ![s] = new]
                  /\ msgs' = msgs \cup M
                  /\ UNCHANGED disk
             ELSE /\ last < DiskQueue
                  /\ disk' = [disk EXCEPT ![s] = Append(@, [rec |-> new, out |-> M])]
                  /\ UNCHANGED <<durable, msgs>>

\* The oldest waiting write of server s becomes durable, and what it held back leaves.
Flush(s) ==
    /\ disk[s] # <<>>
    /\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]
    /\ msgs' = msgs \cup Head(disk[s]).out
    /\ disk' = [disk EXCEPT ![s] = Tail(@)]
    /\ UNCHANGED <<accVars, logVars, propVars, up>>

-----------------------------------------------------------------------------
\* Learning: what is chosen goes to the log as soon as there is no gap before it.

RECURSIVE Absorbed(_, _)
Absorbed(L, E) ==
    IF Len(L) + 1 \in DOMAIN E THEN Absorbed(Append(L, E[Len(L) + 1]), E) ELSE L

\* Server s has the log L without gaps, and knows besides what E says to be chosen.
Knows(s, L, E) ==
    /\ log' = [log EXCEPT ![s] = Absorbed(L, E)]
    /\ early' = [early EXCEPT ![s] = Beyond(E, Len(Absorbed(L, E)))]

-----------------------------------------------------------------------------
\* Proposers

\* Server s neither prepares nor leads.
Idle(s) ==
    /\ phase' = [phase EXCEPT ![s] = "idle"]
    /\ bal' = [bal EXCEPT ![s] = -1]
    /\ promised' = [promised EXCEPT ![s] = {}]
    /\ told' = [told EXCEPT ![s] = Empty]
    /\ proposed' = [proposed EXCEPT ![s] = Empty]
    /\ acks' = [acks EXCEPT ![s] = Empty]

\* Server s takes part in ballot b, which is at least as high as all before, as an acceptor.
\* Its own ballot, if it is lower, it gives up.
Adopts(s, b) ==
    /\ maxBal' = [maxBal EXCEPT ![s] = b]
    /\ IF b > bal[s] THEN Idle(s) ELSE UNCHANGED propVars

\* Server s begins ballot b: it asks for the votes in all slots that it does not know to be
\* chosen, at once (Paxos Made Simple, section 3).  It has promised itself; where that is enough
\* it says so as others do.
Prepare(s, b) ==
    LET open == Beyond(votes[s], Len(log[s]))
    IN  /\ up[s]
        /\ phase[s] # "leading"
        /\ Owner(b) = s
        /\ b > maxBal[s]
        /\ maxBal' = [maxBal EXCEPT ![s] = b]
        /\ phase' = [phase EXCEPT ![s] = "preparing"]
        /\ bal' = [bal EXCEPT ![s] = b]
        /\ promised' = [promised EXCEPT ![s] = {s}]
        /\ told' = [told EXCEPT ![s] = open]
        /\ proposed' = [proposed EXCEPT ![s] = Empty]
        /\ acks' = [acks EXCEPT ![s] = Empty]
        /\ UNCHANGED <<votes, logVars, up>>
        /\ Emit(s, ToOthers(s, {M1a(b, Len(log[s]) + 1)})
                     \cup IF Enough(log[s], {s}) THEN {M1b(s, b, snapshot[s], open)} ELSE {})

\* Acceptor s promises to vote in no lower ballot, and tells its votes (phase 1b).
Promise(s, m) ==
    /\ up[s]
    /\ m.type = "1a"
    /\ Owner(m.bal) # s
    /\ m.bal >= maxBal[s]
    /\ Adopts(s, m.bal)
    /\ UNCHANGED <<votes, logVars, up>>
    /\ Emit(s, {M1b(s, m.bal, snapshot[s], Beyond(votes[s], m.first - 1))})

\* Server s tells the owner of a ballot that it is too low.
Nack(s, m) ==
    /\ up[s]
    /\ m.type \in {"1a", "2a", "heartbeat"}
    /\ Owner(m.bal) # s
    /\ m.bal < maxBal[s]
    /\ UNCHANGED <<accVars, logVars, propVars, up>>
    /\ Emit(s, {MNack(m.bal, maxBal[s])})

\* Server s learns that its ballot is too low, and gives it up.
StepDown(s, m) ==
    /\ up[s]
    /\ m.type = "nack"
    /\ Owner(m.bal) = s
    /\ m.bal = bal[s]
    /\ m.maxBal > bal[s]
    /\ Adopts(s, m.maxBal)
    /\ UNCHANGED <<votes, logVars, up>>
    /\ Emit(s, {})

\* What a leader is still to propose after the log L, E being chosen behind gaps: the slots of
\* the window that are not settled and lie no further than the last that it was told of in phase
\* 1 (T), or knows to be chosen.
Unsettled(L, E, T, P, R) ==
    LET last == MaxOf({0} \cup DOMAIN T \cup DOMAIN E)
    IN  {j \in (Len(L) + 1) .. Min(last, Len(L) + Alpha) :
            j \notin DOMAIN E \cup DOMAIN P /\ IsQuorum1(ConfigAt(L, j), R)}

\* Ballot b's value for a slot: that of the highest vote there, or one that does nothing.
Pick(b, T, j) == IF j \in DOMAIN T THEN T[j].val ELSE Noop(b, j)

\* What proposing G (slot |-> value) in ballot b sends: server s has voted for it, and where
\* that is enough it says so as others do.
Asks(s, b, L, G) ==
    ToOthers(s, {M2a(b, j, G[j]) : j \in DOMAIN G})
        \cup {M2b(s, b, j) : j \in {j \in DOMAIN G : IsQuorum2(ConfigAt(L, j), {s})}}

Voted(b, G) == [j \in DOMAIN G |-> [bal |-> b, val |-> G[j]]]

\* Leader s has the log L, knows E to be chosen behind gaps, was told T, has proposed P with
\* the votes A, and was promised its ballot by R: it proposes what is unsettled, and sends M.
Proceeds(s, L, E, T, P, A, R, M) ==
    LET b == bal[s]
        G == [j \in Unsettled(L, E, T, P, R) |-> Pick(b, T, j)]
    IN  /\ log' = [log EXCEPT ![s] = L]
        /\ early' = [early EXCEPT ![s] = E]
        /\ phase' = [phase EXCEPT ![s] = "leading"]
        /\ promised' = [promised EXCEPT ![s] = R]
        /\ told' = [told EXCEPT ![s] = Except(T, DOMAIN G)]
        /\ proposed' = [proposed EXCEPT ![s] = Over(P, G)]
        /\ acks' = [acks EXCEPT ![s] = Over(A, [j \in DOMAIN G |-> {s}])]
        /\ votes' = [votes EXCEPT ![s] = Over(@, Voted(b, G))]
        /\ UNCHANGED <<maxBal, snapshot, bal, up>>
        /\ Emit(s, M \cup Asks(s, b, L, G))

\* Message m is a promise of the ballot of s that s has not yet counted, or that completes.
AwaitedPromise(s, m) ==
    /\ up[s]
    /\ m.type = "1b"
    /\ Owner(m.bal) = s
    /\ m.bal = bal[s]
    /\ m.from \notin promised[s] \/ (phase[s] = "preparing" /\ Enough(log[s], promised[s]))

\* What proposer s is told in all, with m: of each slot that is not settled the highest vote.
ToldWith(s, m) ==
    LET new == {v \in m.votes : v.slot > Len(log[s]) /\ v.slot \notin DOMAIN proposed[s]}
        higher == {v \in new : v.slot \in DOMAIN told[s] => v.bal > told[s][v.slot].bal}
    IN  Over(told[s], [j \in {v.slot : v \in higher} |->
                LET v == CHOOSE v \in higher : v.slot = j IN [bal |-> v.bal, val |-> v.val]])

\* Proposer s counts a promise that is not yet enough; or a leader one that comes late, which
\* other acceptors' slots may be waiting for.
CountPromise(s, m) ==
    LET R == promised[s] \cup {m.from}
    IN  /\ AwaitedPromise(s, m)
        /\ m.snapshot <= Len(log[s])
        /\ IF phase[s] = "leading"
           THEN Proceeds(s, log[s], early[s], ToldWith(s, m), proposed[s], acks[s], R, {})
           ELSE /\ ~ Enough(log[s], R)
                /\ promised' = [promised EXCEPT ![s] = R]
                /\ told' = [told EXCEPT ![s] = ToldWith(s, m)]
                /\ UNCHANGED <<accVars, logVars, phase, bal, proposed, acks, up, hostVars>>

\* Proposer s counts the promise that is enough, and leads: it settles what it was told.
Lead(s, m) ==
    LET R == promised[s] \cup {m.from}
    IN  /\ AwaitedPromise(s, m)
        /\ m.snapshot <= Len(log[s])
        /\ phase[s] = "preparing"
        /\ Enough(log[s], R)
        /\ Proceeds(s, log[s], early[s], ToldWith(s, m), Empty, Empty, R,
                    ToOthers(s, {MHeartbeat(bal[s], Len(log[s]))}))

\* Proposer s is promised its ballot by a server that has compacted what s does not know: it
\* gives up, and asks for it.
FallBehind(s, m) ==
    /\ AwaitedPromise(s, m)
    /\ m.snapshot > Len(log[s])
    /\ Idle(s)
    /\ UNCHANGED <<accVars, logVars, up>>
    /\ Emit(s, {MAsk(s, Len(log[s]) + 1)})

-----------------------------------------------------------------------------
\* Proposals

\* The slot that leader s proposes something new in: behind all that it has settled or is told.
NextSlot(s) ==
    1 + MaxOf({Len(log[s])} \cup DOMAIN early[s] \cup DOMAIN told[s] \cup DOMAIN proposed[s])

\* Leader s proposes value v in slot j, which lies in the window (Alpha).
Proposes(s, j, v) ==
    LET G == [i \in {j} |-> v]
    IN  /\ up[s]
        /\ phase[s] = "leading"
        /\ j <= Len(log[s]) + Alpha
        /\ IsQuorum1(ConfigAt(log[s], j), promised[s])
        /\ proposed' = [proposed EXCEPT ![s] = Over(@, G)]
        /\ acks' = [acks EXCEPT ![s] = Over(@, [i \in {j} |-> {s}])]
        /\ votes' = [votes EXCEPT ![s] = Over(@, Voted(bal[s], G))]
        /\ UNCHANGED <<maxBal, logVars, phase, bal, promised, told, up>>
        /\ Emit(s, Asks(s, bal[s], log[s], G))

\* Leader s proposes what clients ask for, without waiting for what it proposed before.
ClientRequest(s, v) == Proposes(s, NextSlot(s), Command(bal[s], NextSlot(s), v))

\* Leader s proposes other acceptors; they vote from Alpha slots later on.
ChangeConfiguration(s, c) ==
    /\ Changing
    /\ c # {}
    /\ Proposes(s, NextSlot(s), Config(bal[s], NextSlot(s), c))

\* Server s answers a client without touching the log, or keeps a request until it may propose.
Reply(s) == up[s] /\ UNCHANGED vars

\* Acceptor s votes for a proposal (phase 2b).
Accept(s, m) ==
    /\ up[s]
    /\ m.type = "2a"
    /\ Owner(m.bal) # s
    /\ m.bal >= maxBal[s]
    /\ m.slot > snapshot[s]
    /\ Adopts(s, m.bal)
    /\ votes' = [votes EXCEPT ![s] = Over(@, Voted(m.bal, [j \in {m.slot} |-> m.val]))]
    /\ UNCHANGED <<logVars, up>>
    /\ Emit(s, {M2b(s, m.bal, m.slot)})

\* Message m is a vote for a proposal of leader s.
AwaitedVote(s, m) ==
    /\ up[s]
    /\ m.type = "2b"
    /\ Owner(m.bal) = s
    /\ phase[s] = "leading"
    /\ m.bal = bal[s]
    /\ m.slot \in DOMAIN proposed[s]

Completes(s, m) == IsQuorum2(ConfigAt(log[s], m.slot), acks[s][m.slot] \cup {m.from})

\* Leader s counts a vote that does not yet make a quorum.
RecordVote(s, m) ==
    /\ AwaitedVote(s, m)
    /\ m.from \notin acks[s][m.slot]
    /\ ~ Completes(s, m)
    /\ acks' = [acks EXCEPT ![s][m.slot] = @ \cup {m.from}]
    /\ UNCHANGED <<accVars, logVars, phase, bal, promised, told, proposed, up, hostVars>>

\* Leader s counts the vote that makes a quorum: the value is chosen.  Further slots may come
\* into the window by it.
Choose(s, m) ==
    LET E == Over(early[s], [j \in {m.slot} |-> proposed[s][m.slot]])
        L == Absorbed(log[s], E)
    IN  /\ AwaitedVote(s, m)
        /\ Completes(s, m)
        /\ Proceeds(s, L, Beyond(E, Len(L)), told[s], Except(proposed[s], {m.slot}),
                    Except(acks[s], {m.slot}), promised[s], {})

\* Leader s lets itself be heard of, repeats its proposals, and where promises are wanting asks
\* for them again.
Heartbeat(s) ==
    LET next == Len(log[s]) + 1
    IN  /\ up[s]
        /\ phase[s] = "leading"
        /\ UNCHANGED <<accVars, logVars, propVars, up>>
        /\ Emit(s, ToOthers(s, {MHeartbeat(bal[s], Len(log[s]))})
                     \cup Asks(s, bal[s], log[s], proposed[s])
                     \cup IF Enough(log[s], promised[s]) THEN {}
                          ELSE ToOthers(s, {M1a(bal[s], next)}))

-----------------------------------------------------------------------------
\* Learners

\* Server s hears of a leader.  What it voted for in the leader's ballot is what the leader
\* proposed there, and so what is chosen; for the rest it asks.
HandleHeartbeat(s, m) ==
    LET sure == {j \in (Len(log[s]) + 1) .. m.chosen :
                    j \in DOMAIN votes[s] /\ votes[s][j].bal = m.bal}
        E == Over(early[s], [j \in sure |-> votes[s][j].val])
        next == Len(Absorbed(log[s], E)) + 1
    IN  /\ up[s]
        /\ m.type = "heartbeat"
        /\ Owner(m.bal) # s
        /\ m.bal >= maxBal[s]
        /\ Adopts(s, m.bal)
        /\ Knows(s, log[s], E)
        /\ UNCHANGED <<votes, snapshot, up>>
        /\ Emit(s, IF next <= m.chosen THEN {MAsk(s, next)} ELSE {})

\* Server s is asked for what it has: it sends values or, where it has compacted them, says that
\* it has a snapshot.  A leader that proposes what is chosen and compacted needs that as well.
Share(s, m) ==
    LET last == Min(Len(log[s]), m.first + Most - 1)
    IN  /\ up[s]
        /\ UNCHANGED <<accVars, logVars, propVars, up>>
        /\ \/ /\ m.type = "ask"
              /\ m.from # s
              /\ m.first <= Len(log[s])
              /\ Emit(s, IF m.first <= snapshot[s] THEN {MSnapshot(s, snapshot[s])}
                         ELSE {MLearn(m.first, SubSeq(log[s], m.first, last))})
           \/ /\ m.type = "2a"
              /\ Owner(m.bal) # s
              /\ m.bal >= maxBal[s]
              /\ m.slot <= snapshot[s]
              /\ Emit(s, {MSnapshot(s, snapshot[s])})

\* Slot j is news to server s.
IsNews(s, j) == j > Len(log[s]) /\ j \notin DOMAIN early[s]

\* Message m tells server s what is chosen, and something of it is news.  A leader takes nothing
\* from others.
TellsNews(s, m) ==
    /\ up[s]
    /\ phase[s] # "leading"
    /\ \/ /\ m.type = "learn"
          /\ \E i \in 1 .. Len(m.vals) : IsNews(s, m.first + i - 1)
       \/ /\ m.type = "snapshot"
          /\ m.from # s
          /\ m.index > Len(log[s])

\* Server s learns values.
Learn(s, m) ==
    /\ TellsNews(s, m)
    /\ m.type = "learn"
    /\ LET news == {j \in m.first .. (m.first + Len(m.vals) - 1) : IsNews(s, j)}
       IN  Knows(s, log[s], Over(early[s], [j \in news |-> m.vals[j - m.first + 1]]))
    /\ UNCHANGED <<accVars, snapshot, propVars, up>>
    /\ Emit(s, {})

\* Server s takes a snapshot in the place of its log.
InstallSnapshot(s, m) ==
    /\ TellsNews(s, m)
    /\ m.type = "snapshot"
    /\ Knows(s, SubSeq(log[m.from], 1, m.index), early[s])
    /\ snapshot' = [snapshot EXCEPT ![s] = m.index]
    /\ votes' = [votes EXCEPT ![s] = Beyond(@, m.index)]
    /\ UNCHANGED <<maxBal, propVars, up>>
    /\ Emit(s, {})

\* Server s compacts its log; the votes on what is in the snapshot it needs no more.
TakeSnapshot(s) ==
    /\ "snapshots" \in Options
    /\ up[s]
    /\ Len(log[s]) > snapshot[s]
    /\ snapshot' = [snapshot EXCEPT ![s] = Len(log[s])]
    /\ votes' = [votes EXCEPT ![s] = Beyond(@, Len(log[s]))]
    /\ UNCHANGED <<maxBal, log, early, propVars, up>>
    /\ Emit(s, {})

-----------------------------------------------------------------------------
\* Any server

\* Server s drops a message that is late or repeated.
Ignore(s, m) ==
    /\ up[s]
    /\ \/ m.type = "1b" /\ Owner(m.bal) = s /\ ~ AwaitedPromise(s, m)
       \/ m.type = "nack" /\ Owner(m.bal) = s /\ m.bal # bal[s]
       \/ /\ m.type = "2b"
          /\ Owner(m.bal) = s
          /\ AwaitedVote(s, m) => m.from \in acks[s][m.slot] /\ ~ Completes(s, m)
       \/ m.type = "ask" /\ m.from # s /\ m.first > Len(log[s])
       \/ m.type = "learn" /\ ~ TellsNews(s, m)
       \/ m.type = "snapshot" /\ m.from # s /\ ~ TellsNews(s, m)
    /\ UNCHANGED vars

\* Server s crashes when the disk had reached the first k of its waiting writes.  The others,
\* the messages held back, and all volatile state are lost.
Crash(s, k) ==
    LET kept == IF k = 0 THEN durable[s] ELSE disk[s][k].rec
    IN  /\ up[s]
        /\ up' = [up EXCEPT ![s] = FALSE]
        /\ durable' = [durable EXCEPT ![s] = kept]
        /\ disk' = [disk EXCEPT ![s] = <<>>]
        /\ maxBal' = [maxBal EXCEPT ![s] = kept.maxBal]
        /\ votes' = [votes EXCEPT ![s] = kept.votes]
        /\ log' = [log EXCEPT ![s] = kept.log]
        /\ early' = [early EXCEPT ![s] = Empty]
        /\ snapshot' = [snapshot EXCEPT ![s] = kept.snapshot]
        /\ Idle(s)
        /\ UNCHANGED msgs

\* Server s comes up again, with what its disk holds.
Restart(s) ==
    /\ ~ up[s]
    /\ up' = [up EXCEPT ![s] = TRUE]
    /\ UNCHANGED <<accVars, logVars, propVars, hostVars>>

-----------------------------------------------------------------------------
Init ==
    /\ maxBal = [s \in Servers |-> -1]
    /\ votes = [s \in Servers |-> Empty]
    /\ log = [s \in Servers |-> <<>>]
    /\ early = [s \in Servers |-> Empty]
    /\ snapshot = [s \in Servers |-> 0]
    /\ phase = [s \in Servers |-> "idle"]
    /\ bal = [s \in Servers |-> -1]
    /\ promised = [s \in Servers |-> {}]
    /\ told = [s \in Servers |-> Empty]
    /\ proposed = [s \in Servers |-> Empty]
    /\ acks = [s \in Servers |-> Empty]
    /\ up = [s \in Servers |-> TRUE]
    /\ durable = [s \in Servers |-> [maxBal |-> -1, votes |-> Empty, snapshot |-> 0,
                                     log |-> <<>>]]
    /\ disk = [s \in Servers |-> <<>>]
    /\ msgs = {}

\* Each of the protocol's own steps, without crashes.
Steps ==
    \/ \E s \in Servers : \E b \in Nat : Prepare(s, b)
    \/ \E s \in Servers : \E m \in msgs : Promise(s, m)
    \/ \E s \in Servers : \E m \in msgs : Nack(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountPromise(s, m)
    \/ \E s \in Servers : \E m \in msgs : Lead(s, m)
    \/ \E s \in Servers : \E m \in msgs : FallBehind(s, m)
    \/ \E s \in Servers : \E m \in msgs : StepDown(s, m)
    \/ \E s \in Servers : \E v \in Values : ClientRequest(s, v)
    \/ \E s \in Servers : \E c \in SUBSET Servers : ChangeConfiguration(s, c)
    \/ \E s \in Servers : Reply(s)
    \/ \E s \in Servers : \E m \in msgs : Accept(s, m)
    \/ \E s \in Servers : \E m \in msgs : RecordVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : Choose(s, m)
    \/ \E s \in Servers : Heartbeat(s)
    \/ \E s \in Servers : \E m \in msgs : HandleHeartbeat(s, m)
    \/ \E s \in Servers : \E m \in msgs : Share(s, m)
    \/ \E s \in Servers : \E m \in msgs : Learn(s, m)
    \/ \E s \in Servers : TakeSnapshot(s)
    \/ \E s \in Servers : \E m \in msgs : InstallSnapshot(s, m)
    \/ \E s \in Servers : \E m \in msgs : Ignore(s, m)
    \/ \E s \in Servers : Flush(s)

Crashes ==
    \/ \E s \in MayCrash : \E kept \in 0 .. Len(disk[s]) : Crash(s, kept)
    \/ \E s \in MayCrash : Restart(s)

Next == Steps \/ Crashes

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* What must hold

IsValue(v) ==
    /\ DOMAIN v = {"kind", "val", "bal", "slot"}
                     \cup (IF v.kind = "config" THEN {"members"} ELSE {})
    /\ v.kind \in {"noop", "command"} \cup (IF Changing THEN {"config"} ELSE {})
    /\ v.kind = "command" => v.val \in Values

TypeOK ==
    /\ phase \in [Servers -> {"idle", "preparing", "leading"}]
    /\ up \in [Servers -> BOOLEAN]
    /\ \A s \in Servers :
          /\ \A j \in DOMAIN votes[s] : j > snapshot[s] /\ IsValue(votes[s][j].val)
          /\ \A j \in DOMAIN early[s] : j > Len(log[s]) + 1
          /\ snapshot[s] <= Len(log[s])
          /\ phase[s] = "idle" <=> bal[s] = -1
          /\ phase[s] = "idle" => promised[s] = {}
          /\ phase[s] # "idle" => bal[s] = maxBal[s] /\ Owner(bal[s]) = s
          /\ phase[s] # "leading" => DOMAIN proposed[s] = {}
          /\ DOMAIN acks[s] = DOMAIN proposed[s]
          /\ \A j \in DOMAIN proposed[s] : j \in (Len(log[s]) + 1) .. (Len(log[s]) + Alpha)

\* What two servers take to be chosen in a slot is the same.
Agreement ==
    \A s, p \in Servers :
        /\ LET i == Min(Len(log[s]), Len(log[p]))
           IN  SubSeq(log[s], 1, i) = SubSeq(log[p], 1, i)
        /\ \A j \in DOMAIN early[s] :
              /\ j <= Len(log[p]) => early[s][j] = log[p][j]
              /\ j \in DOMAIN early[p] => early[s][j] = early[p][j]

\* An acceptor votes in no ballot above the last that it has taken part in.
VotesBelowPromise ==
    \A s \in Servers : \A j \in DOMAIN votes[s] : votes[s][j].bal <= maxBal[s]

\* In a ballot one value is proposed in a slot.
OneValuePerBallot ==
    \A s, p \in Servers : \A j \in DOMAIN votes[s] \cap DOMAIN votes[p] :
        votes[s][j].bal = votes[p][j].bal => votes[s][j].val = votes[p][j].val

\* What a server said rests on what its disk holds: a crash cannot make it untrue.
SaidIsDurable ==
    \A m \in msgs :
        /\ m.type \in {"1a", "2a", "heartbeat"} => durable[Owner(m.bal)].maxBal >= m.bal
        /\ m.type = "1b" => durable[m.from].maxBal >= m.bal
        /\ m.type = "2b" =>
              \/ durable[m.from].snapshot >= m.slot
              \/ /\ m.slot \in DOMAIN durable[m.from].votes
                 /\ durable[m.from].votes[m.slot].bal >= m.bal
        /\ m.type = "snapshot" => durable[m.from].snapshot >= m.index

-----------------------------------------------------------------------------
\* What no step may do

\* Ballots and logs never go back, but for a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ maxBal'[s] >= maxBal[s]
                    /\ snapshot'[s] >= snapshot[s]
                    /\ Len(log'[s]) >= Len(log[s])]_vars

-----------------------------------------------------------------------------
\* What a primary's clients may want besides, and Paxos does not promise: the order in which
\* primaries proposed (F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for
\* primary-backup systems, DSN 2011, section III).  A primary is who leads a ballot.

Proposals == {m.val : m \in {m \in msgs : m.type = "2a" /\ m.val.kind = "command"}}

\* Whoever has what a primary proposed has all that it proposed before.
LocalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. Len(log[s]) :
        log[s][i].kind = "command" =>
            \A v \in Proposals :
                v.bal = log[s][i].bal /\ v.slot < log[s][i].slot =>
                    \E j \in 1 .. (i - 1) : log[s][j] = v

\* What an earlier primary proposed comes before what a later one did.
GlobalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. Len(log[s]) : \A j \in 1 .. (i - 1) :
        log[s][i].kind = "command" /\ log[s][j].kind = "command"
            => log[s][j].bal <= log[s][i].bal

PrimaryOrder == LocalPrimaryOrder /\ GlobalPrimaryOrder
=============================================================================
