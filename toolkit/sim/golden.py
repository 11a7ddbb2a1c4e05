"""Golden traces: the steps of a run as readable lines, and their comparison."""

from __future__ import annotations

import difflib
from typing import Any

from toolkit.errors import ScenarioError
from toolkit.sim.scenario import Scenario
from toolkit.trace import Step, Trace
from toolkit.values import format_itf

__all__ = ["compare_expected", "format_steps"]


def _message(record: dict[str, Any]) -> str:
    fields = ", ".join(
        f"{key}={format_itf(value)}" for key, value in record.items() if key != "type"
    )
    return f"{record.get('type', 'message')}({fields})"


def _line(step: Step) -> str:
    params = ", ".join(f"{key}={format_itf(value)}" for key, value in (step.params or {}).items())
    parts = [f"{step.index} {step.time:.9g} {step.node} {step.action or 'step'}"]
    if params:
        parts[0] += f"({params})"
    if step.received is not None:
        sender = f" from {step.received.sender}" if step.received.sender else ""
        parts.append(f"<- {_message(step.received.message)}{sender}")
    # The same message to several nodes is one entry.
    receivers: dict[str, list[str]] = {}
    for sent in step.sent or ():
        receivers.setdefault(_message(sent.message), []).append(sent.to or "?")
    parts += [f"-> {message} to {' '.join(to)}" for message, to in receivers.items()]
    if step.state:
        changes = ", ".join(f"{key}={format_itf(step.state[key])}" for key in sorted(step.state))
        parts.append(f"| {changes}")
    return " ".join(" ".join(parts).split())


def format_steps(trace: Trace) -> str:
    """Return the steps of a trace as readable lines, for a scenario's ``expect`` block.

    Parameters
    ----------
    trace : Trace
        A recorded run.

    Returns
    -------
    str
        A line a step: index, time in seconds (to nine digits), node, action with its
        parameters, ``<-`` the message received, ``->`` the messages that left, ``|`` the
        variables that changed, as TLA+ values.  The last line says how the run ended.

    Examples
    --------
    >>> from toolkit.trace import Header, Step, Trace
    >>> header = Header(schema=1, protocol="paxos", trace="t", nodes=("n1",))
    >>> step = Step(index=0, time=0.5, node="n1", action="Request", params={"v": "x"},
    ...             state={"want": "x"})
    >>> print(format_steps(Trace(header=header, records=[step])))
    0 0.5 n1 Request(v="x") | want="x"
    not ended
    """
    end = trace.end
    last = "not ended" if end is None else f"{end.reason} at {end.time:.9g}"
    return "\n".join([*map(_line, trace.steps), last])


def compare_expected(trace: Trace, scenario: Scenario) -> list[str]:
    """Compare a run with what its scenario expects.

    Parameters
    ----------
    trace : Trace
        A run of the scenario, with the scenario's own seed.
    scenario : Scenario
        With an ``expect`` block.

    Returns
    -------
    list of str
        A unified diff, from expected to happened; empty if there is no difference.

    Raises
    ------
    ScenarioError
        If the scenario expects nothing: then nothing can be compared.
    """
    if scenario.expected is None:
        raise ScenarioError(
            f"the scenario {scenario.name!r} says of no step that it is expected",
            path=scenario.source,
            hint="add a block 'expect ... end'",
        )
    happened = format_steps(trace).splitlines()
    return list(
        difflib.unified_diff(
            list(scenario.expected), happened, "expected", "happened", lineterm="", n=2
        )
    )
