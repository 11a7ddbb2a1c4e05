"""A specification by itself: all that validation needs to know of it.

A specification is a folder of TLA+ modules and what a trace of it looks like.  Nothing here
needs a node class: a system that was never written in Python is validated with an object of this
class alone, and most of what it holds can be left to be read from the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Specification"]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A TLA+ specification as trace validation sees it.

    Only the first three are needed where the specification follows the usual conventions; see
    :class:`toolkit.conformance.tracespec.TraceSpec` for what is read from its text and how.

    Parameters
    ----------
    name : str
        The name people type, and that a trace's header gives as ``protocol``.
    folder : pathlib.Path
        The folder of the specification.
    module : str
        The specification's module in that folder.
    trace_module : str or None
        A module in that folder with what is written by hand of the trace specification; it
        EXTENDS ``Trace``.  ``None`` if everything is generated.
    actions : tuple of str
        All names of actions in traces, the host's own (``Flush``, ``Crash``, ``Restart``)
        included.  Empty: those of the next-state relation.
    trace_variables : tuple of str
        All variable names that a step's ``state`` may mention.  Empty: all variables except
        `messages`, `hidden` and `ghosts`.
    hidden : tuple of str
        Variables that no trace shows, as they belong to no node.
    ghosts : tuple of str
        Variables that exist for properties only: no trace shows them, and no state that is
        displayed.
    messages : tuple of str
        The variables that hold the messages under way or ever sent.  Empty: the variable
        ``msgs`` or ``messages``, if there is one.  A bound variable of the next-state relation
        whose set depends on one of them is the message that the step receives.  What a step
        sent is compared with the first, which must be a set that grows, unless the trace module
        defines ``Sends(e)``.
    node_of : mapping of str to str
        Action to a TLA+ expression over its bound variables that gives its node, for actions
        where the text does not say it: ``{"Commit": '"tm"', "Receive": "m.to"}``.
    action_names : mapping of str to str
        Definition to its name in traces, where this is another one.
    constants : mapping of str to Any
        Values of constants for traces whose header does not give them: Python values (sets,
        tuples, numbers, texts) or ITF-encoded ones.
    null : str
        The constant that ``null`` in a trace stands for.
    initial, next : str or None
        The initial predicate and the next-state relation, where ``Spec`` does not name them.
    expected_actions : callable
        ``expected_actions(constants) -> tuple``: those of ``actions`` that a run with these
        constants can have; all of them, unless the protocol has options.
    invariants : tuple of str or None
        Names of the specification's invariants that are evaluated on every state of a trace
        that is validated; each must be cheap where a trace is long.  ``None``: those of the
        configuration beside the module, and of its theorems ``Spec => []Invariant``.
    claims : mapping of str to str
        Further properties of states that the specification defines and does not promise, name
        to a line on them: a validation evaluates those that it is asked for.
    unchecked : mapping of str to str
        Action to what of it the specification does not speak of, and why: a step of it is
        allowed, and that part of it was not checked.
    replayable_variables : tuple of str
        The variables that a trace must show so that its states can be looked at by themselves,
        whether or not the specification has such steps (``Take`` in ``specs/trace/Trace.tla``).
        Empty: this is not done.

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
