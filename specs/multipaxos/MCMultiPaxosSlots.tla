--------------------------- MODULE MCMultiPaxosSlots ---------------------------
(***************************************************************************)
(* Each slot of Multi-Paxos is consensus: the values that quorums have     *)
(* chosen in it refine the module Consensus.                               *)
(***************************************************************************)
EXTENDS MCMultiPaxos

\* The values chosen in slot j: proposals of some ballot that a quorum of the acceptors, including
\* the proposer, has voted for.
ChosenIn(j) ==
    {m.val : m \in {m \in msgs :
        /\ m.type = "2a"
        /\ m.slot = j
        /\ IsQuorum2(Members, {Owner(m.bal)} \cup
               {k.from : k \in {k \in msgs : k.type = "2b" /\ k.bal = m.bal /\ k.slot = j}})}}

\* All values that may ever be proposed.
AllValues ==
    UNION {{Noop(b, j)} \cup {Command(b, j, v) : v \in Values} :
              b \in 0 .. MaxBallot, j \in 1 .. Alpha + Cardinality(Values)}

Slot1 == INSTANCE Consensus WITH Values <- AllValues, chosen <- ChosenIn(1)
Slot2 == INSTANCE Consensus WITH Values <- AllValues, chosen <- ChosenIn(2)

EachSlotIsConsensus == Slot1!Spec /\ Slot2!Spec
=============================================================================
