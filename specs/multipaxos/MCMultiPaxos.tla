----------------------------- MODULE MCMultiPaxos -----------------------------
(***************************************************************************)
(* Multi-Paxos within bounds that TLC can exhaust: ballots up to           *)
(* MaxBallot, and each value requested once.  Parts selects the optional   *)
(* actions:                                                                *)
(*   "nack"      the owner of a ballot that is too low is told so;         *)
(*   "late"      a leader counts promises after it had enough;             *)
(*   "repeat"    repeated requests are answered again;                     *)
(*   "learn"     heartbeats, and requests for missed values;               *)
(*   "in turn"   a ballot begins only after all lower ones;                *)
(*   "First"     clients ask only First;                                   *)
(*   "apart"     proposals of First and Second do not reach each other;    *)
(*   "cut off"   First's proposals in its first ballot reach no server.    *)
(* Leaving a part out can only keep a server from learning something:      *)
(* fewer behaviours are explored, and no new ones are added.               *)
(***************************************************************************)
EXTENDS MultiPaxos, TLC

CONSTANTS
    MaxBallot,        \* ballots are 0 .. MaxBallot
    First, Second,    \* the owners of ballots 0 and 1, then alternately
    Parts             \* optional actions that are included

Part(part) == part \in Parts

TwoProposers == <<First, Second>>
OneProposer == <<First>>

Everybody == Servers
Majority == {Q \in SUBSET Members : Cardinality(Q) = (Cardinality(Members) \div 2) + 1}
Halves == {Q \in SUBSET Members : 2 * Cardinality(Q) = Cardinality(Members)}
AllButOne == {Q \in SUBSET Members : Cardinality(Q) = Cardinality(Members) - 1}
Pairs == {Q \in SUBSET Members : Cardinality(Q) = 2}
FirstTwo == {First, Second}

\* The configurations that may be requested.
Changes == {}

Begun == {m.bal : m \in {m \in msgs : m.type = "1a"}}

\* The ballots that server s may begin.
Beginnable(s) ==
    {b \in 0 .. MaxBallot : b \notin Begun /\ (Part("in turn") => 0 .. (b - 1) \subseteq Begun)}

\* The values that may be requested: they are in no message and in no vote.
Wishes(s) ==
    IF Part("First") /\ s # First THEN {}
    ELSE {v \in Values :
             /\ \A m \in msgs : m.type = "2a" => m.val.val # v
             /\ \A p \in Servers : \A j \in DOMAIN votes[p] : votes[p][j].val.val # v}

ChangesWished(s) ==
    IF s # First THEN {}
    ELSE {c \in Changes : \A p \in Servers : \A j \in DOMAIN votes[p] :
             votes[p][j].val.kind = "config" => votes[p][j].val.members # c}

\* The requests that server s may receive: those that it has not answered, or all if the part
\* "repeat" is included.
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

\* Leader s would send a heartbeat that was never sent before; repetitions are left out.
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

\* Servers that crash or propose are not symmetric.  Sound for safety only.
Symmetry == Permutations(Servers \ (MayCrash \cup {First, Second})) \cup Permutations(Values)

-----------------------------------------------------------------------------
\* Every value in a server's log has the votes of a quorum of the slot's acceptors.
ChosenByQuorum ==
    \A s \in Servers : \A j \in 1 .. Len(log[s]) :
        \E m \in {m \in msgs : m.type = "2a" /\ m.slot = j /\ m.val = log[s][j]} :
            IsQuorum2(ConfigAt(log[s], j), {Owner(m.bal)} \cup
                {k.from : k \in {k \in msgs : k.type = "2b" /\ k.bal = m.bal /\ k.slot = j}})

-----------------------------------------------------------------------------
\* Liveness, with one proposer that is never rejected: steps that stay enabled are taken in the end.

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
\* Reachability: each of these states that something never happens, and TLC must refute it.

NeverChosen == \A s \in Servers : log[s] = <<>>
NeverPipelined == \A s \in Servers : Cardinality(DOMAIN proposed[s]) < 2
NeverEarly == \A s \in Servers : DOMAIN early[s] = {}

\* A leader fills a gap before a value that an earlier leader proposed.
NeverFilled ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : proposed[s][j].kind # "noop"

\* A later leader proposes a value that an earlier leader proposed.
NeverRecovered ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : proposed[s][j].bal = bal[s]

NeverInstalled ==
    \A s \in Servers : snapshot[s] > 0 => \A m \in msgs : m.type = "snapshot" =>
        m.from = s \/ m.index # snapshot[s]

\* A proposer finds that an acceptor has compacted slots that it does not know.
NeverBehind ==
    \A m \in msgs : m.type = "1b" => m.snapshot <= Len(log[Owner(m.bal)])

\* A slot has other acceptors than the initial ones.
NeverChanged ==
    \A s \in Servers : \A j \in DOMAIN proposed[s] : ConfigAt(log[s], j) = Members

-----------------------------------------------------------------------------
\* Seeded bugs, put in by override: each model that uses one must fail.

\* A new leader proposes its own value, whatever votes were reported to it.
PickNothing(b, T, j) == Noop(b, j)

\* A new leader ignores all votes reported to it, and continues after the slots that it knows.
NothingTold(s, m) == told[s]

\* The lowest reported vote counts, not the highest.
LowestTold(s, m) ==
    LET new == {v \in m.votes : v.slot > Len(log[s]) /\ v.slot \notin DOMAIN proposed[s]}
        lower == {v \in new : v.slot \in DOMAIN told[s] => v.bal < told[s][v.slot].bal}
    IN  Over(told[s], [j \in {v.slot : v \in lower} |->
                LET v == CHOOSE v \in lower : v.slot = j IN [bal |-> v.bal, val |-> v.val]])

\* A new configuration takes effect at once, from the next slot on.
AtOnce(L, j) ==
    LET C == {i \in 1 .. Min(Len(L), j - 1) : L[i].kind = "config"}
    IN  IF C = {} THEN Members ELSE L[MaxOf(C)].members

\* The disk does not keep an acceptor's votes.
ForgetfulVolatile(s) ==
    [maxBal |-> maxBal[s], votes |-> Empty, snapshot |-> snapshot[s],
     log |-> SubSeq(log[s], 1, snapshot[s])]

-----------------------------------------------------------------------------
\* For models of configuration changes.
WithoutFirst == {Servers \ {First}}
FirstAlone == {{First}}
SecondAlone == {{Second}}
=============================================================================
