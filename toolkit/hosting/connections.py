"""Connections between nodes: messages arrive in order and once; a loss breaks the connection.

This module implements the section *Connections* of :mod:`toolkit.protocols.base`.  Every
connection has a number.  An end is *attached* to the connection that it sends on.  A connection is
*gone* as soon as an end has closed it, has been notified that it is broken, or has crashed, or
another connection between the two nodes has been opened.  It is *broken* from the first loss on.
No message arrives on a connection that is gone or broken.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["NOTICE", "Connections"]

NOTICE = 0.01
"""Seconds until an end is notified that its connection is gone or broken."""


class Connections:
    """All connections of a run.

    Examples
    --------
    >>> wires = Connections()
    >>> wires.open("f", "l"), wires.number("f", "l"), wires.number("l", "f")
    (None, 1, None)
    >>> wires.accept("l", "f", 1)
    >>> wires.close("l", "f"), wires.carries(1)
    (1, False)
    """

    def __init__(self) -> None:
        self._attached: dict[tuple[str, str], int] = {}
        self._dead: set[int] = set()
        self._broken: set[int] = set()
        self._last: dict[tuple[str, str, int], float] = {}
        self._opened = 0

    def number(self, end: str, peer: str) -> int | None:
        """Return the connection that an end sends on, or ``None`` if it cannot send.

        Parameters
        ----------
        end : str
            The node at this end.
        peer : str
            The node at the other end.
        """
        number = self._attached.get((end, peer))
        return None if number is None or number in self._dead else number

    def attached(self, end: str, peer: str) -> int | None:
        """Return the connection that an end is attached to, which may be gone.

        Parameters
        ----------
        end : str
            The node at this end.
        peer : str
            The node at the other end.
        """
        return self._attached.get((end, peer))

    def carries(self, number: int) -> bool:
        """Return True if messages sent on a connection can still arrive.

        Parameters
        ----------
        number : int
            The number of the connection.
        """
        return number not in self._dead and number not in self._broken

    def open(self, end: str, peer: str) -> int | None:
        """Open a new connection; return the old connection if the peer is attached to it.

        Parameters
        ----------
        end : str
            The node at this end.
        peer : str
            The node at the other end.
        """
        before = self._attached.get((peer, end))
        for number in (before, self._attached.get((end, peer))):
            if number is not None:
                self._dead.add(number)
        self._opened += 1
        self._attached[end, peer] = self._opened
        return before

    def accept(self, end: str, peer: str, number: int) -> None:
        """Attach the receiver's end to a connection when its first message arrives.

        Parameters
        ----------
        end : str
            The node at this end.
        peer : str
            The node at the other end.
        number : int
            The number of the connection.
        """
        self._attached[end, peer] = number

    def close(self, end: str, peer: str) -> int | None:
        """Close an end; return the connection if the peer is still attached to it.

        Parameters
        ----------
        end : str
            The node at this end.
        peer : str
            The node at the other end.
        """
        number = self._attached.pop((end, peer), None)
        if number is None:
            return None
        self._dead.add(number)
        return number if self._attached.get((peer, end)) == number else None

    def lose(self, number: int) -> bool:
        """Break a connection; return whether it was intact before.

        Parameters
        ----------
        number : int
            The number of the connection.
        """
        if number in self._broken or number in self._dead:
            return False
        self._broken.add(number)
        return True

    def arrival(self, sender: str, to: str, number: int, arrival: float) -> float:
        """Return the time when a message arrives without overtaking an earlier one, in seconds.

        Parameters
        ----------
        sender : str
            The sending node.
        to : str
            The receiving node.
        number : int
            The number of the connection.
        arrival : float
            Earliest time of arrival, in seconds.
        """
        key = (sender, to, number)
        self._last[key] = arrival = max(arrival, self._last.get(key, 0.0))
        return arrival

    def labels(
        self, under_way: Iterable[tuple[str, str, int]]
    ) -> dict[int, tuple[int, bool, bool]]:
        """Return labels of connections that depend only on the present state.

        Parameters
        ----------
        under_way : iterable of (str, str, int)
            Sender, receiver and connection of each message under way.

        Returns
        -------
        dict of int to (int, bool, bool)
            Number of each connection with an attached end or a message under way, to its position
            among the connections of the two nodes in the order of opening, whether it is gone,
            and whether it is broken.
        """
        of_pair: dict[tuple[str, ...], set[int]] = {}
        attached = ((end, peer, number) for (end, peer), number in self._attached.items())
        for end, peer, number in (*attached, *under_way):
            of_pair.setdefault(tuple(sorted((end, peer))), set()).add(number)
        return {
            number: (place, number in self._dead, number in self._broken)
            for numbers in of_pair.values()
            for place, number in enumerate(sorted(numbers))
        }

    def ends(self) -> dict[tuple[str, str], int]:
        """Return the connection that each end is attached to, by end and peer."""
        return dict(self._attached)

    def copy(self) -> Connections:
        """Return an independent copy."""
        other = Connections()
        other._attached = dict(self._attached)
        other._dead = set(self._dead)
        other._broken = set(self._broken)
        other._last = dict(self._last)
        other._opened = self._opened
        return other
