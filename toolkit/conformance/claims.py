r"""Incremental evaluation of invariants on traces.

An invariant that held in a state holds in the next state if no variable that it reads has
changed.  The variables that it reads are taken from the specification's text
(:mod:`toolkit.tlc.definitions`), for each conjunct separately.  Sent messages are only ever
added, which allows two more savings:

- For a conjunct ``\A m \in msgs : P(m)``, only the new messages are checked, unless another
  variable that ``P`` reads has changed.
- A conjunct that reads the messages only through ``{m \in msgs : F(m)}``, where `F` reads no
  variable, is evaluated only if a new message satisfies `F`.

An invariant whose text cannot be analysed is evaluated in every state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from toolkit.tlc import SpecSource
from toolkit.tlc.definitions import (
    Definitions,
    Token,
    read_definitions,
    tokens_of,
    used_names,
)

__all__ = ["claims_module"]

# The trace specification's own variables change with every step.
_TRACE_VARIABLES = frozenset({"tid", "pos", "claimsDue"})
_AFTER_BINDER = frozenset({"\\in", ",", "==", ":", "("})


class _Text(NamedTuple):
    """The text of an expression in a module, with the column where it starts."""

    text: str
    column: int

    def defined_as(self, head: str) -> str:
        """Return a definition with this expression, in which every line keeps its column."""
        return f"{head} ==\n{' ' * self.column}{self.text}"


def _part(text: str, column: int, tokens: Sequence[Token]) -> _Text:
    """Return the part of a text from the first to the last of some of its tokens."""
    start = tokens[0].start
    line = text.rfind("\n", 0, start) + 1
    return _Text(text[start : tokens[-1].end], start - line + (0 if line else column))


def _conjuncts(whole: _Text) -> list[_Text]:
    """Return the conjuncts of an expression; the expression itself if it is not a list of them."""
    tokens = tokens_of(whole.text)
    bullets = []
    for at, token in enumerate(tokens):
        line = whole.text.rfind("\n", 0, token.start) + 1
        if at and whole.text[line : token.start].strip() == "" and line:
            column = token.start - line
            if column < whole.column or (column == whole.column and token.text != "/\\"):
                return [whole]
            if column == whole.column:
                bullets.append(at)
    if not tokens or tokens[0].text != "/\\":
        return [whole]
    ends = [*bullets, len(tokens)]
    spans = [tokens[start + 1 : end] for start, end in zip([0, *bullets], ends, strict=True)]
    return [_part(whole.text, whole.column, span) for span in spans] if all(spans) else [whole]


class _Evaluation:
    """Builder of the module ``ProtocolTrace`` for incremental evaluation."""

    def __init__(self, defined: Definitions, messages: str | None) -> None:
        self._defined = defined
        self._messages = messages
        self._needed: set[str] = set()
        self._lines: list[str] = []
        self._guards: dict[str, str] = {}

    def claim(self, number: int, name: str) -> str:
        """Return an expression that is true if a property holds or cannot have become false."""
        if not self._defined.is_quotable(name):
            return self._checked(name, self._defined.reads(name), None)
        (definition,) = self._defined[name]
        whole = _Text(definition.body, definition.column)
        conditions = []
        parts = [piece for part in _conjuncts(whole) for piece in self._distributed(part)]
        for at, part in enumerate(parts, start=1):
            operator = f"TraceClaim{number}Part{at}"
            self._lines.append(part.defined_as(operator))
            reads = self._defined.reads_of(used_names(tokens_of(part.text)))
            conditions.append(self._checked(operator, reads, part))
        return " /\\ ".join(conditions)

    def _distributed(self, part: _Text) -> list[_Text]:
        r"""Split ``\A x \in S : c1 /\ c2`` into ``\A x \in S : c1`` and ``\A x \in S : c2``.

        Done only if `S` reads no variable, so that a repeated evaluation of `S` costs little.
        """
        tokens = tokens_of(part.text)
        colon = next((at for at, token in enumerate(tokens) if token.text == ":"), 0)
        binding = tokens[1:colon]
        if (
            not binding
            or tokens[0].text != "\\A"
            or any(token.kind == "keyword" for token in binding)
            or {token.text for token in binding} & {"\\A", "\\E", "{", "["}
            or self._defined.reads_of(used_names(binding)) != frozenset()
        ):
            return [part]
        conjuncts = _conjuncts(_part(part.text, part.column, tokens[colon + 1 :]))
        if len(conjuncts) == 1:
            return [part]
        head = part.text[: tokens[colon].end]
        return [
            _Text(f"{head}\n{' ' * conjunct.column}{conjunct.text}", part.column)
            for conjunct in conjuncts
        ]

    def _checked(self, operator: str, reads: frozenset[str] | None, part: _Text | None) -> str:
        if reads is None or reads & _TRACE_VARIABLES:
            return operator
        due = ["claimsDue.first"]
        for variable in sorted(reads):
            self._needed.add(variable)
            due.append(f"claimsDue.{variable}_changed")
        otherwise = "TRUE"
        if self._messages is not None and self._messages in reads:
            of_new = self._of_new(operator, part) if part is not None else None
            guards = self._guarded(part) if part is not None else None
            if of_new is not None:
                otherwise = of_new
            elif guards is not None:
                due += [
                    f"(\\E traceNew \\in claimsDue.new : {guard}(traceNew))" for guard in guards
                ]
            else:
                due.append("claimsDue.new # {}")
        changed = " \\/ ".join(due)
        return f"(IF {changed} THEN {operator} ELSE {otherwise})"

    def _of_new(self, operator: str, part: _Text) -> str | None:
        """Define a conjunct for new messages only, if it is about each message separately."""
        tokens = tokens_of(part.text)
        texts = [token.text for token in tokens[:5]]
        if len(tokens) < 6 or tokens[1].kind != "name":
            return None
        if texts != ["\\A", texts[1], "\\in", self._messages, ":"]:
            return None
        reads = self._defined.reads_of(used_names(tokens[5:]))
        if reads is None or self._messages in reads:
            return None
        rest = _part(part.text, part.column, tokens[5:])
        self._lines.append(rest.defined_as(f"{operator}Of({texts[1]})"))
        return f"(\\A traceNew \\in claimsDue.new : {operator}Of(traceNew))"

    def _guarded(self, part: _Text) -> list[str] | None:
        """Return guards for new messages if a conjunct reads messages only through filters."""
        tokens = tokens_of(part.text)
        closure = self._defined.closure(used_names(tokens))
        guards = self._filters(part, ())
        for name in sorted(closure):
            if guards is None or name == self._messages or name not in self._defined:
                continue
            for definition in self._defined[name]:
                if guards is None or self._messages not in definition.uses:
                    continue
                if not self._defined.is_visible(definition):
                    return None
                inner = self._filters(
                    _Text(definition.body, definition.column), definition.parameters
                )
                guards = None if inner is None else guards + inner
        return guards or None

    def _filters(self, text: _Text, parameters: Sequence[str]) -> list[str] | None:
        """Return the guards of a text's message filters; ``None`` if it uses messages otherwise."""
        tokens = tokens_of(text.text)
        guards = []
        for at, token in enumerate(tokens):
            if token.kind != "name" or token.text != self._messages:
                continue
            if at and tokens[at - 1].text == ".":
                continue
            if at < 3 or at + 2 >= len(tokens) or tokens[at - 3].text != "{":
                return None
            name = tokens[at - 2]
            if name.kind != "name" or (tokens[at - 1].text, tokens[at + 1].text) != ("\\in", ":"):
                return None
            inside = list(_until_closed(tokens[at + 2 :]))
            if not inside or not self._is_state_free(inside, name.text, tokens, parameters):
                return None
            guard = _part(text.text, text.column, inside).defined_as(f"%({name.text})")
            if guard not in self._guards:
                self._guards[guard] = f"TraceGuard{len(self._guards) + 1}"
                self._lines.append(guard.replace("%", self._guards[guard], 1))
            guards.append(self._guards[guard])
        return guards

    def _is_state_free(
        self,
        inside: Sequence[Token],
        bound: str,
        around: Sequence[Token],
        parameters: Sequence[str],
    ) -> bool:
        """Return whether a filter reads no variable and no name bound outside of it."""
        names = {token.text for token in inside if token.kind == "name"} & used_names(inside)
        if self._defined.reads_of(used_names(inside)) != frozenset() or set(parameters) & names:
            return False
        known = names <= {bound, *self._defined, *self._defined.constants}
        binders = {
            token.text
            for token, after in pairwise(around)
            if token.kind == "name" and after.text in _AFTER_BINDER
        }
        return known and not (names - {bound}) & binders

    def text(self, claims: Sequence[str]) -> list[str]:
        """Return the module's lines: which parts to evaluate, the parts, and the properties."""
        conditions = [self.claim(number, name) for number, name in enumerate(claims, start=1)]
        needed = sorted(self._needed)
        fields = {
            f"{name}_changed": "~ Recorded(e, 5)" if name == self._messages else f"{name}' # {name}"
            for name in needed
        }
        return [
            *self._lines,
            _record("AllDue", dict.fromkeys(fields, "TRUE"), first="TRUE", new="{}"),
            _record(
                "DueAfter(e)",
                fields,
                first="FALSE",
                new="{}" if self._messages is None else "TookSent(e, {})",
            ),
            *_claims(dict(zip(claims, conditions, strict=True))),
        ]


