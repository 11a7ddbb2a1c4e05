"""Links and disks: delays and losses of messages, and times of writes.

The simulator uses two small interfaces, :class:`Link` and :class:`Disk`.  The classes in this
module draw their times from a distribution.  Another class with the same method can model a link
of limited bandwidth (which would use ``size`` and remember until when it is busy) or a disk with
its own queue.  It is passed to the simulator by a subclass of :class:`LinkSettings` or
:class:`DiskSettings` whose method ``build`` creates it.  Handling an event takes no simulated
time.  A processor of limited speed would be a third interface, which the host would call before it
hands an event to a node.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol

from toolkit.errors import ScenarioError
from toolkit.sim.delays import Constant, Delay, Uniform

__all__ = [
    "DelayDisk",
    "DelayLink",
    "Disk",
    "DiskSettings",
    "Link",
    "LinkOverride",
    "LinkSettings",
    "Passage",
]


_DELAY = Uniform(0.001, 0.01)
_REORDER_BY = Uniform(0.0, 0.05)
_WRITE = Constant(0.0)


class Passage(NamedTuple):
    """The arrivals of a message that was sent on a link.

    Attributes
    ----------
    arrivals : tuple of float
        Times of arrival, in seconds; empty if the message is lost, two or more if it is
        duplicated.
    reordered : bool
        Whether the message was delayed further to reorder it, so that others can overtake it.
    """

    arrivals: tuple[float, ...]
    reordered: bool = False


class Link(Protocol):
    """Interface of one direction of a link between two nodes, with its state during a run.

    Attributes
    ----------
    factor : float
        Factor of all its delays, which faults set.
    sized : bool
        Whether the link needs the size of messages; otherwise it receives 0.
    """

    factor: float
    sized: bool

    def transmit(self, now: float, size: int, rng: random.Random) -> Passage:
        """Send a message and return its arrivals.

        Parameters
        ----------
        now : float
            Seconds since the start.
        size : int
            Size of the message as JSON, in bytes.
        rng : random.Random
            The random stream of the network.

        Returns
        -------
        Passage
            The arrivals.
        """
        ...


class Disk(Protocol):
    """Interface of a node's disk, which handles one write at a time, in order.

    Attributes
    ----------
    factor : float
        Factor of all its times, which faults set.
    """

    factor: float

    def complete(self, now: float, write: Mapping[str, Any], rng: random.Random) -> float:
        """Begin a write and return the time when it is durable.

        Parameters
        ----------
        now : float
            Seconds since the start.
        write : mapping
            The data to write.
        rng : random.Random
            The random stream of the disks.

        Returns
        -------
        float
            Time when the write is durable, in seconds since the start; at least `now`.
        """
        ...


LOST = Passage(())


class DelayLink:
    """A link that draws delays, and loses, duplicates and reorders with given probabilities.

    Parameters
    ----------
    settings : LinkSettings
        Its distribution and probabilities.
    """

    sized = False

    def __init__(self, settings: LinkSettings) -> None:
        self.factor = 1.0
        self._draw = settings.delay.draw
        self._loss = settings.loss
        self._duplicate = settings.duplicate
        self._reorder = settings.reorder
        self._extra = settings.reorder_by.draw
        self._fifo = settings.fifo
        self._last = 0.0

    def transmit(self, now: float, size: int, rng: random.Random) -> Passage:
        """Draw the arrivals of a message (see :class:`Link`)."""
        if self._loss and rng.random() < self._loss:
            return LOST
        delay = self._draw(rng)
        reordered = False
        if self._reorder and rng.random() < self._reorder:
            delay += self._extra(rng)
            reordered = True
        first = self._arrival(now, delay) if self._fifo else now + delay * self.factor
        if self._duplicate and rng.random() < self._duplicate:
            return Passage((first, self._arrival(now, self._draw(rng))), reordered)
        return Passage((first,), reordered)

    def _arrival(self, now: float, delay: float) -> float:
        arrival = now + delay * self.factor
        if self._fifo:
            arrival = self._last = max(arrival, self._last)
        return arrival


class DelayDisk:
    """A disk that draws the time of each write.

    Parameters
    ----------
    settings : DiskSettings
        Its distribution.
    """

    def __init__(self, settings: DiskSettings) -> None:
        self.factor = 1.0
        self._draw = settings.write.draw

    def complete(self, now: float, write: Mapping[str, Any], rng: random.Random) -> float:
        """Draw the time when a write is durable (see :class:`Disk`)."""
        return now + self._draw(rng) * self.factor


def _probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ScenarioError(
            f"{name} must be a probability, got {value!r}", hint="choose a number from 0 to 1"
        )


@dataclass(frozen=True)
class LinkSettings:
    """Delays and probabilities of faults on a link.

    Parameters
    ----------
    delay : Delay
        Distribution of message delays.  Delays are independent, so that messages can overtake
        each other.
    loss : float
        Probability that a message is lost.
    duplicate : float
        Probability that a message that is not lost arrives twice, each copy with its own
        delay.
    reorder : float
        Probability that a message has the further delay `reorder_by`.
    reorder_by : Delay
        Distribution of the further delay.
    fifo : bool
        Whether messages arrive in the order in which they were sent.

    Raises
    ------
    ScenarioError
        If a probability is not between 0 and 1, or a FIFO link reorders.
    """

    delay: Delay = _DELAY
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_by: Delay = _REORDER_BY
    fifo: bool = False

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            _probability(name, getattr(self, name))
        if self.fifo and self.reorder:
            raise ScenarioError("a FIFO link cannot reorder", hint="remove 'fifo' or 'reorder'")

    def build(self) -> Link:
        """Create a link for one run."""
        return DelayLink(self)


@dataclass(frozen=True)
class LinkOverride:
    """Settings of one link that differ from the others; ``None`` for no difference.

    Parameters
    ----------
    sender, receiver : str
        The direction of the link.
    delay, loss, duplicate, reorder, reorder_by, fifo
        As in :class:`LinkSettings`.
    """

    sender: str
    receiver: str
    delay: Delay | None = None
    loss: float | None = None
    duplicate: float | None = None
    reorder: float | None = None
    reorder_by: Delay | None = None
    fifo: bool | None = None

    def __post_init__(self) -> None:
        if self.reorder_by is not None and self.reorder is None:
            raise ScenarioError(
                f"the link {self.sender} -> {self.receiver} has a delay for reordering, but no "
                "probability",
                hint="for instance: reorder 0.1 by uniform(0.0, 0.05)",
            )

    def apply(self, settings: LinkSettings) -> LinkSettings:
        """Return link settings with the differences applied.

        Parameters
        ----------
        settings : LinkSettings
            The settings of all links.

        Examples
        --------
        >>> LinkOverride("a", "b", loss=0.5).apply(LinkSettings()).loss
        0.5
        """
        changes = {
            field.name: value
            for field in fields(self)
            if field.name not in {"sender", "receiver"}
            and (value := getattr(self, field.name)) is not None
        }
        return replace(settings, **changes)


@dataclass(frozen=True)
class DiskSettings:
    """Times of a disk.

    Parameters
    ----------
    write : Delay
        Distribution of the time of a write.
    """

    write: Delay = _WRITE

    def build(self) -> Disk:
        """Create a disk for one run."""
        return DelayDisk(self)
