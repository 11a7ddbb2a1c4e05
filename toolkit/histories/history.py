"""Histories of clients' operations, with times and results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.errors import TraceError

__all__ = ["History", "Operation"]


@dataclass(frozen=True)
class Operation:
    """An operation of a client.

    Parameters
    ----------
    client : str
        The client.
    operation : JSON
        The requested operation.
    called : float
        Time of the call, in seconds.
    returned : float or None
        Time of the answer, in seconds; ``None`` without an answer: then the operation may have
        taken effect at any time after `called`, or never.
    result : JSON
        The answer; ignored if `returned` is ``None``.
    """

    client: str
    operation: Any
    called: float
    returned: float | None
    result: Any = None


_FIELDS = ("client", "operation", "called", "returned", "result")


@dataclass(frozen=True)
class History:
    """A history of operations.

    Parameters
    ----------
    operations : tuple of Operation
        The operations, in any order.

    Raises
    ------
    TraceError
        If an operation returned before it was called, or a time is not finite.
    """

    operations: tuple[Operation, ...]

    def __post_init__(self) -> None:
        for number, operation in enumerate(self.operations):
            called = operation.called
            returned = called if operation.returned is None else operation.returned
            if not (math.isfinite(called) and math.isfinite(returned)):
                raise TraceError(
                    f"operation {number} of the history has a time that is not finite",
                    hint="give times in seconds",
                )
            if returned < called:
                raise TraceError(
                    f"operation {number} of the history returned at {operation.returned}, before "
                    f"it was called at {called}",
                    hint="'returned' must be at least 'called'",
                )

    @staticmethod
    def from_json(records: Iterable[Mapping[str, Any]]) -> History:
        """Create a history from JSON data.

        Parameters
        ----------
        records : iterable of mapping
            The fields of each :class:`Operation`; ``result`` and ``returned`` may be left out.

        Returns
        -------
        History
            The history.

        Raises
        ------
        TraceError
            If a record lacks a field, has an unknown field, or has a value of the wrong type.

        Examples
        --------
        >>> record = {"client": "c1", "operation": {"op": "get", "key": "k"}, "called": 0.5}
        >>> History.from_json([record]).operations[0].returned is None
        True
        """
        operations = []
        for number, record in enumerate(records):
            if (
                not isinstance(record, Mapping)
                or not {"client", "operation", "called"} <= record.keys() <= set(_FIELDS)
                or not isinstance(record["client"], str)
                or not isinstance(record["called"], int | float)
                or not isinstance(record.get("returned"), int | float | None)
            ):
                raise TraceError(
                    f"operation {number} of the history is not a valid record",
                    hint="required: client (a string), operation, called (seconds); and if it was "
                    "answered: returned (seconds), result",
                )
            operations.append(
                Operation(
                    record["client"],
                    record["operation"],
                    record["called"],
                    record.get("returned"),
                    record.get("result"),
                )
            )
        return History(tuple(operations))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the operations as JSON data."""
        return [
            {name: getattr(operation, name) for name in _FIELDS} for operation in self.operations
        ]
