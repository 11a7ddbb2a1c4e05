---- MODULE ValuesStrings ----
EXTENDS Naturals
VARIABLES quote, back, conj, mark, state, line, tab, empty, brackets, model, n
vars == <<quote, back, conj, mark, state, line, tab, empty, brackets, model, n>>
Init == /\ quote = "say \"no\""
        /\ back = "a\\b\\"
        /\ conj = "/\\ x = 3"
        /\ mark = "@!@!@STARTMSG 2110:1 @!@!@"
        /\ state = "State 2: <Next line 1, col 1 to line 1, col 2 of module M>"
        /\ line = "one\ntwo\n/\\ n = 5"
        /\ tab = "\t|\f|\r"
        /\ empty = ""
        /\ brackets = "<<{[(,"
        /\ model = "TRUE"
        /\ n = 0
Next == n' = n + 1 /\ UNCHANGED <<quote, back, conj, mark, state, line, tab, empty, brackets, model>>
Spec == Init /\ [][Next]_vars
Nought == n = 0
====
