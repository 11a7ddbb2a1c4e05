"""What was worked out for objects that never change, found again by identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Memo"]

_Item = TypeVar("_Item")
_MOST = 50_000


class Memo(Generic[_Item]):
    """A function of immutable objects that remembers its results.

    Views are taken after every step, and most of what they show has not changed since the last
    one: to find it by identity is cheaper than to compare or to encode it.

    Parameters
    ----------
    function : callable
        Of one object; its results must not be changed by who gets them.

    Examples
    --------
    >>> shown = Memo(lambda item: [item])
    >>> word = "a word"
    >>> shown(word) is shown(word)
    True
    """

    def __init__(self, function: Callable[[_Item], Any]) -> None:
        self._function = function
        self._known: dict[int, tuple[_Item, Any]] = {}

    def __call__(self, item: _Item) -> Any:
        """Return the function's result for an object."""
        known = self._known.get(id(item))
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            # The object is kept with its result, so that no other one can have its identity.
            known = self._known[id(item)] = (item, self._function(item))
        return known[1]
