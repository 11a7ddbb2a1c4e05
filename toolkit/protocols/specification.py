"""A TLA+ specification and its trace format, as validation needs them.

A specification is a folder of TLA+ modules with a description of its traces.  It does not need a
node class: traces of a system that is not written in Python are validated with an object of this
class alone.  Most of its fields can be left out; they are then read from the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import SpecError

__all__ = ["Specification"]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A TLA+ specification as trace validation sees it.

    Only the first three fields are required if the specification follows the usual conventions; see
    :class:`toolkit.conformance.tracespec.TraceSpec` for what is read from its text.

    Parameters
    ----------
    name : str
        The name of the protocol, as in commands and in a trace's header.
    folder : pathlib.Path
        The folder of the specification.
    module : str
        The specification's module in that folder.
    trace_module : str or None
        A module in that folder with the hand-written part of the trace specification; it
        EXTENDS ``Trace``.  ``None`` if everything is generated.
    actions : tuple of str
        All names of actions in traces, including the host's (``Flush``, ``Crash``, ``Restart``).
        Empty: the actions of the next-state relation.
    trace_variables : tuple of str
        All variables that a step's ``state`` may contain.  Empty: all variables except
        `messages`, `hidden` and `ghosts`.
    hidden : tuple of str
        Variables that traces do not record, because they do not belong to a node.
    ghosts : tuple of str
        Variables that exist only for properties: traces and displayed states do not show them.
    messages : tuple of str
        The variables that hold the messages in flight, or all messages ever sent.  Empty: the
        variable ``msgs`` or ``messages``, if it exists.  A bound variable of the next-state
        relation whose set depends on one of them is the message that the step receives.  The
        messages that a step sends are compared with the first variable, which must be a growing
        set, unless the trace module defines ``Sends(e)``.
    node_of : mapping of str to str
        Action to a TLA+ expression over its bound variables that gives its node, for actions
        whose node cannot be read from the text: ``{"Commit": '"tm"', "Receive": "m.to"}``.
    action_names : mapping of str to str
        Definition to its name in traces, if the names differ.
    constants : mapping of str to Any
        Values of constants for traces whose header does not give them: Python values (sets,
        tuples, numbers, strings) or ITF-encoded values.
    null : str
        The constant that is written as ``null`` in a trace.
    initial, next : str or None
        The initial predicate and the next-state relation, if ``Spec`` does not name them.
    expected_actions : callable
        ``expected_actions(constants) -> tuple``: the actions that a run with these constants can
        have.  ``None``: all actions.
    invariants : tuple of str or None
        Names of the invariants that validation evaluates in every state of a trace; they should be
        cheap to evaluate.  ``None``: the invariants of the configuration file next to the module,
        and of the module's theorems ``Spec => []Invariant``.
    claims : mapping of str to str
        Further state properties that the specification defines but does not promise: name to a
        one-line description.  Validation evaluates them on request.
    unchecked : mapping of str to str
        Action to the part of it that the specification does not model, and why: validation cannot
        check that part of a step.
    replayable_variables : tuple of str
        The variables that a trace must record so that its states can be replayed without checking
        that the specification allows the steps (``Take`` in ``specs/trace/Trace.tla``).  Empty:
        such a replay is not possible.

    Raises
    ------
    SpecError
        If a text is given for a tuple of names.

    Examples
    --------
    >>> spec = Specification(name="commit", folder=Path("specs"), module="TwoPhase")
    >>> spec.null
    'None'
    """

    name: str
    folder: Path
    module: str
    trace_module: str | None = None
    actions: tuple[str, ...] = ()
    trace_variables: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    ghosts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    node_of: Mapping[str, str] = field(default_factory=dict)
    action_names: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    null: str = "None"
    initial: str | None = None
    next: str | None = None
    expected_actions: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    invariants: tuple[str, ...] | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    replayable_variables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        for name in (
            "actions", "trace_variables", "hidden", "ghosts", "messages", "invariants",
            "replayable_variables",
        ):  # fmt: skip
            value = getattr(self, name)
            if isinstance(value, str):
                raise SpecError(
                    f"{name} of the Specification {self.name!r} must be a tuple of names, not the "
                    f"text {value!r}",
                    hint=f"write {name}=({value!r},)",
                )
