------------------------------ MODULE MultiPaxos ------------------------------
(***************************************************************************)
(* A log of Paxos instances, modelled at the level of handlers.            *)
(*                                                                         *)
(* Sources: L. Lamport, Paxos Made Simple (SIGACT News 2001), section 3;   *)
(* L. Lamport, The Part-Time Parliament (TOCS 1998), section 3;            *)
(* L. Lamport, D. Malkhi and L. Zhou, Reconfiguring a State Machine        *)
(* (SIGACT News 2010), section 3, for the window alpha; H. Howard,         *)
(* D. Malkhi and A. Spiegelman, Flexible Paxos (OPODIS 2016);              *)
(* R. van Renesse and D. Altinbuken, Paxos Made Moderately Complex (2015), *)
(* for leaders; T. Chandra, R. Griesemer and J. Redstone, Paxos Made Live  *)
(* (PODC 2007), for catching up and snapshots.                             *)
(*                                                                         *)
(* Modelled: phase 1 once for all open slots; a leader that proposes in up *)
(* to Alpha slots without waiting (pipelining), first proposes the values  *)
(* reported to it in phase 1, and fills gaps with no-ops; votes and        *)
(* promises that become durable in a separate step, and messages that      *)
(* leave only after that; crashes and restarts; servers that ask for       *)
(* missed values; phase 1 and phase 2 quorums that intersect each other.   *)
(*                                                                         *)
(* Options, each switched on by its name in the constant Options:          *)
(*   "snapshots"   chosen values are compacted;                            *)
(*   "membership"  a value in the log changes the set of acceptors, and    *)
(*                 takes effect Alpha slots later.                         *)
(*                                                                         *)
(* Abstracted: the network is the set of all messages ever sent.  Messages *)
(* are never removed, so a message may be received late, in any order,     *)
(* many times or never.  Timeouts are nondeterministic.  Clients, their    *)
(* sessions and the state machine are left out: the log stands for what is *)
(* applied.  The content of a snapshot is not modelled: a server keeps its *)
(* whole log here, and the variable snapshot says how much of it an        *)
(* implementation has discarded.                                           *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Servers,          \* the servers; each is proposer, acceptor and learner
    Proposers,        \* a sequence of servers; ballot b belongs to the one at b modulo its length
    Members,          \* the initial acceptors
    Quorum1, Quorum2, \* sets of quorums, subsets of Members; each Quorum1 intersects each Quorum2
    Values,           \* values that clients may request
    Alpha,            \* maximum number of open slots
    Most,             \* maximum number of values in one answer to a server that missed them
    Options,          \* the options that are switched on
    MayCrash,         \* the servers that may crash
    DiskQueue         \* maximum number of writes waiting for a disk;
                      \* 0: a write is durable at once

VARIABLES
    maxBal,           \* acceptor: the highest ballot that it has taken part in (durable)
    votes,            \* acceptor: slot |-> its last vote there, a ballot and a value (durable)
    log,              \* learner: the chosen values, without a gap from slot 1 on
    early,            \* learner: slot |-> the value chosen after a gap
    snapshot,         \* the index up to which the log is compacted (durable, with the log up to it)
    phase,            \* proposer: "idle", "preparing" (phase 1) or "leading" (phase 2)
    bal,              \* proposer: its ballot, -1 while it is idle
    promised,         \* proposer: the servers that have promised its ballot
    told,             \* proposer: slot |-> the highest vote reported to it, until it proposes there
    proposed,         \* proposer: slot |-> its proposal, until it is chosen
    acks,             \* proposer: slot |-> the servers that have voted for its proposal
    up,               \* running, not crashed
    durable,          \* the content of its disk
    disk,             \* writes waiting for the disk, each with the messages it holds back
    msgs              \* every message that has left its sender

accVars == <<maxBal, votes>>
logVars == <<log, early, snapshot>>
propVars == <<phase, bal, promised, told, proposed, acks>>
hostVars == <<durable, disk, msgs>>
vars == <<accVars, logVars, propVars, up, hostVars>>

Max(i, j) == IF i > j THEN i ELSE j
Min(i, j) == IF i < j THEN i ELSE j
MaxOf(S) == CHOOSE i \in S : \A j \in S : i >= j

\* Functions on slots, with domains that grow and shrink.
Empty == [j \in {} |-> 0]
Over(f, g) == [j \in DOMAIN f \cup DOMAIN g |-> IF j \in DOMAIN g THEN g[j] ELSE f[j]]
Beyond(f, i) == [j \in {j \in DOMAIN f : j > i} |-> f[j]]
Except(f, S) == [j \in DOMAIN f \ S |-> f[j]]

Owner(b) == Proposers[(b % Len(Proposers)) + 1]

-----------------------------------------------------------------------------
\* Values.  Each names the ballot and slot in which it was first proposed: a value that is found in
\* phase 1 is proposed again unchanged.

Noop(b, j) == [kind |-> "noop", val |-> "", bal |-> b, slot |-> j]
Command(b, j, v) == [kind |-> "command", val |-> v, bal |-> b, slot |-> j]
Config(b, j, c) == [kind |-> "config", val |-> "", bal |-> b, slot |-> j, members |-> c]

-----------------------------------------------------------------------------
\* Configurations: a slot's acceptors are those of the last configuration chosen at least Alpha
\* slots before it.

Changing == "membership" \in Options

ConfigAt(L, j) ==
    IF ~ Changing THEN Members
    ELSE LET C == {i \in 1 .. Min(Len(L), j - Alpha) : L[i].kind = "config"}
         IN  IF C = {} THEN Members ELSE L[MaxOf(C)].members

IsMajority(S, of) == 2 * Cardinality(S \cap of) > Cardinality(of)

\* The servers in S are a quorum of the acceptors c, for phase 1 or for phase 2.
IsQuorum1(c, S) == IF c = Members THEN \E Q \in Quorum1 : Q \subseteq S ELSE IsMajority(S, c)
IsQuorum2(c, S) == IF c = Members THEN \E Q \in Quorum2 : Q \subseteq S ELSE IsMajority(S, c)

\* The promises of R are enough for all slots that may be open after the log L.
Enough(L, R) == \A j \in (Len(L) + 1) .. (Len(L) + Alpha) : IsQuorum1(ConfigAt(L, j), R)

-----------------------------------------------------------------------------
\* Messages

\* The votes of an acceptor, as reported in messages.
Told(f) == {[slot |-> j, bal |-> f[j].bal, val |-> f[j].val] : j \in DOMAIN f}

M1a(b, first) == [type |-> "1a", bal |-> b, first |-> first]
M1b(s, b, snap, f) ==
    [type |-> "1b", from |-> s, bal |-> b, snapshot |-> snap, votes |-> Told(f)]
MNack(b, max) == [type |-> "nack", bal |-> b, maxBal |-> max]
M2a(b, j, v) == [type |-> "2a", bal |-> b, slot |-> j, val |-> v]
M2b(s, b, j) == [type |-> "2b", from |-> s, bal |-> b, slot |-> j]

\* A heartbeat of the leader, which knows all values chosen up to a slot.
MHeartbeat(b, i) == [type |-> "heartbeat", bal |-> b, chosen |-> i]

\* A server asks for the values chosen from a slot on, and receives them.
MAsk(s, first) == [type |-> "ask", from |-> s, first |-> first]
MLearn(first, vals) == [type |-> "learn", first |-> first, vals |-> vals]
MSnapshot(s, i) == [type |-> "snapshot", from |-> s, index |-> i]

\* The messages M to all other servers, if there are any.
ToOthers(s, M) == IF Servers = {s} THEN {} ELSE M

-----------------------------------------------------------------------------
\* The disk

\* The state that server s writes to its disk.
Volatile(s) ==
    [maxBal |-> maxBal[s], votes |-> votes[s], snapshot |-> snapshot[s],
     log |-> SubSeq(log[s], 1, snapshot[s])]

\* Server s has changed its state (conjoin this after the primes) and sends the messages M.
\* They leave only when everything that s has written so far is durable.
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

\* The oldest waiting write of server s becomes durable, and the messages it held back leave.
Flush(s) ==
    /\ disk[s] # <<>>
    /\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]
    /\ msgs' = msgs \cup Head(disk[s]).out
    /\ disk' = [disk EXCEPT ![s] = Tail(@)]
    /\ UNCHANGED <<accVars, logVars, propVars, up>>

