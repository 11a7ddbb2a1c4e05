"""Metrics of runs of any protocol with a replicated log.

A *round* is a term, a ballot or an epoch.  Two log entries at the same index are *different* if
different leaders created them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import msgspec
import pandas as pd

from toolkit.trace import Trace
from toolkit.trace.logview import LogView, NodeState, log_changes

__all__ = [
    "CAUSES",
    "at_faults",
    "entries_stored",
    "latencies",
    "leaderless",
    "log_divergence",
    "messages_by_type",
    "throughput",
]

CAUSES = ("undisturbed", "fault", "no leader")
"""The conditions under which requests are counted; see :func:`latencies`."""


def _overlap(begin: float, end: float, windows: pd.DataFrame | None) -> bool:
    return windows is not None and bool(((windows["begin"] < end) & (begin < windows["end"])).any())


def latencies(
    calls: Iterable[Any],
    faults: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the latency of each answered request and the condition it is counted under.

    Parameters
    ----------
    calls : iterable of Call
        ``RunResult.calls``; unanswered calls are left out.
    faults : pandas.DataFrame, optional
        ``begin``, ``end`` (s) of each fault.
    gaps : pandas.DataFrame, optional
        ``begin``, ``end`` (s) of the times without a leader: see :func:`leaderless`.

    Returns
    -------
    pandas.DataFrame
        ``client``, ``request``, ``called`` (s), ``seconds`` (from the first call to the first
        answer), ``cause``: ``"no leader"`` if there was no leader for some of that time, else
        ``"fault"`` if there was a fault, else ``"undisturbed"``.  The condition coincides with the
        request; it is not necessarily the cause of its latency.
    """
    rows = []
    for call in calls:
        if call.returned is None:
            continue
        cause = "undisturbed"
        if _overlap(call.called, call.returned, gaps):
            cause = "no leader"
        elif _overlap(call.called, call.returned, faults):
            cause = "fault"
        rows.append((call.client, call.request, call.called, call.returned - call.called, cause))
    return pd.DataFrame(rows, columns=["client", "request", "called", "seconds", "cause"])


def throughput(calls: Iterable[Any], until: float, width: float = 0.25) -> pd.DataFrame:
    """Return the number of answered requests per second over time.

    Parameters
    ----------
    calls : iterable of Call
    until : float
        End of the run in seconds; an incomplete last interval is left out.
    width : float
        Length of an interval in seconds.

    Returns
    -------
    pandas.DataFrame
        ``begin``, ``end`` (s), ``answers`` (in that interval), ``rate`` (per second).

    Examples
    --------
    >>> throughput([], 1.0, 0.5)["answers"].tolist()
    [0, 0]
    """
    number = int(until / width + 1e-9)
    counts = Counter(int(call.returned / width) for call in calls if call.returned is not None)
    rows = [(at * width, (at + 1) * width, counts[at], counts[at] / width) for at in range(number)]
    return pd.DataFrame(rows, columns=["begin", "end", "answers", "rate"])


def at_faults(
    calls: Iterable[Any], faults: pd.DataFrame, gaps: pd.DataFrame, until: float
) -> pd.DataFrame:
    """Return metrics for the time from each fault to the next.

    Parameters
    ----------
    calls : iterable of Call
    faults : pandas.DataFrame
        One row per fault, in order, with ``begin`` (s) and any other columns.
    gaps : pandas.DataFrame
        See :func:`leaderless`.
    until : float
        End of the last fault's time in seconds; there should be requests until then.

    Returns
    -------
    pandas.DataFrame
        The columns of `faults`, and for the time from each fault's begin to the next one's:
        ``leaderless`` (s), ``recovery`` (s until the first answer to a request that was called
        after the fault began; missing if there is none in that time), ``stalled`` (s, the longest
        time without an answer), ``asked`` (requests called in that time) and ``unanswered`` (those
        of them that were never answered).
    """
    all_calls = list(calls)
    answers = sorted(call.returned for call in all_calls if call.returned is not None)
    ends = [*faults["begin"].iloc[1:], until]
    rows = []
    for begin, end in zip(faults["begin"], ends, strict=True):
        without = (gaps["end"].clip(upper=end) - gaps["begin"].clip(lower=begin)).clip(lower=0)
        within = [time for time in answers if begin <= time < end]
        edges = [begin, *within, end]
        called = [call for call in all_calls if begin <= call.called < end]
        returned = [call.returned for call in called if call.returned is not None]
        in_time = [time for time in returned if time < end]
        rows.append(
            (
                float(without.sum()),
                min(in_time) - begin if in_time else None,
                max(b - a for a, b in pairwise(edges)),
                len(called),
                len(called) - len(returned),
            )
        )
    columns = ["leaderless", "recovery", "stalled", "asked", "unanswered"]
    metrics = pd.DataFrame(rows, columns=columns, index=faults.index)
    return pd.concat([faults, metrics], axis=1)


