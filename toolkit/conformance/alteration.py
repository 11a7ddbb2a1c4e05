"""Altered traces, to test that validation notices an alteration."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from toolkit.conformance.tracespec import TraceSpec
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol
from toolkit.trace import Received, Sent, Step, Trace
from toolkit.values import canonical

__all__ = ["Alteration", "alter"]


class Alteration(msgspec.Struct, frozen=True):
    """The change of one field of a step.

    Parameters
    ----------
    step : int
        Index of the altered step.
    field : str
        ``action``, ``node``, ``params.X``, ``received.X``, ``sent.X``, ``sent`` (a message
        was removed) or ``state.X``.
    before, after : object
        The field's old and new value, ITF-encoded.
    """

    step: int
    field: str
    before: Any
    after: Any


def _other_value(value: Any, rng: random.Random, pools: dict[str, list[Any]], name: str) -> Any:
    """Return a different value of the same kind, preferably a value that occurs in the trace."""
    pool = [item for item in pools.get(name, []) if canonical(item) != canonical(value)]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int) and (not pool or rng.random() < 0.5):
        return value + rng.choice([1, 2, 3])
    return rng.choice(pool) if pool else None


def alter(trace: Trace, rng: random.Random) -> tuple[Trace, Alteration]:
    """Return a copy of a trace with one field of one step altered.

    Parameters
    ----------
    trace : Trace
        The trace.
    rng : random.Random
        Source of the random choices: step, field and new value.  The new value differs from the
        old one and is of the same kind.

    Returns
    -------
    trace : Trace
        The altered copy.
    alteration : Alteration
        The change.

    Raises
    ------
    SettingError
        If nothing in the trace can be altered.
    """
    pools: dict[str, list[Any]] = {}
    steps = trace.steps
    for step in steps:
        for part, values in _parts(step):
            for name, value in values.items():
                key = f"{part}.{name}"
                if all(canonical(value) != canonical(known) for known in pools.get(key, [])):
                    pools.setdefault(key, []).append(value)
    choices = [
        (step.index, field)
        for step in steps
        for field in ("action", "node", "params", "received", "sent", "state")
        if getattr(step, field)
    ]
    rng.shuffle(choices)
    for index, field in choices:
        altered = _alter_step(trace, steps[index], field, rng, pools)
        if altered is None:
            continue
        step, alteration = altered
        copied = copy.copy(trace)
        copied.records = [
            step if isinstance(record, Step) and record.index == index else record
            for record in trace.records
        ]
        return copied, alteration
    raise SettingError(
        "the trace has no field that can be altered",
        hint="record actions, messages or variables with each step",
    )


def _parts(step: Step) -> list[tuple[str, dict[str, Any]]]:
    parts: list[tuple[str, dict[str, Any]]] = []
    if step.params:
        parts.append(("params", step.params))
    if step.state:
        parts.append(("state", step.state))
    if step.received:
        parts.append((f"message.{step.received.message.get('type')}", step.received.message))
    parts += [(f"message.{sent.message.get('type')}", sent.message) for sent in step.sent or ()]
    return parts


def _alter_step(
    trace: Trace, step: Step, field: str, rng: random.Random, pools: dict[str, list[Any]]
) -> tuple[Step, Alteration] | None:
    def replace_field(name: str, before: Any, after: Any, **change: Any) -> tuple[Step, Alteration]:
        return (
            msgspec.structs.replace(step, **change),
            Alteration(step.index, name, before, after),
        )

    if field == "action":
        known = TraceSpec(get_protocol(trace.header.protocol).specification).actions
        names = [name for name in known if name != step.action]
        name = rng.choice(names)
        return replace_field("action", step.action, name, action=name)
    if field == "node":
        nodes = [node for node in trace.header.nodes if node != step.node]
        if not nodes:
            return None
        node = rng.choice(nodes)
        return replace_field("node", step.node, node, node=node)
    if field in {"params", "state"}:
        values = getattr(step, field)
        name = rng.choice(sorted(values))
        after = _other_value(values[name], rng, pools, f"{field}.{name}")
        if after is None:
            return None
        return replace_field(
            f"{field}.{name}", values[name], after, **{field: {**values, name: after}}
        )
    if field == "received":
        assert step.received is not None
        message = _alter_message(step.received.message, rng, pools)
        if message is None:
            return None
        name, new = message
        received = Received(new, step.received.sender, step.received.id)
        return replace_field(f"received.{name}", step.received.message, new, received=received)
    return _alter_sent(step, rng, pools, replace_field)


def _alter_message(
    message: dict[str, Any], rng: random.Random, pools: dict[str, list[Any]]
) -> tuple[str, dict[str, Any]] | None:
    names = sorted(name for name in message if name != "type")
    name = rng.choice(names)
    after = _other_value(message[name], rng, pools, f"message.{message.get('type')}.{name}")
    return None if after is None else (name, {**message, name: after})


def _alter_sent(
    step: Step, rng: random.Random, pools: dict[str, list[Any]], replace_field: Any
) -> tuple[Step, Alteration] | None:
    sent: Sequence[Sent] = step.sent or ()
    distinct = sorted({canonical(item.message) for item in sent})
    chosen = rng.choice(distinct)
    same = [item for item in sent if canonical(item.message) == chosen]
    if rng.random() < 0.3:
        left = tuple(item for item in sent if item not in same)
        return replace_field("sent", same[0].message, None, sent=left)  # type: ignore[no-any-return]
    message = _alter_message(same[0].message, rng, pools)
    if message is None:
        return None
    name, new = message
    changed = tuple(Sent(new, item.to, item.id) if item in same else item for item in sent)
    return replace_field(f"sent.{name}", same[0].message, new, sent=changed)  # type: ignore[no-any-return]
