---- MODULE ErrorHelper ----
EXTENDS Sequences
First(s) == s[1]
Second(s) ==
    First(Tail(s))
====
