"""Sequential objects, which the histories of a machine's clients are held against."""

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
    """A sequential object.

    Parameters
    ----------
    name : str
    initial : hashable
        The state that it begins in.
    apply : callable
        ``apply(state, operation) -> (result, state)``: what an operation must return, and the
        state after it.
    part : callable
        ``part(operation) -> hashable``: operations of different parts have nothing to do with
        each other, so that each part can be checked by itself (A. Horn and D. Kroening, *Faster
        linearizability checking via P-compositionality*, 2015).
    describe : callable
        ``describe(operation) -> str``: an operation in a few words, for people.
    describe_result : callable
        ``describe_result(operation, result) -> str``: its result in a few words.
    """

    name: str
    initial: Hashable
    apply: Callable[[Any, Any], tuple[Any, Hashable]]
    part: Callable[[Any], Hashable]
    describe: Callable[[Any], str] = operation_words
    describe_result: Callable[[Any, Any], str] = result_words


def model_of(name: str, factory: MachineFactory) -> SequentialModel:
    """Return a machine's own behaviour as a sequential object.

    Parameters
    ----------
    name : str
        The machine's name.
    factory : callable
        Makes a machine.

    Returns
    -------
    SequentialModel
        Its states are snapshots as JSON text; all operations are in one part.  It checks the
        replication and not the machine, for a mistake of the machine is one of the model too.

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
