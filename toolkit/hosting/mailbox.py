"""Mailbox of messages under way, for hosts whose caller chooses when messages arrive."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from toolkit.protocols.base import Message

__all__ = ["InFlight", "Mailbox"]


class InFlight(msgspec.Struct, frozen=True, gc=False):
    """A message under way.

    Parameters
    ----------
    number : int
        The message's number in the run; a message to several nodes has a number for each.
    to, sender : str
        The receiving and the sending node.
    message : Message
        The message.
    connection : int or None
        The connection that it was sent on; ``None`` for a datagram.
    copies : int
        Number of copies under way.
    """

    number: int
    to: str
    sender: str
    message: Message
    connection: int | None = None
    copies: int = 1


class Mailbox:
    """The messages under way, in the order in which they were sent.

    Examples
    --------
    >>> mailbox = Mailbox()
    >>> mailbox.put(InFlight(0, "n2", "n1", Message()))
    >>> mailbox.put(InFlight(1, "n2", "n1", Message(), connection=4))
    >>> mailbox.put(InFlight(2, "n2", "n1", Message(), connection=4))
    >>> [flight.number for flight in mailbox.deliverable()]  # a connection delivers in order
    [0, 1]
    """

    def __init__(self) -> None:
        self._flights: dict[int, InFlight] = {}

    def __iter__(self) -> Iterator[InFlight]:
        return iter(self._flights.values())

    def __len__(self) -> int:
        return len(self._flights)

    def put(self, flight: InFlight) -> None:
        """Add a sent message.

        Parameters
        ----------
        flight : InFlight
            The message.
        """
        self._flights[flight.number] = flight

    def get(self, number: int) -> InFlight | None:
        """Return the message with a number; ``None`` if it is not under way.

        Parameters
        ----------
        number : int
            The message's number.
        """
        return self._flights.get(number)

    def take(self, number: int) -> InFlight | None:
        """Remove one copy of a message and return it; ``None`` if it is not under way.

        Parameters
        ----------
        number : int
            The message's number.
        """
        flight = self._flights.get(number)
        if flight is not None:
            if flight.copies > 1:
                self._flights[number] = msgspec.structs.replace(flight, copies=flight.copies - 1)
            else:
                del self._flights[number]
        return flight

    def duplicate(self, number: int) -> bool:
        """Add a copy of a datagram; return False if it is not a datagram under way.

        Parameters
        ----------
        number : int
            The message's number.
        """
        flight = self._flights.get(number)
        if flight is None or flight.connection is not None:
            return False
        self._flights[number] = msgspec.structs.replace(flight, copies=flight.copies + 1)
        return True

    def deliverable(self) -> list[InFlight]:
        """Return the messages that can arrive next.

        These are all datagrams, and the first message of each direction of a connection.
        """
        first: set[tuple[int, str]] = set()
        deliverable = []
        for flight in self._flights.values():
            if flight.connection is not None:
                direction = (flight.connection, flight.to)
                if direction in first:
                    continue
                first.add(direction)
            deliverable.append(flight)
        return deliverable

    def may_arrive(self, flight: InFlight) -> bool:
        """Return True if no earlier message of the same connection is under way.

        Parameters
        ----------
        flight : InFlight
            The message.
        """
        return flight.connection is None or all(
            other.number >= flight.number
            or (other.connection, other.to) != (flight.connection, flight.to)
            for other in self._flights.values()
        )

    def copy(self) -> Mailbox:
        """Return an independent copy of the mailbox."""
        other = Mailbox()
        other._flights = dict(self._flights)
        return other
