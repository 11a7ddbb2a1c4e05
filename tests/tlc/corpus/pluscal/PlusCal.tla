---- MODULE PlusCal ----
EXTENDS Naturals, TLC

(* --algorithm Lost
variable shared = 0;
process worker \in {1, 2}
variable mine = 0;
begin
  read: mine := shared;
  write: shared := mine + 1;
end process;
end algorithm; *)
\* BEGIN TRANSLATION - the hash of the PCal code: PCal-d304161060606c0250424b50a9168464
VARIABLES shared, pc, mine

vars == << shared, pc, mine >>

ProcSet == ({1, 2})

Init == (* Global variables *)
        /\ shared = 0
        (* Process worker *)
        /\ mine = [self \in {1, 2} |-> 0]
        /\ pc = [self \in ProcSet |-> "read"]

read(self) == /\ pc[self] = "read"
              /\ mine' = [mine EXCEPT ![self] = shared]
              /\ pc' = [pc EXCEPT ![self] = "write"]
              /\ UNCHANGED shared

write(self) == /\ pc[self] = "write"
               /\ shared' = mine[self] + 1
               /\ pc' = [pc EXCEPT ![self] = "Done"]
               /\ mine' = mine

worker(self) == read(self) \/ write(self)

(* Allow infinite stuttering to prevent deadlock on termination. *)
Terminating == /\ \A self \in ProcSet: pc[self] = "Done"
               /\ UNCHANGED vars

Next == (\E self \in {1, 2}: worker(self))
           \/ Terminating

Spec == Init /\ [][Next]_vars

Termination == <>(\A self \in ProcSet: pc[self] = "Done")

\* END TRANSLATION - the hash of the generated TLA code (remove to silence divergence warnings): TLA-0af80e24d7ffb179eb43dc2d27db10a2

Kept == (\A p \in {1, 2} : pc[p] = "Done") => shared = 2
====
