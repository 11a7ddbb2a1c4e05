"""Metrics of a run of any replicated log, in one vocabulary.

A *round* is a term, a ballot or an epoch; an *entry* is what a log has at an index, together with
what tells it from what another leader put there.
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
"""Why a request took as long as it did; see :func:`latencies`."""


def _overlap(begin: float, end: float, windows: pd.DataFrame | None) -> bool:
    return windows is not None and bool(((windows["begin"] < end) & (begin < windows["end"])).any())


def latencies(
    calls: Iterable[Any],
    faults: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return how long each answered request took, and what it met on its way.

    Parameters
    ----------
    calls : iterable of Call
        ``RunResult.calls``; those that were never answered are left out.
    faults : pandas.DataFrame, optional
        ``begin``, ``end`` (s) of each fault.
    gaps : pandas.DataFrame, optional
        ``begin``, ``end`` (s) of the times without a leader: see :func:`leaderless`.

    Returns
    -------
    pandas.DataFrame
        ``client``, ``request``, ``called`` (s), ``seconds`` (from asking first to the first
        answer), ``cause``: ``"no leader"`` if there was none for some of that time, else
        ``"fault"`` if there was one, else ``"undisturbed"``.  What comes at the same time need
        not be the cause: it is what the request is counted under.
    """
    rows = []
    for one in calls:
        if one.returned is None:
            continue
        cause = "undisturbed"
        if _overlap(one.called, one.returned, gaps):
            cause = "no leader"
        elif _overlap(one.called, one.returned, faults):
            cause = "fault"
        rows.append((one.client, one.request, one.called, one.returned - one.called, cause))
    return pd.DataFrame(rows, columns=["client", "request", "called", "seconds", "cause"])


def throughput(calls: Iterable[Any], until: float, width: float = 0.25) -> pd.DataFrame:
    """Return how many requests were answered a second, over time.

    Parameters
    ----------
    calls : iterable of Call
    until : float
        The end of the run, in seconds; what is left over of it makes no interval.
    width : float
        Seconds of an interval.

    Returns
    -------
    pandas.DataFrame
        ``begin``, ``end`` (s), ``answers`` (in that interval), ``rate`` (a second).

    Examples
    --------
    >>> throughput([], 1.0, 0.5)["answers"].tolist()
    [0, 0]
    """
    number = int(until / width + 1e-9)
    counts = Counter(int(one.returned / width) for one in calls if one.returned is not None)
    rows = [(at * width, (at + 1) * width, counts[at], counts[at] / width) for at in range(number)]
    return pd.DataFrame(rows, columns=["begin", "end", "answers", "rate"])


def at_faults(
    calls: Iterable[Any], faults: pd.DataFrame, gaps: pd.DataFrame, until: float
) -> pd.DataFrame:
    """Return what became of a run at each fault.

    Parameters
    ----------
    calls : iterable of Call
    faults : pandas.DataFrame
        With ``begin`` (s) of each, in order, and any other columns.
    gaps : pandas.DataFrame
        See :func:`leaderless`.
    until : float
        Until when the last one is looked at, in seconds: clients should ask for something until
        then.

    Returns
    -------
    pandas.DataFrame
        The faults' columns, and for the time from each one's begin to the next one's:
        ``leaderless`` (s), ``recovery`` (s until the first answer to a request that was asked
        after the fault began; missing if there is none in that time), ``stalled`` (s, the
        longest that no request was answered), ``asked`` and ``unanswered`` (of the requests
        asked in that time, those that the run never answered).
    """
    asked = list(calls)
    answers = sorted(one.returned for one in asked if one.returned is not None)
    ends = [*faults["begin"].iloc[1:], until]
    rows = []
    for begin, end in zip(faults["begin"], ends, strict=True):
        without = (gaps["end"].clip(upper=end) - gaps["begin"].clip(lower=begin)).clip(lower=0)
        within = [time for time in answers if begin <= time < end]
        edges = [begin, *within, end]
        mine = [one for one in asked if begin <= one.called < end]
        first = [one.returned for one in mine if one.returned is not None and one.returned < end]
        rows.append(
            (
                float(without.sum()),
                min(first) - begin if first else None,
                max(b - a for a, b in pairwise(edges)),
                len(mine),
                sum(one.returned is None for one in mine),
            )
        )
    columns = ["leaderless", "recovery", "stalled", "asked", "unanswered"]
    found = pd.DataFrame(rows, columns=columns, index=faults.index)
    return pd.concat([faults, found], axis=1)


