------------------------------- MODULE Trace -------------------------------
(***************************************************************************)
(* What all trace specifications share: a recorded trace is checked by     *)
(* letting the specification take only steps that agree with what was      *)
(* recorded.  A trace is accepted when its end can be reached.             *)
(*                                                                         *)
(* The module TraceData is generated for a run and holds the traces: it    *)
(* EXTENDS the protocol's specification and defines                        *)
(*   Header        the trace header's constants, a record;                 *)
(*   TraceNodes    the set of all nodes;                                   *)
(*   NodeCodes     node |-> its number in TraceValues;                     *)
(*   TraceValues   a sequence of all values that occur, each once, put     *)
(*                 together from their parts;                              *)
(*   TraceActions  a sequence of all action names;                         *)
(*   TraceFields   state variable |-> its field in a row;                  *)
(*   TraceRows     a sequence of strings: recorded events, rows of codes;  *)
(*   RowCount      how many rows there are;                                *)
(*   LargestNumber the largest integer in the traces;                      *)
(*   TraceInitial  numbers of the rows that hold in the initial state;     *)
(*   TraceTape     a sequence of strings of TapeSteps steps each: the      *)
(*                 steps of all pieces, one piece after the other;         *)
(*   TracePieces   a sequence of strings of TapePieces rows each: the      *)
(*                 pieces; see Piece;                                      *)
(*   PieceCount    how many pieces there are; the first RootCount of them  *)
(*                 begin a trace;                                          *)
(*   TraceStop     a sequence: where to leave each piece to see what       *)
(*                 the specification would have allowed; -1: nowhere;      *)
(*   CodeWidth, StepWidth   digits of a field, and of a step.              *)
(* Long strings of fixed-width codes are used since TLC's parser needs     *)
(* about a kilobyte for each byte of any other expression.                 *)
(*                                                                         *)
(* Traces that begin alike may be one tree, so that what they share is     *)
(* checked once: a piece is a run of steps without a branch, and has the   *)
(* pieces that may come next as its children.  To find where a trace is    *)
(* stuck each trace is a single piece.                                     *)
(*                                                                         *)
(* The module GeneratedTrace EXTENDS this one, or a module that does and   *)
(* holds what is written by hand for a specification.  It is generated     *)
(* from the specification's own text and defines                           *)
(*   Handle(e)    the specification's step that the event e stands for,    *)
(*                with everything that e leaves open chosen freely;        *)
(*   Shown(n)     what may be recorded of node n's state: a record with    *)
(*                a field for each variable (any value where n has none);  *)
(*   Sends(e)     the messages that left agree with what e recorded;       *)
(*   Snapshot     the whole state, as a record;                            *)
(*   Take(e)      where it can be said: the state becomes what e recorded, *)
(*                whether or not the specification has such a step;        *)
(*   SpecInit     the specification's initial predicate.                   *)
(* The module TraceRun puts the two together.                              *)
(***************************************************************************)
EXTENDS TraceData

VARIABLES
    tid,      \* the piece that this behaviour follows
    pos,      \* how many of its events have happened; -1: left it to look around
    claimsDue \* what the last step changed, as far as claims read it; see TraceRun

FieldCount == 5 + Cardinality(DOMAIN TraceFields)

\* An event is a tuple of codes; 0 says that nothing was recorded.
Row(k) ==
    LET row == TraceRows[k]
    IN  [f \in 1 .. FieldCount |-> Number(row, (f - 1) * CodeWidth + 1, CodeWidth)]

TraceEvents == TLCEval([k \in 1 .. RowCount |-> TLCEval(Row(k))])

\* Event i of the tape, counted from 0.
EventAt(i) ==
    TraceEvents[Number(TraceTape[(i \div TapeSteps) + 1],
                       (i % TapeSteps) * StepWidth + 1, StepWidth)]

\* A piece: where it begins on the tape, its length, its first child, how many children it has
\* (their numbers follow each other), and 1 if a trace ends with it.
PieceFields == 5

Piece(k) ==
    LET text == TracePieces[((k - 1) \div TapePieces) + 1]
        at == ((k - 1) % TapePieces) * PieceFields * 4
    IN  [f \in 1 .. PieceFields |-> Number(text, at + (f - 1) * 4 + 1, 4)]

Pieces == TLCEval([k \in 1 .. PieceCount |-> TLCEval(Piece(k))])

Length(k) == Pieces[k][2]
Children(k) == Pieces[k][3] .. (Pieces[k][3] + Pieces[k][4] - 1)
EndsTrace(k) == Pieces[k][5] = 1

\* The events that may happen next: the piece, and the event's place in it.
NextPlaces ==
    IF pos < Length(tid) THEN {<<tid, pos>>} ELSE {<<k, 0>> : k \in Children(tid)}

NextEvent == EventAt(Pieces[tid][1] + pos)

Recorded(e, f) == e[f] # 0
Value(e, f) == TraceValues[e[f]]

\* The event may be an action of this name.
Is(e, name) == IF e[1] = 0 THEN TRUE ELSE TraceActions[e[1]] = name

\* The nodes of S where it may have happened.
Who(e, S) == IF Recorded(e, 2) THEN {Value(e, 2)} \cap S ELSE S

\* It may have happened at the node n.
IsAt(e, n) == IF Recorded(e, 2) THEN Value(e, 2) = n ELSE TRUE

\* The value of the parameter was recorded.
HasParam(e, name) == Recorded(e, 3) /\ name \in DOMAIN Value(e, 3)

\* The members of S that the parameter may have been.
Param(e, name, S) == IF HasParam(e, name) THEN {Value(e, 3)[name]} \cap S ELSE S

\* The same for a set of numbers that has no end.
NumberParam(e, name, S) ==
    IF HasParam(e, name) THEN {Value(e, 3)[name]} \cap S ELSE (0 .. (LargestNumber + 1)) \cap S

\* What the parameter was, whatever it was; a member of S where it was not recorded.
ParamOr(e, name, S) == IF HasParam(e, name) THEN {Value(e, 3)[name]} ELSE S

\* The messages of M that may have been received.
Received(e, M) == IF Recorded(e, 4) THEN {Value(e, 4)} \cap M ELSE M

\* No message was received, as far as is known.
NothingReceived(e) == ~ Recorded(e, 4)

\* The message received, if it is known, is one of M.
ReceivedIsIn(e, M) == IF Recorded(e, 4) THEN Value(e, 4) \in M ELSE TRUE

\* The messages that left, as far as is known, took those that had ever left from old to new.
SentTakes(e, old, new) == IF Recorded(e, 5) THEN new = old \cup Value(e, 5) ELSE TRUE

\* A node's state went from old to new (both as Shown), as far as e recorded it.  In the
\* fields of variables, code 1 says that the variable did not change.
Agrees(e, old, new) ==
    \A name \in DOMAIN TraceFields :
        LET c == e[TraceFields[name]]
        IN  IF c = 0 THEN TRUE
            ELSE IF c = 1 THEN new[name] = old[name]
            ELSE new[name] = TraceValues[c]

\* What e recorded of a variable that was old before.
Took(e, name, old) ==
    LET c == e[TraceFields[name]] IN IF c \in {0, 1} THEN old ELSE TraceValues[c]

\* The messages that had left after e.
TookSent(e, old) == IF Recorded(e, 5) THEN old \cup Value(e, 5) ELSE old

-----------------------------------------------------------------------------
\* What the header or any event says, for constants and parameters.

HeaderOr(name, default) == IF name \in DOMAIN Header THEN Header[name] ELSE default

\* All recorded values of the parameter, and of the variable.
ParamsOf(name) ==
    LET all == {TraceValues[c] : c \in {TraceEvents[k][3] : k \in 1 .. RowCount} \ {0}}
    IN  {p[name] : p \in {p \in all : name \in DOMAIN p}}

ValuesOf(name) ==
    {TraceValues[c] : c \in {TraceEvents[k][TraceFields[name]] : k \in 1 .. RowCount} \ {0, 1}}

-----------------------------------------------------------------------------
\* Events of which little is known, to look around with.

Blank == [f \in 1 .. FieldCount |-> 0]

\* An event of this action at this node, and nothing more.
OfKind(a, n) == [Blank EXCEPT ![1] = a, ![2] = NodeCodes[n]]

\* The event e without what its step did: only what it was and what it received.
Occasion(e) == [Blank EXCEPT ![1] = e[1], ![2] = e[2], ![3] = e[3], ![4] = e[4]]
=============================================================================
