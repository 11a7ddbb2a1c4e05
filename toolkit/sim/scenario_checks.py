"""Whether what a run is asked for fits its protocol."""

from __future__ import annotations

from difflib import get_close_matches

from toolkit.errors import ScenarioError, UnknownNameError
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.sim.faults.registry import parse_events
from toolkit.sim.scenario import Scenario
from toolkit.sim.words import Line

__all__ = ["check_events", "planted"]


def check_events(protocol: Protocol, scenario: Scenario) -> None:
    """Refuse a scenario with an event that the protocol cannot be run with.

    Parameters
    ----------
    protocol : Protocol
    scenario : Scenario

    Raises
    ------
    ScenarioError
        For instance if a timer is to run out that the protocol does not have, or if a kind of
        event writes a text that it does not read: a trace's header could not be run again.
    """
    for kind, event in {type(event): event for event in scenario.events}.items():
        text = event.format()
        line = Line(text)
        try:
            read = parse_events(line, event.time)
            line.finish()
        except ScenarioError as error:
            raise ScenarioError(
                f"{kind.__name__}.format() writes {text!r}, which is not read: {error.message}",
                hint="parse() must read what format() writes",
            ) from error
        if [one.format() for one in read] != [text]:
            raise ScenarioError(
                f"{kind.__name__}.format() writes {text!r}, which is read as {read}",
                hint=f"parse() must read it as {event}",
            )
    for event in scenario.events:
        try:
            event.suits(protocol)
        except ScenarioError as error:
            raise ScenarioError(error.message, path=scenario.source, hint=error.hint) from error


def planted(protocol: Protocol, bug: str) -> NodeFactory:
    """Return what makes nodes that have a planted bug.

    Parameters
    ----------
    protocol : Protocol
    bug : str
        The bug's name.

    Raises
    ------
    UnknownNameError
        If the protocol has no such planted bug.
    """
    try:
        return protocol.bugs[bug]
    except KeyError:
        close = get_close_matches(bug, protocol.bugs, n=1)
        known = ", ".join(protocol.bugs) or "none"
        raise UnknownNameError(
            f"{protocol.name} has no planted bug {bug!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"known: {known}",
        ) from None
