"""Setup of election experiments: log lengths, disks and restarts.

The setup is part of the run, from the initial state on, so that each trial can be validated: a
leader is elected and receives commands while some servers are cut off, which gives logs of
different lengths.  To keep the setup short, links and disks are a thousand times faster until
the experiment begins, and no timer runs out by itself before that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.sim import ScenarioBuilder

__all__ = ["FAST", "STEP", "clear_disks", "different_logs", "restarted"]

FAST = 1e-3
"""Factor for delays and write times during the setup."""

STEP = 0.0005
"""Seconds per log entry during the setup."""


def different_logs(builder: ScenarioBuilder, lengths: Mapping[str, int]) -> float:
    """Schedule a setup that gives the servers' logs these lengths, under one leader.

    The first server of the longest log is elected in term 1, and its first entry reaches all.
    Before each further command, servers whose log is long enough are cut off from the leader in
    both directions.

    Parameters
    ----------
    builder : ScenarioBuilder
        The builder to which the events are added.
    lengths : mapping of str to int
        Server to the number of entries in its log, at least 1.

    Returns
    -------
    float
        Time when the setup is done, in seconds.  The links are still cut then.
    """
    leader = max(lengths, key=lambda name: lengths[name])
    others = [name for name in lengths if name != leader]
    for name in lengths:
        builder.slow_disk(0.0, name, FAST)
        for other in lengths:
            if other != name:
                builder.slow(0.0, name, other, FAST)
    builder.timeout(0.0, leader, "election")
    time = 2 * STEP
    for length in range(1, lengths[leader] + 1):
        for name in others:
            if lengths[name] == length:
                builder.cut(time, leader, name)
                builder.cut(time, name, leader)
        if length < lengths[leader]:
            operation = {"op": "put", "key": "entry", "value": length + 1}
            builder.command(time, "client", operation, leader)
        time += STEP
    return round(time, 9)


def clear_disks(builder: ScenarioBuilder, time: float, names: Sequence[str]) -> None:
    """Schedule the end of the speed-up of all disks.

    Parameters
    ----------
    builder : ScenarioBuilder
    time : float
        In seconds.
    names : sequence of str
        Names of all servers.
    """
    for name in names:
        builder.slow_disk(time, name, 1.0)


def restarted(
    builder: ScenarioBuilder, time: float, names: Sequence[str], down: Sequence[str] = ()
) -> float:
    """Schedule a crash and restart of all servers at once, so that all timers are set again.

    Parameters
    ----------
    builder : ScenarioBuilder
    time : float
        Time of the crash, in seconds.
    names : sequence of str
        Names of all servers.
    down : sequence of str
        Servers that stay down.

    Returns
    -------
    float
        Time of the restart, in seconds; links and disks are healed then.
    """
    for name in names:
        builder.crash(time, name, keep=0)
    begin = round(time + STEP, 9)
    builder.heal(begin)
    for name in names:
        if name not in down:
            builder.restart(begin, name)
    return begin
