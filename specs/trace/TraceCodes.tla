----------------------------- MODULE TraceCodes -----------------------------
(***************************************************************************)
(* Numbers as digits in a string, for the module TraceData; see Trace.tla. *)
(***************************************************************************)
EXTENDS Integers, Sequences, TLC

Digits == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

Radix == 64

DigitOf == TLCEval([c \in {SubSeq(Digits, i, i) : i \in 1 .. Radix} |->
                      (CHOOSE i \in 1 .. Radix : SubSeq(Digits, i, i) = c) - 1])

\* The number that the w digits of s from position i on denote.
Number(s, i, w) ==
    IF w = 2 THEN DigitOf[SubSeq(s, i, i)] * Radix + DigitOf[SubSeq(s, i + 1, i + 1)]
    ELSE IF w = 3 THEN (DigitOf[SubSeq(s, i, i)] * Radix
                          + DigitOf[SubSeq(s, i + 1, i + 1)]) * Radix
                          + DigitOf[SubSeq(s, i + 2, i + 2)]
    ELSE ((DigitOf[SubSeq(s, i, i)] * Radix
             + DigitOf[SubSeq(s, i + 1, i + 1)]) * Radix
             + DigitOf[SubSeq(s, i + 2, i + 2)]) * Radix
             + DigitOf[SubSeq(s, i + 3, i + 3)]
=============================================================================
