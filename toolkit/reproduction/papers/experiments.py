"""Short experiments with Paxos and Raft for the report of ``toolkit demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reproduction.papers.duel import duel
from toolkit.reproduction.papers.raft_histories import time_to_leader

if TYPE_CHECKING:
    import altair as alt

__all__ = ["BACKOFFS", "TIMEOUTS", "experiment_charts"]

BACKOFFS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Back-offs in the chart of duelling proposers, in seconds."""

TIMEOUTS = ((0.15, 0.175), (0.15, 0.2), (0.15, 0.3), (0.3, 0.6))
"""Ranges of election timeouts in the chart of times to a new leader, in seconds."""


def experiment_charts(protocol: str) -> list[alt.LayerChart]:
    """Run the experiments with a protocol and return their charts.

    Parameters
    ----------
    protocol : str
        Name of the protocol.

    Returns
    -------
    list of altair.LayerChart
        Empty if there is no experiment with the protocol.
    """
    # Altair is slow to import.
    from toolkit.display.charts import duel_chart, leader_chart

    if protocol == "paxos":
        return [duel_chart(duel(BACKOFFS))]
    if protocol == "raft":
        return [leader_chart(time_to_leader(TIMEOUTS, seeds=range(20)))]
    return []
