------------------------------- MODULE Trace -------------------------------
(***************************************************************************)
(* The base of all trace specifications.  A recorded trace is checked by   *)
(* letting the specification take only steps that agree with the recorded  *)
(* ones.  A trace is accepted when its end can be reached.                 *)
(*                                                                         *)
(* The module TraceData is generated for a run and holds the traces: it    *)
(* EXTENDS the protocol's specification and defines                        *)
(*   Header        the constants of the trace header, a record;            *)
(*   TraceNodes    the set of all nodes;                                   *)
(*   NodeCodes     node |-> its number in TraceValues;                     *)
(*   TraceValues   a sequence of all values that occur, each once, put     *)
(*                 together from their parts;                              *)
(*   TraceActions  a sequence of all action names;                         *)
(*   TraceFields   state variable |-> its field in a row;                  *)
(*   TraceRows     a sequence of strings: recorded events, rows of codes;  *)
(*   RowCount      the number of rows;                                     *)
(*   LargestNumber the largest integer in the traces;                      *)
(*   TraceInitial  numbers of the rows that hold in the initial state;     *)
(*   TraceTape     a sequence of strings of TapeSteps steps each: the      *)
(*                 steps of all pieces, one piece after the other;         *)
(*   TracePieces   a sequence of strings of TapePieces rows each: the      *)
(*                 pieces; see Piece;                                      *)
(*   PieceCount    the number of pieces; the first RootCount of them       *)
(*                 begin a trace;                                          *)
(*   TraceStop     a sequence: the position at which to leave each piece   *)
(*                 and explore the steps that the specification            *)
(*                 allows there; -1: nowhere;                              *)
(*   CodeWidth, StepWidth   digits of a field, and of a step.              *)
(* Long strings of fixed-width codes are used because TLC's parser needs   *)
(* about a kilobyte for each byte of any other expression.                 *)
(*                                                                         *)
(* Traces with a common beginning may form a tree, so that the common part *)
(* is checked once: a piece is a run of steps without a branch, and its    *)
(* children are the pieces that may come next.  To find the step at which  *)
(* a trace gets stuck, each trace is a single piece.                       *)
(*                                                                         *)
(* The module GeneratedTrace EXTENDS this one, or a hand-written module    *)
(* that EXTENDS this one.  It is generated from the specification's text   *)
(* and defines                                                             *)
(*   Handle(e)    the specification's step that the event e stands for;    *)
(*                whatever e does not record may be chosen freely;         *)
(*   Shown(n)     the recordable part of node n's state: a record with a   *)
(*                field for each variable (any value where n has none);    *)
(*   Sends(e)     the messages that left agree with e;                     *)
(*   Snapshot     the whole state, as a record;                            *)
(*   Take(e)      if it can be computed: the state becomes the recorded    *)
(*                one, even if the specification has no such step;         *)
(*   SpecInit     the specification's initial predicate.                   *)
(***************************************************************************)
EXTENDS TraceData

VARIABLES
    tid,      \* the piece that this behaviour follows
    pos,      \* the number of its events that have happened; -1: left to explore
    claimsDue \* the changes of the last step that matter to claims; see TraceRun

FieldCount == 5 + Cardinality(DOMAIN TraceFields)

\* The fields of variables in an event in which all have this code.
AllAre(code) == [f \in 1 .. Cardinality(DOMAIN TraceFields) |-> code]
NoneRecorded == TLCEval(AllAre(0))
NoneChanged == TLCEval(AllAre(1))

\* The event with the rest of the row, from place i on: pairs of a field and its code.
RECURSIVE WithFields(_, _, _)
WithFields(event, row, i) ==
    IF i > Len(row) THEN event
    ELSE WithFields([event EXCEPT ![Number(row, i, CodeWidth)] =
                                      Number(row, i + CodeWidth, CodeWidth)],
                    row, i + 2 * CodeWidth)

\* An event is a tuple of codes; 0 means not recorded.  A row has the first five of them, the
\* code of most variables (0 or 1), and the variables with another code.
Row(k) ==
    LET row == TraceRows[k]
        code(i) == Number(row, (i - 1) * CodeWidth + 1, CodeWidth)
    IN  WithFields(<<code(1), code(2), code(3), code(4), code(5)>>
                       \o (IF code(6) = 0 THEN NoneRecorded ELSE NoneChanged),
                   row, 6 * CodeWidth + 1)

TraceEvents == TLCEval([k \in 1 .. RowCount |-> TLCEval(Row(k))])

\* Event i of the tape, counted from 0.
EventAt(i) ==
    TraceEvents[Number(TraceTape[(i \div TapeSteps) + 1],
                       (i % TapeSteps) * StepWidth + 1, StepWidth)]

\* A piece: its start on the tape, its length, its first child, its number of children (numbered
\* consecutively), and 1 if a trace ends with it.
PieceFields == 5

Piece(k) ==
    LET text == TracePieces[((k - 1) \div TapePieces) + 1]
        at == ((k - 1) % TapePieces) * PieceFields * 4
    IN  [f \in 1 .. PieceFields |-> Number(text, at + (f - 1) * 4 + 1, 4)]

Pieces == TLCEval([k \in 1 .. PieceCount |-> TLCEval(Piece(k))])

Length(k) == Pieces[k][2]
Children(k) == Pieces[k][3] .. (Pieces[k][3] + Pieces[k][4] - 1)
EndsTrace(k) == Pieces[k][5] = 1

\* The events that may happen next: pairs of a piece and the position in it.
NextPlaces ==
    IF pos < Length(tid) THEN {<<tid, pos>>} ELSE {<<k, 0>> : k \in Children(tid)}

NextEvent == EventAt(Pieces[tid][1] + pos)

Recorded(e, f) == e[f] # 0
Value(e, f) == TraceValues[e[f]]

\* The event may be an action of this name.
Is(e, name) == IF e[1] = 0 THEN TRUE ELSE TraceActions[e[1]] = name

\* The nodes in S at which the event may have happened.
Who(e, S) == IF Recorded(e, 2) THEN {Value(e, 2)} \cap S ELSE S

\* The event may have happened at node n.
IsAt(e, n) == IF Recorded(e, 2) THEN Value(e, 2) = n ELSE TRUE

\* The value of the parameter was recorded.
HasParam(e, name) == Recorded(e, 3) /\ name \in DOMAIN Value(e, 3)

\* The members of S that the parameter may have had as its value.
Param(e, name, S) == IF HasParam(e, name) THEN {Value(e, 3)[name]} \cap S ELSE S

\* The same for an infinite set of numbers.
NumberParam(e, name, S) ==
    IF HasParam(e, name) THEN {Value(e, 3)[name]} \cap S ELSE (0 .. (LargestNumber + 1)) \cap S

\* The recorded value of the parameter, not restricted to S; any member of S if not recorded.
ParamOr(e, name, S) == IF HasParam(e, name) THEN {Value(e, 3)[name]} ELSE S

\* The messages in M that may have been received.
Received(e, M) == IF Recorded(e, 4) THEN {Value(e, 4)} \cap M ELSE M

\* No message was received, or none was recorded.
NothingReceived(e) == ~ Recorded(e, 4)

\* The message received is in M, if it was recorded.
ReceivedIsIn(e, M) == IF Recorded(e, 4) THEN Value(e, 4) \in M ELSE TRUE

\* The messages that left, if recorded, extend the set of all messages sent from old to new.
\* (TLC sorts the union of two sets anew, whether or not it differs from the first.)
SentTakes(e, old, new) ==
    IF ~ Recorded(e, 5) THEN TRUE
    ELSE IF Value(e, 5) \subseteq old THEN new = old ELSE new = old \cup Value(e, 5)

\* The change of a node's state from old to new (both as Shown) agrees with e.  In the fields of
\* variables, code 1 means that the variable did not change.
Agrees(e, old, new) ==
    \A name \in DOMAIN TraceFields :
        LET c == e[TraceFields[name]]
        IN  IF c = 0 THEN TRUE
            ELSE IF c = 1 THEN new[name] = old[name]
            ELSE new[name] = TraceValues[c]

\* The value of a variable after e, if its value before was old.
Took(e, name, old) ==
    LET c == e[TraceFields[name]] IN IF c \in {0, 1} THEN old ELSE TraceValues[c]

\* The messages that have left after e.
TookSent(e, old) == IF Recorded(e, 5) THEN old \cup Value(e, 5) ELSE old

-----------------------------------------------------------------------------
\* Values for constants and parameters, from the header or from any event.

HeaderOr(name, default) == IF name \in DOMAIN Header THEN Header[name] ELSE default

\* All recorded values of a parameter, and of a variable.
ParamsOf(name) ==
    LET all == {TraceValues[c] : c \in {TraceEvents[k][3] : k \in 1 .. RowCount} \ {0}}
    IN  {p[name] : p \in {p \in all : name \in DOMAIN p}}

ValuesOf(name) ==
    {TraceValues[c] : c \in {TraceEvents[k][TraceFields[name]] : k \in 1 .. RowCount} \ {0, 1}}

-----------------------------------------------------------------------------
\* Partly specified events, for exploring the steps that the specification allows.

Blank == [f \in 1 .. FieldCount |-> 0]

\* An event with only this action and this node.
OfKind(a, n) == [Blank EXCEPT ![1] = a, ![2] = NodeCodes[n]]

\* The event e without its effects: only the action, node, parameters and received message.
Occasion(e) == [Blank EXCEPT ![1] = e[1], ![2] = e[2], ![3] = e[3], ![4] = e[4]]
=============================================================================
