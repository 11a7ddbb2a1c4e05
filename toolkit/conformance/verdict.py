"""Verdicts of trace validation."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from toolkit.faces import Shown
from toolkit.trace import Step

__all__ = [
    "Broken",
    "Checked",
    "Difference",
    "Divergence",
    "SpecReplay",
    "Successor",
    "ValidationReport",
    "Verdict",
]


class Checked(msgspec.Struct, frozen=True):
    """Counts of what validation compared in a trace.

    Parameters
    ----------
    steps : int
        Steps that TLC followed.
    actions, params, received, sent : int
        Those of these steps that record the action, its parameters, the message received, and
        the messages sent.
    variables : int
        Values of variables that were compared, including unchanged values.
    unchecked : int
        Steps that record only their node: any step of that node agrees with them.
    """

    steps: int = 0
    actions: int = 0
    params: int = 0
    received: int = 0
    sent: int = 0
    variables: int = 0
    unchecked: int = 0


class Difference(msgspec.Struct, frozen=True):
    """A variable whose value differs between specification and record.

    Parameters
    ----------
    variable : str
        Its name; ``"sent"`` for the messages sent.
    node : str
    spec, recorded : object
        Both values, ITF-encoded.
    """

    variable: str
    node: str
    spec: Any
    recorded: Any


class Successor(msgspec.Struct, frozen=True):
    """A next state that the specification allows.

    Parameters
    ----------
    action, node : str
        The step that leads to the state.
    same_occasion : bool
        Whether the step is the recorded action with the recorded parameters and message.
    differences : tuple of Difference
        The differences from the recorded state.
    """

    action: str
    node: str
    same_occasion: bool
    differences: tuple[Difference, ...]


class Divergence(msgspec.Struct, frozen=True):
    """The first step of a trace that the specification does not allow.

    Parameters
    ----------
    step : int
        Index of that step; -1 if the specification does not allow the initial state.
    record : Step or None
        That step.
    before : dict or None
        The specification's whole state before the step, variable to ITF-encoded value; ``None``
        if the divergence was located but not explained.
    behaviours : int
        Number of states of the specification that agree with everything recorded before.
    allowed : tuple of str
        ``"Action(node)"`` for each step that the specification allows there.
    nearest : Successor or None
        The allowed successor that is closest to the record.
    """

    step: int
    record: Step | None
    before: dict[str, Any] | None = None
    behaviours: int = 0
    allowed: tuple[str, ...] = ()
    nearest: Successor | None = None


class Broken(msgspec.Struct, frozen=True):
    """An invariant of the specification that does not hold in a state of a trace.

    Parameters
    ----------
    invariant : str
        Its name.
    step : int
        Number of steps before the first such state, 0 for the initial state.  Before a
        divergence, the state is the specification's; after it, the state that the trace
        recorded.  If several states of the specification agree with the record so far, the
        invariant fails in at least one of them.
    """

    invariant: str
    step: int


class Verdict(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """The result of validation for one trace.

    Parameters
    ----------
    trace : str
        The trace's name.
    source : str or None
        The file that the trace was read from.
    status : str
        ``"accepted"``: the specification allows the trace; ``"violates"``: it allows the trace,
        but an invariant does not hold in some state; ``"diverged"``: it does not allow the
        trace; ``"not checkable"``: the trace could not be compared.
    reason : str or None
        Why the trace could not be checked, or what limits the verdict.
    steps : int
        Number of steps in the trace.
    checked : Checked
        Counts of what was compared.
    complete : bool
        Whether the trace has an end record.
    divergence : Divergence or None
        Where the trace diverged, if it did.
    broken : tuple of Broken
        The invariants that do not hold, in the order of the steps.  For a trace that diverges,
        invariants that do not hold in the states recorded after the divergence are included.
    all_states : bool
        Whether the invariants were evaluated in all states of the trace.  If false, they were
        evaluated only in the states before the divergence, because the trace does not record all
        variables.  Has no meaning if the report lists no invariants.
    replay : str or None
        The command that produces the trace again.
    """

    face: ClassVar[str] = "verdict"

    trace: str
    source: str | None
    status: Literal["accepted", "violates", "diverged", "not checkable"]
    steps: int
    checked: Checked
    complete: bool
    reason: str | None = None
    divergence: Divergence | None = None
    broken: tuple[Broken, ...] = ()
    all_states: bool = False
    replay: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the trace was accepted."""
        return self.status == "accepted"


class ValidationReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of many traces, with coverage and cost.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One for each trace, in order.
    actions : dict of str to int
        How often each action of the specification was recorded, including 0.
    unchecked : dict of str to str
        Recorded actions of which validation could not check a part, each with what was not
        checked and why.
    invariants : tuple of str
        The invariants that were evaluated in every state; empty if none were requested.
    duration : float
        Wall time in seconds.
    tlc_seconds : float
        The part of `duration` spent in TLC.
    distinct_steps : int
        Number of steps that TLC received at first; a common prefix of several traces counts once.
    runs : int
        Number of runs of TLC.
    tlc_version : str
        TLC's version.
    """

    face: ClassVar[str] = "validation"

    verdicts: tuple[Verdict, ...]
    actions: dict[str, int]
    unchecked: dict[str, str]
    invariants: tuple[str, ...]
    duration: float
    tlc_seconds: float
    distinct_steps: int
    runs: int
    tlc_version: str

    @property
    def ok(self) -> bool:
        """Whether there was at least one trace and all traces were accepted."""
        return bool(self.verdicts) and all(v.status == "accepted" for v in self.verdicts)

    def count(self, status: str) -> int:
        """Return the number of traces with a status.

        Parameters
        ----------
        status : str
            A value of :attr:`Verdict.status`.
        """
        return sum(verdict.status == status for verdict in self.verdicts)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The specification's actions that no trace recorded."""
        return tuple(name for name, count in self.actions.items() if not count)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data, with ITF-encoded values.

        Returns
        -------
        dict
            The report's fields, and ``ok``, ``accepted``, ``violates``, ``diverged``,
            ``not_checkable``, ``steps``, ``unseen``.
        """
        data: dict[str, Any] = {
            "ok": self.ok,
            "accepted": self.count("accepted"),
            "violates": self.count("violates"),
            "diverged": self.count("diverged"),
            "not_checkable": self.count("not checkable"),
            "steps": sum(verdict.checked.steps for verdict in self.verdicts),
            "unseen": list(self.unseen),
        }
        return data | msgspec.to_builtins(self)  # type: ignore[no-any-return]


class SpecReplay:
    """A trace with the specification's state after each of its steps.

    Attributes
    ----------
    verdict : Verdict
        The trace's verdict, as from :func:`toolkit.conformance.validate`.
    states : tuple of dict
        The specification's whole states, variable to ITF-encoded value.  Element 0 is the initial
        state and element k+1 the state after step k.  The states end where the trace diverges.
    ambiguous : bool
        Whether more than one state agrees with the record of some step.  The first state found
        is given there.
    """

    def __init__(
        self, verdict: Verdict, states: tuple[dict[str, Any], ...], ambiguous: bool
    ) -> None:
        self.verdict = verdict
        self.states = states
        self.ambiguous = ambiguous

    def at(self, node: str, index: int) -> dict[str, Any] | None:
        """Return the specification's variables at one node, as TLC computed them.

        Parameters
        ----------
        node : str
        index : int
            0 for the initial state, k+1 for the state after step k.

        Returns
        -------
        dict or None
            Variable to ITF-encoded value; ``None`` beyond the last state.
        """
        if not 0 <= index < len(self.states):
            return None
        shown = {}
        for name, value in self.states[index].items():
            if isinstance(value, dict) and node in value and not name.startswith("#"):
                shown[name] = value[node]
        return shown
