"""Runs of the Raft paper's Figures 7 and 8, and measurements of the time to a new leader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from toolkit.errors import InternalError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim import ScenarioBuilder, load_scenario, simulate_trace, stream
from toolkit.sim.leaders import who_leads
from toolkit.trace import Trace

__all__ = ["FIGURES", "FigureRun", "figure_run", "time_to_leader"]

FIGURES: dict[str, dict[str, float]] = {
    "raft-figure-7": {"the figure": 0.79, "top leads term 8": 0.84, "agreement": 1.0},
    "raft-figure-8-d": {"(a)": 0.19, "(b)": 0.231, "(c)": 0.395, "(d)": 0.6},
    "raft-figure-8-e": {"(a)": 0.19, "(b)": 0.231, "(c)": 0.395, "(e)": 0.6},
}
"""Scenario to part of the figure to the time at which the run shows it, in seconds."""


class FigureRun(NamedTuple):
    """A run of a scenario that shows a figure of the paper.

    Parameters
    ----------
    trace : Trace
    marks : dict of str to int
        Part of the figure to the number of steps after which the run shows it.
    """

    trace: Trace
    marks: dict[str, int]


def figure_run(name: str) -> FigureRun:
    """Run the scenario of Figure 7 or 8 of the paper.

    Parameters
    ----------
    name : str
        A name in :data:`FIGURES`.

    Returns
    -------
    FigureRun

    Raises
    ------
    UnknownNameError
        If the scenario is not in :data:`FIGURES`.

    Notes
    -----
    Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm* (extended version
    of USENIX ATC 2014).  A comment in a scenario notes deviations from the figure.

    Examples
    --------
    >>> list(figure_run("raft-figure-8-e").marks)
    ['(a)', '(b)', '(c)', '(e)']
    """
    if name not in FIGURES:
        raise UnknownNameError(f"unknown figure {name!r}", hint=f"known: {', '.join(FIGURES)}")
    trace, _ = simulate_trace(get_protocol("raft"), load_scenario(name))
    marks = {
        label: sum(step.time <= time for step in trace.steps)
        for label, time in FIGURES[name].items()
    }
    return FigureRun(trace, marks)


def _plan(
    nodes: tuple[str, ...], low: float, high: float, heartbeat: float, delay: str
) -> ScenarioBuilder:
    builder = ScenarioBuilder("new-leader", "raft", nodes).set("election", f"{low!r}-{high!r}")
    return builder.set("heartbeat", repr(heartbeat)).network(delay=delay)


def time_to_leader(
    timeouts: Iterable[tuple[float, float]],
    *,
    seeds: Iterable[int] = range(40),
    servers: int = 5,
    heartbeat: float = 0.05,
    delay: str = "uniform(0.005, 0.015)",
    trial_timeout: float = 5.0,
) -> pd.DataFrame:
    """Crash the leader and measure the time until there is a new leader.

    A cluster elects a leader and runs for a while; then the leader crashes at a random moment
    between two heartbeats.  The measurement ends when another server receives the first message
    of a leader of a later term.

    Parameters
    ----------
    timeouts : iterable of (float, float)
        Shortest and longest election timeout of a run, in seconds.
    seeds : iterable of int
        Seeds; there is one run per seed and range of timeouts.
    servers : int
        Number of servers, including the one that crashes.
    heartbeat : float
        Seconds between heartbeats; at most a third of the shortest timeout is used.
    delay : str
        Distribution of the message delay.
    trial_timeout : float
        Simulated seconds after which a run is stopped.

    Returns
    -------
    pandas.DataFrame
        ``low``, ``high`` (s), ``timeouts`` (both, as text, in ms), ``seed``, ``seconds``
        (simulated, from the crash to the new leader's first message; missing if there was none),
        ``elections`` (started after the crash).

    Notes
    -----
    Similar to the experiment of section 9.3 of Ongaro and Ousterhout (extended version of USENIX
    ATC 2014), but not a reproduction of its Figure 16: there is no real network or disk; all logs
    have the same length, so that any server can win; clients send no commands at the time; and the
    crash happens anywhere between two heartbeats, while theirs follows a forced heartbeat.

    Examples
    --------
    >>> frame = time_to_leader([(0.15, 0.3)], seeds=range(2))
    >>> bool((frame["seconds"] > 0.09).all())
    True
    """
    protocol = get_protocol("raft")
    nodes = tuple(f"n{number}" for number in range(1, servers + 1))
    seeds = list(seeds)
    rows = []
    for low, high in timeouts:
        beat = min(heartbeat, low / 3)
        for seed in seeds:
            crash, leader = _stable(protocol, nodes, (low, high), beat, delay, seed)
            seconds, elections = None, 0
            limit = high
            while seconds is None and limit < trial_timeout:
                limit = min(2 * limit, trial_timeout)
                builder = _plan(nodes, low, high, beat, delay).crash(crash, leader, keep=0)
                scenario = builder.limit(time=crash + limit).build()
                trace, _ = simulate_trace(protocol, scenario, seed=seed)
                seconds, elections = _measure(trace, crash, leader)
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "timeouts": f"{low * 1000:g}-{high * 1000:g} ms",
                    "seed": seed,
                    "seconds": seconds,
                    "elections": elections,
                }
            )
    names = ["low", "high", "timeouts", "seed", "seconds", "elections"]
    frame = pd.DataFrame(rows, columns=names)
    frame["seconds"] = frame["seconds"].astype(float)
    return frame


def _stable(
    protocol: Protocol,
    nodes: tuple[str, ...],
    timeouts: tuple[float, float],
    heartbeat: float,
    delay: str,
    seed: int,
) -> tuple[float, str]:
    """Return a time at which there is a leader, and the leader."""
    low, high = timeouts
    phase = stream(seed, "phase").random() * heartbeat
    settled = 2 * high + 3 * heartbeat
    for _ in range(12):
        time = round(settled + phase, 9)
        scenario = _plan(nodes, low, high, heartbeat, delay).limit(time=time).build()
        leader = who_leads(protocol, scenario, seed)
        if leader is not None:
            return time, leader
        settled *= 2
    raise InternalError(
        f"no leader was elected within {settled:g} s with seed {seed}",
        hint="choose timeouts that are longer than the message delays",
    )


def _measure(trace: Trace, crash: float, leader: str) -> tuple[float | None, int]:
    """Return the time to the first message of a new leader, and the number of elections."""
    term = 0
    elections = 0
    for step in trace.steps:
        if step.time < crash or (step.action == "Crash" and step.node == leader):
            term = max(term, (step.state or {}).get("currentTerm", 0))
            continue
        elections += step.action == "Timeout"
        received = step.received
        if (
            received is not None
            and received.message["type"] == "AppendEntries"
            and received.message["term"] > term
        ):
            return step.time - crash, elections
    return None, elections