def messages_by_type(trace: Trace) -> pd.DataFrame:
    """Return the number of sent messages and their bytes, by message type.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    pandas.DataFrame
        ``type``, ``messages``, ``bytes``, sorted by type.  ``bytes`` is the size of the recorded
        messages as compact JSON, without transport headers.
    """
    counts: dict[str, tuple[int, int]] = {}
    for step in trace.steps:
        for sent in step.sent or ():
            name = str(sent.message.get("type", "?"))
            count, size = counts.get(name, (0, 0))
            counts[name] = (count + 1, size + len(msgspec.json.encode(sent.message)))
    rows = [(name, *counts[name]) for name in sorted(counts)]
    return pd.DataFrame(rows, columns=["type", "messages", "bytes"])


def _standing(view: NodeState, log: LogView) -> tuple[bool, int] | None:
    """Return (whether the node leads, its round), or ``None`` if the node is down."""
    return (log.leads(view), log.round(view)) if log.up(view) else None


def _is_led(standings: Mapping[str, tuple[bool, int] | None]) -> bool:
    up = [standing for standing in standings.values() if standing is not None]
    return any(
        leads and 2 * sum(other <= own for _, other in up) > len(standings) for leads, own in up
    )


def leaderless(trace: Trace, log: LogView) -> pd.DataFrame:
    """Return the intervals without a leader.

    There is a leader while a node that is up considers itself the leader, and a majority of all
    nodes is up and in no later round; only then can its proposals still be accepted.  The network
    is not taken into account: a partitioned leader counts until a majority has moved on.

    Parameters
    ----------
    trace : Trace
        A trace with the states of all nodes.
    log : LogView

    Returns
    -------
    pandas.DataFrame
        ``begin``, ``end`` (s) of each interval; the last interval may end with the trace.
    """
    rows = []
    standings = {node: _standing(view, log) for node, view in trace.header.initial.items()}
    since: float | None = None if _is_led(standings) else 0.0
    last = 0.0
    for step, states in trace.states():
        last = step.time
        if not step.state:
            continue
        standing = _standing(states[step.node], log)
        if standing == standings[step.node]:
            continue
        standings[step.node] = standing
        led = _is_led(standings)
        if led and since is not None:
            rows.append((since, last))
            since = None
        elif not led and since is None:
            since = last
    end = last if trace.end is None else trace.end.time
    if since is not None:
        rows.append((since, end))
    return pd.DataFrame(
        [(begin, stop) for begin, stop in rows if begin < stop], columns=["begin", "end"]
    )


def log_divergence(trace: Trace, log: LogView) -> pd.DataFrame:
    """Return how much the nodes' logs differ, after each step that changes this.

    Parameters
    ----------
    trace : Trace
        A trace with the states of all nodes.
    log : LogView

    Returns
    -------
    pandas.DataFrame
        ``time`` (s), ``differing`` (number of indices at which two nodes store different entries),
        ``behind`` (difference between the highest and the lowest known commit index).
    """
    rows: list[tuple[float, int, int]] = []
    logs: dict[str, dict[int, Any]] = {}
    commits: dict[str, int] = dict.fromkeys(trace.header.nodes, 0)
    differing: set[int] = set()
    for time, node, before, after, committed in log_changes(trace, log):
        logs[node], commits[node] = after, committed
        for index in before.keys() | after.keys():
            if before.get(index) == after.get(index):
                continue
            stored = [entries[index] for entries in logs.values() if index in entries]
            if any(entry != stored[0] for entry in stored):
                differing.add(index)
            else:
                differing.discard(index)
        row = (len(differing), max(commits.values()) - min(commits.values()))
        if not rows or rows[-1][1:] != row:
            rows.append((time, *row))
    return pd.DataFrame(rows, columns=["time", "differing", "behind"])


def entries_stored(trace: Trace, log: LogView) -> dict[str, int]:
    """Return the number of stored, committed and wasted log entries.

    Parameters
    ----------
    trace : Trace
        A trace with the states of all nodes.  Entries that a node holds only in a snapshot
        are not counted for it; some node stored them before they were compacted.
    log : LogView

    Returns
    -------
    dict
        ``stored`` (number of different entries that any node stored at an index), ``committed``
        (the highest commit index that any node knew), ``wasted`` (stored entries at indices up to
        the commit index, at which another entry was committed).
    """
    seen: dict[int, set[bytes]] = {}
    highest = 0
    for _, _, before, after, committed in log_changes(trace, log):
        highest = max(highest, committed)
        for index, entry in after.items():
            if before.get(index) != entry:
                seen.setdefault(index, set()).add(msgspec.json.encode(entry, order="sorted"))
    return {
        "stored": sum(map(len, seen.values())),
        "committed": highest,
        "wasted": sum(len(seen[index]) - 1 for index in seen if index <= highest),
    }
