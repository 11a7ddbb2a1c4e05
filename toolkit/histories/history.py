"""What clients asked for, when, and what they were told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.errors import TraceError

__all__ = ["History", "Operation"]


@dataclass(frozen=True)
class Operation:
    """One operation of a client.

    Parameters
    ----------
    client : str
    operation : JSON
        What was asked for.
    called : float
        When, in seconds.
    returned : float or None
        When the answer came; ``None`` if none came, so that it may have happened at any time
        from ``called`` on, or never.
    result : JSON
        The answer; of no meaning without one.
    """

    client: str
    operation: Any
    called: float
    returned: float | None
    result: Any = None


_FIELDS = ("client", "operation", "called", "returned", "result")


@dataclass(frozen=True)
class History:
    """Operations, in any order.

    Parameters
    ----------
    operations : tuple of Operation

    Raises
    ------
    TraceError
        If an answer came before its question, or a time is no number.
    """

    operations: tuple[Operation, ...]

    def __post_init__(self) -> None:
        for number, one in enumerate(self.operations):
            returned = one.called if one.returned is None else one.returned
            if not (math.isfinite(one.called) and math.isfinite(returned)):
                raise TraceError(
                    f"operation {number} of the history has a time that is no number",
                    hint="times are seconds",
                )
            if returned < one.called:
                raise TraceError(
                    f"operation {number} of the history returned at {one.returned}, before it was "
                    f"called at {one.called}",
                    hint="called comes first",
                )

    @staticmethod
    def from_json(records: Iterable[Mapping[str, Any]]) -> History:
        """Read a history from JSON's types.

        Parameters
        ----------
        records : iterable of mapping
            The fields of :class:`Operation`; ``result`` and ``returned`` may be left out.

        Raises
        ------
        TraceError
            If a record is not like that.

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
                    f"operation {number} of the history is no record of an operation",
                    hint="client (a string), operation, called (seconds), and where it was "
                    "answered returned (seconds) and result",
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
        """Return the operations as records in JSON's types."""
        return [{name: getattr(one, name) for name in _FIELDS} for one in self.operations]
