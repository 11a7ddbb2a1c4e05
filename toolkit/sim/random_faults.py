"""Random scenarios: faults and commands that are drawn from a seed, within bounds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toolkit.errors import SettingError
from toolkit.protocols.protocol import Protocol
from toolkit.sim.delays import Constant, Delay, Exponential, LogNormal, Normal, Uniform
from toolkit.sim.faults import (
    FAULTS,
    ClientCommand,
    Crash,
    Cut,
    Heal,
    Partition,
    ScenarioEvent,
    Slow,
    SlowDisk,
    drawn_faults,
    event_list,
)
from toolkit.sim.network import DiskSettings, LinkOverride, LinkSettings
from toolkit.sim.scenario import Clock, Retry, Scenario
from toolkit.sim.streams import stream

__all__ = ["Bounds", "Draw", "random_scenario"]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bounds of random scenarios.

    Parameters
    ----------
    duration : float
        Time limit of the run, in seconds.
    window : float
        Fraction of the duration, from its start, in which faults happen.  After it, everything is
        healed and restarted, but loss, duplication and reordering continue.
    delay : float
        Maximum typical delay of a message, in seconds.
    loss, duplicate, reorder : float
        Maximum probabilities.  For protocols with connections, where a loss breaks the connection,
        the maximum of `loss` is divided by 20 and the other two have no effect.
    crashes, partitions, cuts, slow_links, slow_disks : int
        Maximum number of faults of each kind.
    others : int
        Maximum number of faults of each further registered kind.
    faults : tuple of str or None
        Names of the kinds of faults to draw; ``None`` for all registered kinds.
    slowdown : float
        Maximum factor of a slow link or disk.
    write : float
        Maximum typical time of a write, in seconds.
    drift : float
        Maximum absolute drift of a clock.
    offset : float
        Maximum absolute offset of a clock, in seconds.
    commands : tuple of int
        Minimum and maximum number of commands, not counting commands to restarted nodes.

    Raises
    ------
    SettingError
        If a value is out of its range.
    """

    duration: float = 5.0
    window: float = 0.4
    delay: float = 0.05
    loss: float = 0.25
    duplicate: float = 0.1
    reorder: float = 0.2
    crashes: int = 6
    partitions: int = 2
    cuts: int = 2
    slow_links: int = 2
    slow_disks: int = 1
    others: int = 1
    faults: tuple[str, ...] | None = None
    slowdown: float = 20.0
    write: float = 0.01
    drift: float = 0.01
    offset: float = 1.0
    commands: tuple[int, int] = (4, 8)

    def __post_init__(self) -> None:
        probabilities = (self.loss, self.duplicate, self.reorder)
        counts = (
            self.crashes,
            self.partitions,
            self.cuts,
            self.slow_links,
            self.slow_disks,
            self.others,
        )
        least, most = self.commands
        if (
            not self.duration >= 0.01
            or not 0 < self.window <= 1
            or not all(0 <= value <= 1 for value in probabilities)
            or not all(value >= 0 for value in counts)
            or not 0 <= least <= most
            or not 0 <= self.drift < 1
            or not self.offset >= 0
            or not self.slowdown >= 1
            or not self.delay >= 0.0001
            or not self.write >= 0.0001
        ):
            raise SettingError(
                f"bounds are out of range: {self}",
                hint="required: duration >= 0.01 s, 0 < window <= 1, probabilities in [0, 1], "
                "counts >= 0, slowdown >= 1, delay and write >= 0.0001 s, 0 <= drift < 1",
            )


def _short(number: float) -> float:
    # Numbers in a scenario should be readable.
    return float(f"{number:.4g}")