-----------------------------------------------------------------------------
\* Learning: chosen values are appended to the log as soon as there is no gap before them.

RECURSIVE Absorbed(_, _)
Absorbed(L, E) ==
    IF Len(L) + 1 \in DOMAIN E THEN Absorbed(Append(L, E[Len(L) + 1]), E) ELSE L

\* Server s has the log L, and knows that the values in E are chosen as well.
Knows(s, L, E) ==
    /\ log' = [log EXCEPT ![s] = Absorbed(L, E)]
    /\ early' = [early EXCEPT ![s] = Beyond(E, Len(Absorbed(L, E)))]

-----------------------------------------------------------------------------
\* Proposers

\* Server s stops preparing or leading.
Idle(s) ==
    /\ phase' = [phase EXCEPT ![s] = "idle"]
    /\ bal' = [bal EXCEPT ![s] = -1]
    /\ promised' = [promised EXCEPT ![s] = {}]
    /\ told' = [told EXCEPT ![s] = Empty]
    /\ proposed' = [proposed EXCEPT ![s] = Empty]
    /\ acks' = [acks EXCEPT ![s] = Empty]

\* Server s takes part in ballot b as an acceptor; b is at least as high as all before.  If its
\* own ballot is lower, s abandons it.
Adopts(s, b) ==
    /\ maxBal' = [maxBal EXCEPT ![s] = b]
    /\ IF b > bal[s] THEN Idle(s) ELSE UNCHANGED propVars

