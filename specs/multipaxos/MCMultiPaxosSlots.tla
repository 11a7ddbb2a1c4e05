--------------------------- MODULE MCMultiPaxosSlots ---------------------------
(***************************************************************************)
(* Each slot of Multi-Paxos is consensus: what the votes of quorums have   *)
(* chosen there refines the module Consensus.                              *)
(***************************************************************************)
EXTENDS MCMultiPaxos

\* What is chosen in slot j: some ballot's proposal has the votes of a quorum of its acceptors,
\* the proposer's own among them.
ChosenIn(j) ==
    {m.val : m \in {m \in msgs :
        /\ m.type = "2a"
        /\ m.slot = j
        /\ IsQuorum2(Members, {Owner(m.bal)} \cup
               {k.from : k \in {k \in msgs : k.type = "2b" /\ k.bal = m.bal /\ k.slot = j}})}}

\* All that may ever be proposed.
AllValues ==
    UNION {{Noop(b, j)} \cup {Command(b, j, v) : v \in Values} :
              b \in 0 .. MaxBallot, j \in 1 .. Alpha + Cardinality(Values)}

Slot1 == INSTANCE Consensus WITH Values <- AllValues, chosen <- ChosenIn(1)
Slot2 == INSTANCE Consensus WITH Values <- AllValues, chosen <- ChosenIn(2)

EachSlotIsConsensus == Slot1!Spec /\ Slot2!Spec
=============================================================================
