"""Whether each client's operations took effect in the order in which it issued them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["FifoResult", "check_fifo"]


@dataclass(frozen=True)
class FifoResult:
    """What a check found.

    Parameters
    ----------
    ok : bool
    operations : int
        How many took effect.
    client : str or None
        Whose order was broken first; ``None`` if nobody's.
    early, late : int or None
        Its requests: the former took effect before the latter, which was issued before it.
    place : int or None
        Where in the order of effect the late one stands, from 0.
    """

    ok: bool
    operations: int
    client: str | None = None
    early: int | None = None
    late: int | None = None
    place: int | None = None

    def __str__(self) -> str:
        if self.ok:
            return f"in order: {self.operations:,} operations took effect as they were issued"
        return (
            f"out of order: request {self.late} of {self.client} took effect at place "
            f"{self.place}, after its request {self.early}, which was issued later"
        )


def check_fifo(effects: Iterable[tuple[str, int]]) -> FifoResult:
    """Find out whether each client's operations took effect as it issued them.

    Parameters
    ----------
    effects : iterable of (str, int)
        Client and number of each request, in the order in which they took effect, that is of a
        replicated log.  A client numbers its requests as it issues them.  A request that comes
        again is looked at where it came first: a repetition has no effect.

    Returns
    -------
    FifoResult
        With the first request that took effect too late.  Requests may be missing: they may
        never have had an effect.

    Examples
    --------
    >>> check_fifo([("a", 0), ("b", 0), ("a", 1), ("a", 0)]).ok
    True
    >>> print(check_fifo([("a", 1), ("a", 0)]))
    out of order: request 0 of a took effect at place 1, after its request 1, which was issued later
    """
    seen: set[tuple[str, int]] = set()
    latest: dict[str, int] = {}
    for place, (client, request) in enumerate(effects):
        if (client, request) in seen:
            continue
        seen.add((client, request))
        last = latest.get(client)
        if last is not None and request < last:
            return FifoResult(False, len(seen), client, last, request, place)
        latest[client] = request
    return FifoResult(True, len(seen))
