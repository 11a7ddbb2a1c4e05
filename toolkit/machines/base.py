"""The interface of replicated state machines."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol as Interface, TypeAlias, runtime_checkable

__all__ = ["Machine", "MachineFactory"]


@runtime_checkable
class Machine(Interface):
    """A deterministic state machine; operations and results are JSON."""

    def apply(self, operation: Any) -> Any:
        """Apply an operation and return its result.

        Parameters
        ----------
        operation : JSON
            The operation.  It is already in the log: an invalid operation must have the result
            ``{"error": ...}`` and must not change the state.

        Returns
        -------
        JSON
            The result.
        """
        ...

    def reads(self, operation: Any) -> bool:
        """Return True if an operation never changes the state.

        Parameters
        ----------
        operation : JSON
            The operation.
        """
        ...

    def snapshot(self) -> Any:
        """Return the whole state as JSON data."""
        ...

    def restore(self, state: Any) -> None:
        """Replace the state by that of a snapshot.

        Parameters
        ----------
        state : JSON
            A result of :meth:`snapshot`.
        """
        ...

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation for a workload.

        Parameters
        ----------
        rng : random.Random
            The random generator.
        """
        ...


MachineFactory: TypeAlias = Callable[[], Machine]
"""A function that creates a machine in its initial state."""
