------------------------ MODULE MCFastLeaderElection ------------------------
(***************************************************************************)
(* Elections alone, within bounds that TLC can exhaust.  Servers start     *)
(* with current epochs up to MaxEpoch (0 for the highest-numbered server)  *)
(* and look for a leader in rounds up to MaxRound.  A leader or follower   *)
(* may give up at any time, and does nothing else.  Repeated notifications *)
(* are left out: no message is lost.                                       *)
(***************************************************************************)
EXTENDS FastLeaderElection, TLC

CONSTANTS
    MaxEpoch,         \* initial current epochs are 0 .. MaxEpoch
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
\* A leader's state is at least as recent as those of a quorum.  (If votes arrive late, another
\* quorum may elect another leader in the same round: the later phases resolve this.)
LeaderIsAhead ==
    \A s \in Servers : mode[s] = "leading" =>
        IsQuorum({p \in Voters : ~ Behind(currentEpoch[s], Last(s), currentEpoch[p], Last(p))})

\* Reachability: each of these states that something never happens, and TLC must refute it.
NeverDecided == \A s \in Servers : mode[s] # "leading"
NeverJoined == \A s \in Servers : mode[s] = "following" => DOMAIN outside[s] = {}
NeverTwoLeaders == Cardinality({s \in Servers : mode[s] = "leading"}) < 2

\* Seeded bug: votes are compared by server numbers alone.
HigherNumber(v, w) == Rank(v.leader) > Rank(w.leader)
=============================================================================
