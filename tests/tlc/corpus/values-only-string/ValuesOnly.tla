---- MODULE ValuesOnly ----
VARIABLE text
Init == text = "/\\ a = 1\n/\\ b = 2"
Next == text' = "text = 3"
Spec == Init /\ [][Next]_text
Same == text # "text = 3"
====
