"""From a run to the history of its clients."""

from __future__ import annotations

from toolkit.histories import History, Operation
from toolkit.sim import RunResult

__all__ = ["client_history"]

_STORE = ("get", "put", "delete", "cas")


def client_history(result: RunResult) -> History:
    """Return what clients of a key-value store did in a run.

    What asks for something else (changes of the configuration, for instance) is left out.  An
    error as an answer tells nothing of whether the operation happened: it counts as none.

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
        if not isinstance(call.operation, dict) or call.operation.get("op") not in _STORE:
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
