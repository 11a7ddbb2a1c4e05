"""Sequential models, with which clients' histories are checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from toolkit.machines.base import MachineFactory
from toolkit.machines.words import operation_words, result_words

__all__ = ["SequentialModel", "model_of"]


@dataclass(frozen=True)
class SequentialModel:
    """A sequential object, which defines the correct results of operations.

    Parameters
    ----------
    name : str
        Its name.
    initial : hashable
        The initial state.
    apply : callable
        ``apply(state, operation) -> (result, state)``: the result that an operation must return,
        and the state after it.
    part : callable
        ``part(operation) -> hashable``: the part of the object that an operation concerns.
        Operations of different parts are independent, so that each part can be checked
        separately (A. Horn and D. Kroening, *Faster linearizability checking via
        P-compositionality*, 2015).
    describe : callable
        ``describe(operation) -> str``: an operation in a few words.
    describe_result : callable
        ``describe_result(operation, result) -> str``: the result of an operation in a few words.
    """

    name: str
    initial: Hashable
    apply: Callable[[Any, Any], tuple[Any, Hashable]]
    part: Callable[[Any], Hashable]
    describe: Callable[[Any], str] = operation_words
    describe_result: Callable[[Any, Any], str] = result_words


def model_of(name: str, factory: MachineFactory) -> SequentialModel:
    """Return a sequential model that is derived from a machine.

    Parameters
    ----------
    name : str
        The machine's name.
    factory : callable
        ``factory() -> Machine``: a machine in its initial state.

    Returns
    -------
    SequentialModel
        The model.  Its states are snapshots as JSON text, and all operations are in one part.  It
        checks only the replication, because a bug of the machine is a bug of the model too.

    Examples
    --------
    >>> from toolkit.machines import KeyValueStore
    >>> model = model_of("store", KeyValueStore)
    >>> model.apply(model.initial, {"op": "put", "key": "k", "value": 1})
    ({'ok': True}, '{"k": 1}')
    """

    def apply(state: str, operation: Any) -> tuple[Any, str]:
        machine = factory()
        machine.restore(json.loads(state))
        result = machine.apply(operation)
        return result, json.dumps(machine.snapshot(), sort_keys=True)

    initial = json.dumps(factory().snapshot(), sort_keys=True)
    return SequentialModel(name, initial, apply, lambda operation: None)
