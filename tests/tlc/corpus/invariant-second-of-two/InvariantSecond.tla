---- MODULE InvariantSecond ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = "off"
Up == x < 2 /\ x' = x + 1 /\ y' = y
Switch == y' = "on" /\ y = "off" /\ x = 2
          /\ x' = 7
Next == Up \/ Switch
Spec == Init /\ [][Next]_<<x, y>>
Types == x \in Nat
Apart == \/ x < 7
         \/ y = "off"
====
