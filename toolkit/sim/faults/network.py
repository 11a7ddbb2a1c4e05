"""Faults of the network: partitions, cut and slow links, and the end of these faults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.errors import ScenarioError
from toolkit.sim.faults.base import LinkEvent, ScenarioEvent
from toolkit.sim.words import Line

if TYPE_CHECKING:
    from toolkit.sim.host import Simulation
    from toolkit.sim.random_faults import Draw

__all__ = ["Cut", "Heal", "Partition", "Slow", "check_factor"]


@dataclass(frozen=True)
class Partition(ScenarioEvent):
    """The network splits into groups; links that are already cut stay cut.

    A message is lost if its link is cut when it is sent or when it would arrive.

    Parameters
    ----------
    time : float
        Seconds since the start.
    groups : tuple of tuple of str
        Two or more groups; links between different groups are cut.  A node outside all groups
        keeps its links.
    """

    keyword = "partition"

    groups: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self.named()
        if len(self.groups) < 2 or not all(self.groups) or len(set(names)) < len(names):
            raise ScenarioError(
                "a partition needs two or more groups, and each node can be in only one group",
                hint="for instance: partition n1 | n2 n3",
            )

    def named(self) -> tuple[str, ...]:
        """Return the nodes that the event names."""
        return tuple(name for group in self.groups for name in group)

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 | n2 n3``."""
        groups: list[list[str]] = [[]]
        while line.peek() is not None:
            if line.maybe("|"):
                groups.append([])
            else:
                groups[-1].append(line.name("a node"))
        return [cls(time, tuple(map(tuple, groups)))]

    def _sides(self) -> str:
        return " | ".join(" ".join(group) for group in self.groups)

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"partition {self._sides()}"

    def apply(self, run: Simulation) -> None:
        """Cut the links between the groups."""
        run.partition(self.groups)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"{self._sides()} are apart"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        """Draw partitions, each healed after a while."""
        events: list[ScenarioEvent] = []
        if len(draw.nodes) < 2:
            return events
        for _ in range(draw.rng.randint(0, draw.bounds.partitions)):
            order = draw.rng.sample(list(draw.nodes), len(draw.nodes))
            at = draw.rng.randint(1, len(order) - 1)
            begin = draw.time()
            events.append(cls(begin, (tuple(order[:at]), tuple(order[at:]))))
            events.append(Heal(draw.healed(begin)))
        return events


@dataclass(frozen=True)
class Cut(LinkEvent):
    """One direction of a link stops working.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str
        The link.
    """

    keyword = "cut"
    recorded_as = "one-way"

    sender: str
    receiver: str

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 -> n2`` or ``n1 <-> n2``."""
        return [cls(time, *pair) for pair in line.pairs()]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"cut {self.sender} -> {self.receiver}"

    def apply(self, run: Simulation) -> None:
        """Cut the link."""
        run.cut_link(self.sender, self.receiver)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"no messages from {self.sender} to {self.receiver}"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        """Draw cuts, each healed after a while."""
        events: list[ScenarioEvent] = []
        if len(draw.nodes) < 2:
            return events
        for _ in range(draw.rng.randint(0, draw.bounds.cuts)):
            pair = draw.pair()
            begin = draw.time()
            events.append(cls(begin, *pair))
            events.append(Heal(draw.healed(begin), *pair))
        return events


@dataclass(frozen=True)
class Heal(LinkEvent):
    """Partitions, cuts, slow links and slow disks end.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str, optional
        The direction of the only link to heal; by default everything is healed.
    """

    keyword = "heal"
    repairs = True

    sender: str | None = None
    receiver: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.sender is None) != (self.receiver is None):
            raise ScenarioError(
                "heal must name both ends of a link, or none", hint="write heal, or heal n1 -> n2"
            )

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse nothing, or ``n1 -> n2`` or ``n1 <-> n2``."""
        if line.peek() is None:
            return [cls(time)]
        return [cls(time, *pair) for pair in line.pairs()]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return "heal" if self.sender is None else f"heal {self.sender} -> {self.receiver}"

    def apply(self, run: Simulation) -> None:
        """Heal the link, or everything."""
        if self.sender is not None and self.receiver is not None:
            run.heal_link(self.sender, self.receiver)
        else:
            run.heal()

    def describe(self) -> str:
        """Describe the event in a few words."""
        if self.sender is None:
            return "all links work again"
        return f"messages from {self.sender} to {self.receiver} get through again"


def check_factor(factor: float) -> None:
    """Check the factor of a slow link or disk.

    Parameters
    ----------
    factor : float
        The factor.

    Raises
    ------
    ScenarioError
        If the factor is not finite and above 0.
    """
    if not 0 < factor < math.inf:
        raise ScenarioError(
            f"a factor must be finite and above 0, got {factor!r}", hint="for instance: by 10"
        )


@dataclass(frozen=True)
class Slow(LinkEvent):
    """One direction of a link becomes slower.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str
        The link.
    factor : float
        Factor by which later delays of the link are multiplied.
    """

    keyword = "slow"
    in_manual = False

    sender: str
    receiver: str
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor(self.factor)

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 -> n2 by 10`` or ``n1 <-> n2 by 10``."""
        pairs = line.pairs()
        line.keyword("by")
        factor = line.number("a factor")
        return [cls(time, *pair, factor) for pair in pairs]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"slow {self.sender} -> {self.receiver} by {self.factor!r}"

    def apply(self, run: Simulation) -> None:
        """Slow the link down."""
        run.slow_link(self.sender, self.receiver, self.factor)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"messages from {self.sender} to {self.receiver} take {self.factor:g} times as long"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        """Draw slow links."""
        if len(draw.nodes) < 2:
            return []
        return [
            cls(draw.time(), *draw.pair(), draw.between(1.0, draw.bounds.slowdown))
            for _ in range(draw.rng.randint(0, draw.bounds.slow_links))
        ]
