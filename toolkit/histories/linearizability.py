"""Whether a history is linearizable.

The search is that of J. Wing and C. Gong (*Testing and Verifying Concurrent Objects*, 1993) with
the memory of G. Lowe (*Testing for linearizability*, 2017): what has been tried is a set of
operations that have happened together with the state they lead to, and is not tried twice.
Operations on parts that have nothing to do with each other are searched apart.
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
    """What a check found.

    Parameters
    ----------
    verdict : str
        ``"linearizable"``, ``"not linearizable"``, or ``"not decided"``: the search was cut off
        at its limit.
    operations : int
        How many were looked at.
    parts : int
        Of how many parts.
    steps : int
        How often an operation was tried.
    order : tuple of int
        Where linearizable: the operations' places in the history, in an order in which they can
        have happened, part after part.  Else the longest such beginning of the part at fault.
    blocked : tuple of int
        Where not linearizable: the operations that had returned by then and cannot be placed.
    history : History
    model : SequentialModel
        What it was held against; it describes operations and results for people.
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
        """Whether it was found to be linearizable."""
        return self.verdict == "linearizable"

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON data: the numbers, ``order`` and ``blocked``, and ``ok``."""
        names = ("verdict", "operations", "parts", "steps", "order", "blocked")
        return {"ok": self.ok} | {name: getattr(self, name) for name in names}

    def describe(self, place: int) -> str:
        """Return what a client asked for and was told, in the machine's words.

        Parameters
        ----------
        place : int
            The operation's place in the history.
        """
        one = self.history.operations[place]
        asked = f"{one.client} at {one.called:.6g} s: {self.model.describe(one.operation)}"
        if one.returned is None:
            return f"{asked}, never answered"
        result = self.model.describe_result(one.operation, one.result)
        return f"{asked} -> {result}, at {one.returned:.6g} s"


class _Search:
    """The search in one part; places are those in the part."""

    def __init__(self, operations: Sequence[Operation], model: SequentialModel) -> None:
        self.operations = operations
        self.model = model
        count = len(operations)
        # Whatever happens at one time may have happened in any order: calls come first.
        events = [(one.called, 0, at) for at, one in enumerate(operations)]
        events += [
            (one.returned, 1, at) for at, one in enumerate(operations) if one.returned is not None
        ]
        events.sort()
        # Without an answer an operation may come last, which is as good as not at all.
        places = [at + kind * count for _, kind, at in events]
        places += [at + count for at, one in enumerate(operations) if one.returned is None]
        self.head = 2 * count
        self.next = [0] * (2 * count + 1)
        self.prev = [0] * (2 * count + 1)
        chain = [self.head, *places, self.head]
        for one, other in pairwise(chain):
            self.next[one], self.prev[other] = other, one
        self.longest: list[int] = []
        self.blocked: list[int] = []

    def _take(self, place: int) -> None:
        self.next[self.prev[place]], self.prev[self.next[place]] = (
            self.next[place], self.prev[place],
        )  # fmt: skip

    def _put_back(self, place: int) -> None:
        self.next[self.prev[place]] = self.prev[self.next[place]] = place

    def run(self, limit: int) -> tuple[bool | None, int, list[int]]:
        """Return whether there is an order (``None``: cut off), the steps, and the order."""
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
                one = self.operations[place]
                result, after = self.model.apply(state, one.operation)
                if one.returned is None or result == one.result:
                    now = (done | 1 << place, after)
                    if now not in tried:
                        tried.add(now)
                        stack.append((place, state))
                        done, state = now
                        self._take(place)
                        self._take(place + count)
                        place = self.next[head]
                        continue
                place = self.next[place]
                continue
            # An operation has returned that has not happened: go back and try another order.
            if len(stack) > len(self.longest) or not self.blocked:
                self.longest, self.blocked = [at for at, _ in stack], [place - count]
            if not stack:
                return False, steps, self.longest
            place, state = stack.pop()
            done &= ~(1 << place)
            self._put_back(place + count)
            self._put_back(place)
            place = self.next[place]
        return True, steps, [at for at, _ in stack]


def check_linearizable(
    history: History, model: SequentialModel, *, limit: int = 10_000_000
) -> LinearizabilityResult:
    """Find out whether a history is linearizable.

    Parameters
    ----------
    history : History
    model : SequentialModel
        The sequential object.
    limit : int
        So many steps are searched at most.

    Returns
    -------
    LinearizabilityResult
        Of the first part that is not linearizable, else of all.

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
        raise SettingError(f"limit={limit} leaves nothing to search", hint="1 or more")
    parts: dict[Hashable, list[int]] = {}
    for at, one in enumerate(history.operations):
        parts.setdefault(model.part(one.operation), []).append(at)
    steps = 0
    order: list[int] = []
    undecided = False
    for places in parts.values():
        search = _Search([history.operations[at] for at in places], model)
        found, taken, local = search.run(limit - steps)
        steps += taken
        if found is False:
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
        undecided = undecided or found is None
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