class Draw:
    """Random source for the parts of one scenario, which are drawn in a fixed order.

    Parameters
    ----------
    rng : random.Random
        The random generator.
    nodes : sequence of str
        All nodes.
    bounds : Bounds
        The bounds.

    Attributes
    ----------
    end : float
        Time when all faults end, in seconds.
    """

    def __init__(self, rng: random.Random, nodes: Sequence[str], bounds: Bounds) -> None:
        self.rng = rng
        self.nodes = nodes
        self.bounds = bounds
        self.end = bounds.duration * bounds.window

    def between(self, low: float, high: float) -> float:
        """Draw a number between `low` and `high`, rounded to four digits.

        Parameters
        ----------
        low, high : float
            The interval's ends.
        """
        return _short(low + (high - low) * self.rng.random())

    def chance(self, probability: float) -> bool:
        """Draw True with a given probability.

        Parameters
        ----------
        probability : float
            The probability.
        """
        return self.rng.random() < probability

    def time(self) -> float:
        """Draw a time before :attr:`end`, in seconds; early times are more likely."""
        return round(self.end * self.rng.random() ** 2, 4)

    def probability(self, most: float) -> float:
        """Draw a probability of at most `most`; it is 0 in 30% of cases.

        Parameters
        ----------
        most : float
            The maximum.
        """
        return self.between(0.0, most) if self.chance(0.7) else 0.0

    def pair(self) -> tuple[str, str]:
        """Draw two different nodes."""
        first, second = self.rng.sample(list(self.nodes), 2)
        return first, second

    def delay(self, most: float) -> Delay:
        """Draw a distribution of delays whose typical delay is at most `most` seconds.

        Parameters
        ----------
        most : float
            The maximum.
        """
        typical = self.between(most / 10, most)
        kind = self.rng.choice(("constant", "uniform", "exponential", "lognormal", "normal"))
        if kind == "constant":
            return Constant(typical)
        if kind == "uniform":
            return Uniform(_short(typical / 5), typical)
        if kind == "exponential":
            return Exponential(_short(typical / 2), _short(typical / 5))
        if kind == "lognormal":
            return LogNormal(_short(typical / 2), self.between(0.2, 1.0))
        return Normal(_short(typical / 2), _short(typical / 4))

    def network(self) -> LinkSettings:
        """Draw the settings of links."""
        bounds = self.bounds
        return LinkSettings(
            delay=self.delay(bounds.delay),
            loss=self.probability(bounds.loss),
            duplicate=self.probability(bounds.duplicate),
            reorder=self.probability(bounds.reorder),
            reorder_by=Uniform(0.0, _short(5 * bounds.delay)),
        )

    def clocks(self) -> dict[str, Clock]:
        """Draw the clocks that have an offset and a drift."""
        drift, offset = self.bounds.drift, self.bounds.offset
        return {
            node: Clock(self.between(-offset, offset), self.between(-drift, drift))
            for node in self.nodes
            if self.chance(0.3)
        }

    def healed(self, begin: float) -> float:
        """Draw the end of a fault, at most half a second after its begin.

        Parameters
        ----------
        begin : float
            Time when the fault begins, in seconds.
        """
        return min(self.end, round(begin + self.between(0.01, 0.5), 4))


SHARED: tuple[type[ScenarioEvent], ...] = (Crash, Partition, Cut, Slow, SlowDisk)
"""The kinds that are drawn from one random stream, in this order.

Every other kind has its own stream, so that registering it does not change the faults that a seed
draws of the other kinds.
"""


def _chosen(names: Sequence[str]) -> list[str]:
    """Check the names of kinds to draw, and return them sorted."""
    known = drawn_faults()
    for name in names:
        FAULTS.get(name)
        if name not in known:
            raise SettingError(
                f"random scenarios cannot draw the kind {name!r}",
                hint=f"kinds that can be drawn: {', '.join(known)}",
            )
    return sorted(set(names))


