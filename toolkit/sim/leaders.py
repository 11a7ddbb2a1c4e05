"""The leader that a scenario leads to, found by running it."""

from __future__ import annotations

from toolkit.protocols.protocol import Protocol
from toolkit.sim.host import simulate
from toolkit.sim.scenario import Scenario
from toolkit.trace.logview import current_leader

__all__ = ["who_leads"]


def who_leads(protocol: Protocol, scenario: Scenario, seed: int | None = None) -> str | None:
    """Return who leads at the end of a run, of several the one in the highest round.

    Parameters
    ----------
    protocol : Protocol
        One that keeps a replicated log.
    scenario : Scenario
    seed : int, optional
        By default the scenario's own.

    Returns
    -------
    str or None
        ``None`` if nobody does.
    """
    assert protocol.log is not None
    views = {
        name: protocol.runnable.variables(node)
        for name, node in simulate(protocol, scenario, seed=seed).nodes.items()
        if node is not None
    }
    return current_leader(protocol.log, views)
