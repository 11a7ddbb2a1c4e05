"""Check of histories for linearizability.

The search is that of J. Wing and C. Gong (*Testing and Verifying Concurrent Objects*, 1993) with
the cache of G. Lowe (*Testing for linearizability*, 2017): each pair of a set of operations that
have taken effect and the resulting state is tried only once.  Independent parts of the object are
searched separately.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from toolkit.errors import SettingError
from toolkit.faces import Shown
from toolkit.histories.history import History, Operation
from toolkit.histories.models import SequentialModel

__all__ = ["LinearizabilityResult", "check_linearizable"]


@dataclass(frozen=True)
class LinearizabilityResult(Shown):
    """The result of a check for linearizability.

    Parameters
    ----------
    verdict : str
        ``"linearizable"``, ``"not linearizable"``, or ``"not decided"`` if the search reached its
        limit.
    operations : int
        Number of operations in the history.
    parts : int
        Number of independent parts.
    steps : int
        How often the search tried an operation.
    order : tuple of int
        If linearizable, the indices of the operations in an order in which they can have taken
        effect, part by part.  If not, the longest such prefix for the part that is not
        linearizable.
    blocked : tuple of int
        If not linearizable, the operations that had returned by the end of `order` and cannot be
        placed.
    history : History
        The history.
    model : SequentialModel
        The sequential model, which also describes operations and results.
    """

    face: ClassVar[str] = "linearizability"

    verdict: str
    operations: int
    parts: int
    steps: int
    order: tuple[int, ...]
    blocked: tuple[int, ...]
    history: History
    model: SequentialModel

    @property
    def ok(self) -> bool:
        """Whether the history is linearizable."""
        return self.verdict == "linearizable"

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON data: verdict, numbers, ``order``, ``blocked`` and ``ok``."""
        names = ("verdict", "operations", "parts", "steps", "order", "blocked")
        return {"ok": self.ok} | {name: getattr(self, name) for name in names}

    def describe(self, place: int) -> str:
        """Describe an operation and its result in the machine's words.

        Parameters
        ----------
        place : int
            The operation's index in the history.
        """
        operation = self.history.operations[place]
        words = self.model.describe(operation.operation)
        request = f"{operation.client} at {operation.called:.6g} s: {words}"
        if operation.returned is None:
            return f"{request}, never answered"
        result = self.model.describe_result(operation.operation, operation.result)
        return f"{request} -> {result}, at {operation.returned:.6g} s"


class _Search:
    """The search in one part; places are indices of calls and returns in the part."""

    def __init__(self, operations: Sequence[Operation], model: SequentialModel) -> None:
        self.operations = operations
        self.model = model
        count = len(operations)
        # Events at the same time may have happened in any order: put calls first.
        events = [(operation.called, 0, at) for at, operation in enumerate(operations)]
        events += [
            (operation.returned, 1, at)
            for at, operation in enumerate(operations)
            if operation.returned is not None
        ]
        events.sort()
        # An operation without an answer may come last, which is equivalent to no effect.
        places = [at + kind * count for _, kind, at in events]
        places += [
            at + count for at, operation in enumerate(operations) if operation.returned is None
        ]
        self.head = 2 * count
        self.next = [0] * (2 * count + 1)
        self.prev = [0] * (2 * count + 1)
        chain = [self.head, *places, self.head]
        for place, following in pairwise(chain):
            self.next[place], self.prev[following] = following, place
        self.longest: list[int] = []
        self.blocked: list[int] = []

    def _remove(self, place: int) -> None:
        self.next[self.prev[place]], self.prev[self.next[place]] = (
            self.next[place], self.prev[place],
        )  # fmt: skip

    def _restore(self, place: int) -> None:
        self.next[self.prev[place]] = self.prev[self.next[place]] = place

    def run(self, limit: int) -> tuple[bool | None, int, list[int]]:
        """Return whether an order exists (``None``: limit reached), the steps, and the order."""
        count, head = len(self.operations), self.head
        state: Hashable = self.model.initial
        done, steps = 0, 0
        tried: set[tuple[int, Hashable]] = set()
        stack: list[tuple[int, Hashable]] = []
        place = self.next[head]
        while self.next[head] != head:
            if place < count:
                steps += 1
                if steps > limit:
                    return None, steps, [at for at, _ in stack]
                operation = self.operations[place]
                result, after = self.model.apply(state, operation.operation)
                if operation.returned is None or result == operation.result:
                    now = (done | 1 << place, after)
                    if now not in tried:
                        tried.add(now)
                        stack.append((place, state))
                        done, state = now
                        self._remove(place)
                        self._remove(place + count)
                        place = self.next[head]
                        continue
                place = self.next[place]
                continue
            # An operation returned before it took effect: go back and try another order.
            if len(stack) > len(self.longest) or not self.blocked:
                self.longest, self.blocked = [at for at, _ in stack], [place - count]
            if not stack:
                return False, steps, self.longest
            place, state = stack.pop()
            done &= ~(1 << place)
            self._restore(place + count)
            self._restore(place)
            place = self.next[place]
        return True, steps, [at for at, _ in stack]


def check_linearizable(
    history: History, model: SequentialModel, *, limit: int = 10_000_000
) -> LinearizabilityResult:
    """Check whether a history is linearizable.

    Parameters
    ----------
    history : History
        The history.
    model : SequentialModel
        The sequential model.
    limit : int
        Maximum number of search steps.

    Returns
    -------
    LinearizabilityResult
        The result for the first part that is not linearizable, otherwise for all parts.

    Raises
    ------
    SettingError
        If the limit is below 1.

    Examples
    --------
    >>> from toolkit.histories import REGISTER, Operation
    >>> write = Operation("c1", {"op": "write", "value": 1}, 0.0, 1.0)
    >>> stale = Operation("c2", {"op": "read"}, 2.0, 3.0, None)
    >>> check_linearizable(History((write, stale)), REGISTER).verdict
    'not linearizable'
    """
    if limit < 1:
        raise SettingError(f"limit must be at least 1, got {limit}", hint="for instance 10_000_000")
    parts: dict[Hashable, list[int]] = {}
    for at, operation in enumerate(history.operations):
        parts.setdefault(model.part(operation.operation), []).append(at)
    steps = 0
    order: list[int] = []
    undecided = False
    for places in parts.values():
        search = _Search([history.operations[at] for at in places], model)
        linearizable, taken, local = search.run(limit - steps)
        steps += taken
        if linearizable is False:
            return LinearizabilityResult(
                "not linearizable",
                len(history.operations),
                len(parts),
                steps,
                tuple(places[at] for at in local),
                tuple(places[at] for at in search.blocked),
                history,
                model,
            )
        order += [places[at] for at in local]
        undecided = undecided or linearizable is None
        if steps >= limit:
            undecided = undecided or len(order) < len(history.operations)
            break
    return LinearizabilityResult(
        "not decided" if undecided else "linearizable",
        len(history.operations),
        len(parts),
        steps,
        tuple(order),
        (),
        history,
        model,
    )
