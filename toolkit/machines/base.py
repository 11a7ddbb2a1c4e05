"""What a replicated state machine is."""

from __future__ import annotations

import random
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Protocol as Interface, TypeAlias, runtime_checkable

from toolkit.errors import UnknownNameError

__all__ = ["Machine", "MachineFactory", "get_machine", "machine_names"]


@runtime_checkable
class Machine(Interface):
    """A deterministic state machine; operations and results are JSON."""

    def apply(self, operation: Any) -> Any:
        """Apply an operation, and return its result.

        Parameters
        ----------
        operation : JSON
            It stands in the log already: one that makes no sense has an error as its result,
            ``{"error": ...}``, and changes nothing.

        Returns
        -------
        JSON
        """
        ...

    def reads(self, operation: Any) -> bool:
        """Return whether an operation changes nothing, whatever the state."""
        ...

    def snapshot(self) -> Any:
        """Return the whole state, in JSON's types."""
        ...

    def restore(self, state: Any) -> None:
        """Take the place of the machine that a snapshot was taken of."""
        ...

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation for a workload."""
        ...


MachineFactory: TypeAlias = Callable[[], Machine]


def _factories() -> dict[str, MachineFactory]:
    from toolkit.machines.kv import KeyValueStore

    return {"kv": KeyValueStore}


def machine_names() -> tuple[str, ...]:
    """Return the names of all machines."""
    return tuple(_factories())


def get_machine(name: str) -> MachineFactory:
    """Return what makes a machine.

    Parameters
    ----------
    name : str
        For instance ``"kv"``.

    Raises
    ------
    UnknownNameError
        If there is none of this name.

    Examples
    --------
    >>> get_machine("kv")().apply({"op": "put", "key": "k", "value": 1})
    {'ok': True}
    """
    factories = _factories()
    if name not in factories:
        close = get_close_matches(name, factories, n=1)
        raise UnknownNameError(
            f"there is no machine {name!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(factories)}",
        )
    return factories[name]
