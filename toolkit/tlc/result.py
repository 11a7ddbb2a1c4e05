"""What came out of a run of TLC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar, Literal

import msgspec

from toolkit.faces import Shown
from toolkit.tlc.coverage import Coverage
from toolkit.tlc.modules import Location, text_at
from toolkit.values import to_itf

__all__ = [
    "VIOLATIONS",
    "CheckOutcome",
    "CheckProgress",
    "CheckResult",
    "Counterexample",
    "TraceState",
    "action_name",
    "gist",
    "name_actions",
]

CheckOutcome = Literal[
    "success",
    "invariant",
    "initial-invariant",
    "initial-property",
    "action-property",
    "refinement",
    "temporal",
    "deadlock",
    "assumption",
    "postcondition",
    "assert",
    "violation",
    "evaluation-error",
    "set-too-large",
    "parse-error",
    "semantic-error",
    "config-error",
    "out-of-memory",
    "stack-overflow",
    "time-limit",
    "cancelled",
    "error",
]
"""How a run ended.

``initial-invariant`` and ``initial-property`` are violated by an initial state.
``postcondition`` is what newer versions look at when they have explored everything.
``refinement`` is a step, or an initial state, that a property forbids which is another
specification's, by way of an INSTANCE.  ``violation`` is one that TLC does not name, as its
distributed mode does not.
"""

VIOLATIONS = frozenset(
    {
        "invariant",
        "initial-invariant",
        "initial-property",
        "action-property",
        "refinement",
        "temporal",
        "deadlock",
        "assumption",
        "postcondition",
        "assert",
        "violation",
    }
)
"""The outcomes that say: what was claimed does not hold."""


class CheckProgress(msgspec.Struct):
    """How far a running check has come.

    Parameters
    ----------
    generated, distinct, queue : int
        States generated, distinct ones, and those still to be explored.
    depth : int or None
        Length of the longest behaviour so far.
    elapsed : float
        Seconds since the check began.
    """

    generated: int
    distinct: int
    queue: int
    depth: int | None
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """States generated in a second, on the average so far."""
        return self.generated / self.elapsed if self.elapsed > 0 else 0.0

    def __str__(self) -> str:
        depth = "" if self.depth is None else f", depth {self.depth}"
        return (
            f"{self.distinct:,} distinct of {self.generated:,} states, {self.queue:,} to explore"
            f"{depth}, {self.rate:,.0f} a second"
        )


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
    parameters : tuple of str
        The action's arguments as TLA+ text, where TLC gives them (2.15 does not).
    """

    index: int
    action: str | None
    location: Location | None
    variables: dict[str, Any]
    unparsed: str | None = None
    parameters: tuple[str, ...] = ()


class Counterexample(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour that violates something.

    Parameters
    ----------
    kind : str
        The outcome that it shows.  The behaviour before an evaluation error is one too.
    name : str or None
        What is violated, where TLC says or it can be nothing else.
    message : str
        What TLC said.
    location : Location or None
        Where it stands in the modules.
    source : str or None
        The text there.
    candidates : tuple of str
        Where TLC does not say which property failed: those that it may have been; with a
        `name`, all those that the behaviour was found to violate.
    states : tuple of TraceState
        The behaviour.
    loop : int or None
        Index of the state that a lasso returns to.
    stuttering : bool
        Whether the behaviour ends in stuttering for ever.
    """

    face: ClassVar[str] = "counterexample"

    kind: str
    name: str | None
    message: str
    location: Location | None = None
    source: str | None = None
    candidates: tuple[str, ...] = ()
    states: tuple[TraceState, ...] = ()
    loop: int | None = None
    stuttering: bool = False

    def __repr__(self) -> str:
        name = f" of {self.name}" if self.name else ""
        end = f", back to {self.loop}" if self.loop is not None else ""
        end = ", then stuttering" if self.stuttering else end
        return f"<Counterexample, {self.kind}{name}: {len(self.states):,} states{end}>"

    def to_json(self) -> dict[str, Any]:
        """Return the behaviour as JSON data, values in the ITF encoding."""
        data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(self, states=()))
        data["states"] = [
            {
                "index": state.index,
                "action": state.action,
                "location": msgspec.to_builtins(state.location),
                "variables": {name: to_itf(value) for name, value in state.variables.items()},
                "unparsed": state.unparsed,
                "parameters": list(state.parameters),
            }
            for state in self.states
        ]
        return data


_HEADINGS = re.compile(
    r"(?:Parsing or semantic analysis failed|TLC threw an unexpected exception)\.?"
    r"|This was probably caused by an error in the spec or model\."
    r"|See the User Output or TLC Console for clues to what happened\."
    r"|Semantic errors:|\*+ ?Errors: \d+|\*+Parse Error\*+|line \d+, col \d+.* of module \S+"
    r"|The exception was an? \S+|Fatal errors while parsing TLA\+ spec in file .*"
    r"|tla2sany\.semantic\.AbortException|\*+ ?Abort messages: \d+|Unknown location"
)


def gist(message: str) -> str:
    r"""Return the line of a message that says what is wrong, which TLC puts under headings.

    Parameters
    ----------
    message : str
        What TLC said.

    Examples
    --------
    >>> gist("Parsing or semantic analysis failed.\n*** Errors: 1\n\nUnknown operator: `x'.")
    "Unknown operator: `x'."
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not _HEADINGS.fullmatch(line)]
    return next(iter(telling or lines), "").removeprefix(": ")


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
        text = text_at(state.location, modules) if state.location else None
        name = action_name(text) if text and state.action else None
        return msgspec.structs.replace(state, action=name) if name else state

    return tuple(
        msgspec.structs.replace(example, states=tuple(named(state) for state in example.states))
        for example in examples
    )


