"""Faults of nodes and their disks: crashes, restarts, timeouts and slow disks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from toolkit.errors import ScenarioError
from toolkit.protocols.settings import current_name
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.faults.network import check_factor
from toolkit.sim.words import Line, MisfitError, check_word

if TYPE_CHECKING:
    from toolkit.protocols.protocol import Protocol
    from toolkit.sim.host import Simulation
    from toolkit.sim.random_faults import Draw
    from toolkit.sim.scenario import Scenario

__all__ = ["Crash", "Restart", "SlowDisk", "Timeout"]


@dataclass(frozen=True)
class Crash(ScenarioEvent):
    """A node crashes.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    keep : int or None
        Maximum number of waiting writes that still become durable.  ``None``: only the write in
        progress can become durable, with probability 1/2.
    """

    keyword = "crash"
    nodes_in = ("node",)

    node: str
    keep: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep is not None and self.keep < 0:
            raise ScenarioError(
                f"a crash must keep 0 or more writes, got {self.keep}", hint="for instance: keep 0"
            )

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1`` or ``n1 keep 2``."""
        node = line.name("a node")
        keep = None
        if line.peek() is not None:
            line.keyword("keep")
            keep = line.whole("the number of writes to keep")
        return [cls(time, node, keep)]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"crash {self.node}" + ("" if self.keep is None else f" keep {self.keep}")

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the node is up."""
        super().validate(scenario, down)
        if self.node in down:
            raise MisfitError(
                f"{self.node!r} cannot crash at {self.time!r}: it is already down",
                self,
                hint="restart it first",
            )
        if scenario.manual and self.keep is None:
            raise MisfitError(
                f"in a manual scenario, a crash must say how many writes become durable; the crash "
                f"at {self.time!r} does not",
                self,
                hint=f"for instance: crash {self.node} keep 0",
            )
        down.add(self.node)

    def apply(self, run: Simulation) -> None:
        """Crash the node, unless another event has crashed it during the run."""
        if run.drivers[self.node].node is None:
            self.skip(run)
        else:
            run.crash_node(self.node, self.keep)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"{self.node} crashes"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        """Draw crashes, each with its restart."""
        events: list[ScenarioEvent] = []
        up_again: dict[str, float] = {}
        for _ in range(draw.rng.randint(0, draw.bounds.crashes)):
            node, crash = draw.rng.choice(draw.nodes), draw.time()
            back = round(min(draw.end, crash + draw.between(0.0, draw.end / 4)), 4)
            keep = draw.rng.choice((None, None, None, 0, 1, 2))
            if crash > up_again.get(node, -1.0) and back > crash:
                up_again[node] = back
                events += [Crash(crash, node, keep), Restart(back, node)]
        return events


@dataclass(frozen=True)
class Restart(ScenarioEvent):
    """A crashed node restarts.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    """

    keyword = "restart"
    nodes_in = ("node",)
    repairs = True

    node: str

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1``."""
        return [cls(time, line.name("a node"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"restart {self.node}"

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the node is down."""
        super().validate(scenario, down)
        if self.node not in down:
            raise MisfitError(
                f"{self.node!r} cannot restart at {self.time!r}: it is not down",
                self,
                hint="crash it first",
            )
        down.remove(self.node)

    def apply(self, run: Simulation) -> None:
        """Restart the node, unless another event has restarted it during the run."""
        driver = run.drivers[self.node]
        if driver.node is None:
            run.restart(driver)
        else:
            self.skip(run)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"{self.node} restarts"

    def restarted(self) -> str:
        """Return the node that restarts."""
        return self.node


@dataclass(frozen=True)
class Timeout(ScenarioEvent):
    """A timer of a node runs out early.

    The node cannot distinguish this from an ordinary timeout.  Nothing happens if the timer is not
    set or the node is down.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    timer : str
        The timer's name, one of the protocol's timers.
    """

    keyword = "timeout"
    nodes_in = ("node",)

    node: str
    timer: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("a timer", self.timer)

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 TIMER``."""
        node = line.name("a node")
        return [cls(time, node, line.name("a timer"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"timeout {self.node} {self.timer}"

    def suits(self, protocol: Protocol) -> None:
        """Check that the protocol has the timer."""
        timers = protocol.runnable.timers
        if current_name(self.timer, timers) not in timers:
            close = get_close_matches(self.timer, timers, n=1)
            known = ", ".join(timers) or "none"
            raise ScenarioError(
                f"the timeout at {self.time!r}: {protocol.name} has no timer {self.timer!r}",
                hint=f"did you mean {close[0]!r}?" if close else f"its timers: {known}",
            )

    def apply(self, run: Simulation) -> None:
        """Let the timer run out."""
        run.time_out(run.drivers[self.node], self.timer)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"the timer {self.timer} of {self.node} runs out"

    @classmethod
    def describe_record(cls, params: Mapping[str, Any]) -> str | None:
        """Describe the recorded timeout, and say if the timer was not set."""
        fields = {key: value for key, value in params.items() if key != "set"}
        words = super().describe_record(fields)
        return words if words is None or params.get("set", True) else f"{words}; it was not set"


@dataclass(frozen=True)
class SlowDisk(ScenarioEvent):
    """A node's disk becomes slower.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    factor : float
        Factor by which the times of later writes are multiplied.
    """

    keyword = "slow disk"
    in_manual = False
    nodes_in = ("node",)

    node: str
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor(self.factor)

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 by 10``."""
        node = line.name("a node")
        line.keyword("by")
        return [cls(time, node, line.number("a factor"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"slow disk {self.node} by {self.factor!r}"

    def apply(self, run: Simulation) -> None:
        """Slow the disk down."""
        run.slow_disk(self.node, self.factor)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"the disk of {self.node} takes {self.factor:g} times as long"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        """Draw slow disks."""
        return [
            cls(draw.time(), draw.rng.choice(draw.nodes), draw.between(1.0, draw.bounds.slowdown))
            for _ in range(draw.rng.randint(0, draw.bounds.slow_disks))
        ]
