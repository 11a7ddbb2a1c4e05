"""Export of traces to ITF, ShiViz and pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.trace.model import Step, Trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHIVIZ_PARSER", "Frames", "to_frames", "to_itf", "to_shiviz"]

SHIVIZ_PARSER = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)"
"""The regular expression that ShiViz needs to parse the output of :func:`to_shiviz`."""


def to_itf(trace: Trace) -> dict[str, Any]:
    """Return a trace in Apalache's Informal Trace Format (ITF).

    Parameters
    ----------
    trace : Trace
        The trace.

    Returns
    -------
    dict
        ``vars`` and ``states``: the recorded variables, each a function (``#map``) from node
        to value.  State 0 is the initial state; state k+1 is the state after step k.
    """
    names = sorted(
        {name for _, state in trace.states() for node in state.values() for name in node}
        | {name for node in trace.header.initial.values() for name in node}
    )

    def snapshot(index: int, state: dict[str, dict[str, Any]], step: Step | None) -> dict[str, Any]:
        meta: dict[str, Any] = {"index": index}
        if step is not None:
            meta |= {"action": step.action, "node": step.node, "time": step.time}
        shown: dict[str, Any] = {"#meta": meta}
        for name in names:
            shown[name] = {
                "#map": [
                    [node, _with_model_values(values[name])]
                    for node, values in state.items()
                    if name in values
                ]
            }
        return shown

    initial = {node: dict(trace.header.initial.get(node, {})) for node in trace.header.nodes}
    states = [snapshot(0, initial, None)]
    states += [snapshot(i, state, step) for i, (step, state) in enumerate(trace.states(), 1)]
    return {
        "#meta": {
            "format": "ITF",
            "source": f"{trace.header.protocol}: {trace.header.trace}",
            "description": trace.header.replay or "",
        },
        "params": sorted(trace.header.constants),
        "vars": names,
        "states": states,
    }


def _with_model_values(value: Any) -> Any:
    if value is None:
        return {"#model": "None"}
    if isinstance(value, dict):
        return {key: _with_model_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_model_values(item) for item in value]
    return value


def to_shiviz(trace: Trace) -> str:
    """Return a trace as a log with vector clocks, for ShiViz.

    Parameters
    ----------
    trace : Trace
        The trace; its messages need numbers (``id``) for the vector clocks.

    Returns
    -------
    str
        Two lines for each step, which :data:`SHIVIZ_PARSER` parses.
    """
    clocks: dict[str, dict[str, int]] = {node: {} for node in trace.header.nodes}
    sent: dict[int, dict[str, int]] = {}
    lines = []
    for step in trace.steps:
        clock = clocks[step.node]
        if step.received is not None and step.received.id in sent:
            for node, count in sent[step.received.id].items():
                clock[node] = max(clock.get(node, 0), count)
        clock[step.node] = clock.get(step.node, 0) + 1
        for message in step.sent or ():
            if message.id is not None:
                sent[message.id] = dict(clock)
        what = step.action or "step"
        if step.received is not None:
            what += f" <- {json.dumps(step.received.message, sort_keys=True)}"
        shown = json.dumps({node: clock[node] for node in sorted(clock)})
        lines += [f"{step.node} {shown}", what.replace("\n", " ")]
    return "\n".join(lines) + "\n"


class Frames(NamedTuple):
    """A trace as tables.

    Attributes
    ----------
    steps : pandas.DataFrame
        ``index``, ``time`` (s), ``node``, ``action``, ``params`` (dict or None), ``received``
        (type of the message, or None), ``sent`` (number of messages sent).
    messages : pandas.DataFrame
        A row for each message and receiver, and for each duplicate that arrived: ``id``,
        ``sender``, ``receiver``, ``type``, ``sent_at``, ``received_at`` (s; missing if it
        never arrived), ``copy`` (0 for the first arrival), ``lost`` (never arrived).
    states : pandas.DataFrame
        The changed variables: ``index`` of the step, ``time`` (s), ``node``, ``variable``,
        ``value`` (ITF-encoded); the initial values have index -1.
    """

    steps: pd.DataFrame
    messages: pd.DataFrame
    states: pd.DataFrame


def to_frames(trace: Trace) -> Frames:
    """Return a trace as tables.

    Parameters
    ----------
    trace : Trace
        The trace.

    Returns
    -------
    Frames
        Tables of steps, messages and states.
    """
    import pandas as pd

    steps: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = [
        {"index": -1, "time": 0.0, "node": node, "variable": name, "value": value}
        for node, values in trace.header.initial.items()
        for name, value in values.items()
    ]
    messages: dict[int, dict[str, Any]] = {}
    copies: list[dict[str, Any]] = []
    arrivals: dict[int, int] = {}
    for step in trace.steps:
        received = step.received
        steps.append(
            {
                "index": step.index,
                "time": step.time,
                "node": step.node,
                "action": step.action,
                "params": step.params,
                "received": received.message.get("type") if received else None,
                "sent": len(step.sent or ()),
            }
        )
        for name, value in (step.state or {}).items():
            states.append(
                {
                    "index": step.index,
                    "time": step.time,
                    "node": step.node,
                    "variable": name,
                    "value": value,
                }
            )
        for message in step.sent or ():
            if message.id is not None:
                messages[message.id] = {
                    "id": message.id,
                    "sender": step.node,
                    "receiver": message.to,
                    "type": message.message.get("type"),
                    "sent_at": step.time,
                    "received_at": None,
                    "copy": 0,
                    "lost": True,
                }
        if received is not None and received.id in messages:
            row = messages[received.id]
            count = arrivals.get(received.id, 0)
            if count == 0:
                row["received_at"], row["lost"] = step.time, False
            else:
                copies.append({**row, "received_at": step.time, "copy": count})
            arrivals[received.id] = count + 1
    columns = ["id", "sender", "receiver", "type", "sent_at", "received_at", "copy", "lost"]
    rows = sorted([*messages.values(), *copies], key=lambda row: (row["id"], row["copy"]))
    return Frames(
        pd.DataFrame(
            steps, columns=["index", "time", "node", "action", "params", "received", "sent"]
        ),
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(states, columns=["index", "time", "node", "variable", "value"]),
    )
