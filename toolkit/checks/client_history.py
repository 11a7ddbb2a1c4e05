"""From a run to the history of its clients."""

from __future__ import annotations

from toolkit.errors import SettingError
from toolkit.histories import History, LinearizabilityResult, Operation, check_linearizable
from toolkit.machines import get_machine
from toolkit.sim import RunResult

__all__ = ["check_client_history", "client_history"]


def client_history(result: RunResult) -> History:
    """Return what clients of the replicated machine did in a run.

    What asks for something else (a change of the configuration, or nothing that makes sense) is
    left out.  An error as an answer tells nothing of whether the operation happened: it counts as
    none.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    History
        For :func:`toolkit.histories.check_linearizable` with the machine's model; empty if the
        protocol's operations are its own.
    """
    machine = None if result.machine is None else get_machine(result.machine)
    operations = []
    for call in result.calls:
        if machine is None or not machine.understands(call.operation):
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


def check_client_history(result: RunResult) -> LinearizabilityResult:
    """Check whether the clients' history of a run is linearizable, by the run's own machine.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    LinearizabilityResult

    Raises
    ------
    SettingError
        If the protocol's operations are its own.
    """
    if result.machine is None:
        raise SettingError(
            "the protocol replicates no machine, so that there is no model to check histories by",
            hint="linearizability is checked for protocols that replicate a machine",
        )
    return check_linearizable(client_history(result), get_machine(result.machine).model)
