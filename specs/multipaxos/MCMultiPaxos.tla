----------------------------- MODULE MCMultiPaxos -----------------------------
(***************************************************************************)
(* Multi-Paxos within bounds that TLC can exhaust: ballots up to           *)
(* MaxBallot, each value asked for once.  Parts says which optional        *)
(* actions take part:                                                      *)
(*   "nack"      who has a ballot that is too low is told so;              *)
(*   "late"      promises are counted by a leader who had enough;          *)
(*   "repeat"    requests are answered again;                              *)
(*   "learn"     heartbeats, and asking for what was missed;               *)
(*   "in turn"   a ballot is begun only after all lower ones;              *)
(*   "First"     clients ask First alone;                                  *)
(*   "apart"     First's proposals do not reach Second, nor Second's First; *)
(*   "cut off"   First's proposals reach nobody in its first ballot.       *)
(* What is left out can only keep a server from learning something:        *)
(* without it fewer behaviours are seen, and no new ones.                  *)
(***************************************************************************)
EXTENDS MultiPaxos, TLC

CONSTANTS
    MaxBallot,        \* ballots are 0 .. MaxBallot
    First, Second,    \* the owners of the ballots 0 and 1, and so on in turn
    Parts             \* optional parts that are switched on

Part(part) == part \in Parts

TwoProposers == <<First, Second>>
OneProposer == <<First>>

Everybody == Servers
Majority == {Q \in SUBSET Members : Cardinality(Q) = (Cardinality(Members) \div 2) + 1}
Halves == {Q \in SUBSET Members : 2 * Cardinality(Q) = Cardinality(Members)}
AllButOne == {Q \in SUBSET Members : Cardinality(Q) = Cardinality(Members) - 1}
Pairs == {Q \in SUBSET Members : Cardinality(Q) = 2}
FirstTwo == {First, Second}

\* The configurations that may be asked for.
Changes == {}

Begun == {m.bal : m \in {m \in msgs : m.type = "1a"}}

\* The ballots that server s may begin.
Beginnable(s) ==
    {b \in 0 .. MaxBallot : b \notin Begun /\ (Part("in turn") => 0 .. (b - 1) \subseteq Begun)}

\* What is asked for is in no message and in no vote.
Wishes(s) ==
    IF Part("First") /\ s # First THEN {}
    ELSE {v \in Values :
             /\ \A m \in msgs : m.type = "2a" => m.val.val # v
             /\ \A p \in Servers : \A j \in DOMAIN votes[p] : votes[p][j].val.val # v}

ChangesWished(s) ==
    IF s # First THEN {}
    ELSE {c \in Changes : \A p \in Servers : \A j \in DOMAIN votes[p] :
             votes[p][j].val.kind = "config" => votes[p][j].val.members # c}

\* The messages that server s may take: requests that were not answered before, unless that
\* part takes part.
Requests(s) ==
    {m \in msgs :
        /\ m.type \in {"1a", "2a"}
        /\ Part("repeat") \/ m.bal > maxBal[s]
              \/ (m.type = "2a" /\ (m.slot \in DOMAIN votes[s] => votes[s][m.slot].bal < m.bal))}

Reaches(m, s) ==
    /\ Part("cut off") /\ m.type = "2a" => m.bal # 0
    /\ Part("apart") /\ m.type = "2a" =>
          s # (IF Owner(m.bal) = First THEN Second ELSE First)

Promises(s) == {m \in msgs : m.type = "1b" /\ (Part("late") \/ phase[s] = "preparing")}

Refusable(s) == IF Part("nack") THEN {m \in msgs : m.type \in {"1a", "2a", "heartbeat"}} ELSE {}

\* What heartbeats of leader s would say is new: repetitions are left out.
HasNews(s) ==
    /\ Part("learn")
    /\ phase[s] = "leading"
    /\ MHeartbeat(bal[s], Len(log[s])) \notin msgs

Beating == {s \in Servers : HasNews(s)}

Acceptable(s) == {m \in Requests(s) : Reaches(m, s)}

ToLearn == IF Part("learn") THEN msgs ELSE {}

\* Reply and Ignore change nothing and are left out.
MCSteps ==
    \/ \E s \in Servers : \E b \in Beginnable(s) : Prepare(s, b)
    \/ \E s \in Servers : \E m \in Requests(s) : Promise(s, m)
    \/ \E s \in Servers : \E m \in Refusable(s) : Nack(s, m)
    \/ \E s \in Servers : \E m \in Promises(s) : CountPromise(s, m)
    \/ \E s \in Servers : \E m \in Promises(s) : Lead(s, m)
    \/ \E s \in Servers : \E m \in Promises(s) : FallBehind(s, m)
    \/ \E s \in Servers : \E m \in msgs : StepDown(s, m)
    \/ \E s \in Servers : \E v \in Wishes(s) : ClientRequest(s, v)
    \/ \E s \in Servers : \E c \in ChangesWished(s) : ChangeConfiguration(s, c)
    \/ \E s \in Servers : \E m \in Acceptable(s) : Accept(s, m)
    \/ \E s \in Servers : \E m \in msgs : RecordVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : Choose(s, m)
    \/ \E s \in Beating : Heartbeat(s)
    \/ \E s \in Servers : \E m \in ToLearn : HandleHeartbeat(s, m)
    \/ \E s \in Servers : \E m \in ToLearn : Share(s, m)
    \/ \E s \in Servers : \E m \in ToLearn : Learn(s, m)
    \/ \E s \in Servers : TakeSnapshot(s)
    \/ \E s \in Servers : \E m \in ToLearn : InstallSnapshot(s, m)
    \/ \E s \in Servers : Flush(s)

MCNext == MCSteps \/ Crashes

MCSpec == Init /\ [][MCNext]_vars

\* Servers that crash or propose are not like the others.  Sound for safety only.
Symmetry == Permutations(Servers \ (MayCrash \cup {First, Second})) \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Whatever a server takes to be chosen has the votes of a quorum of the slot's acceptors.
ChosenByQuorum ==
    \A s \in Servers : \A j \in 1 .. Len(log[s]) :
        \E m \in {m \in msgs : m.type = "2a" /\ m.slot = j /\ m.val = log[s][j]} :
            IsQuorum2(ConfigAt(log[s], j), {Owner(m.bal)} \cup
                {k.from : k \in {k \in msgs : k.type = "2b" /\ k.bal = m.bal /\ k.slot = j}})

-----------------------------------------------------------------------------
\* Liveness, with one proposer that is never refused: every step that stays possible is taken.

Fairness ==
    /\ WF_vars(\E s \in Servers : \E b \in Beginnable(s) : Prepare(s, b))
    /\ \A s \in Servers :
          /\ WF_vars(\E m \in msgs : Promise(s, m))
          /\ WF_vars(\E m \in msgs : Lead(s, m))
          /\ WF_vars(\E m \in msgs : CountPromise(s, m))
          /\ WF_vars(\E v \in Wishes(s) : ClientRequest(s, v))
          /\ \A j \in 1 .. Cardinality(Values) :
                /\ WF_vars(\E m \in msgs : m.type = "2a" /\ m.slot = j /\ Accept(s, m))
                /\ WF_vars(\E m \in msgs : m.type = "2b" /\ m.slot = j /\ Choose(s, m))
          /\ WF_vars(HasNews(s) /\ Heartbeat(s))
          /\ \A i \in 1 .. Cardinality(Values) :
                WF_vars(\E m \in msgs : m.type = "heartbeat" /\ m.chosen = i /\ Len(log[s]) < i
                                          /\ HandleHeartbeat(s, m))
          /\ WF_vars(\E m \in msgs : Len(log[s]) > 0 /\ Share(s, m))
          /\ WF_vars(\E m \in msgs : Learn(s, m))
          /\ WF_vars(Flush(s))

LiveSpec == Init /\ [][MCSteps]_vars /\ Fairness

EventuallyLeads == <>(\E s \in Servers : phase[s] = "leading")
EventuallyLearned == <>(\A s \in Servers : Len(log[s]) = Cardinality(Values))

-----------------------------------------------------------------------------
\* Reachability: each of these is claimed never to happen, and TLC must find that it does.

NeverChosen == \A s \in Servers : log[s] = <<>>
NeverPipelined == \A s \in Servers : Cardinality(DOMAIN proposed[s]) < 2
NeverEarly == \A s \in Servers : DOMAIN early[s] = {}

\* A gap is filled in front of what an earlier leader proposed.
NeverFilled ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : proposed[s][j].kind # "noop"

\* A later leader proposes what an earlier one did.
NeverRecovered ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : proposed[s][j].bal = bal[s]

NeverInstalled ==
    \A s \in Servers : snapshot[s] > 0 => \A m \in msgs : m.type = "snapshot" =>
        m.from = s \/ m.index # snapshot[s]

\* A proposer finds that an acceptor has compacted what it does not know.
NeverBehind ==
    \A m \in msgs : m.type = "1b" => m.snapshot <= Len(log[Owner(m.bal)])

\* A slot has other acceptors than at first.
NeverChanged ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : ConfigAt(log[s], j) = Members

-----------------------------------------------------------------------------
\* Planted bugs, put in by override: each model that uses one must fail.

\* A new leader proposes its own value whatever it was told.
PickNothing(b, T, j) == Noop(b, j)

\* A new leader looks at nothing that it was told, and goes on behind what it knows itself.
NothingTold(s, m) == told[s]

\* The lowest vote counts, not the highest.
LowestTold(s, m) ==
    LET new == {v \in m.votes : v.slot > Len(log[s]) /\ v.slot \notin DOMAIN proposed[s]}
        lower == {v \in new : v.slot \in DOMAIN told[s] => v.bal < told[s][v.slot].bal}
    IN  Over(told[s], [j \in {v.slot : v \in lower} |->
                LET v == CHOOSE v \in lower : v.slot = j IN [bal |-> v.bal, val |-> v.val]])

\* A new configuration holds at once, from the next slot on.
AtOnce(L, j) ==
    LET C == {i \in 1 .. Min(Len(L), j - 1) : L[i].kind = "config"}
    IN  IF C = {} THEN Members ELSE L[MaxOf(C)].members

\* The disk does not keep what an acceptor voted.
ForgetfulVolatile(s) ==
    [maxBal |-> maxBal[s], votes |-> Empty, snapshot |-> snapshot[s],
     log |-> SubSeq(log[s], 1, snapshot[s])]

-----------------------------------------------------------------------------
\* For models of changes.
WithoutFirst == {Servers \ {First}}
FirstAlone == {{First}}
SecondAlone == {{Second}}
=============================================================================
