"""What came out of a run of TLC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from toolkit.errors import ValueParseError
from toolkit.tlc.messages import Event, Message, Unmarked
from toolkit.values import Value, parse_state, to_itf

__all__ = [
    "CheckResult",
    "Counterexample",
    "Interpreter",
    "Location",
    "Outcome",
    "Progress",
    "TraceState",
    "action_name",
    "name_actions",
]

Outcome = Literal[
    "success",
    "invariant",
    "initial-invariant",
    "action-property",
    "temporal",
    "deadlock",
    "assumption",
    "assert",
    "evaluation-error",
    "parse-error",
    "semantic-error",
    "config-error",
    "out-of-memory",
    "stack-overflow",
    "time-limit",
    "cancelled",
    "error",
]
"""How a run ended."""

VIOLATIONS = frozenset(
    {
        "invariant",
        "initial-invariant",
        "action-property",
        "temporal",
        "deadlock",
        "assumption",
        "assert",
    }
)
"""The outcomes that say: what was claimed does not hold."""


class Location(msgspec.Struct, frozen=True):
    """A place in a module.

    Parameters
    ----------
    module : str or None
        Its name.
    line, column : int
        Counted from 1.
    end_line, end_column : int or None
        Where it ends.
    """

    module: str | None
    line: int
    column: int
    end_line: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        return f"{self.module or '?'}:{self.line}:{self.column}"


class Progress(msgspec.Struct, frozen=True):
    """How far a running check has come.

    Parameters
    ----------
    generated, distinct, queue : int
        States generated, distinct ones, and those still to be explored.
    depth : int or None
        Length of the longest behaviour so far.
    """

    generated: int
    distinct: int
    queue: int
    depth: int | None


class TraceState(msgspec.Struct, frozen=True):
    """A state of a counterexample.

    Parameters
    ----------
    index : int
        From 1.
    action : str or None
        The action that led to it; ``None`` for an initial state.
    location : Location or None
        Where that action is defined.
    variables : dict of str to Value
        All variables.
    unparsed : str or None
        TLC's text, where it could not be read.
    """

    index: int
    action: str | None
    location: Location | None
    variables: dict[str, Any]
    unparsed: str | None = None


class Counterexample(msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour that violates something.

    Parameters
    ----------
    kind : str
        The outcome that it shows.
    name : str or None
        What is violated, where TLC says or it can be nothing else.
    message : str
        What TLC said.
    location : Location or None
        Where it stands in the modules.
    states : tuple of TraceState
        The behaviour.
    loop : int or None
        Index of the state that a lasso returns to.
    stuttering : bool
        Whether the behaviour ends in stuttering for ever.
    """

    kind: str
    name: str | None
    message: str
    location: Location | None = None
    states: tuple[TraceState, ...] = ()
    loop: int | None = None
    stuttering: bool = False


_QUANTIFIER = re.compile(r"\s*\\E\s[^:]*:(?!:)")
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")


