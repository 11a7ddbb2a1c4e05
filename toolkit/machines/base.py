"""What a replicated state machine is."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol as Interface, TypeAlias, runtime_checkable

__all__ = ["Machine", "MachineFactory"]


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
