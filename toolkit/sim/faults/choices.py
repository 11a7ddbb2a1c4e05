"""Choices of manual scenarios, about messages, writes and broken connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.errors import ScenarioError
from toolkit.sim.faults.base import Choice, ScenarioEvent
from toolkit.sim.words import Line

if TYPE_CHECKING:
    from toolkit.sim.host import Simulation

__all__ = ["Deliver", "Duplicate", "Flush", "Lose", "Notice"]


@dataclass(frozen=True)
class _MessageChoice(Choice):
    """A choice about a message, by its number."""

    number: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.number < 0:
            raise ScenarioError(
                f"a message's number must be 0 or more, got {self.number}",
                hint="messages are counted from 0 in the order in which they are sent",
            )

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse the message's number."""
        return [cls(time, line.whole("a message's number"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"{self.keyword} {self.number}"


@dataclass(frozen=True)
class Deliver(_MessageChoice):
    """A message arrives, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number; messages are counted from 0 in the order in which they are sent.
    """

    keyword = "deliver"

    def apply(self, run: Simulation) -> None:
        """Deliver one copy, if it is under way and is the first message on its connection."""
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

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"a copy of message {self.number} arrives"


@dataclass(frozen=True)
class Lose(_MessageChoice):
    """A message is lost, in a manual scenario; if it was sent on a connection, that breaks.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number.
    """

    keyword = "lose"

    def apply(self, run: Simulation) -> None:
        """Lose one copy, if it is under way."""
        flight = None if run.mailbox is None else run.mailbox.take(self.number)
        if flight is None:
            self.skip(run)
            return
        run.lose(flight.number, flight.to, "chosen", flight.sender, flight.connection)
        run.flush_notes()

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"a copy of message {self.number} is lost"


@dataclass(frozen=True)
class Duplicate(_MessageChoice):
    """A datagram can arrive once more, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    number : int
        The message's number.
    """

    keyword = "duplicate"

    def apply(self, run: Simulation) -> None:
        """Add a copy, if the message is a datagram under way."""
        flight = None if run.mailbox is None else run.mailbox.get(self.number)
        if run.mailbox is None or flight is None or not run.mailbox.duplicate(self.number):
            self.skip(run)
            return
        run.duplicated += 1
        run.fault("duplicate", {"id": flight.number, "to": flight.to})

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"message {self.number} can arrive once more"


@dataclass(frozen=True)
class Flush(Choice):
    """The first waiting write of a node becomes durable, in a manual scenario.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node.
    """

    keyword = "flush"
    nodes_in = ("node",)

    node: str

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1``."""
        return [cls(time, line.name("a node"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"flush {self.node}"

    def apply(self, run: Simulation) -> None:
        """Make the write durable, if one is waiting."""
        driver = run.drivers[self.node]
        if run.mailbox is None or not driver.waiting:
            self.skip(run)
            return
        run.flush(driver)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"the first waiting write of {self.node} becomes durable"


@dataclass(frozen=True)
class Notice(Choice):
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

    keyword = "notice"
    nodes_in = ("node", "peer")

    node: str
    peer: str

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``n1 of n2``."""
        node = line.name("a node")
        line.keyword("of")
        return [cls(time, node, line.name("a node"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"notice {self.node} of {self.peer}"

    def apply(self, run: Simulation) -> None:
        """Notify the node, if it does not know yet."""
        if run.mailbox is None or not run.has_ended(self.node, self.peer):
            self.skip(run)
            return
        run.notice(self.node, self.peer)

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"{self.node} learns that its connection to {self.peer} has ended"
