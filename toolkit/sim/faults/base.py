"""The base classes of scenario events: faults, commands, and choices of manual scenarios.

Each kind of event is a class.  The class defines the event's keyword in the text of scenarios
(`keyword`), reads and writes the rest of the line (:meth:`ScenarioEvent.parse`,
:meth:`ScenarioEvent.format`), checks that the event fits a scenario and a protocol
(:meth:`ScenarioEvent.validate`, :meth:`ScenarioEvent.suits`), applies it to a run
(:meth:`ScenarioEvent.apply`), describes it for readers (:meth:`ScenarioEvent.describe`), and draws
it for random scenarios (:meth:`ScenarioEvent.draw`).
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
    """Base class of the events of a scenario, each of which happens at a given time.

    A subclass is a frozen dataclass that adds fields and checks their values in
    ``__post_init__``.

    Parameters
    ----------
    time : float
        Seconds since the start.

    Attributes
    ----------
    keyword : str
        The first word of its statement in a scenario's text, after ``at TIME``; two words if two
        kinds have the same first word.  The registered name is the keyword, with ``-`` between
        two words.
    nodes_in : tuple of str
        Names of the fields that contain a node's name or ``None``.
    repairs : bool
        Whether the event ends faults.  In random scenarios, repairs come after other events with
        the same time.
    in_manual : bool
        Whether a manual scenario can contain the event.  False if it changes only delays, which
        manual scenarios do not draw.
    recorded_as : str or None
        The kind of fault that :meth:`apply` records in a trace, if it is not the registered name.
    mark : str
        A character that diagrams draw for the event; by default a triangle.

    Raises
    ------
    ScenarioError
        If a value is invalid.
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
            raise ScenarioError(
                f"the time of an event must be finite and at least 0 seconds, got {self.time!r}",
                hint="for instance: at 0.5 ...",
            )

    @classmethod
    @abstractmethod
    def parse(cls, line: Line, time: float) -> Sequence[ScenarioEvent]:
        """Parse the rest of a statement, after the keyword.

        Parameters
        ----------
        line : Line
            The rest of the line; the caller checks that all of it was consumed.
        time : float
            Seconds since the start.

        Returns
        -------
        sequence of ScenarioEvent
            Usually one event.

        Raises
        ------
        ScenarioError
            If the text is not a statement of this kind.
        """

    @abstractmethod
    def format(self) -> str:
        """Return the statement with its keyword; :meth:`parse` reads it as an equal event."""

    @abstractmethod
    def apply(self, run: Simulation) -> None:
        """Apply the event to a run.

        Random numbers must be drawn only from ``run.fault_rng``, so that the seed determines the
        run.

        Parameters
        ----------
        run : Simulation
            The run, at the event's time.
        """

    def skip(self, run: Simulation) -> None:
        """Record that the event is not possible at its time, instead of applying it.

        Parameters
        ----------
        run : Simulation
            The run.
        """
        what = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "time"}
        run.fault("skipped", {"choice": self.keyword, **what})

    @abstractmethod
    def describe(self) -> str:
        """Describe the event in a few words, without its time."""

    @classmethod
    def describe_record(cls, params: Mapping[str, Any]) -> str | None:
        """Describe a recorded event in a few words, from its parameters in the trace.

        Parameters
        ----------
        params : mapping of str to JSON
            The parameters that :meth:`apply` recorded.

        Returns
        -------
        str or None
            By default the result of :meth:`describe` for an event with these parameters as
            fields; ``None`` if they are not the event's fields.
        """
        try:
            return cls(time=0.0, **params).describe()
        except (TypeError, ScenarioError):
            return None

    def named(self) -> tuple[str, ...]:
        """Return the nodes that the event names."""
        names = (getattr(self, name) for name in self.nodes_in)
        return tuple(name for name in names if name is not None)

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the event fits the rest of its scenario.

        Parameters
        ----------
        scenario : Scenario
            The scenario.
        down : set of str
            The nodes that are down at the event's time.  Crashes and restarts update this set.

        Raises
        ------
        MisfitError
            If the event contradicts the scenario.
        """
        what = f"the {self.keyword} at {self.time!r}"
        scenario.check_names(what, self.named(), self)
        if scenario.manual and not self.in_manual:
            raise MisfitError(
                f"{what} has no effect in a manual scenario, which draws no delays",
                self,
                hint="remove it, and choose a later time for 'deliver' or 'flush' instead",
            )

    def suits(self, protocol: Protocol) -> None:  # noqa: B027 - most kinds suit every protocol
        """Check that a protocol can run with the event.

        Parameters
        ----------
        protocol : Protocol
            The protocol.

        Raises
        ------
        ScenarioError
            If the protocol cannot run with it.
        """

    def restarted(self) -> str | None:
        """Return the node that the event restarts, to which random scenarios send a command."""
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
            The events in any order; by default none.  Their effects should end by ``draw.end``,
            when everything is healed.
        """
        return ()


@dataclass(frozen=True)
class LinkEvent(ScenarioEvent):
    """Base class of events of one direction of a link, with fields `sender` and `receiver`."""

    nodes_in = ("sender", "receiver")

    @classmethod
    def describe_record(cls, params: Mapping[str, Any]) -> str | None:
        """Describe a recorded event, whose trace names the link's ends ``from`` and ``to``."""
        names = {"from": "sender", "to": "receiver"}
        return super().describe_record({names.get(key, key): params[key] for key in params})

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the link joins two nodes of the scenario."""
        super().validate(scenario, down)
        names = self.named()
        if len(names) > len(set(names)):
            raise MisfitError(
                f"the {self.keyword} at {self.time!r} must name two different nodes, got "
                f"{names[0]!r} twice",
                self,
                hint="a node has no link to itself",
            )


@dataclass(frozen=True)
class Choice(ScenarioEvent):
    """Base class of choices in a manual scenario; an impossible choice is skipped and recorded."""

    def validate(self, scenario: Scenario, down: set[str]) -> None:
        """Check that the scenario is manual."""
        super().validate(scenario, down)
        if not scenario.manual:
            raise MisfitError(
                f"the {self.keyword} at {self.time!r} needs a manual scenario",
                self,
                hint="add the statement 'manual'",
            )
