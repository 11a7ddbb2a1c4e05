"""What a run is made of: nodes, network, disks, clocks, clients, events and limits."""

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
        Seconds ahead at the start.
    drift : float
        Seconds gained in a second; above -1.  Timers run on the node's clock: with a positive
        drift they run out early.

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
                f"a clock with offset {self.offset!r} and drift {self.drift!r} cannot be",
                hint="finite numbers, the drift above -1",
            )

    def show(self, time: float) -> float:
        """Return what the clock shows.

        Parameters
        ----------
        time : float
            Seconds since the start.
        """
        return self.offset + (1.0 + self.drift) * time


@dataclass(frozen=True)
class Retry:
    """Whether a client asks again while it has no answer.

    Parameters
    ----------
    every : float or None
        Seconds between one try and the next; ``None``: never.
    next_node : bool
        Whether it turns to the next node that takes commands, instead of the same one.
    """

    every: float | None = 0.5
    next_node: bool = False

    def __post_init__(self) -> None:
        if self.every is not None and not 0 < self.every < math.inf:
            raise ScenarioError(
                f"a client cannot ask again every {self.every!r} seconds", hint="more than 0"
            )


_NETWORK = LinkSettings()
_DISK = DiskSettings()
_NOT_DRAWN: tuple[object, ...] = (_NETWORK, (), _DISK, {})


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A run's plan; with a seed it determines the run.

    Parameters
    ----------
    name : str
        For people.
    protocol : str
        Registered name of the protocol that it is for.
    nodes : tuple of str
        All nodes.
    settings : mapping of str to str
        The protocol's settings.
    network : LinkSettings
        How links behave.
    links : tuple of LinkOverride
        Links that differ; of two for the same link the later one is laid on top.
    disk : DiskSettings
        How disks behave.
    disks : mapping of str to DiskSettings
        Nodes whose disks differ.
    clocks : mapping of str to Clock
        Nodes whose clocks are off.
    retry : Retry
        What clients do that have no answer.
    events : tuple of ScenarioEvent
        Commands and faults; those of one time happen in this order.
    manual : bool
        Whether messages, timers and writes wait for events of the scenario: see
        :mod:`toolkit.sim.host`.
    time_limit : float
        The run ends at this time, in seconds.
    step_limit : int
        The run ends after so many steps.
    seed : int or None
        The seed to run it with unless another one is given; `expected` is what happens then.
    expected : tuple of str or None
        The steps that must happen, as :func:`toolkit.sim.format_steps` shows them.
    source : str or None
        Where it was read from; not part of its identity.

    Raises
    ------
    ScenarioError
        If an event names a node that is not there, crashes a node that is down, and so on.
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
                    f"the setting {key!r} cannot be {value!r}",
                    hint="a text on one line, with no '#' and no space around it",
                )
        for line in self.expected or ():
            if line in {"", "end"} or line != line.strip() or set(line) & set("\n\r"):
                raise ScenarioError(
                    f"{line!r} cannot be expected", hint="use the lines of format_steps"
                )
        if not self.nodes or len(set(self.nodes)) < len(self.nodes):
            raise ScenarioError("a scenario needs nodes, each named once", hint="nodes n1 n2 n3")
        if not 0 < self.time_limit < math.inf or not self.step_limit > 0:
            raise ScenarioError("limits must be above 0", hint="limit time 10 steps 100000")
        for override in self.links:
            self.check_names("a link", (override.sender, override.receiver), override)
            if override.sender == override.receiver:
                raise MisfitError(
                    f"{override.sender!r} has no link to itself",
                    override,
                    hint="what a node tells itself is never lost, and takes no time to speak of",
                )
            override.apply(self.network)
        for name, disk in self.disks.items():
            self.check_names("a disk", (name,), disk)
        for name, clock in self.clocks.items():
            self.check_names("a clock", (name,), clock)
        if self.manual and self.retry.every is not None:
            raise ScenarioError(
                "clients of a manual scenario do not ask again", hint="add 'retry off'"
            )
        if self.manual and (self.network, self.links, self.disk, self.disks) != _NOT_DRAWN:
            raise ScenarioError(
                "a manual scenario draws no delays, losses or times of writes",
                hint="remove 'network', 'link' and 'disk': choose each event with deliver, lose, "
                "duplicate and flush",
            )
        down: set[str] = set()
        for event in sorted(self.events, key=lambda event: event.time):
            event.validate(self, down)

    def check_names(self, what: str, names: tuple[str, ...], part: object) -> None:
        """Check that a part of the scenario names its nodes only.

        Parameters
        ----------
        what : str
            What names them, for messages: ``"a link"``.
        names : tuple of str
            The names.
        part : object
            The part.

        Raises
        ------
        MisfitError
            If a name is not that of a node.
        """
        for name in names:
            if name not in self.nodes:
                close = get_close_matches(name, self.nodes, n=1)
                known = f"nodes: {', '.join(self.nodes)}"
                raise MisfitError(
                    f"{what} names {name!r}, which is no node",
                    part,
                    hint=f"did you mean {close[0]!r}?" if close else known,
                )

    def link(self, sender: str, receiver: str) -> LinkSettings:
        """Return how the link from one node to another behaves.

        Parameters
        ----------
        sender, receiver : str
            Two nodes.
        """
        settings = self.network
        for override in self.links:
            if (override.sender, override.receiver) == (sender, receiver):
                settings = override.apply(settings)
        return settings
