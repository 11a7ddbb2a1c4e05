"""Duelling Paxos proposers and the effect of back-off."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from toolkit.protocols import get_protocol
from toolkit.sim import ScenarioBuilder, simulate

__all__ = ["duel"]


def duel(
    backoffs: Iterable[float],
    *,
    seeds: Iterable[int] = range(40),
    proposers: int = 2,
    delay: str = "uniform(0.004, 0.012)",
    time_limit: float = 20.0,
) -> pd.DataFrame:
    """Start Paxos proposers at the same time and measure when a value is decided.

    Parameters
    ----------
    backoffs : iterable of float
        Upper bounds of the first back-off, in seconds; 0 for no back-off.
    seeds : iterable of int
        Seeds; there is one run per seed.
    proposers : int
        Number of proposers among the five nodes.
    delay : str
        Distribution of the message delay.
    time_limit : float
        Simulated seconds after which a run is stopped.

    Returns
    -------
    pandas.DataFrame
        ``backoff`` (s), ``seed``, ``seconds`` (simulated time until the first answer to a client;
        missing if there was none), ``ballots`` (started), ``messages`` (sent).

    Notes
    -----
    *Paxos Made Simple* (Lamport 2001), section 2.4, describes the duel.
    """
    nodes = [f"n{number}" for number in range(1, 6)]
    protocol = get_protocol("paxos")
    seeds = list(seeds)
    rows = []
    for backoff in backoffs:
        builder = ScenarioBuilder("duel", "paxos", nodes).set("backoff", backoff)
        builder = builder.set("values", ",".join(f"v{n}" for n in range(1, proposers + 1)))
        builder = builder.network(delay=delay).limit(time=time_limit)
        for number in range(1, proposers + 1):
            builder = builder.command(0.0, f"c{number}", f"v{number}", f"n{number}")
        scenario = builder.build()
        for seed in seeds:
            result = simulate(protocol, scenario, seed=seed)
            first = min((answer.time for answer in result.answers), default=None)
            rows.append(
                {
                    "backoff": backoff,
                    "seed": seed,
                    "seconds": first,
                    "ballots": result.actions.get("Phase1a", 0),
                    "messages": result.sent,
                }
            )
    frame = pd.DataFrame(rows, columns=["backoff", "seed", "seconds", "ballots", "messages"])
    frame["seconds"] = frame["seconds"].astype(float)
    return frame
