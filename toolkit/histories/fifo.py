"""Check of FIFO client order: each client's requests take effect in the order of issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["FifoResult", "check_fifo"]


@dataclass(frozen=True)
class FifoResult:
    """The result of a check of FIFO client order.

    Parameters
    ----------
    ok : bool
        Whether all requests took effect in order.
    operations : int
        Number of distinct requests that took effect, up to the first one out of order.
    client : str or None
        The client of the first request out of order; ``None`` if there is none.
    early, late : int or None
        Two requests of the client: `early` took effect before `late`, but was issued after it.
    place : int or None
        Index of `late` in the order of effect, counted from 0.
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
    """Check that each client's requests took effect in the order in which it issued them.

    Parameters
    ----------
    effects : iterable of (str, int)
        Client and number of each request, in the order in which they took effect, for instance
        that of a replicated log.  Clients number their requests in the order of issue.  Only the
        first occurrence of a request counts, because a repetition has no effect.

    Returns
    -------
    FifoResult
        The result, with the first request that took effect too late.  Missing requests are
        allowed: they may never have taken effect.

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
