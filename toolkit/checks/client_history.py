"""From a run to the history of its clients."""

from __future__ import annotations

from toolkit.histories import History, Operation
from toolkit.sim import RunResult

__all__ = ["client_history"]

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
