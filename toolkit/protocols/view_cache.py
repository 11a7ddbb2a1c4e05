"""What a view shows, kept as long as it does not change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["ShownSequence"]

_Item = TypeVar("_Item")


class ShownSequence(Generic[_Item]):
    """The ITF form of a list that is only appended to, or replaced by another one.

    Views are taken after every step.  As long as nothing changes the same object is returned, so
    that it need not even be compared.

    Examples
    --------
    >>> shown, items = ShownSequence(), ["a"]
    >>> first = shown.of(items, str.upper)
    >>> first, shown.of(items, str.upper) is first
    ({'#tup': ['A']}, True)
    >>> items.append("b")
    >>> shown.of(items, str.upper)
    {'#tup': ['A', 'B']}
    """

    def __init__(self) -> None:
        self._items: list[_Item] | None = None
        self._count = 0
        self._shown: dict[str, Any] = {}

    def of(self, items: list[_Item], encode: Callable[[_Item], Any]) -> dict[str, Any]:
        """Return the form of a list, of which each item is encoded once."""
        if items is not self._items or len(items) < self._count:
            self._items, self._count, self._shown = items, 0, {"#tup": []}
        if len(items) > self._count:
            news = [encode(item) for item in items[self._count :]]
            self._count, self._shown = len(items), {"#tup": [*self._shown["#tup"], *news]}
        return self._shown
