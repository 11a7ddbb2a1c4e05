---- MODULE Submarine ----
One == 1
====
