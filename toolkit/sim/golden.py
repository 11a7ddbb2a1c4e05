"""Golden traces: readable lines for the steps of a run, and comparison with expected steps."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
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


def _kind(value: Any) -> str | None:
    """Return the kind of an ITF-encoded value: tuple, function or record; otherwise ``None``."""
    if not isinstance(value, dict):
        return None
    return next(
        (kind for kind in ("#tup", "#map") if kind in value),
        None if any(name.startswith("#") for name in value) else "record",
    )


def _changes(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the differences between two values as TLA+ assignments, such as ``x.field=1``."""
    kind = _kind(new)
    if kind is not None and kind == _kind(old):
        if kind == "record" and old.keys() == new.keys():
            for name in new:
                if old[name] != new[name]:
                    yield from _changes(f"{path}.{name}", old[name], new[name])
            return
        if kind == "#map" and [at for at, _ in old[kind]] == [at for at, _ in new[kind]]:
            for (at, before), (_, after) in zip(old[kind], new[kind], strict=True):
                if before != after:
                    yield from _changes(f"{path}[{format_itf(at)}]", before, after)
            return
        if kind == "#tup":
            pairs = zip(old[kind], new[kind], strict=False)
            prefix = next(
                (place for place, (before, after) in enumerate(pairs) if before != after),
                min(len(old[kind]), len(new[kind])),
            )
            if prefix:
                rest = {"#tup": new[kind][prefix:]}
                yield f"{path}[{prefix + 1}..]={format_itf(rest)}"
                return
    yield f"{path}={format_itf(new)}"


def _line(step: Step, known: dict[str, Any]) -> str:
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
        changes = [
            change
            for key in sorted(step.state)
            for change in _changes(key, known.get(key), step.state[key])
        ]
        known.update(step.state)
        if changes:
            parts.append(f"| {', '.join(changes)}")
    return " ".join(" ".join(parts).split())


def format_steps(trace: Trace) -> str:
    """Format the steps of a trace as readable lines, for a scenario's ``expect`` block.

    Parameters
    ----------
    trace : Trace
        A recorded run.

    Returns
    -------
    str
        One line for each step: index, time in seconds (to nine digits), node, action with its
        parameters, ``<-`` the message received, ``->`` the messages sent, ``|`` the changed
        variables as TLA+ values.  For a record or function, only the changed fields are given;
        for a sequence, all elements from the first changed one, such as ``log[3..]``.  The last
        line says how the run ended.

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
    known = {node: dict(trace.header.initial.get(node, {})) for node in trace.header.nodes}
    lines = [_line(step, known.setdefault(step.node, {})) for step in trace.steps]
    return "\n".join([*lines, last])


def compare_expected(trace: Trace, scenario: Scenario) -> list[str]:
    """Compare the steps of a run with the expected steps of its scenario.

    Parameters
    ----------
    trace : Trace
        A run of the scenario, with the scenario's own seed.
    scenario : Scenario
        A scenario with an ``expect`` block.

    Returns
    -------
    list of str
        A unified diff from the expected to the actual steps; empty if there is no difference.

    Raises
    ------
    ScenarioError
        If the scenario has no ``expect`` block.
    """
    if scenario.expected is None:
        raise ScenarioError(
            f"the scenario {scenario.name!r} has no expected steps",
            path=scenario.source,
            hint="add a block 'expect ... end'",
        )
    happened = format_steps(trace).splitlines()
    return list(
        difflib.unified_diff(
            list(scenario.expected), happened, "expected", "happened", lineterm="", n=2
        )
    )
