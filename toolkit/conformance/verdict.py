"""What a validation says."""

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
    "Successor",
    "ValidationReport",
    "Verdict",
]


class Checked(msgspec.Struct, frozen=True):
    """How much of a trace was really compared.

    Parameters
    ----------
    steps : int
        Steps that TLC followed.
    actions, params, received, sent : int
        Steps among them that recorded the action, its parameters, the message received, and
        the messages that left.
    variables : int
        Values of variables that were compared, those that did not change included.
    unchecked : int
        Steps that recorded nothing but their node: any step of that node agrees.
    """

    steps: int = 0
    actions: int = 0
    params: int = 0
    received: int = 0
    sent: int = 0
    variables: int = 0
    unchecked: int = 0


class Difference(msgspec.Struct, frozen=True):
    """A variable in which specification and record differ.

    Parameters
    ----------
    variable : str
        Its name; ``"sent"`` for the messages that left.
    node : str
    spec, recorded : object
        Both values, ITF-encoded.
    """

    variable: str
    node: str
    spec: Any
    recorded: Any


class Successor(msgspec.Struct, frozen=True):
    """A state that the specification would have allowed.

    Parameters
    ----------
    action, node : str
        The step to it.
    same_occasion : bool
        Whether it is the recorded action with the recorded parameters and message.
    differences : tuple of Difference
        In what it differs from what was recorded.
    """

    action: str
    node: str
    same_occasion: bool
    differences: tuple[Difference, ...]


class Divergence(msgspec.Struct, frozen=True):
    """Where a trace departs from its specification.

    Parameters
    ----------
    step : int
        Index of the first step that no behaviour explains; -1 if the initial state already
        is not the specification's.
    record : Step or None
        That step.
    before : dict or None
        The specification's whole state before it, variable to ITF-encoded value; ``None`` if
        the divergence was located and not explained.
    behaviours : int
        How many states of the specification agree with all that was recorded before.
    allowed : tuple of str
        ``"Action(node)"`` for all that the specification allowed there.
    nearest : Successor or None
        The allowed successor that comes closest to the record.
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
    step : int
        After how many steps, 0 for the initial state; the first such state.  Up to where a
        trace diverges it is the specification's state, from there on what the trace recorded;
        where a trace leaves open in which state the specification is, it is one that agrees
        with all that was recorded by then.
    """

    invariant: str
    step: int


class Verdict(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one trace.

    Parameters
    ----------
    trace : str
        Its name.
    source : str or None
        The file that it came from.
    status : str
        ``"accepted"``; ``"violates"``: the specification allows the trace, and one of its
        invariants does not hold on the way; ``"diverged"``; or ``"not checkable"``.
    reason : str or None
        Why it could not be checked, or what limits the verdict.
    steps : int
        Steps in the trace.
    checked : Checked
    complete : bool
        Whether the trace was closed in good order.
    divergence : Divergence or None
    broken : tuple of Broken
        The invariants that do not hold, in the order of the steps.  Of a trace that diverges,
        also those that do not hold in what it recorded from there on.
    all_states : bool
        Whether the invariants were evaluated on all its states; else (a trace that diverges,
        and does not show all variables) on those before it diverges.  Means nothing where the
        report names no invariants.
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
    """What is said of many traces.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One for each trace, in order.
    actions : dict of str to int
        How often each action of the specification was recorded, 0 included.
    unchecked : dict of str to str
        Of the actions that were recorded, those of which the specification leaves something
        open: what of them was not checked, and why.
    invariants : tuple of str
        The invariants that were evaluated on every state; none if that was not asked for.
    duration : float
        Seconds of wall time.
    tlc_seconds : float
        Of these, in TLC.
    distinct_steps : int
        Steps that TLC was given at first: what several traces begin with counts once.
    runs : int
        How often TLC ran.
    tlc_version : str
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
        """Whether there was a trace, and every one was accepted."""
        return bool(self.verdicts) and all(v.status == "accepted" for v in self.verdicts)

    def count(self, status: str) -> int:
        """Return how many traces have this status."""
        return sum(verdict.status == status for verdict in self.verdicts)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The specification's actions that no trace recorded."""
        return tuple(name for name, count in self.actions.items() if not count)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data, values ITF-encoded.

        Returns
        -------
        dict
            The fields, and ``ok``, ``accepted``, ``violates``, ``diverged``,
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