def _faults(seed: int, draw: Draw) -> list[ScenarioEvent]:
    """Draw the events of all registered kinds, or of the kinds that the bounds name."""
    names = drawn_faults() if draw.bounds.faults is None else _chosen(draw.bounds.faults)
    chosen = {FAULTS.get(name): name for name in names}
    events = [event for kind in SHARED if kind in chosen for event in kind.draw(draw)]
    for kind, name in chosen.items():
        if kind not in SHARED:
            own = Draw(stream(seed, f"fault:{name}"), draw.nodes, draw.bounds)
            events += event_list(kind.draw(own), f"{kind.__name__}.draw()")
    return events


def random_scenario(
    protocol: Protocol,
    nodes: Sequence[str],
    seed: int,
    bounds: Bounds | None = None,
    settings: Mapping[str, str] | None = None,
) -> Scenario:
    """Draw a random scenario from a seed.

    Parameters
    ----------
    protocol : Protocol
        The protocol; its ``random_operation`` draws the clients' operations and decides which
        nodes accept them.
    nodes : sequence of str
        All nodes.
    seed : int
        The seed, which is also the scenario's seed.  The same seed draws the same scenario.
    bounds : Bounds, optional
        The bounds of the scenario.
    settings : mapping of str to str, optional
        The protocol's settings.

    Returns
    -------
    Scenario
        A scenario with the name ``<protocol>-random``.  Written with
        :func:`toolkit.sim.format_scenario`, it can be run from a file.

    Raises
    ------
    UnknownNameError
        If the bounds name a kind of fault that is not registered.
    SettingError
        If the bounds name a kind of fault that cannot be drawn, or a setting is invalid.

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> paxos = get_protocol("paxos")
    >>> first = random_scenario(paxos, ["n1", "n2", "n3"], 1)
    >>> first == random_scenario(paxos, ["n1", "n2", "n3"], 1)
    True
    """
    bounds = bounds or Bounds()
    if protocol.runnable.connected:
        bounds = replace(bounds, loss=_short(bounds.loss / 20))
    settings = dict(settings or {})
    config = protocol.runnable.configure(nodes, settings)
    draw = Draw(stream(seed, "schedule"), tuple(nodes), bounds)
    clients = stream(seed, "clients")
    takers = [
        node
        for node in nodes
        if protocol.runnable.random_operation(config, clients, node) is not None
    ]
    faults = _faults(seed, draw)
    times = [
        # The first two commands come close together, so that proposers contend.
        (min(0.05, draw.end) if number < 2 else draw.end) * clients.random()
        for number in range(clients.randint(*bounds.commands))
    ]
    asked = [(time, clients.choice(takers)) for time in times if takers]
    # A node that restarted gets a further command, to test its lost volatile state.
    asked += [
        (event.time + 0.02 * clients.random(), node)
        for event in faults
        if (node := event.restarted()) in takers and clients.random() < 0.8
    ]
    events: list[ScenarioEvent] = [
        ClientCommand(
            round(time, 4),
            f"c{number}",
            protocol.runnable.random_operation(config, clients, node),
            node,
        )
        for number, (time, node) in enumerate(asked, 1)
    ]
    events += faults
    links: list[LinkOverride] = []
    if len(nodes) > 1 and draw.chance(0.3):
        sender, receiver = draw.pair()
        links.append(LinkOverride(sender, receiver, delay=draw.delay(4 * bounds.delay)))
    network = draw.network()
    disk = DiskSettings(draw.delay(bounds.write) if draw.chance(0.8) else Constant(0.0))
    clocks = draw.clocks()
    # Repairs come after the faults of the same time, also at the end of the window.
    events.sort(key=lambda event: (event.time, event.repairs))
    return Scenario(
        name=f"{protocol.name}-random",
        protocol=protocol.name,
        nodes=tuple(nodes),
        settings=settings,
        network=network,
        links=tuple(links),
        disk=disk,
        clocks=clocks,
        retry=Retry(0.5, draw.chance(0.5)),
        events=(*events, Heal(round(draw.end, 4))),
        time_limit=bounds.duration,
        seed=seed,
    )
