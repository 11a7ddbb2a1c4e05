"""A specification by itself: all that validation needs to know of it.

A specification is a folder of TLA+ modules and what a trace of it looks like.  Nothing here
needs a node class: a system that was never written in Python is validated with an object of this
class alone.
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

    Parameters
    ----------
    name : str
        The name people type, and that a trace's header gives as ``protocol``.
    folder : pathlib.Path
        The folder of the specification.
    module, trace_module : str
        Names of the specification and of its trace specification in that folder.
    actions : tuple of str
        All action names of the trace specification, the host's own (``Flush``, ``Crash``,
        ``Restart``) included.
    trace_variables : tuple of str
        All variable names that a step's ``state`` may mention; the trace specification's
        ``Shown`` has the same.
    trace_constants : callable
        ``trace_constants(constants, largest) -> dict``: further constants that
        depend on what was recorded (``largest``: the largest integer in the traces); raises
        :class:`~toolkit.errors.TraceError` if the header's constants lack one.
    expected_actions : callable
        ``expected_actions(constants) -> tuple``: those of ``actions`` that a run with these
        constants can have; all of them, unless the protocol has options.
    invariants : tuple of str
        Names of the specification's invariants that are evaluated on every state of a trace
        that is validated; each must be cheap where a trace is long.
    claims : mapping of str to str
        Further properties of states that the specification defines and does not promise, name
        to a line on them: a validation evaluates those that it is asked for.
    unchecked : mapping of str to str
        Action to what of it the specification does not speak of, and why: a step of it is
        allowed, and that part of it was not checked.
    replayable_variables : tuple of str
        The variables that a trace must show so that its states can be looked at by themselves,
        whether or not the specification has such steps; none if the trace specification does
        not say how (``Take`` in ``specs/trace/Trace.tla``).
    """

    name: str
    folder: Path
    module: str
    trace_module: str
    actions: tuple[str, ...]
    trace_variables: tuple[str, ...]
    trace_constants: Callable[[Mapping[str, Any], int], dict[str, Any]] = field(
        default=lambda constants, largest: {}
    )
    expected_actions: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    invariants: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    replayable_variables: tuple[str, ...] = ()