def messages_by_type(trace: Trace) -> pd.DataFrame:
    """Return how many messages left, and their bytes.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    pandas.DataFrame
        ``type``, ``messages``, ``bytes``, sorted by type.  The bytes are those of the recorded
        message as compact JSON: no header of a transport is counted.
    """
    counts: dict[str, tuple[int, int]] = {}
    for step in trace.steps:
        for sent in step.sent or ():
            name = str(sent.message.get("type", "?"))
            many, size = counts.get(name, (0, 0))
            counts[name] = (many + 1, size + len(msgspec.json.encode(sent.message)))
    rows = [(name, *counts[name]) for name in sorted(counts)]
    return pd.DataFrame(rows, columns=["type", "messages", "bytes"])


def _standing(view: NodeState, log: LogView) -> tuple[bool, int] | None:
    """Return whether a node leads, and its round; ``None`` if it is down."""
    return (log.leads(view), log.round(view)) if log.up(view) else None


def _is_led(standings: Mapping[str, tuple[bool, int] | None]) -> bool:
    up = [one for one in standings.values() if one is not None]
    return any(
        leads and 2 * sum(other <= mine for _, other in up) > len(standings) for leads, mine in up
    )


def leaderless(trace: Trace, log: LogView) -> pd.DataFrame:
    """Return when nobody led.

    Somebody leads while a node that is up takes itself for the leader and a majority of all
    nodes is up and in no later round: only then can what it proposes still be accepted.  Who can
    reach whom is not looked at: a leader that is cut off counts until a majority has moved on.

    Parameters
    ----------
    trace : Trace
        With the states of all nodes.
    log : LogView

    Returns
    -------
    pandas.DataFrame
        ``begin``, ``end`` (s) of each interval; the last one may end with the trace.
    """
    rows = []
    standings = {node: _standing(view, log) for node, view in trace.header.initial.items()}
    since: float | None = None if _is_led(standings) else 0.0
    last = 0.0
    for step, states in trace.states():
        last = step.time
        if not step.state:
            continue
        now = _standing(states[step.node], log)
        if now == standings[step.node]:
            continue
        standings[step.node] = now
        led = _is_led(standings)
        if led and since is not None:
            rows.append((since, last))
            since = None
        elif not led and since is None:
            since = last
    end = last if trace.end is None else trace.end.time
    if since is not None:
        rows.append((since, end))
    return pd.DataFrame([one for one in rows if one[0] < one[1]], columns=["begin", "end"])


def log_divergence(trace: Trace, log: LogView) -> pd.DataFrame:
    """Return how far the logs are apart, after each step that changes it.

    Parameters
    ----------
    trace : Trace
        With the states of all nodes.
    log : LogView

    Returns
    -------
    pandas.DataFrame
        ``time`` (s), ``differing`` (indices at which two nodes store different entries),
        ``behind`` (how far the least known commit is behind the greatest).
    """
    rows: list[tuple[float, int, int]] = []
    logs: dict[str, dict[int, Any]] = {}
    commits: dict[str, int] = dict.fromkeys(trace.header.nodes, 0)
    apart: set[int] = set()
    for time, node, before, after, committed in log_changes(trace, log):
        logs[node], commits[node] = after, committed
        for index in before.keys() | after.keys():
            if before.get(index) == after.get(index):
                continue
            there = [one[index] for one in logs.values() if index in one]
            if any(entry != there[0] for entry in there):
                apart.add(index)
            else:
                apart.discard(index)
        now = (len(apart), max(commits.values()) - min(commits.values()))
        if not rows or rows[-1][1:] != now:
            rows.append((time, *now))
    return pd.DataFrame(rows, columns=["time", "differing", "behind"])


def entries_stored(trace: Trace, log: LogView) -> dict[str, int]:
    """Return how much of what nodes stored was of use.

    Parameters
    ----------
    trace : Trace
        With the states of all nodes.  What a node has only in a snapshot is not counted for it;
        before it was compacted somebody stored it.
    log : LogView

    Returns
    -------
    dict
        ``stored`` (different entries that any node ever stored at an index), ``committed`` (the
        greatest commit that any node knew of), ``wasted`` (entries stored at an index up to
        there that another one was committed at).
    """
    seen: dict[int, set[bytes]] = {}
    most = 0
    for _, _, before, after, committed in log_changes(trace, log):
        most = max(most, committed)
        for index, entry in after.items():
            if before.get(index) != entry:
                seen.setdefault(index, set()).add(msgspec.json.encode(entry, order="sorted"))
    return {
        "stored": sum(map(len, seen.values())),
        "committed": most,
        "wasted": sum(len(seen[index]) - 1 for index in seen if index <= most),
    }
