"""Golden traces: the steps of a run as readable lines, and their comparison."""

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
    """Return of what kind a value in the ITF encoding is, if it has parts that can be named."""
    if not isinstance(value, dict):
        return None
    return next(
        (kind for kind in ("#tup", "#map") if kind in value),
        None if any(name.startswith("#") for name in value) else "record",
    )


def _changes(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield what is different in a value, each part by the name that it has in TLA+."""
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
            same = next(
                (place for place, (before, after) in enumerate(pairs) if before != after),
                min(len(old[kind]), len(new[kind])),
            )
            if same:
                rest = {"#tup": new[kind][same:]}
                yield f"{path}[{same + 1}..]={format_itf(rest)}"
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
        variables that changed, as TLA+ values: of a record or a function only what is different
        in it, and of a sequence, as ``log[3..]``, all from the first place that is.  The last
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
