"""Checks that a scenario and a seeded bug fit the protocol of a run."""

from __future__ import annotations

from difflib import get_close_matches

from toolkit.errors import ScenarioError, UnknownNameError
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.sim.faults.registry import parse_events
from toolkit.sim.scenario import Scenario
from toolkit.sim.words import Line

__all__ = ["bug_factory", "check_events"]


def check_events(protocol: Protocol, scenario: Scenario) -> None:
    """Check that a protocol can run all events of a scenario.

    Parameters
    ----------
    protocol : Protocol
        The protocol to run.
    scenario : Scenario
        The scenario.

    Raises
    ------
    ScenarioError
        If an event does not fit the protocol, such as a timeout of a timer that it does not have;
        or if an event's text does not read back as an equal event, so that a trace's header could
        not be used to replay the run.
    """
    for kind, event in {type(event): event for event in scenario.events}.items():
        text = event.format()
        if not isinstance(text, str):
            raise ScenarioError(
                f"{kind.__name__}.format() must return the text of the statement, got {text!r}",
                hint="return the keyword and what parse() reads after it",
            )
        line = Line(text)
        try:
            read = parse_events(line, event.time)
            line.finish()
        except ScenarioError as error:
            raise ScenarioError(
                f"{kind.__name__}.format() returned {text!r}, but parse() refuses it: "
                f"{error.message}",
                hint="parse() must accept the text that format() returns",
            ) from error
        if [parsed.format() for parsed in read] != [text]:
            raise ScenarioError(
                f"{kind.__name__}.format() returned {text!r}, but parse() reads it as {read}",
                hint=f"parse() must read it as {event}",
            )
    for event in scenario.events:
        try:
            event.suits(protocol)
        except ScenarioError as error:
            raise ScenarioError(error.message, path=scenario.source, hint=error.hint) from error


def bug_factory(protocol: Protocol, bug: str) -> NodeFactory:
    """Return the factory of nodes with a seeded bug.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    bug : str
        The bug's name.

    Returns
    -------
    callable
        The node factory.

    Raises
    ------
    UnknownNameError
        If the protocol has no seeded bug with that name.
    """
    try:
        return protocol.bugs[bug]
    except KeyError:
        close = get_close_matches(bug, protocol.bugs, n=1)
        known = ", ".join(protocol.bugs) or "none"
        raise UnknownNameError(
            f"{protocol.name} has no seeded bug {bug!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"known: {known}",
        ) from None
