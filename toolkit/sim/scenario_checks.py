"""Whether what a run is asked for fits its protocol."""

from __future__ import annotations

from difflib import get_close_matches

from toolkit.errors import ScenarioError, UnknownNameError
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.sim.scenario import Scenario, Timeout

__all__ = ["check_timers", "planted"]


def check_timers(protocol: Protocol, scenario: Scenario) -> None:
    """Refuse a scenario that lets a timer run out which the protocol does not have.

    Parameters
    ----------
    protocol : Protocol
    scenario : Scenario

    Raises
    ------
    ScenarioError
        With the nearest name that the protocol's timers have.
    """
    for event in scenario.events:
        if isinstance(event, Timeout) and event.timer not in protocol.runnable.timers:
            close = get_close_matches(event.timer, protocol.runnable.timers, n=1)
            known = ", ".join(protocol.runnable.timers) or "none"
            raise ScenarioError(
                f"the timeout at {event.time!r}: {protocol.name} has no timer {event.timer!r}",
                path=scenario.source,
                hint=f"did you mean {close[0]!r}?" if close else f"its timers: {known}",
            )


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