class CheckResult(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a run of TLC.

    Parameters
    ----------
    outcome : str
        See :data:`CheckOutcome`.
    name : str or None
        What is violated.
    message : str
        What TLC said, or why the run ended.
    location : Location or None
        Where.
    source : str or None
        The text at that place.
    positions : tuple of Location
        Where an evaluation went wrong: the nested expressions, outermost first.
    candidates : tuple of str
        The properties that it may have been, where TLC does not say which; with a `name`, all
        those that the behaviour was found to violate.
    generated, distinct, left_on_queue, depth : int or None
        States generated, distinct states, states never explored, length of the longest
        behaviour from an initial state; the last ones that TLC reported.
    complete : bool
        Whether all states within the model's bounds were explored.
    caveats : tuple of str
        In what the answer says less than it seems to: what was sampled, cut or assumed.
    duration : float
        Seconds of wall time, the start of the JVM included.
    counterexamples : tuple of Counterexample
        Under ``-continue`` there may be several.
    coverage : Coverage or None
        If TLC was asked for it (``-coverage``).
    prints : str
        What the specification printed.
    prints_cut : bool
        Whether only the beginning of it was kept, because of its size.
    warnings : tuple of str
        TLC's warnings, and ours.
    log : str
        TLC's whole output.
    log_cut : bool
        Whether the beginning of the log was dropped because of its size.
    exit_status : int or None
        TLC's own; ``None`` if it was ended by us.
    tlc_version, java_version, command : str
        What is needed to run it again, with `workers`, `fingerprint` and `seed`.
    workers : int
    fingerprint : int
        Index of the fingerprint polynomial.
    seed : int or None
        The seed that TLC used, given or drawn.
    modules : dict of str to str
        The texts of the modules that were checked.
    config : str
        The text of the configuration.
    checkpoint : str or None
        Where TLC left its states, if it was told to keep them.
    remembered : str or None
        When the result was computed, if it was not computed now.
    """

    face: ClassVar[str] = "check"

    outcome: CheckOutcome
    name: str | None
    message: str
    location: Location | None
    source: str | None = None
    positions: tuple[Location, ...] = ()
    candidates: tuple[str, ...] = ()
    generated: int | None
    distinct: int | None
    left_on_queue: int | None
    depth: int | None
    complete: bool
    caveats: tuple[str, ...] = ()
    duration: float
    counterexamples: tuple[Counterexample, ...]
    coverage: Coverage | None = None
    prints: str
    prints_cut: bool = False
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
    modules: dict[str, str] = {}
    config: str = ""
    checkpoint: str | None = None
    remembered: str | None = None

    def __repr__(self) -> str:
        name = f" of {self.name}" if self.name else ""
        told = "no states" if self.distinct is None else f"{self.distinct:,} distinct states"
        more = "" if self.complete else ", not complete"
        if found := len(self.counterexamples):
            more += f", {found} counterexample{'' if found == 1 else 's'}"
        return f"<CheckResult, {self.outcome}{name}: {told}{more}>"

    @property
    def ok(self) -> bool:
        """Whether TLC found nothing wrong, and said so."""
        return self.outcome == "success"

    @property
    def violation(self) -> bool:
        """Whether something that was claimed does not hold."""
        return self.outcome in VIOLATIONS or any(
            example.kind in VIOLATIONS for example in self.counterexamples
        )

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of every module and, under ``.cfg``, of the configuration."""
        texts = {**self.modules, ".cfg": self.config}
        return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}

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
            The fields of this object, and ``ok``, ``violation``, ``digests`` (of the modules'
            texts, which stand there only with the log).
        """
        data: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(self, counterexamples=(), log=self.log if log else "")
        )
        if not log:
            del data["log"], data["modules"], data["config"]
        data["digests"] = self.digests
        data["ok"] = self.ok
        data["violation"] = self.violation
        data["counterexamples"] = [example.to_json() for example in self.counterexamples]
        return data
