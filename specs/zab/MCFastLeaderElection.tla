------------------------ MODULE MCFastLeaderElection ------------------------
(***************************************************************************)
(* Elections by themselves, within bounds that TLC can exhaust: servers    *)
(* that start with current epochs up to MaxEpoch, that of the highest      *)
(* number 0, look for a leader in rounds up to MaxRound.  Who leads or     *)
(* follows gives up at any time, and does nothing else.  Repeated          *)
(* notifications are left out: nothing is lost.                            *)
(***************************************************************************)
EXTENDS FastLeaderElection, TLC

CONSTANTS
    MaxEpoch,         \* current epochs at first are 0 .. MaxEpoch
    MaxRound          \* rounds are 1 .. MaxRound

InOrder == <<"s1", "s2", "s3">>
Majority == {Q \in SUBSET Voters : Cardinality(Q) = (Cardinality(Voters) \div 2) + 1}

MCInit ==
    \E f \in {f \in [Servers -> 0 .. MaxEpoch] : f[Numbered[3]] = 0} :
        /\ acceptedEpoch = f
        /\ currentEpoch = f
        /\ durable = [s \in Servers |-> [acceptedEpoch |-> f[s], currentEpoch |-> f[s],
                                         history |-> <<>>, snapshot |-> 0]]
        /\ history = [s \in Servers |-> <<>>]
        /\ snapshot = [s \in Servers |-> 0]
        /\ committed = [s \in Servers |-> 0]
        /\ mode = [s \in Servers |-> "looking"]
        /\ phase = [s \in Servers |-> "idle"]
        /\ leader = [s \in Servers |-> ""]
        /\ epoch = [s \in Servers |-> 0]
        /\ learners = [s \in Servers |-> Empty]
        /\ up = [s \in Servers |-> TRUE]
        /\ disk = [s \in Servers |-> <<>>]
        /\ link = {}
        /\ wire = [s \in Servers |-> [p \in Servers |-> <<>>]]
        /\ msgs = {}
        /\ broadcast = {}
        /\ established = {}
        /\ round = [s \in Servers |-> 0]
        /\ vote = [s \in Servers |-> Nobody]
        /\ tally = [s \in Servers |-> Empty]
        /\ outside = [s \in Servers |-> Empty]

Fresh == {s \in Servers : round[s] < MaxRound}
Tired == {s \in Servers : mode[s] # "looking" /\ round[s] < MaxRound}

MCSteps ==
    \/ \E s \in Fresh : Look(s)
    \/ \E s \in Servers : \E m \in msgs : JoinRound(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountVote(s, m)
    \/ \E s \in Servers : \E m \in msgs : Answer(s, m)
    \/ \E s \in Servers : \E m \in msgs : CountOutside(s, m)
    \/ \E s \in Servers : \E m \in msgs : JoinEnsemble(s, m)
    \/ \E s \in Servers : Decide(s)
    \/ \E s \in Tired : Abandon(s) /\ UNCHANGED electionVars

MCSpec == MCInit /\ [][MCSteps]_allVars

-----------------------------------------------------------------------------
\* Who leads has the highest state of a quorum.  (Where votes come late another quorum may elect
\* another leader in the same round: the phases that follow are there for that.)
LeaderIsAhead ==
    \A s \in Servers : mode[s] = "leading" =>
        IsQuorum({p \in Voters : ~ Behind(currentEpoch[s], Last(s), currentEpoch[p], Last(p))})

\* Reachability: each of these is claimed never to happen, and TLC must find that it does.
NeverDecided == \A s \in Servers : mode[s] # "leading"
NeverJoined == \A s \in Servers : mode[s] = "following" => DOMAIN outside[s] = {}
NeverTwoLeaders == Cardinality({s \in Servers : mode[s] = "leading"}) < 2

\* Planted: votes are compared by the servers' numbers alone.
HigherNumber(v, w) == Rank(v.leader) > Rank(w.leader)
=============================================================================
