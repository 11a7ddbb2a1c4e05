"""Short experiments with a protocol, for a report that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.display.charts import duel_chart, leader_chart
from toolkit.reproduction.papers.duel import duel
from toolkit.reproduction.papers.raft_histories import time_to_leader

if TYPE_CHECKING:
    import altair as alt

__all__ = ["BACKOFFS", "TIMEOUTS", "experiment_charts"]

BACKOFFS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""The back-offs that the chart of duelling proposers compares, in seconds."""

TIMEOUTS = ((0.15, 0.175), (0.15, 0.2), (0.15, 0.3), (0.3, 0.6))
"""The election time-outs that the chart of times to a new leader compares, in seconds."""


def experiment_charts(protocol: str) -> list[alt.LayerChart]:
    """Run the experiments with a protocol, and return their charts.

    Parameters
    ----------
    protocol : str
        Its name.

    Returns
    -------
    list of altair.LayerChart
        None for a protocol with which there is no experiment.
    """
    if protocol == "paxos":
        return [duel_chart(duel(BACKOFFS))]
    if protocol == "raft":
        return [leader_chart(time_to_leader(TIMEOUTS, seeds=range(20)))]
    return []
