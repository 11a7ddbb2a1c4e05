"""Results of TLC: outcome, counterexamples, progress."""

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
"""Outcome of a run.

``initial-invariant`` and ``initial-property`` are violated by an initial state.
``postcondition`` is evaluated by newer versions of TLC after all states are explored.
``refinement`` is a step or an initial state that violates another specification, which is checked
as a property through an INSTANCE.  ``violation`` is a violation that TLC does not name, for
instance in its distributed mode.
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
"""The outcomes that are violations of what is checked."""


class CheckProgress(msgspec.Struct):
    """Progress of a running check.

    Parameters
    ----------
    generated, distinct, queue : int
        Number of states generated, of distinct states, and of states still to be explored.
    depth : int or None
        Length of the longest behaviour so far.
    elapsed : float
        Seconds since the start of the check.
    """

    generated: int
    distinct: int
    queue: int
    depth: int | None
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Average number of states generated per second."""
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
        Number of the state, from 1.
    action : str or None
        The action that led to the state; ``None`` for an initial state.
    location : Location or None
        Position of the action's definition.
    variables : dict of str to Value
        All variables.
    unparsed : str or None
        TLC's text, if it could not be parsed.
    parameters : tuple of str
        The action's arguments as TLA+ text, if TLC reports them (2.15 does not).
    """

    index: int
    action: str | None
    location: Location | None
    variables: dict[str, Any]
    unparsed: str | None = None
    parameters: tuple[str, ...] = ()


class Counterexample(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour that violates an invariant or a property.

    Parameters
    ----------
    kind : str
        The outcome that it shows; this includes behaviours that end in an evaluation error.
    name : str or None
        The violated invariant or property, if TLC reports it or there is only one.
    message : str
        TLC's message.
    location : Location or None
        Position in the modules.
    source : str or None
        The text at that position.
    candidates : tuple of str
        If `name` is ``None``, the properties that may be violated; otherwise all properties that
        the behaviour was found to violate.
    states : tuple of TraceState
        The behaviour.
    loop : int or None
        Index of the state to which a lasso returns.
    stuttering : bool
        Whether the behaviour ends in infinite stuttering.
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
        """Return the behaviour as JSON data, values in the ITF encoding.

        Returns
        -------
        dict
        """
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
    r"""Return the line of a message that describes the problem, without TLC's headings.

    Parameters
    ----------
    message : str
        TLC's message.

    Returns
    -------
    str

    Examples
    --------
    >>> gist("Parsing or semantic analysis failed.\n*** Errors: 1\n\nUnknown operator: `x'.")
    "Unknown operator: `x'."
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    details = [line for line in lines if not _HEADINGS.fullmatch(line)]
    return next(iter(details or lines), "").removeprefix(": ")


_QUANTIFIER = re.compile(r"\s*\\E\s[^:]*:(?!:)")
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")


def action_name(text: str) -> str | None:
    r"""Return the name of the operator that an action applies under quantifiers.

    TLC names an action after the innermost definition that it can expand.  It does not expand a
    quantifier over a set that changes, such as the messages sent so far; the text of the quantifier
    still names the action.

    Parameters
    ----------
    text : str
        TLA+ text: quantifiers, followed by an operator applied to arguments.

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
    """Rename the actions of counterexamples to the names in the specification's text.

    Parameters
    ----------
    examples : sequence of Counterexample
        Counterexamples with TLC's names of actions.
    modules : mapping of str to str
        Map from module name to text.

    Returns
    -------
    tuple of Counterexample
        An action whose text is not available, or does not have the form that
        :func:`action_name` expects, keeps TLC's name.
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
    """The result of a run of TLC.

    Parameters
    ----------
    outcome : str
        See :data:`CheckOutcome`.
    name : str or None
        The violated invariant or property.
    message : str
        TLC's message, or the reason why the run ended.
    location : Location or None
        Position of the problem.
    source : str or None
        The text at that position.
    positions : tuple of Location
        Positions of an evaluation error: the nested expressions, outermost first.
    candidates : tuple of str
        If `name` is ``None``, the properties that may be violated; otherwise all properties that
        the behaviour was found to violate.
    generated, distinct, left_on_queue, depth : int or None
        States generated, distinct states, states never explored, length of the longest
        behaviour from an initial state; the last numbers that TLC reported.
    complete : bool
        Whether all states within the model's bounds were explored.
    caveats : tuple of str
        Limits of the result: what was sampled, cut or assumed.
    duration : float
        Seconds of wall time, including the start of the JVM.
    counterexamples : tuple of Counterexample
        There may be several with ``-continue``.
    coverage : Coverage or None
        Coverage, if it was requested (``-coverage``).
    prints : str
        The output of the specification.
    prints_cut : bool
        Whether only the beginning of the output was kept because of its size.
    warnings : tuple of str
        Warnings of TLC and of the toolkit.
    log : str
        TLC's complete output.
    log_cut : bool
        Whether the beginning of the log was dropped because of its size.
    exit_status : int or None
        TLC's exit status; ``None`` if the toolkit ended TLC.
    tlc_version, java_version, command : str
        Versions and command line, which repeat the run with `workers`, `fingerprint` and `seed`.
    workers : int
    fingerprint : int
        Index of the fingerprint polynomial.
    seed : int or None
        The seed that TLC used, given or drawn.
    modules : dict of str to str
        The texts of the modules that were checked.
    config : str
        The text of the configuration file.
    checkpoint : str or None
        The folder with TLC's states, if they are kept.
    remembered : str or None
        The time when the result was computed, if it is from the cache.
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
        states = "no states" if self.distinct is None else f"{self.distinct:,} distinct states"
        more = "" if self.complete else ", not complete"
        if count := len(self.counterexamples):
            more += f", {count} counterexample{'' if count == 1 else 's'}"
        return f"<CheckResult, {self.outcome}{name}: {states}{more}>"

    @property
    def ok(self) -> bool:
        """Whether TLC completed the check without a problem."""
        return self.outcome == "success"

    @property
    def violation(self) -> bool:
        """Whether an invariant, a property or another check is violated."""
        return self.outcome in VIOLATIONS or any(
            example.kind in VIOLATIONS for example in self.counterexamples
        )

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of every module and, under ``.cfg``, of the configuration file."""
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
            The fields of this object, and ``ok``, ``violation`` and ``digests`` (of the texts of
            the modules, which are only included with the log).
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