\* Server s begins ballot b: it asks at once for the votes in all slots that it does not know to
\* be chosen (Paxos Made Simple, section 3).  It has promised its own ballot; if its promise alone
\* is enough, it sends the promise to itself.
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

\* Acceptor s promises to vote in no lower ballot, and reports its votes (phase 1b).
Promise(s, m) ==
    /\ up[s]
    /\ m.type = "1a"
    /\ Owner(m.bal) # s
    /\ m.bal >= maxBal[s]
    /\ Adopts(s, m.bal)
    /\ UNCHANGED <<votes, logVars, up>>
    /\ Emit(s, {M1b(s, m.bal, snapshot[s], Beyond(votes[s], m.first - 1))})

\* Server s tells the owner of a ballot that the ballot is too low.
Nack(s, m) ==
    /\ up[s]
    /\ m.type \in {"1a", "2a", "heartbeat"}
    /\ Owner(m.bal) # s
    /\ m.bal < maxBal[s]
    /\ UNCHANGED <<accVars, logVars, propVars, up>>
    /\ Emit(s, {MNack(m.bal, maxBal[s])})

\* Server s learns that its ballot is too low, and abandons it.
StepDown(s, m) ==
    /\ up[s]
    /\ m.type = "nack"
    /\ Owner(m.bal) = s
    /\ m.bal = bal[s]
    /\ m.maxBal > bal[s]
    /\ Adopts(s, m.maxBal)
    /\ UNCHANGED <<votes, logVars, up>>
    /\ Emit(s, {})

\* The slots that a leader has yet to propose in, given the log L and the values E chosen after
\* gaps: unsettled slots of the window, up to the last slot with a vote reported in phase 1 (T)
\* or with a chosen value.
Unsettled(L, E, T, P, R) ==
    LET last == MaxOf({0} \cup DOMAIN T \cup DOMAIN E)
    IN  {j \in (Len(L) + 1) .. Min(last, Len(L) + Alpha) :
            j \notin DOMAIN E \cup DOMAIN P /\ IsQuorum1(ConfigAt(L, j), R)}

\* The value of ballot b for slot j: that of the highest vote reported there, or a no-op.
Pick(b, T, j) == IF j \in DOMAIN T THEN T[j].val ELSE Noop(b, j)

\* The messages for the proposals G (slot |-> value) in ballot b.  Server s has voted for them; if
\* its vote alone is enough, it sends the vote to itself.
Asks(s, b, L, G) ==
    ToOthers(s, {M2a(b, j, G[j]) : j \in DOMAIN G})
        \cup {M2b(s, b, j) : j \in {j \in DOMAIN G : IsQuorum2(ConfigAt(L, j), {s})}}

Voted(b, G) == [j \in DOMAIN G |-> [bal |-> b, val |-> G[j]]]

\* Leader s has the log L, chosen values E after gaps, reported votes T, proposals P with votes A,
\* and the promises of R: it proposes values in the unsettled slots, and also sends M.
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

