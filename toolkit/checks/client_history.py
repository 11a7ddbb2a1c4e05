"""The clients' history of a run, and its check."""

from __future__ import annotations

from toolkit.errors import SettingError
from toolkit.histories import History, LinearizabilityResult, Operation, check_linearizable
from toolkit.machines import get_machine
from toolkit.sim import RunResult

__all__ = ["check_client_history", "client_history"]


def client_history(result: RunResult) -> History:
    """Return the history of the clients' operations on the replicated machine in a run.

    Requests that are not operations of the machine, such as changes of the configuration, are left
    out.  An error as an answer does not say whether the operation took effect, so that the
    operation counts as unanswered.

    Parameters
    ----------
    result : RunResult
        The result of the run.

    Returns
    -------
    History
        A history for :func:`toolkit.histories.check_linearizable` with the machine's model; empty
        if the protocol does not replicate a machine.
    """
    machine = None if result.machine is None else get_machine(result.machine)
    operations = []
    for call in result.calls:
        if machine is None or not machine.understands(call.operation):
            continue
        has_outcome = call.returned is not None and not (
            isinstance(call.result, dict) and "error" in call.result
        )
        operations.append(
            Operation(
                call.client,
                call.operation,
                call.called,
                call.returned if has_outcome else None,
                call.result if has_outcome else None,
            )
        )
    return History(tuple(operations))


def check_client_history(result: RunResult) -> LinearizabilityResult:
    """Check whether the clients' history of a run is linearizable, with the run's machine.

    Parameters
    ----------
    result : RunResult
        The result of the run.

    Returns
    -------
    LinearizabilityResult

    Raises
    ------
    SettingError
        If the protocol does not replicate a machine.
    """
    if result.machine is None:
        raise SettingError(
            "linearizability can be checked only for a protocol that replicates a machine",
            hint="simulate a protocol that replicates a machine",
        )
    return check_linearizable(client_history(result), get_machine(result.machine).model)
