"""Links and disks: how long a message travels, how long a write takes, and what is lost.

The simulator knows two small interfaces only, :class:`Link` and :class:`Disk`.  What stands
here are those that draw their times from a distribution.  A link of limited bandwidth (it
would look at ``size`` and remember until when it is busy) or a disk with a queue of its own
is another class with the same method, given through a :class:`LinkSettings` or
:class:`DiskSettings` of its own whose ``build`` makes it.  Handling an event takes no time; a
processor of limited speed would be a third interface of this kind, which the host asks before it
hands a node an event.
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
    """What becomes of a message on a link.

    Attributes
    ----------
    arrivals : tuple of float
        When it arrives, in seconds; none if it is lost, two or more if it is duplicated.
    reordered : bool
        Whether it was held up on purpose, so that others may overtake it.
    """

    arrivals: tuple[float, ...]
    reordered: bool = False


class Link(Protocol):
    """One direction between two nodes, with whatever it remembers during a run.

    Attributes
    ----------
    factor : float
        All its delays are multiplied by this; a fault sets it.
    sized : bool
        Whether it wants to know the size of a message; otherwise it is told 0.
    """

    factor: float
    sized: bool

    def transmit(self, now: float, size: int, rng: random.Random) -> Passage:
        """Take a message.

        Parameters
        ----------
        now : float
            Seconds since the start.
        size : int
            Bytes of the message as JSON.
        rng : random.Random
            The network's stream.

        Returns
        -------
        Passage
        """
        ...


class Disk(Protocol):
    """A node's disk; it handles one write at a time, in order.

    Attributes
    ----------
    factor : float
        All its times are multiplied by this; a fault sets it.
    """

    factor: float

    def complete(self, now: float, write: Mapping[str, Any], rng: random.Random) -> float:
        """Begin a write.

        Parameters
        ----------
        now : float
            Seconds since the start.
        write : mapping
            What is written.
        rng : random.Random
            The disks' stream.

        Returns
        -------
        float
            When it is durable, in seconds since the start; not before `now`.
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
        """Draw what becomes of a message (see :class:`Link`)."""
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
        """Draw when a write is durable (see :class:`Disk`)."""
        return now + self._draw(rng) * self.factor


def _probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ScenarioError(f"{name} {value!r} is no probability", hint="between 0 and 1")


@dataclass(frozen=True)
class LinkSettings:
    """How a link behaves when nothing is wrong with it in particular.

    Parameters
    ----------
    delay : Delay
        How long a message travels.  Independent delays let messages overtake each other.
    loss : float
        Probability that a message is lost.
    duplicate : float
        Probability that a message that is not lost arrives twice, each copy with its own
        delay.
    reorder : float
        Probability that a message is held up, besides its delay, by `reorder_by`.
    reorder_by : Delay
        For how long.
    fifo : bool
        Whether messages arrive in the order in which they were sent.

    Raises
    ------
    ScenarioError
        If a probability is none, or a link is both FIFO and reordering.
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
            raise ScenarioError("a FIFO link cannot reorder", hint="drop 'fifo' or 'reorder'")

    def build(self) -> Link:
        """Return a link for one run."""
        return DelayLink(self)


@dataclass(frozen=True)
class LinkOverride:
    """What is different on one link; ``None`` is as on all others.

    Parameters
    ----------
    sender, receiver : str
        The link, one direction.
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
                f"the link {self.sender} -> {self.receiver} says by how much it reorders, and not "
                "how often",
                hint="reorder 0.1 by uniform(0.0, 0.05)",
            )

    def apply(self, settings: LinkSettings) -> LinkSettings:
        """Return settings with this override's on top.

        Parameters
        ----------
        settings : LinkSettings

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
    """How a disk behaves.

    Parameters
    ----------
    write : Delay
        How long a write takes.
    """

    write: Delay = _WRITE

    def build(self) -> Disk:
        """Return a disk for one run."""
        return DelayDisk(self)