\* Message m promises the ballot of s, which has not counted it or has enough promises to lead.
AwaitedPromise(s, m) ==
    /\ up[s]
    /\ m.type = "1b"
    /\ Owner(m.bal) = s
    /\ m.bal = bal[s]
    /\ m.from \notin promised[s] \/ (phase[s] = "preparing" /\ Enough(log[s], promised[s]))

\* The votes reported to proposer s, including m: the highest vote of each unsettled slot.
ToldWith(s, m) ==
    LET new == {v \in m.votes : v.slot > Len(log[s]) /\ v.slot \notin DOMAIN proposed[s]}
        higher == {v \in new : v.slot \in DOMAIN told[s] => v.bal > told[s][v.slot].bal}
    IN  Over(told[s], [j \in {v.slot : v \in higher} |->
                LET v == CHOOSE v \in higher : v.slot = j IN [bal |-> v.bal, val |-> v.val]])

\* Proposer s counts a promise that is not enough; or a leader counts a late one, which slots with
\* other acceptors may need.
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

\* Proposer s counts the promise that is enough, and leads: it proposes the reported values.
Lead(s, m) ==
    LET R == promised[s] \cup {m.from}
    IN  /\ AwaitedPromise(s, m)
        /\ m.snapshot <= Len(log[s])
        /\ phase[s] = "preparing"
        /\ Enough(log[s], R)
        /\ Proceeds(s, log[s], early[s], ToldWith(s, m), Empty, Empty, R,
                    ToOthers(s, {MHeartbeat(bal[s], Len(log[s]))}))

\* A server promises the ballot of s, but has compacted slots that proposer s does not know: s
\* gives up, and asks for them.
FallBehind(s, m) ==
    /\ AwaitedPromise(s, m)
    /\ m.snapshot > Len(log[s])
    /\ Idle(s)
    /\ UNCHANGED <<accVars, logVars, up>>
    /\ Emit(s, {MAsk(s, Len(log[s]) + 1)})

-----------------------------------------------------------------------------
\* Proposals

\* The next slot for a new value of leader s: after all settled, reported and proposed slots.
NextSlot(s) ==
    1 + MaxOf({Len(log[s])} \cup DOMAIN early[s] \cup DOMAIN told[s] \cup DOMAIN proposed[s])

\* Leader s proposes value v in slot j, if j is in the window (Alpha).
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

\* Leader s proposes a client's value, without waiting for its earlier proposals.
ClientRequest(s, v) == Proposes(s, NextSlot(s), Command(bal[s], NextSlot(s), v))

\* Leader s proposes a new set of acceptors, which takes effect Alpha slots later.
ChangeConfiguration(s, c) ==
    /\ Changing
    /\ c # {}
    /\ Proposes(s, NextSlot(s), Config(bal[s], NextSlot(s), c))

\* Server s answers a client without changing its log, or keeps a request until it may propose.
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

\* Leader s counts a vote that does not complete a quorum.
RecordVote(s, m) ==
    /\ AwaitedVote(s, m)
    /\ m.from \notin acks[s][m.slot]
    /\ ~ Completes(s, m)
    /\ acks' = [acks EXCEPT ![s][m.slot] = @ \cup {m.from}]
    /\ UNCHANGED <<accVars, logVars, phase, bal, promised, told, proposed, up, hostVars>>

\* Leader s counts the vote that completes a quorum: the value is chosen.  This may move further
\* slots into the window.
Choose(s, m) ==
    LET E == Over(early[s], [j \in {m.slot} |-> proposed[s][m.slot]])
        L == Absorbed(log[s], E)
    IN  /\ AwaitedVote(s, m)
        /\ Completes(s, m)
        /\ Proceeds(s, L, Beyond(E, Len(L)), told[s], Except(proposed[s], {m.slot}),
                    Except(acks[s], {m.slot}), promised[s], {})

\* Leader s sends a heartbeat, repeats its proposals, and asks again for promises if it needs
\* more.
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

\* Server s receives a heartbeat.  Its vote in the leader's ballot has the value that the leader
\* proposed, so that value is chosen; s asks for the other values.
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

\* Server s answers a request for chosen values: it sends them or, if it has compacted them, offers
\* its snapshot.  A leader that proposes in a compacted slot also needs the snapshot.
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

