"""From a run to the history of its clients."""

from __future__ import annotations

import json
from typing import Any

from toolkit.errors import UnknownNameError
from toolkit.histories import History, Operation
from toolkit.protocols import get_protocol
from toolkit.sim import RunResult
from toolkit.trace import Trace

__all__ = ["client_history", "committed_requests"]

_STORE = {
    "get": {"op", "key"},
    "put": {"op", "key", "value"},
    "delete": {"op", "key"},
    "cas": {"op", "key", "expected", "value"},
}


def _is_stores(operation: object) -> bool:
    """Return whether a key-value store can make sense of an operation."""
    return (
        isinstance(operation, dict)
        and isinstance(operation.get("op"), str)
        and operation.keys() == _STORE.get(operation["op"])
        and isinstance(operation["key"], str)
    )


def client_history(result: RunResult) -> History:
    """Return what clients of a key-value store did in a run.

    What asks for something else (a change of the configuration, or nothing that makes sense) is
    left out.  An error as an answer tells nothing of whether the operation happened: it counts as
    none.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    History
        For :func:`toolkit.histories.check_linearizable` with
        :data:`toolkit.histories.KEY_VALUE`.
    """
    operations = []
    for call in result.calls:
        if not _is_stores(call.operation):
            continue
        told = call.returned is not None and not (
            isinstance(call.result, dict) and "error" in call.result
        )
        operations.append(
            Operation(
                call.client,
                call.operation,
                call.called,
                call.returned if told else None,
                call.result if told else None,
            )
        )
    return History(tuple(operations))


def _asked(entry: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the requests in an entry: one, a batch, or none."""
    try:
        told = json.loads(entry.get("val", ""))
    except ValueError:
        return []
    if not isinstance(told, list):
        return []
    batch = told if told and isinstance(told[0], list) else [told]
    return [(one[0], one[1]) for one in batch if len(one) == 3]


def committed_requests(trace: Trace) -> tuple[tuple[str, int], ...]:
    """Return the clients' requests in the order in which they stand in the replicated log.

    Parameters
    ----------
    trace : Trace
        Of a protocol that keeps one, with the states of all nodes.

    Returns
    -------
    tuple of (str, int)
        Client and number of each request, as often as it was committed; for
        :func:`toolkit.histories.check_fifo`.

    Raises
    ------
    UnknownNameError
        If the protocol is unknown, or keeps no replicated log.
    """
    log = get_protocol(trace.header.protocol).log
    if log is None:
        raise UnknownNameError(
            f"{trace.header.protocol!r} keeps no replicated log", hint="its order is nobody's"
        )
    found: list[tuple[str, int]] = []
    index = 0
    for step, states in trace.states():
        view = states[step.node]
        if not step.state or log.variables.isdisjoint(step.state) or log.committed(view) <= index:
            continue
        entries = log.entries(view)
        while index < log.committed(view) and index + 1 in entries:
            index += 1
            found += _asked(entries[index])
    return tuple(found)
