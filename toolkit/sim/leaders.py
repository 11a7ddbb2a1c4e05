"""The leader at the end of a scenario's run."""

from __future__ import annotations

from toolkit.protocols.protocol import Protocol
from toolkit.sim.host import simulate
from toolkit.sim.scenario import Scenario
from toolkit.trace.logview import current_leader

__all__ = ["who_leads"]


def who_leads(protocol: Protocol, scenario: Scenario, seed: int | None = None) -> str | None:
    """Run a scenario and return the leader of the highest round at its end.

    Parameters
    ----------
    protocol : Protocol
        A protocol with a replicated log.
    scenario : Scenario
        The scenario to run.
    seed : int, optional
        Seed of the run; by default the scenario's own.

    Returns
    -------
    str or None
        The leader; ``None`` if no node leads.
    """
    assert protocol.log is not None
    views = {
        name: protocol.runnable.variables(node)
        for name, node in simulate(protocol, scenario, seed=seed).nodes.items()
        if node is not None
    }
    return current_leader(protocol.log, views)
