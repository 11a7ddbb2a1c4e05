"""What a run is made of: nodes, network, disks, clocks, clients, faults and limits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from toolkit.errors import InternalError, ScenarioError
from toolkit.sim.network import DiskSettings, LinkOverride, LinkSettings

if TYPE_CHECKING:
    from toolkit.sim.host import Simulation

__all__ = [
    "ClientCommand",
    "Clock",
    "Crash",
    "Cut",
    "Deliver",
    "Duplicate",
    "Flush",
    "Heal",
    "Lose",
    "Notice",
    "Partition",
    "Restart",
    "Retry",
    "Scenario",
    "ScenarioEvent",
    "Slow",
    "SlowDisk",
    "Timeout",
]


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""What names of scenarios, nodes, clients and settings look like."""


def _check_word(what: str, word: str) -> None:
    if not NAME.fullmatch(word):
        raise ScenarioError(
            f"{word!r} is no name for {what}",
            hint="names begin with a letter; then letters, digits and _ . -",
        )


class MisfitError(ScenarioError):
    """A part of a scenario does not fit the rest of it.

    Parameters
    ----------
    message : str
        What was wrong.
    part : object
        The part; a reader of text knows the line that it came from.
    hint : str
        What to do about it.
    """

    def __init__(self, message: str, part: object, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.part = part


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


@dataclass(frozen=True)
class _Timed:
    """Something that happens at a time.

    Parameters
    ----------
    time : float
        Seconds since the start.
    """

    nodes_in: ClassVar[tuple[str, ...]] = ()

    time: float

    def __post_init__(self) -> None:
        if not 0 <= self.time < math.inf:
            raise ScenarioError(f"nothing happens at {self.time!r}", hint="seconds, 0 or more")

    def apply(self, run: Simulation) -> None:
        """Let it happen in a run.

        Parameters
        ----------
        run : Simulation
            The run, at the event's time.
        """
        raise InternalError(
            f"{type(self).__name__} does not say what it does", hint="define its method apply"
        )

    def named(self) -> tuple[str, ...]:
        """Return the nodes that it names."""
        names = (getattr(self, name) for name in self.nodes_in)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True)
class ClientCommand(_Timed):
    """A client asks a node for something.

    The client sits beside its node: the command arrives at once, unless the node is down.

    Parameters
    ----------
    time : float
        Seconds since the start.
    client : str
        Who asks.
    operation : JSON
        What for.
    node : str
        Whom.
    """

    nodes_in = ("node",)

    client: str
    operation: Any
    node: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_word("a client", self.client)
        try:
            json.dumps(self.operation, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ScenarioError(
                f"an operation is no JSON: {error}", hint="use JSON's types, and finite numbers"
            ) from error

    def apply(self, run: Simulation) -> None:
        """Let the client ask."""
        clients = run.clients
        clients.ask(clients.request(self.client, self.operation, self.node))


@dataclass(frozen=True)
class Crash(_Timed):
    """A node crashes.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    keep : int or None
        How many of the writes that wait for the disk still make it, at most; ``None``: the
        one in progress may or may not, by chance, and no other.
    """

    nodes_in = ("node",)

    node: str
    keep: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep is not None and self.keep < 0:
            raise ScenarioError(f"a crash cannot keep {self.keep} writes", hint="0 or more")

    def apply(self, run: Simulation) -> None:
        """Crash the node."""
        run.crash_node(self.node, self.keep)


@dataclass(frozen=True)
class Restart(_Timed):
    """A node that had crashed comes up.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    """

    nodes_in = ("node",)

    node: str

    def apply(self, run: Simulation) -> None:
        """Restart the node."""
        run.restart(run.drivers[self.node])


@dataclass(frozen=True)
class Partition(_Timed):
    """The network falls apart, in addition to what is cut already.

    A message is lost if its link is cut when it is sent or when it would arrive.

    Parameters
    ----------
    time : float
        Seconds since the start.
    groups : tuple of tuple of str
        Two or more groups; no link between two of them works.  A node in no group keeps all
        its links.
    """

    groups: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self.named()
        if len(self.groups) < 2 or not all(self.groups) or len(set(names)) < len(names):
            raise ScenarioError(
                "a partition needs two groups or more, each node in one at most",
                hint="for instance: partition n1 | n2 n3",
            )

    def named(self) -> tuple[str, ...]:
        """Return the nodes that it names."""
        return tuple(name for group in self.groups for name in group)

    def apply(self, run: Simulation) -> None:
        """Cut the links between the groups."""
        run.partition(self.groups)


@dataclass(frozen=True)
class Cut(_Timed):
    """One direction of a link stops working.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str
        The link.
    """

    nodes_in = ("sender", "receiver")

    sender: str
    receiver: str

    def apply(self, run: Simulation) -> None:
        """Cut the link."""
        run.cut_link(self.sender, self.receiver)


@dataclass(frozen=True)
class Heal(_Timed):
    """Partitions, cuts, slow links and slow disks end.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str, optional
        The only link that is healed; by default everything is.
    """

    nodes_in = ("sender", "receiver")

    sender: str | None = None
    receiver: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.sender is None) != (self.receiver is None):
            raise ScenarioError("heal names one node only", hint="heal, or heal n1 -> n2")

    def apply(self, run: Simulation) -> None:
        """Heal the link, or everything."""
        if self.sender is not None and self.receiver is not None:
            run.heal_link(self.sender, self.receiver)
        else:
            run.heal()


