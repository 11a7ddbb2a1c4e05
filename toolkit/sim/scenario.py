"""Scenarios: plans of runs, with nodes, network, disks, clocks, clients, events and limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from toolkit.errors import ScenarioError
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.network import DiskSettings, LinkOverride, LinkSettings
from toolkit.sim.words import MisfitError, check_word

__all__ = ["Clock", "Retry", "Scenario"]


@dataclass(frozen=True)
class Clock:
    """A node's clock, which shows ``offset + (1 + drift) * t`` at time t.

    Parameters
    ----------
    offset : float
        Seconds by which the clock is ahead at the start.
    drift : float
        Seconds that the clock gains per second; above -1.  Timers run on the node's clock: with a
        positive drift they run out early.

    Examples
    --------
    >>> Clock(offset=1.0, drift=0.5).show(2.0)
    4.0
    """

    offset: float = 0.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.offset) and -1 < self.drift < math.inf):
            raise ScenarioError(
                f"a clock's offset must be finite and its drift finite and above -1, got offset "
                f"{self.offset!r} and drift {self.drift!r}",
                hint="for instance: clock n1 offset 0.5 drift 0.0001",
            )

    def show(self, time: float) -> float:
        """Return the time that the clock shows.

        Parameters
        ----------
        time : float
            Seconds since the start.

        Returns
        -------
        float
            Seconds on the clock.
        """
        return self.offset + (1.0 + self.drift) * time


@dataclass(frozen=True)
class Retry:
    """Retry policy of a client for requests without an answer.

    Parameters
    ----------
    every : float or None
        Seconds between retries; ``None`` for no retries.
    next_node : bool
        Whether the client retries at the next node that accepts commands, instead of at the same
        node.
    """

    every: float | None = 0.5
    next_node: bool = False

    def __post_init__(self) -> None:
        if self.every is not None and not 0 < self.every < math.inf:
            raise ScenarioError(
                f"the time between retries must be above 0 seconds, got {self.every!r}",
                hint="write 'retry off' for no retries",
            )


_NETWORK = LinkSettings()
_DISK = DiskSettings()
_NOT_DRAWN: tuple[object, ...] = (_NETWORK, (), _DISK, {})


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The plan of a run; plan and seed together determine the run.

    Parameters
    ----------
    name : str
        Name of the scenario.
    protocol : str
        Registered name of the protocol.
    nodes : tuple of str
        All nodes.
    settings : mapping of str to str
        The protocol's settings.
    network : LinkSettings
        Behaviour of all links.
    links : tuple of LinkOverride
        Differences of single links; a later override of the same link has precedence.
    disk : DiskSettings
        Behaviour of all disks.
    disks : mapping of str to DiskSettings
        Nodes whose disks behave differently.
    clocks : mapping of str to Clock
        Nodes whose clocks are inexact.
    retry : Retry
        How clients retry requests without an answer.
    events : tuple of ScenarioEvent
        Commands and faults; events with the same time happen in this order.
    manual : bool
        Whether messages, timers and writes wait for events of the scenario: see
        :mod:`toolkit.sim.host`.
    time_limit : float
        Simulated seconds after which the run ends.
    step_limit : int
        Number of steps after which the run ends.
    seed : int or None
        The default seed of a run, to which `expected` belongs.
    expected : tuple of str or None
        The expected steps, in the form of :func:`toolkit.sim.format_steps`.
    source : str or None
        The name or path that the scenario was read from; ignored when scenarios are compared.

    Raises
    ------
    ScenarioError
        If the parts contradict each other: for instance if an event names an unknown node, or
        crashes a node that is down.
    """

    name: str
    protocol: str
    nodes: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    network: LinkSettings = _NETWORK
    links: tuple[LinkOverride, ...] = ()
    disk: DiskSettings = _DISK
    disks: Mapping[str, DiskSettings] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    retry: Retry = Retry()
    events: tuple[ScenarioEvent, ...] = ()
    manual: bool = False
    time_limit: float = 10.0
    step_limit: int = 100_000
    seed: int | None = None
    expected: tuple[str, ...] | None = None
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_word("the scenario", self.name)
        check_word("the protocol", self.protocol)
        for name in self.nodes:
            check_word("a node", name)
        for key, value in self.settings.items():
            check_word("a setting", key)
            if not value or value != value.strip() or set(value) & set("\n\r#"):
                raise ScenarioError(
                    f"the setting {key!r} must be one line of text without '#' and without "
                    f"surrounding spaces, got {value!r}",
                    hint="choose another value",
                )
        for line in self.expected or ():
            if line in {"", "end"} or line != line.strip() or set(line) & set("\n\r"):
                raise ScenarioError(
                    f"invalid expected step {line!r}",
                    hint="use lines that format_steps() returns",
                )
        if not self.nodes or len(set(self.nodes)) < len(self.nodes):
            raise ScenarioError(
                "a scenario must list at least one node, and each node once",
                hint="for instance: nodes n1 n2 n3",
            )
        if not 0 < self.time_limit < math.inf or not self.step_limit > 0:
            raise ScenarioError(
                f"limits must be above 0, got time {self.time_limit} and steps {self.step_limit}",
                hint="for instance: limit time 10 steps 100000",
            )
        for override in self.links:
            self.check_names("a link", (override.sender, override.receiver), override)
            if override.sender == override.receiver:
                raise MisfitError(
                    f"a link must join two different nodes, got {override.sender!r} twice",
                    override,
                    hint="remove it: a node's messages to itself use no link and are not delayed",
                )
            override.apply(self.network)
        for name, disk in self.disks.items():
            self.check_names("a disk", (name,), disk)
        for name, clock in self.clocks.items():
            self.check_names("a clock", (name,), clock)
        if self.manual and self.retry.every is not None:
            raise ScenarioError("clients of a manual scenario cannot retry", hint="add 'retry off'")
        if self.manual and (self.network, self.links, self.disk, self.disks) != _NOT_DRAWN:
            raise ScenarioError(
                "a manual scenario cannot draw delays, losses or times of writes",
                hint="remove 'network', 'link' and 'disk': choose each event with deliver, lose, "
                "duplicate and flush",
            )
        down: set[str] = set()
        for event in sorted(self.events, key=lambda event: event.time):
            event.validate(self, down)

    def check_names(self, what: str, names: tuple[str, ...], part: object) -> None:
        """Check that a part of the scenario names only nodes of the scenario.

        Parameters
        ----------
        what : str
            Kind of the part, for messages: ``"a link"``.
        names : tuple of str
            The names in the part.
        part : object
            The part.

        Raises
        ------
        MisfitError
            If a name is not the name of a node.
        """
        for name in names:
            if name not in self.nodes:
                close = get_close_matches(name, self.nodes, n=1)
                known = f"nodes: {', '.join(self.nodes)}"
                raise MisfitError(
                    f"{what} names an unknown node {name!r}",
                    part,
                    hint=f"did you mean {close[0]!r}?" if close else known,
                )

    def link(self, sender: str, receiver: str) -> LinkSettings:
        """Return the settings of the link from one node to another.

        Parameters
        ----------
        sender, receiver : str
            The ends of the link.
        """
        settings = self.network
        for override in self.links:
            if (override.sender, override.receiver) == (sender, receiver):
                settings = override.apply(settings)
        return settings
