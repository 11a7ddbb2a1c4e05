"""The base classes of scenario events: faults, commands, and choices of manual scenarios.

A kind of event is one class.  It says how a scenario's text names it (`keyword`), how the rest of
the line is read and written (:meth:`ScenarioEvent.parse`, :meth:`ScenarioEvent.format`), when it
fits a scenario and a protocol (:meth:`ScenarioEvent.validate`, :meth:`ScenarioEvent.suits`), what
it does to a run (:meth:`ScenarioEvent.apply`), how people read it
(:meth:`ScenarioEvent.describe`), and how random scenarios draw it (:meth:`ScenarioEvent.draw`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.errors import ScenarioError
from toolkit.sim.words import MisfitError

if TYPE_CHECKING:
    from toolkit.protocols.protocol import Protocol
    from toolkit.sim.host import Simulation
    from toolkit.sim.random_faults import Draw
    from toolkit.sim.scenario import Scenario
    from toolkit.sim.words import Line

__all__ = ["Choice", "LinkEvent", "ScenarioEvent"]


@dataclass(frozen=True)
class ScenarioEvent(ABC):
    """Something that happens at a time in a scenario.

    A subclass is a frozen dataclass that adds fields and checks their values in
    ``__post_init__``.

    Parameters
    ----------
    time : float
        Seconds since the start.

    Attributes
    ----------
    keyword : str
        The first word of its statement in a scenario's text, after ``at TIME``; two words where
        the second tells it from another kind.  Its registered name is the same, with ``-``
        between two words.
    nodes_in : tuple of str
        Names of the fields that hold a node's name, or ``None``.
    repairs : bool
        Whether it ends faults.  Of the events of a random scenario at one time, repairs come last.
    in_manual : bool
        Whether a manual scenario can have it: not if it changes only delays, which are not drawn
        there.
    recorded_as : str or None
        The kind under which :meth:`apply` records it in a trace, if not under its registered name.
    mark : str
        A character that pictures draw where it was recorded; by default a triangle.

    Raises
    ------
    ScenarioError
        If a value is not possible.
    """

    keyword: ClassVar[str]
    nodes_in: ClassVar[tuple[str, ...]] = ()
    repairs: ClassVar[bool] = False
    in_manual: ClassVar[bool] = True
    recorded_as: ClassVar[str | None] = None
    mark: ClassVar[str] = ""

    time: float

    def __post_init__(self) -> None:
        if not 0 <= self.time < math.inf:
            raise ScenarioError(f"nothing happens at {self.time!r}", hint="seconds, 0 or more")

    @classmethod
    @abstractmethod
    def parse(cls, line: Line, time: float) -> Sequence[ScenarioEvent]:
        """Read the rest of a statement, after the keyword.

        Parameters
        ----------
        line : Line
            The rest of the line; the caller checks that nothing is left of it.
        time : float
            Seconds since the start.

        Returns
        -------
        sequence of ScenarioEvent
            Usually one event.

        Raises
        ------
        ScenarioError
            If the text is not such a statement.
        """

    @abstractmethod
    def format(self) -> str:
        """Return the statement, keyword included, that :meth:`parse` reads as an equal event."""

    @abstractmethod
    def apply(self, run: Simulation) -> None:
        """Make it happen in a run.

        All chance must be drawn from ``run.fault_rng``, so that a seed determines the run.

        Parameters
        ----------
        run : Simulation
            The run, at the event's time.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what happens, in a few words for people, without the time."""

    @classmethod
    def describe_record(cls, params: Mapping[str, Any]) -> str | None:
        """Return what happened, in a few words, from what a trace recorded of it.

        Parameters
        ----------
        params : mapping of str to JSON
            The parameters with which :meth:`apply` recorded it.

        Returns
        -------
        str or None
            By default what :meth:`describe` says of an event with these parameters as its fields;
            ``None`` if they are not its fields.
        """
        try:
            return cls(time=0.0, **params).describe()
        except (TypeError, ScenarioError):
            return None

    def named(self) -> tuple[str, ...]:
        """Return the nodes that it names."""
        names = (getattr(self, name) for name in self.nodes_in)
        return tuple(name for name in names if name is not None)

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that it fits the rest of its scenario.

        Parameters
        ----------
        scenario : Scenario
            The scenario.
        down : set of str
            The nodes that are down at its time.  An event that changes that changes the set.

        Raises
        ------
        MisfitError
            If it does not.
        """
        what = f"the {self.keyword} at {self.time!r}"
        scenario.check_names(what, self.named(), self)
        if scenario.manual and not self.in_manual:
            raise MisfitError(
                f"{what} has no effect in a manual scenario, where no delay is drawn",
                self,
                hint="remove it: a later 'deliver' or 'flush' is slower",
            )

    def suits(self, protocol: Protocol) -> None:  # noqa: B027 - most kinds suit every protocol
        """Check that a protocol can be run with it.

        Parameters
        ----------
        protocol : Protocol
            The protocol.

        Raises
        ------
        ScenarioError
            If it cannot.
        """

    def restarted(self) -> str | None:
        """Return the node that has just restarted, which a random client then asks again."""
        return None

    @classmethod
    def draw(cls, draw: Draw) -> Sequence[ScenarioEvent]:
        """Draw the events of this kind, and their repairs, for a random scenario.

        Parameters
        ----------
        draw : Draw
            The random source, the nodes and the bounds.

        Returns
        -------
        sequence of ScenarioEvent
            In any order; none by default.  They should end by ``draw.end``, when everything is
            healed.
        """
        return ()


@dataclass(frozen=True)
class LinkEvent(ScenarioEvent):
    """Something that happens to one direction of a link; subclasses name `sender`, `receiver`."""

    nodes_in = ("sender", "receiver")

    @classmethod
    def describe_record(cls, params: Mapping[str, Any]) -> str | None:
        """Return what happened; a trace names the link's ends ``from`` and ``to``."""
        names = {"from": "sender", "to": "receiver"}
        return super().describe_record({names.get(key, key): params[key] for key in params})

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the link joins two nodes of the scenario."""
        super().validate(scenario, down)
        names = self.named()
        if len(names) > len(set(names)):
            raise MisfitError(
                f"the {self.keyword} at {self.time!r}: {names[0]!r} has no link to itself",
                self,
                hint="name two nodes",
            )


@dataclass(frozen=True)
class Choice(ScenarioEvent):
    """A choice in a manual scenario; one that is not possible is skipped and recorded."""

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the scenario is manual."""
        super().validate(scenario, down)
        if not scenario.manual:
            raise MisfitError(
                f"the {self.keyword} at {self.time!r} needs a manual scenario",
                self,
                hint="add the statement 'manual'",
            )

    def skip(self, run: Simulation) -> None:
        """Record that what was chosen is not possible."""
        what = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "time"}
        run.fault("skipped", {"choice": self.keyword, **what})
