"""Alter a trace, to see that validation notices: the test of the test."""

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
    """What was altered.

    Parameters
    ----------
    step : int
        The step.
    field : str
        ``action``, ``node``, ``params.X``, ``received.X``, ``sent.X``, ``sent`` (a message
        left out) or ``state.X``.
    before, after : object
        The value there, ITF-encoded.
    """

    step: int
    field: str
    before: Any
    after: Any


def _changed(value: Any, rng: random.Random, pools: dict[str, list[Any]], name: str) -> Any:
    """Return another value of the same kind, drawn from those seen elsewhere if there are."""
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
    rng : random.Random
        Chooses step, field and new value; the new value is of the same kind as the old one,
        and differs from it.

    Returns
    -------
    trace : Trace
    alteration : Alteration

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
    raise SettingError("nothing in the trace can be altered", hint="record more of each step")


def _parts(step: Step) -> list[tuple[str, dict[str, Any]]]:
    parts: list[tuple[str, dict[str, Any]]] = []
    if step.params:
        parts.append(("params", step.params))
    if step.state:
        parts.append(("state", step.state))
    if step.received:
        parts.append((f"message.{step.received.message.get('type')}", step.received.message))
    parts += [(f"message.{one.message.get('type')}", one.message) for one in step.sent or ()]
    return parts


def _alter_step(
    trace: Trace, step: Step, field: str, rng: random.Random, pools: dict[str, list[Any]]
) -> tuple[Step, Alteration] | None:
    def done(name: str, before: Any, after: Any, **change: Any) -> tuple[Step, Alteration]:
        return (
            msgspec.structs.replace(step, **change),
            Alteration(step.index, name, before, after),
        )

    if field == "action":
        known = TraceSpec(get_protocol(trace.header.protocol).specification).actions
        names = [name for name in known if name != step.action]
        name = rng.choice(names)
        return done("action", step.action, name, action=name)
    if field == "node":
        nodes = [node for node in trace.header.nodes if node != step.node]
        if not nodes:
            return None
        node = rng.choice(nodes)
        return done("node", step.node, node, node=node)
    if field in {"params", "state"}:
        values = getattr(step, field)
        name = rng.choice(sorted(values))
        after = _changed(values[name], rng, pools, f"{field}.{name}")
        if after is None:
            return None
        return done(f"{field}.{name}", values[name], after, **{field: {**values, name: after}})
    if field == "received":
        assert step.received is not None
        message = _alter_message(step.received.message, rng, pools)
        if message is None:
            return None
        name, new = message
        received = Received(new, step.received.sender, step.received.id)
        return done(f"received.{name}", step.received.message, new, received=received)
    return _alter_sent(step, rng, pools, done)


def _alter_message(
    message: dict[str, Any], rng: random.Random, pools: dict[str, list[Any]]
) -> tuple[str, dict[str, Any]] | None:
    names = sorted(name for name in message if name != "type")
    name = rng.choice(names)
    after = _changed(message[name], rng, pools, f"message.{message.get('type')}.{name}")
    return None if after is None else (name, {**message, name: after})


def _alter_sent(
    step: Step, rng: random.Random, pools: dict[str, list[Any]], done: Any
) -> tuple[Step, Alteration] | None:
    sent: Sequence[Sent] = step.sent or ()
    kinds = sorted({canonical(one.message) for one in sent})
    chosen = rng.choice(kinds)
    same = [one for one in sent if canonical(one.message) == chosen]
    if rng.random() < 0.3:
        left = tuple(one for one in sent if one not in same)
        return done("sent", same[0].message, None, sent=left)  # type: ignore[no-any-return]
    message = _alter_message(same[0].message, rng, pools)
    if message is None:
        return None
    name, new = message
    changed = tuple(Sent(new, one.to, one.id) if one in same else one for one in sent)
    return done(f"sent.{name}", same[0].message, new, sent=changed)  # type: ignore[no-any-return]