def action_name(text: str) -> str | None:
    r"""Return the operator that an action is an instance of, if its text says no more than that.

    TLC names an action after the innermost definition that it can look into, and does not look
    below a quantifier over something that changes, such as the messages sent so far.  The text
    there still names the action.

    Parameters
    ----------
    text : str
        TLA+: quantifiers, and then one operator applied to arguments.

    Returns
    -------
    str or None
        The operator's name; ``None`` if the text has any other form.

    Examples
    --------
    >>> action_name("\\E p \\in Proposers : \\E m \\in msgs : Promise(p, m)")
    'Promise'
    >>> action_name("\\E m \\in msgs : Promise(p, m) \\/ Phase2a(p, m)") is None
    True
    """
    start = 0
    while quantifier := _QUANTIFIER.match(text, start):
        start = quantifier.end()
    call = _CALL.match(text, start)
    if start == 0 or call is None:
        return None
    depth = 1
    for position in range(call.end(), len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return None if text[position + 1 :].strip() else call[1]
    return None


def _text_at(location: Location, modules: Mapping[str, str]) -> str | None:
    module = modules.get(location.module or "")
    if module is None or location.end_line is None or location.end_column is None:
        return None
    lines = module.splitlines()[location.line - 1 : location.end_line]
    if len(lines) != location.end_line - location.line + 1:
        return None
    # From the end, since both may be the same line.
    lines[-1] = lines[-1][: location.end_column]
    lines[0] = lines[0][location.column - 1 :]
    return "\n".join(lines)


def name_actions(
    examples: Sequence[Counterexample], modules: Mapping[str, str]
) -> tuple[Counterexample, ...]:
    """Return counterexamples whose actions are named as the specification's text names them.

    Parameters
    ----------
    examples : sequence of Counterexample
        With the names that TLC gave.
    modules : mapping of str to str
        Module name to text.

    Returns
    -------
    tuple of Counterexample
        An action whose text is not at hand, or is not of the form that :func:`action_name`
        reads, keeps TLC's name.
    """

    def named(state: TraceState) -> TraceState:
        text = _text_at(state.location, modules) if state.location else None
        name = action_name(text) if text and state.action else None
        return msgspec.structs.replace(state, action=name) if name else state

    return tuple(
        msgspec.structs.replace(example, states=tuple(named(state) for state in example.states))
        for example in examples
    )


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a run of TLC.

    Parameters
    ----------
    outcome : str
        See :data:`Outcome`.
    name : str or None
        What is violated.
    message : str
        What TLC said, or why the run ended.
    location : Location or None
        Where.
    generated, distinct, left_on_queue, depth : int or None
        States generated, distinct states, states never explored, length of the longest
        behaviour from an initial state; the last ones that TLC reported.
    complete : bool
        Whether all states within the model's bounds were explored.
    duration : float
        Seconds of wall time, the start of the JVM included.
    counterexamples : tuple of Counterexample
        Under ``-continue`` there may be several.
    prints : str
        What the specification printed.
    warnings : tuple of str
        TLC's warnings.
    log : str
        TLC's whole output.
    log_cut : bool
        Whether the beginning of the log was dropped because of its size.
    exit_status : int or None
        TLC's own; ``None`` if it was ended by us.
    tlc_version, java_version, command : str
        What is needed to run it again, with `workers`, `fingerprint` and `seed`.
    """

    outcome: Outcome
    name: str | None
    message: str
    location: Location | None
    generated: int | None
    distinct: int | None
    left_on_queue: int | None
    depth: int | None
    complete: bool
    duration: float
    counterexamples: tuple[Counterexample, ...]
    prints: str
    warnings: tuple[str, ...]
    log: str
    log_cut: bool
    exit_status: int | None
    tlc_version: str
    java_version: str
    command: tuple[str, ...]
    workers: int
    fingerprint: int
    seed: int | None

    @property
    def ok(self) -> bool:
        """Whether TLC found nothing wrong, and said so."""
        return self.outcome == "success"

    @property
    def violation(self) -> bool:
        """Whether something that was claimed does not hold."""
        return self.outcome in VIOLATIONS or bool(self.counterexamples)

    @property
    def trace(self) -> tuple[TraceState, ...]:
        """The states of the first counterexample."""
        return self.counterexamples[0].states if self.counterexamples else ()

    def to_json(self, *, log: bool = False) -> dict[str, Any]:
        """Return the result as JSON data, values in the ITF encoding.

        Parameters
        ----------
        log : bool
            Whether to include TLC's output.

        Returns
        -------
        dict
            The fields of this object, and ``ok``, ``violation``.
        """
        data: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(self, counterexamples=(), log=self.log if log else "")
        )
        if not log:
            del data["log"]
        data["ok"] = self.ok
        data["violation"] = self.violation
        data["counterexamples"] = [_example_json(example) for example in self.counterexamples]
        return data


def _example_json(example: Counterexample) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(example, states=()))
    data["states"] = [
        {
            "index": state.index,
            "action": state.action,
            "location": msgspec.to_builtins(state.location),
            "variables": {name: to_itf(value) for name, value in state.variables.items()},
            "unparsed": state.unparsed,
        }
        for state in example.states
    ]
    return data


_LOCATION = re.compile(
    r"line (\d+), col(?:umn)? (\d+)(?: to line (\d+), col(?:umn)? (\d+))?(?: of module (\w+))?"
)
_COUNTS = re.compile(
    r"([\d.,  ]+) states generated.*?([\d.,  ]+) distinct states found"
    r".*?([\d.,  ]+) states? left on queue",
    re.DOTALL,
)
_STATE = re.compile(r"\s*(?:State )?(\d+): ?(?:<(.*)>)?[ ]*(?:\n|\Z)")
_SIMULATED = re.compile(r"([\d.,]+) states (?:checked|generated)")

_VIOLATED: dict[int, Outcome] = {
    2110: "invariant",
    2107: "initial-invariant",
    2108: "action-property",
    2112: "action-property",
    2114: "deadlock",
    2116: "temporal",
    2104: "assumption",
    2132: "assert",
}
_FAILED: dict[int, Outcome] = {
    1001: "out-of-memory",
    1002: "out-of-memory",
    1005: "stack-overflow",
    3002: "parse-error",
    2171: "parse-error",
    2102: "evaluation-error",
    2103: "evaluation-error",
    2111: "evaluation-error",
    2113: "evaluation-error",
    2147: "evaluation-error",
    2154: "evaluation-error",
}
_CONFIG = {*range(2222, 2246), *range(5001, 5007), 2279}
# Where several messages are errors, the first of these names the outcome.
_RANK: dict[str, int] = {
    name: rank
    for rank, name in enumerate(
        [
            "out-of-memory",
            "stack-overflow",
            "assert",
            "invariant",
            "initial-invariant",
            "action-property",
            "temporal",
            "deadlock",
            "assumption",
            "semantic-error",
            "parse-error",
            "config-error",
            "evaluation-error",
            "error",
        ]
    )
}


def number(text: str) -> int:
    """Return a number that may have separators of any locale between its digits."""
    return int(re.sub(r"\D", "", text))


def find_location(text: str) -> Location | None:
    """Return the first place in a module that a text names."""
    match = _LOCATION.search(text)
    if match is None:
        return None
    line, column, end_line, end_column = (
        None if part is None else int(part) for part in match.groups()[:4]
    )
    assert line is not None
    assert column is not None
    return Location(match[5], line, column, end_line, end_column)


class Interpreter:
    """Gathers TLC's messages into a result.

    Parameters
    ----------
    properties : sequence of str
        The temporal properties that the configuration names, since TLC does not say which of
        them failed.
    """

    def __init__(self, properties: Sequence[str] = ()) -> None:
        self._properties = list(properties)
        self._found: list[tuple[Outcome, str | None, str, Location | None]] = []
        self._examples: list[dict[str, Any]] = []
        self._parsing = False
        self._parser_text: list[str] = []
        self._finished = False
        self.prints: list[str] = []
        self.warnings: list[str] = []
        self.success = False
        self.version = ""
        self.generated: int | None = None
        self.distinct: int | None = None
        self.queue: int | None = None
        self.depth: int | None = None

    def take(self, event: Event) -> Progress | None:
        """Take one event; return progress if it was one.

        Parameters
        ----------
        event : Message or Unmarked
        """
        if isinstance(event, Unmarked):
            (self._parser_text if self._parsing else self.prints).append(event.text)
            return None
        if event.code in {2220, 2219}:
            self._parsing = event.code == 2220
        elif event.code == 2262:
            self.version = event.text.strip()
        elif event.code in {2200, 2199, 2204, 2209, 2210}:
            return self._counts(event)
        elif event.code == 2194:
            self.depth = number(event.text)
        elif event.code == 2193:
            self.success = True
        elif event.code in {2217, 2216, 2218, 2122}:
            self._state(event)
        elif event.severity == 3:
            self.warnings.append(event.text.strip())
        elif event.code in _VIOLATED or (
            # TLC 2.15 nests an Assert in message 1000 with the severity of mere information.
            event.severity in {1, 2} and event.code not in {2121, 2264}
        ):
            self._error(event)
        return None

    def _counts(self, event: Message) -> Progress | None:
        if match := _COUNTS.search(event.text):
            self.generated, self.distinct, self.queue = (number(part) for part in match.groups())
        elif match := _SIMULATED.search(event.text):
            self.generated = number(match[1])
            return Progress(self.generated, 0, 0, None)
        else:
            return None
        depth = re.match(r"\s*Progress\((\d+)\)", event.text)
        if depth:
            self.depth = int(depth[1])
        return Progress(self.generated, self.distinct, self.queue, self.depth)

    def _error(self, event: Message) -> None:
        text = event.text.strip()
        location = find_location(text)
        name: str | None = None
        if event.code in _VIOLATED:
            outcome = _VIOLATED[event.code]
            match = re.match(r"(?:Invariant|Property|Action property) (\S+) is violated", text)
            name = match[1] if match and match[1] != "line" else None
            if outcome in {"temporal", "action-property"} and len(self._properties) == 1:
                name = name or self._properties[0]
            example: dict[str, Any] = {
                "kind": outcome,
                "name": name,
                "message": text,
                "location": location,
                "states": [],
                "loop": None,
                "stuttering": False,
            }
            if event.code in {2107, 2108}:
                heading, _, state = text.partition("\n")
                example["message"] = heading
                if state.strip():
                    example["states"].append(_read_state(1, None, None, state))
                text = heading
            if outcome != "assumption":
                self._examples.append(example)
        elif event.code in _FAILED:
            outcome = _FAILED[event.code]
            if outcome == "parse-error":
                outcome, text, location = self._parser_failure(text)
        elif event.code in _CONFIG or "ConfigFileException" in text:
            outcome = "config-error"
        elif event.code == 1000 and "StackOverflowError" in text:
            outcome = "stack-overflow"
        elif event.code == 1000 and "OutOfMemoryError" in text:
            outcome = "out-of-memory"
        else:
            outcome = "error"
        self._found.append((outcome, name, text, location))

    def _parser_failure(self, text: str) -> tuple[Outcome, str, Location | None]:
        said = "\n".join(self._parser_text)
        start = min(
            (
                at
                for mark in ("Semantic errors:", "***Parse Error***", "Lexical error", "Fatal")
                if (at := said.find(mark)) >= 0
            ),
            default=-1,
        )
        detail = said[start:].strip() if start >= 0 else said.strip()[-2000:]
        semantic = "Semantic errors:" in said
        location = find_location(detail)
        if location is None and (match := re.search(r"at line (\d+), col(?:umn)? (\d+)", detail)):
            location = Location(None, int(match[1]), int(match[2]))
        if location is not None and location.module is None:
            modules = re.findall(r"(?:in module|[Mm]odule) (\w+)", detail)
            if modules:
                location = msgspec.structs.replace(location, module=modules[0])
        return (
            "semantic-error" if semantic else "parse-error",
            f"{text}\n{detail}".strip(),
            location,
        )

    def _state(self, event: Message) -> None:
        if not self._examples:
            return
        example = self._examples[-1]
        text = event.text
        match = _STATE.match(text)
        if event.code == 2218:
            example["stuttering"] = True
        elif event.code == 2122:
            found = re.search(r"(?:Back to state )?(\d+)", text)
            example["loop"] = int(found[1]) if found else None
        elif match is not None:
            head = match[2] or ""
            action, location = head, find_location(head)
            if location is not None:
                action = head[: head.find(" line ")] if " line " in head else head
            named = None if head == "Initial predicate" or not head else action
            example["states"].append(
                _read_state(int(match[1]), named, location, text[match.end() :])
            )

    def outcome(
        self, exit_status: int | None, stderr: str, interrupted: Outcome | None
    ) -> tuple[Outcome, str | None, str, Location | None]:
        """Return outcome, name, message and location, from everything that was said.

        Parameters
        ----------
        exit_status : int or None
            TLC's own, if it ended by itself.
        stderr : str
            What it wrote there.
        interrupted : str or None
            ``"time-limit"`` or ``"cancelled"`` if we ended it.
        """
        if self._found:
            return min(self._found, key=lambda found: _RANK[found[0]])
        if interrupted is not None:
            return interrupted, None, "the run was ended before TLC had an answer", None
        if self.success and exit_status == 0:
            return "success", None, "no error was found", None
        if "OutOfMemoryError" in stderr or "could not reserve enough space" in stderr.lower():
            return "out-of-memory", None, stderr.strip(), None
        said = "\n".join([stderr.strip(), *self._parser_text[-20:], *self.prints[-20:]]).strip()
        return (
            "error",
            None,
            f"TLC ended with status {exit_status} and no verdict: {said or 'it said nothing'}",
            None,
        )

    def examples(self) -> tuple[Counterexample, ...]:
        """Return the counterexamples, in the order in which TLC found them."""
        return tuple(
            Counterexample(**{**example, "states": tuple(example["states"])})
            for example in self._examples
        )


def _read_state(index: int, action: str | None, location: Location | None, text: str) -> TraceState:
    try:
        variables: dict[str, Value] = parse_state(text)
    except ValueParseError:
        return TraceState(index, action, location, {}, unparsed=text)
    return TraceState(index, action, location, variables)