def _factor(factor: float) -> None:
    if not 0 < factor < math.inf:
        raise ScenarioError(f"slow by {factor!r} cannot be", hint="a factor above 0")


@dataclass(frozen=True)
class Slow(_Timed):
    """One direction of a link becomes slower.

    Parameters
    ----------
    time : float
        Seconds since the start.
    sender, receiver : str
        The link.
    factor : float
        By what its delays are multiplied from now on.
    """

    nodes_in = ("sender", "receiver")

    sender: str
    receiver: str
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _factor(self.factor)

    def apply(self, run: Simulation) -> None:
        """Slow the link down."""
        run.slow_link(self.sender, self.receiver, self.factor)


@dataclass(frozen=True)
class SlowDisk(_Timed):
    """A node's disk becomes slower.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    factor : float
        By what the times of writes begun from now on are multiplied.
    """

    nodes_in = ("node",)

    node: str
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _factor(self.factor)

    def apply(self, run: Simulation) -> None:
        """Slow the disk down."""
        run.slow_disk(self.node, self.factor)


@dataclass(frozen=True)
class Timeout(_Timed):
    """A timer of a node runs out now, instead of when it would have.

    The node cannot tell the difference.  A timer that is not set then cannot run out, nor can
    one of a node that is down: nothing happens.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    timer : str
        The timer's name, one of those that the protocol lists.
    """

    nodes_in = ("node",)

    node: str
    timer: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_word("a timer", self.timer)

    def apply(self, run: Simulation) -> None:
        """Let the timer run out."""
        run.time_out(run.drivers[self.node], self.timer)


@dataclass(frozen=True)
class _Choice(_Timed):
    """A choice in a manual scenario; one that is not possible is skipped and recorded."""

    def skip(self, run: Simulation) -> None:
        """Record that what was chosen is not possible."""
        what = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "time"}
        run.fault("skipped", {"choice": type(self).__name__.lower(), **what})


@dataclass(frozen=True)
class Deliver(_Choice):
    """A message arrives, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number: messages are counted from 0 as they leave.
    """

    number: int

    def apply(self, run: Simulation) -> None:
        """Deliver one copy, if it is under way and no earlier one of its connection is."""
        mailbox = run.mailbox
        flight = None if mailbox is None else mailbox.get(self.number)
        if mailbox is None or flight is None or not mailbox.may_arrive(flight):
            self.skip(run)
            return
        mailbox.take(self.number)
        if flight.connection is None:
            run.deliver(flight.to, flight.sender, flight.number, flight.message)
        else:
            run.arrive(flight.to, flight.sender, flight.number, flight.message, flight.connection)


@dataclass(frozen=True)
class Lose(_Choice):
    """A message is lost, in a manual scenario; on a connection, that breaks it.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number.
    """

    number: int

    def apply(self, run: Simulation) -> None:
        """Lose one copy, if it is under way."""
        flight = None if run.mailbox is None else run.mailbox.take(self.number)
        if flight is None:
            self.skip(run)
            return
        run.lose(flight.number, flight.to, "chosen", flight.sender, flight.connection)
        run.flush_notes()