def _until_closed(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens up to the brace that closes the set around them."""
    depth = 0
    for token in tokens:
        if token.text == "}" and not depth:
            return
        depth += (token.text == "{") - (token.text == "}")
        yield token


def _record(head: str, fields: Mapping[str, str], **more: str) -> str:
    pairs = ", ".join(f"{name} |-> {value}" for name, value in {**more, **fields}.items())
    return f"{head} == [{pairs}]"


def _claims(conditions: Mapping[str, str]) -> list[str]:
    lines = [
        f'    /\\ ({condition}) \\/ PrintT(<<"broken", tid, pos, "{name}">>)'
        for name, condition in conditions.items()
    ]
    return ["Claims ==", *(lines or ["    TRUE"])]


def _message_variable(defined: Definitions) -> str | None:
    """Return the variable of all messages ever sent, if the trace module names it."""
    if not (defined.is_single("Sends") and defined.is_single("SentTakes")):
        return None
    (sends,) = defined["Sends"]
    (takes,) = defined["SentTakes"]
    tokens = [token.text for token in tokens_of(sends.body)]
    if takes.module != "Trace" or len(tokens) != 9 or len(sends.parameters) != 1:
        return None
    event, variable = sends.parameters[0], tokens[4]
    expected = ["SentTakes", "(", event, ",", variable, ",", variable, "'", ")"]
    return variable if tokens == expected and variable in defined.variables else None


def claims_module(trace_module: str, claims: Sequence[str], source: SpecSource | None) -> str:
    """Return the module that adds properties to evaluate to a protocol's trace specification.

    Parameters
    ----------
    trace_module : str
        The module that defines which step of the specification a recorded step stands for.
    claims : sequence of str
        State properties to evaluate.
    source : SpecSource or None
        For incremental evaluation, the trace module with all modules that it extends, and the
        configuration; ``None`` to evaluate every property in every state.
    """
    lines = ["---- MODULE ProtocolTrace ----", f"EXTENDS {trace_module}"]
    if source is None:
        lines += [
            "AllDue == <<>>",
            "DueAfter(e) == <<>>",
            *_claims({name: name for name in claims}),
        ]
    else:
        defined = read_definitions(source)
        lines += _Evaluation(defined, _message_variable(defined)).text(claims)
    return "\n".join([*lines, "====", ""])
