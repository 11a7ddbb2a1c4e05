"""Metrics of a run of any replicated log, in one vocabulary: a *round* is a term or a ballot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec
import pandas as pd

from toolkit.trace import Trace

__all__ = ["LogView", "latencies", "leaderless", "log_divergence", "messages_by_type"]

View = Mapping[str, Any]


class LogView(Protocol):
    """What must be known of a protocol: see :class:`toolkit.protocols.base.ReplicatedLog`."""

    @property
    def leads(self) -> Callable[[View], bool]:
        """Whether a node leads."""

    @property
    def round(self) -> Callable[[View], int]:
        """Its round."""

    @property
    def entries(self) -> Callable[[View], dict[int, Any]]:
        """Its entries by index."""

    @property
    def committed(self) -> Callable[[View], int]:
        """Up to where it knows them to be committed."""


def latencies(calls: Iterable[Any]) -> pd.DataFrame:
    """Return how long each answered request took.

    Parameters
    ----------
    calls : iterable of Call
        ``RunResult.calls``; those that were never answered are left out.

    Returns
    -------
    pandas.DataFrame
        ``client``, ``request``, ``called`` (s), ``seconds`` (from asking first to the first
        answer).
    """
    rows = [
        (one.client, one.request, one.called, one.returned - one.called)
        for one in calls
        if one.returned is not None
    ]
    return pd.DataFrame(rows, columns=["client", "request", "called", "seconds"])


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


def _is_led(states: Mapping[str, View], log: LogView) -> bool:
    up = [state for state in states.values() if state.get("up", True)]
    rounds = [log.round(state) for state in up]
    return any(
        log.leads(state) and 2 * sum(one <= log.round(state) for one in rounds) > len(states)
        for state in up
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
    since: float | None = None if _is_led(trace.header.initial, log) else 0.0
    last = 0.0
    for step, states in trace.states():
        last = step.time
        led = _is_led(states, log)
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
    for step, states in trace.states():
        first: dict[int, Any] = {}
        apart: set[int] = set()
        for state in states.values():
            for index, entry in log.entries(state).items():
                if first.setdefault(index, entry) != entry:
                    apart.add(index)
        commits = [log.committed(state) for state in states.values()]
        now = (len(apart), max(commits) - min(commits))
        if not rows or rows[-1][1:] != now:
            rows.append((step.time, *now))
    return pd.DataFrame(rows, columns=["time", "differing", "behind"])
