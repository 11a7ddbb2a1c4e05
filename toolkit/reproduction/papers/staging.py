"""How the servers of an election experiment come to where it begins.

Everything is done by real servers from the initial state on, so that each trial is a run that the
specification of Raft can be asked about: a leader is elected, gets commands while some servers are
cut off, and so the logs come to different lengths.  To keep it short, links and disks are a
thousand times faster until the experiment begins, and no timer runs out by itself before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.sim import ScenarioBuilder

__all__ = ["FAST", "STEP", "clear_disks", "different_logs", "restarted"]

FAST = 1e-3
"""By what delays and writes are multiplied while the stage is set."""

STEP = 0.0005
"""Seconds for each entry by which logs differ."""


def different_logs(builder: ScenarioBuilder, lengths: Mapping[str, int]) -> float:
    """Let the servers' logs come to these lengths, under one leader.

    The first server of the longest log is elected in term 1, and its first entry reaches all.
    Before each further command those whose log is long enough are cut off from it, both ways.

    Parameters
    ----------
    builder : ScenarioBuilder
        What happens is added to it.
    lengths : mapping of str to int
        Server to the entries in its log, 1 or more.

    Returns
    -------
    float
        When it is done, in seconds.  The cuts are still there.
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
    """Let disks be as slow as they are, from a time on."""
    for name in names:
        builder.slow_disk(time, name, 1.0)


def restarted(
    builder: ScenarioBuilder, time: float, names: Sequence[str], down: Sequence[str] = ()
) -> float:
    """Let all servers crash and come up at the same moment, with timers that begin anew.

    Parameters
    ----------
    builder : ScenarioBuilder
    time : float
        When they crash.
    names : sequence of str
        All servers.
    down : sequence of str
        Those that stay down.

    Returns
    -------
    float
        When they come up: links and disks are whole again from then on.
    """
    for name in names:
        builder.crash(time, name, keep=0)
    begin = round(time + STEP, 9)
    builder.heal(begin)
    for name in names:
        if name not in down:
            builder.restart(begin, name)
    return begin