@dataclass(frozen=True)
class Duplicate(_Choice):
    """A datagram can arrive once more, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number.
    """

    number: int

    def apply(self, run: Simulation) -> None:
        """Add a copy, if the message is a datagram under way."""
        flight = None if run.mailbox is None else run.mailbox.get(self.number)
        if run.mailbox is None or flight is None or not run.mailbox.duplicate(self.number):
            self.skip(run)
            return
        run.duplicated += 1
        run.fault("duplicate", {"id": flight.number, "to": flight.to})


@dataclass(frozen=True)
class Flush(_Choice):
    """The first waiting write of a node becomes durable, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    """

    nodes_in = ("node",)

    node: str

    def apply(self, run: Simulation) -> None:
        """Flush, if a write waits."""
        driver = run.drivers[self.node]
        if run.mailbox is None or not driver.waiting:
            self.skip(run)
            return
        run.flush(driver)


@dataclass(frozen=True)
class Notice(_Choice):
    """A node learns that its connection to another has ended, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node that learns it.
    peer : str
        The other end.
    """

    nodes_in = ("node", "peer")

    node: str
    peer: str

    def apply(self, run: Simulation) -> None:
        """Tell the node, if it has not learned it yet."""
        if run.mailbox is None or not run.has_ended(self.node, self.peer):
            self.skip(run)
            return
        run.notice(self.node, self.peer)


ScenarioEvent: TypeAlias = (
    ClientCommand
    | Crash
    | Restart
    | Partition
    | Cut
    | Heal
    | Slow
    | SlowDisk
    | Timeout
    | Deliver
    | Lose
    | Duplicate
    | Flush
    | Notice
)
"""Anything that a scenario lets happen at a time."""


_NETWORK = LinkSettings()
_DISK = DiskSettings()


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
        _check_word("the scenario", self.name)
        _check_word("the protocol", self.protocol)
        for name in self.nodes:
            _check_word("a node", name)
        for key, value in self.settings.items():
            _check_word("a setting", key)
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
            self._check_names("a link", (override.sender, override.receiver), override)
            if override.sender == override.receiver:
                raise MisfitError(
                    f"{override.sender!r} has no link to itself",
                    override,
                    hint="what a node tells itself is never lost, and takes no time to speak of",
                )
            override.apply(self.network)
        for name, disk in self.disks.items():
            self._check_names("a disk", (name,), disk)
        for name, clock in self.clocks.items():
            self._check_names("a clock", (name,), clock)
        for event in self.events:
            self._check_event(event)
            if isinstance(event, _Choice) and not self.manual:
                raise MisfitError(
                    f"the {type(event).__name__.lower()} at {event.time!r} needs a manual scenario",
                    event,
                    hint="add the statement 'manual'",
                )
        if self.manual and self.retry.every is not None:
            raise ScenarioError(
                "clients of a manual scenario do not ask again", hint="add 'retry off'"
            )
        self._check_lives()

    def _check_names(self, what: str, names: tuple[str, ...], part: object) -> None:
        for name in names:
            if name not in self.nodes:
                close = get_close_matches(name, self.nodes, n=1)
                known = f"nodes: {', '.join(self.nodes)}"
                raise MisfitError(
                    f"{what} names {name!r}, which is no node",
                    part,
                    hint=f"did you mean {close[0]!r}?" if close else known,
                )

    def _check_event(self, event: ScenarioEvent) -> None:
        what = f"the {type(event).__name__.lower()} at {event.time!r}"
        self._check_names(what, event.named(), event)
        if (
            isinstance(event, Cut | Slow | Heal)
            and event.sender is not None
            and event.sender == event.receiver
        ):
            raise MisfitError(
                f"{what}: {event.sender!r} has no link to itself", event, hint="name two nodes"
            )

    def _check_lives(self) -> None:
        down: set[str] = set()
        for event in sorted(self.events, key=lambda event: event.time):
            if isinstance(event, Crash):
                if event.node in down:
                    raise MisfitError(
                        f"{event.node!r} is to crash at {event.time!r}, and is down then",
                        event,
                        hint="restart it before",
                    )
                down.add(event.node)
            elif isinstance(event, Restart):
                if event.node not in down:
                    raise MisfitError(
                        f"{event.node!r} is to restart at {event.time!r}, and is not down then",
                        event,
                        hint="crash it before",
                    )
                down.remove(event.node)

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