\* Server s does not yet know the value of slot j.
IsNews(s, j) == j > Len(log[s]) /\ j \notin DOMAIN early[s]

\* Message m tells server s a chosen value that it does not know.  A leader ignores such
\* messages.
TellsNews(s, m) ==
    /\ up[s]
    /\ phase[s] # "leading"
    /\ \/ /\ m.type = "learn"
          /\ \E i \in 1 .. Len(m.vals) : IsNews(s, m.first + i - 1)
       \/ /\ m.type = "snapshot"
          /\ m.from # s
          /\ m.index > Len(log[s])

\* Server s learns chosen values.
Learn(s, m) ==
    /\ TellsNews(s, m)
    /\ m.type = "learn"
    /\ LET news == {j \in m.first .. (m.first + Len(m.vals) - 1) : IsNews(s, j)}
       IN  Knows(s, log[s], Over(early[s], [j \in news |-> m.vals[j - m.first + 1]]))
    /\ UNCHANGED <<accVars, snapshot, propVars, up>>
    /\ Emit(s, {})

\* Server s replaces its log by a snapshot.
InstallSnapshot(s, m) ==
    /\ TellsNews(s, m)
    /\ m.type = "snapshot"
    /\ Knows(s, SubSeq(log[m.from], 1, m.index), early[s])
    /\ snapshot' = [snapshot EXCEPT ![s] = m.index]
    /\ votes' = [votes EXCEPT ![s] = Beyond(@, m.index)]
    /\ UNCHANGED <<maxBal, propVars, up>>
    /\ Emit(s, {})

\* Server s compacts its log, and discards its votes in the compacted slots.
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

\* Server s crashes after its disk has completed the first k waiting writes.  The other writes,
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

\* Server s restarts with the content of its disk.
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

\* The steps of the protocol, without crashes.
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
\* Invariants

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

\* Two servers agree on the value chosen in each slot.
Agreement ==
    \A s, p \in Servers :
        /\ LET i == Min(Len(log[s]), Len(log[p]))
           IN  SubSeq(log[s], 1, i) = SubSeq(log[p], 1, i)
        /\ \A j \in DOMAIN early[s] :
              /\ j <= Len(log[p]) => early[s][j] = log[p][j]
              /\ j \in DOMAIN early[p] => early[s][j] = early[p][j]

\* An acceptor has no vote in a ballot above the last that it has taken part in.
VotesBelowPromise ==
    \A s \in Servers : \A j \in DOMAIN votes[s] : votes[s][j].bal <= maxBal[s]

\* At most one value is proposed for a slot in a ballot.
OneValuePerBallot ==
    \A s, p \in Servers : \A j \in DOMAIN votes[s] \cap DOMAIN votes[p] :
        votes[s][j].bal = votes[p][j].bal => votes[s][j].val = votes[p][j].val

\* Everything that a server has said is supported by its disk: a crash cannot make it untrue.
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
\* Properties of steps

\* Ballots, snapshots and logs never go back, except in a crash.
Monotone ==
    [][\A s \in Servers :
          up'[s] => /\ maxBal'[s] >= maxBal[s]
                    /\ snapshot'[s] >= snapshot[s]
                    /\ Len(log'[s]) >= Len(log[s])]_vars

-----------------------------------------------------------------------------
\* Properties that the clients of a primary may want and Paxos does not guarantee: the order of the
\* primaries' proposals (F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for
\* primary-backup systems, DSN 2011, section III).  The primary is the leader of a ballot.

Proposals == {m.val : m \in {m \in msgs : m.type = "2a" /\ m.val.kind = "command"}}

\* A server that has a value of a primary has all values that it proposed before.
LocalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. Len(log[s]) :
        log[s][i].kind = "command" =>
            \A v \in Proposals :
                v.bal = log[s][i].bal /\ v.slot < log[s][i].slot =>
                    \E j \in 1 .. (i - 1) : log[s][j] = v

\* Values of an earlier primary come before values of a later one.
GlobalPrimaryOrder ==
    \A s \in Servers : \A i \in 1 .. Len(log[s]) : \A j \in 1 .. (i - 1) :
        log[s][i].kind = "command" /\ log[s][j].kind = "command"
            => log[s][j].bal <= log[s][i].bal

PrimaryOrder == LocalPrimaryOrder /\ GlobalPrimaryOrder
=============================================================================
