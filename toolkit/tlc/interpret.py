"""Interpret TLC's messages: find the outcome of a run and the details that belong to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from toolkit.errors import ValueParseError
from toolkit.tlc.config import config_sections
from toolkit.tlc.coverage import CoverageReader
from toolkit.tlc.messages import Message, OutputEvent, Unmarked
from toolkit.tlc.modules import (
    Location,
    assumption_name,
    definitions,
    find_location,
    locations,
    reaches,
    text_at,
)
from toolkit.tlc.result import VIOLATIONS, CheckOutcome, CheckProgress, Counterexample, TraceState
from toolkit.tlc.source import SpecSource
from toolkit.values import ModelValue, Value, parse_state

__all__ = ["Finding", "Interpreter", "number"]

_PRINT_LIMIT = 64 * 2**20

_COUNTS = re.compile(
    r"(-?[\d.,  ]+) states generated.*?(-?[\d.,  ]+) distinct states found"
    r"(?:.*?(-?[\d.,  ]+) states? left on queue)?",
    re.DOTALL,
)
_STATE = re.compile(r"\s*(?:State )?(\d{1,9}): ?(?:<(.*)>)?[ ]*(?:\n|\Z)")
# The location is at the end of the line: an argument may be a string that contains a location.
_ACTION = re.compile(r"(.*?) line \d+, col \d+(?: to line \d+, col \d+)? of module \S+", re.DOTALL)
# A string is a single sign, whatever its content.
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|<<|>>|[(\[{)\]},]', re.DOTALL)
_SIMULATED = re.compile(r"([\d.,]+) states (?:checked|generated)")
_VIOLATION = re.compile(
    r"(?:Invariant|Property|Action property|Temporal property) (\S+) (?:is|was) violated"
    r"|Postcondition (?P<post>\S+) at .* is false"
)
_SEED = re.compile(r"\bseed (-?\d+)")
_FINGERPRINT = re.compile(r"\bfp (\d+)")
_INITIAL = re.compile(r"While working on the initial state:\n(?P<state>.*)\Z", re.DOTALL)

_VIOLATED: dict[int, CheckOutcome] = {
    2110: "invariant",
    2107: "initial-invariant",
    2108: "initial-property",
    2112: "action-property",
    2114: "deadlock",
    2116: "temporal",
    2104: "assumption",
    2132: "assert",
    2404: "postcondition",
}
_FAILED: dict[int, CheckOutcome] = {
    1001: "out-of-memory",
    1002: "out-of-memory",
    1003: "out-of-memory",
    1005: "stack-overflow",
    3002: "parse-error",
    2171: "parse-error",
}
_EVALUATION = {2102, 2103, 2105, 2106, 2109, 2111, 2113, 2154, 2265, 2266, 2282, 2283, 2405}
_EVALUATION |= {*range(2125, 2132)}
_EVALUATION |= {*range(2133, 2146), *range(2148, 2154), *range(2155, 2171), *range(2172, 2184)}
_CONFIG = {*range(2222, 2246), *range(5001, 5007), 2115, 2146, 2257, 2279, 2280, 2281}
_THROWN = re.compile(r"The exception was an? (?:java|tlc2)\.")
_INVARIANT_FAILED = re.compile(r"Evaluating invariant (\S+) failed")
_TOO_LARGE = re.compile(
    r"Overflow when computing the number of elements|set with too many elements"
    r"|too many elements \(>|is too (?:big|large) to (?:enumerate|construct)"
    r"|cardinality .{0,40} exceeds",
    re.IGNORECASE,
)
_PLACED = {2103, 2147}
_FRAME = {2121, 2264}
# If several messages are errors, the first message of the lowest rank decides the outcome.
_RANK: dict[str, int] = {
    **dict.fromkeys(("out-of-memory", "stack-overflow"), 0),
    **dict.fromkeys(VIOLATIONS, 1),
    **dict.fromkeys(("semantic-error", "parse-error", "config-error"), 2),
    "set-too-large": 3,
    "evaluation-error": 4,
    "error": 5,
}


def number(text: str) -> int | None:
    """Parse a number whose digits may be separated in the manner of any locale.

    Parameters
    ----------
    text : str

    Returns
    -------
    int or None
        ``None`` for -1, which TLC prints for a number that it does not count.
    """
    return None if text.strip().startswith("-") else int(re.sub(r"\D", "", text))


class Finding(msgspec.Struct):
    """An error that TLC reported, before it becomes part of a result.

    Parameters
    ----------
    outcome : str
    message : str
    name : str or None
    location : Location or None
    positions : tuple of Location
        The nested expressions that were being evaluated.
    candidates : tuple of str
        The properties that may be violated.
    states : list of TraceState
    length : int
        Number of states, whether or not they are kept.
    loop : int or None
    stuttering : bool
    """

    outcome: CheckOutcome
    message: str
    name: str | None = None
    location: Location | None = None
    positions: tuple[Location, ...] = ()
    candidates: tuple[str, ...] = ()
    states: list[TraceState] = msgspec.field(default_factory=list)
    length: int = 0
    loop: int | None = None
    stuttering: bool = False


class Interpreter:
    """Collector of TLC's messages, from which a result is built.

    Parameters
    ----------
    source : SpecSource, optional
        The specification that is checked.  It is used to find the name of a property, for which
        TLC only reports a location, and the location of an invariant, for which TLC only reports
        a name.
    partial_states : bool
        Whether a state only contains the changed variables (``-difftrace``).
    on_state : callable, optional
        Called with every state of a counterexample when it arrives.
    keep_states : bool
        Whether to keep states; otherwise they are only passed to `on_state` and counted.
    """

    def __init__(
        self,
        source: SpecSource | None = None,
        *,
        partial_states: bool = False,
        on_state: Callable[[TraceState], None] | None = None,
        keep_states: bool = True,
    ) -> None:
        self._source = source
        config = "" if source is None else source.config
        self._null_in_config = re.search(r"\bnull\b", config) is not None
        self._properties = config_sections(config).get("PROPERTY", [])
        self._partial = partial_states
        self._on_state = on_state
        self._keep = keep_states
        self.findings: list[Finding] = []
        self._parsing = False
        self._parser_text: list[str] = []
        self._nested: Finding | None = None
        self._bounded = False
        self._exhausted = False
        self._printed = 0
        self._before: dict[str, Value] = {}
        self._coverage = CoverageReader()
        self.finished = False
        self.prints: list[str] = []
        self.prints_cut = False
        self.warnings: list[str] = []
        self.success = False
        self.version = ""
        self.seed: int | None = None
        self.fingerprint: int | None = None
        self.generated: int | None = None
        self.distinct: int | None = None
        self.queue: int | None = None
        self.depth: int | None = None
        self.dropped_states = 0

    def take(self, event: OutputEvent) -> CheckProgress | None:
        """Process a message or line; return the progress that it reports, if any.

        Parameters
        ----------
        event : Message or Unmarked

        Returns
        -------
        CheckProgress or None
        """
        if isinstance(event, Unmarked):
            self._unmarked(event.text)
            return None
        code = event.code
        if code in {2220, 2219}:
            self._parsing = code == 2220
        elif code == 2262:
            self.version = event.text.strip()
        elif code in {2187, 2188, 2271}:
            self._bounded = code != 2187
            self._mode(event.text)
        elif code in {2200, 2199, 2204, 2205, 2206, 2209, 2210}:
            return self._counts(event)
        elif code == 2194:
            self.depth = number(event.text)
        elif code == 2193:
            self.success = True
        elif code == 2186:
            self.finished = True
        elif code in {2217, 2216, 2218, 2122}:
            self._state(event)
        elif code in CoverageReader.codes:
            self._coverage.take(event)
        elif code in _PLACED:
            self._place(event)
        elif event.severity == 3:
            self.warnings.append(event.text.strip())
        elif code in _FRAME:
            if not self.findings:
                self.findings.append(Finding("violation", "TLC does not report what is violated"))
        elif self._is_error(event):
            self._error(event)
        return None

    @staticmethod
    def _is_error(event: Message) -> bool:
        # TLC 2.15 nests an Assert in message 1000, which has the severity of information.
        return (
            event.code in _VIOLATED
            or event.code in _FAILED
            or event.severity in {1, 2}
            or event.within is not None
        )

    @property
    def ending(self) -> bool:
        """Whether TLC has finished or run out of memory, so that no result follows."""
        return self.finished or self._exhausted

    @property
    def printing(self) -> bool:
        """Whether a line between messages is output of the specification, not of the parser."""
        return not self._parsing

    def _unmarked(self, text: str) -> None:
        if self._parsing:
            self._parser_text.append(text)
            return
        self._printed += len(text) + 1
        if self._printed > _PRINT_LIMIT:
            self.prints_cut = True
        else:
            self.prints.append(text)

    def _mode(self, text: str) -> None:
        if match := _SEED.search(text):
            self.seed = int(match[1])
        if match := _FINGERPRINT.search(text):
            self.fingerprint = int(match[1])

    def _counts(self, event: Message) -> CheckProgress | None:
        if match := _COUNTS.search(event.text):
            generated, distinct, queue = match.groups()
            self.generated, self.distinct = number(generated), number(distinct)
            self.queue = None if queue is None else number(queue)
        elif match := _SIMULATED.search(event.text):
            self.generated = number(match[1])
            return CheckProgress(self.generated or 0, 0, 0, None)
        else:
            return None
        if depth := re.match(r"\s*Progress\((\d+)\)", event.text):
            self.depth = int(depth[1])
        return CheckProgress(self.generated or 0, self.distinct or 0, self.queue or 0, self.depth)

    def _place(self, event: Message) -> None:
        """Add locations to the error before this message; its own location is the innermost."""
        positions = tuple(locations(event.text))
        last = self.findings[-1] if self.findings else None
        if last is None:
            last = Finding("evaluation-error", event.text.strip())
            self.findings.append(last)
        self._nested = None
        if last.outcome == "error":
            last.outcome = "evaluation-error"
        if positions:
            # Message 2147 only contains the location, not the expressions around it.
            last.positions = positions if event.code == 2103 else last.positions
            last.location = last.location or positions[-1]

    def _error(self, event: Message) -> None:
        finding = self._finding(event, event.text.strip())
        inner, self._nested = self._nested, None
        if inner is not None:
            # The inner message gives the kind of error, the outer message its location or name.
            if finding.outcome in {"evaluation-error", "error"}:
                finding.outcome = inner.outcome
            if event.code != 1000:
                inner = finding
            inner.outcome = finding.outcome
            inner.name = inner.name or finding.name
            inner.location = inner.location or finding.location
            finding = inner
        if event.within is not None:
            self._nested = finding
            return
        self.findings.append(finding)
        self._exhausted = self._exhausted or finding.outcome == "out-of-memory"
        self._before = {}

    def _finding(self, event: Message, text: str) -> Finding:
        code = event.code
        if code in _VIOLATED:
            return self._violated(code, text)
        finding = Finding("error", text, location=find_location(text))
        if code in {3002, 2171} or (self._has_parse_error() and code not in _CONFIG):
            return self._parser_failure(text)
        if (match := _INVARIANT_FAILED.match(text)) and self._source is not None:
            finding.name = match[1]
            self._look_up(finding, self._source)
        if code in _FAILED:
            finding.outcome = _FAILED[code]
        elif code in _CONFIG or "ConfigFileException" in text:
            finding.outcome = "config-error"
        elif "StackOverflowError" in text:
            finding.outcome = "stack-overflow"
        elif "OutOfMemoryError" in text:
            finding.outcome = "out-of-memory"
        elif _TOO_LARGE.search(text):
            finding.outcome = "set-too-large"
        elif code in _EVALUATION or event.within is not None or _THROWN.search(text):
            finding.outcome = "evaluation-error"
        if match := _INITIAL.search(text):
            finding.message = text[: match.start()].strip()
            self._initial(finding, match["state"])
        return finding

    def _violated(self, code: int, text: str) -> Finding:
        outcome = _VIOLATED[code]
        finding = Finding(outcome, text, location=find_location(text))
        match = _VIOLATION.match(text)
        # Found by the location of the part that failed, if TLC reports nothing else.
        if match is not None and match["post"] is not None:
            finding.name = match["post"]
        elif match is not None and match[1] != "line":
            finding.name = match[1]
            if code == 2108 and match[1] not in self._properties:
                self._find_abstract_property(finding, match[1])
        elif outcome == "assumption" and finding.location is not None:
            modules = self._source.modules if self._source is not None else {}
            finding.name = assumption_name(finding.location, modules)
        elif outcome in {"action-property", "temporal"}:
            self._find_property(finding)
        if code in {2107, 2108}:
            heading, _, state = text.partition("\n")
            finding.message = heading
            self._initial(finding, state)
        if self._source is not None and finding.name is not None:
            self._look_up(finding, self._source)
        return finding

    def _find_abstract_property(self, finding: Finding, formula: str) -> None:
        """Find the property for a name that the configuration file does not contain.

        The name is that of a formula of another specification, which a property instantiates.
        """
        self._find_property(finding)
        if self._source is None or finding.name is None:
            return
        root = self._source.root
        places = [
            place
            for place, _ in definitions(self._source.modules).get(formula, [])
            if place.module != root
        ]
        finding.location = places[0] if len(places) == 1 else None

    def _initial(self, finding: Finding, text: str) -> None:
        if text.strip():
            self._keep_state(finding, _read_state(1, None, None, text, ()))

    def _find_property(self, finding: Finding) -> None:
        possible = self._properties
        finding.name = None
        if finding.location is not None and self._source is not None:
            defined = definitions(self._source.modules)
            place = finding.location
            containing = [
                name
                for name in possible
                if any(where.holds(place) for where, _ in reaches(name, defined))
            ]
            possible = containing or possible
        if len(possible) == 1:
            finding.name = possible[0]
        else:
            finding.candidates = tuple(possible)

    def _look_up(self, finding: Finding, source: SpecSource) -> None:
        """Find the definition of a name, and whether it refers to another specification."""
        assert finding.name is not None
        defined = definitions(source.modules)
        places = defined.get(finding.name, [])
        if finding.location is None and places:
            finding.location = places[0][0]
        if finding.outcome in {"action-property", "initial-property"} and any(
            re.search(r"\w\s*!\s*\w", body) for _, body in reaches(finding.name, defined)
        ):
            finding.outcome = "refinement"

    def _has_parse_error(self) -> bool:
        return any(
            line.startswith(("***Parse Error***", "Semantic errors:", "*** Errors:"))
            for line in self._parser_text
        )

    def _parser_failure(self, text: str) -> Finding:
        output = "\n".join(self._parser_text)
        start = min(
            (
                at
                for mark in (
                    "Semantic errors:", "*** Errors:", "***Parse Error***", "Lexical ",
                    "Fatal",
                    "Cannot find source file", "Could not parse",
                )
                if (at := output.find(mark)) >= 0
            ),
            default=-1,
        )  # fmt: skip
        detail = output[start:].strip() if start >= 0 else output.strip()[-2000:]
        semantic = "Semantic errors:" in output or "*** Errors:" in output
        location = find_location(detail)
        if location is None and (line := re.search(r"around line (\d{1,9})", detail)):
            location = Location(None, int(line[1]), 1)
        if location is not None and location.module is None:
            module = re.search(r"^(?:In module|Could not parse module) (\w+)", output, re.MULTILINE)
            if module:
                location = msgspec.structs.replace(location, module=module[1])
        message = f"{text}\n{detail}".strip()
        return Finding("semantic-error" if semantic else "parse-error", message, location=location)

    def _state(self, event: Message) -> None:
        if not self.findings:
            return
        finding = self.findings[-1]
        text = event.text
        match = _STATE.match(text)
        if event.code == 2218:
            finding.stuttering = True
        elif event.code == 2122:
            target = re.search(r"(?:Back to state:? ?)?(\d{1,9})", text)
            finding.loop = int(target[1]) if target else None
        elif match is not None:
            head = match[2] or ""
            location = find_location(head)
            action: str | None = head
            parameters: tuple[str, ...] = ()
            if location is not None:
                named = _ACTION.fullmatch(head)
                action, parameters = _call(named[1] if named else head.partition(" line ")[0])
            # Newer versions name the initial predicate; a distributed run lacks the initial state.
            first = match[1] == "1" and finding.outcome != "violation"
            if first or head in {"", "Initial predicate"}:
                action = None
            state = _read_state(int(match[1]), action, location, text[match.end() :], parameters)
            self._keep_state(finding, state)

    def _keep_state(self, finding: Finding, state: TraceState) -> None:
        if self._partial and state.unparsed is None:
            if state.index > 1:
                state = msgspec.structs.replace(state, variables=self._before | state.variables)
            self._before = state.variables
        if ModelValue("null") in state.variables.values() and not self._null_in_config:
            # TLC prints null for a variable that has no value yet.
            known = {n: v for n, v in state.variables.items() if v != ModelValue("null")}
            state = msgspec.structs.replace(state, variables=known)
        finding.length += 1
        if self._keep:
            finding.states.append(state)
        else:
            self.dropped_states += 1
        if self._on_state is not None:
            self._on_state(state)

    def verdict(
        self, exit_status: int | None, stderr: str, interrupted: CheckOutcome | None
    ) -> Finding:
        """Decide the outcome of the run from all messages.

        Parameters
        ----------
        exit_status : int or None
            TLC's exit status, if it ended by itself.
        stderr : str
            TLC's standard error output.
        interrupted : str or None
            ``"time-limit"`` or ``"cancelled"`` if the toolkit ended TLC.

        Returns
        -------
        Finding
        """
        if self.findings:
            best = min(self.findings, key=lambda finding: _RANK[finding.outcome])
            # A parser that is stopped may report unread text as an error.
            if interrupted is None or best.outcome != "parse-error":
                return best
        if interrupted is not None:
            return Finding(interrupted, "the run was ended before TLC had a result")
        # Java may not have ended by itself after TLC had finished.
        lingered = exit_status is None and self.finished and "OutOfMemoryError" not in stderr
        # A simulation and a depth-first search do not end with message 2193.
        if (exit_status == 0 or lingered) and (self.success or (self._bounded and self.finished)):
            return Finding("success", "no error was found")
        if "OutOfMemoryError" in stderr or "could not reserve enough space" in stderr.lower():
            return Finding("out-of-memory", stderr.strip())
        output = "\n".join([stderr.strip(), *self._parser_text[-20:], *self.prints[-20:]]).strip()
        if self._has_parse_error() or "Parsing or semantic analysis failed" in output:
            return self._parser_failure(stderr.strip())
        return Finding(
            "error",
            f"TLC ended with status {exit_status} and without a result: {output or 'no output'}",
        )

    def examples(self) -> tuple[Counterexample, ...]:
        """Return the counterexamples, in the order in which TLC found them.

        Returns
        -------
        tuple of Counterexample
        """
        return tuple(
            Counterexample(
                kind=finding.outcome,
                name=finding.name,
                message=finding.message,
                location=finding.location,
                source=self.source_at(finding.location),
                candidates=finding.candidates,
                states=tuple(finding.states),
                loop=finding.loop,
                stuttering=finding.stuttering,
            )
            for finding in self.findings
            if finding.length
        )

    def source_at(self, location: Location | None) -> str | None:
        """Return the text at a location; ``None`` if it is unknown.

        Parameters
        ----------
        location : Location or None

        Returns
        -------
        str or None
        """
        if location is None or self._source is None:
            return None
        return text_at(location, self._source.modules)

    @property
    def coverage(self) -> CoverageReader:
        """The collector of messages about coverage."""
        return self._coverage


def _call(text: str) -> tuple[str, tuple[str, ...]]:
    """Split ``Name(a, <<b, c>>)`` into the name and the texts of the arguments."""
    name, bracket, rest = text.strip().partition("(")
    if not bracket or not rest.endswith(")"):
        return text.strip(), ()
    return name, tuple(_split(rest[:-1]))


def _split(text: str) -> Sequence[str]:
    parts, depth, start = [], 0, 0
    for sign in _SIGN.finditer(text):
        if sign[0] in {"(", "[", "{", "<<"}:
            depth += 1
        elif sign[0] in {")", "]", "}", ">>"}:
            depth -= 1
        elif sign[0] == "," and depth == 0:
            parts.append(text[start : sign.start()].strip())
            start = sign.end()
    return [*parts, text[start:].strip()]


def _read_state(
    index: int,
    action: str | None,
    location: Location | None,
    text: str,
    parameters: tuple[str, ...],
) -> TraceState:
    try:
        variables: dict[str, Value] = parse_state(text)
    except ValueParseError:
        return TraceState(index, action, location, {}, text, parameters)
    return TraceState(index, action, location, variables, None, parameters)
