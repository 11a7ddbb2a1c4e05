"""Charts that compare protocols under the same clients and faults."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from toolkit.analysis.metrics import CAUSES

__all__ = ["latency_chart", "messages_chart", "recovery_chart", "timeline_chart"]

_COLORS = ("#1b6ca8", "#d95f02", "#3a8f5c", "#7b5aa6", "#a6761d", "#555555")


def _protocols(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["protocol"]))


def _color(frame: pd.DataFrame, *, legend: bool = True) -> alt.Color:
    names = _protocols(frame)
    colors = [_COLORS[number % len(_COLORS)] for number in range(len(names))]
    return alt.Color(
        "protocol:N",
        scale=alt.Scale(domain=names, range=colors),
        legend=alt.Legend(title=None, orient="top") if legend else None,
    )


def latency_chart(frame: pd.DataFrame) -> alt.Chart:
    """Return a chart of the latency distribution of requests, by cause.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``protocol``, ``seconds``, ``cause``: see :func:`toolkit.analysis.metrics.latencies`.
        Requests that were never answered are not included.

    Returns
    -------
    altair.Chart
    """
    ordered = frame.sort_values("seconds", kind="stable")
    groups = ordered.groupby(["protocol", "cause"])["seconds"]
    share = (groups.cumcount() + 1) / groups.transform("size")
    drawn = ordered.assign(share=share)[["protocol", "cause", "seconds", "share"]]
    chart: alt.Chart = (
        alt.Chart(drawn, width=210, height=220)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X(
                "seconds:Q",
                title="latency (s)",
                scale=alt.Scale(type="log", nice=False, padding=10),
            ),
            y=alt.Y("share:Q", title="share of the answered requests"),
            color=_color(frame),
            column=alt.Column("cause:N", sort=list(CAUSES), title=None),
            tooltip=["protocol", "cause", "seconds", "share"],
        )
    )
    return chart


def timeline_chart(
    throughput: pd.DataFrame, gaps: pd.DataFrame, faults: pd.DataFrame
) -> alt.VConcatChart:
    """Return a chart of answers over time, with faults and times without a leader.

    Parameters
    ----------
    throughput : pandas.DataFrame
        ``protocol``, ``begin``, ``end`` (s), ``rate`` (per second).
    gaps : pandas.DataFrame
        ``protocol``, ``begin``, ``end`` (s) of the times without a leader.
    faults : pandas.DataFrame
        ``protocol``, ``kind``, ``begin``, ``end`` (s).

    Returns
    -------
    altair.VConcatChart
    """
    until = float(throughput["end"].max())
    high = float(throughput["rate"].max()) * 1.25
    rows = []
    for number, name in enumerate(_protocols(throughput)):
        rates = throughput[throughput["protocol"] == name]
        x = alt.X("begin:Q", title=None, scale=alt.Scale(domain=[0, until]))
        y = alt.Y("rate:Q", title=f"{name}: answers/s", scale=alt.Scale(domain=[0, high]))
        bands_frame = faults[faults["protocol"] == name].assign(top=high)
        bands = alt.Chart(bands_frame, width=760, height=110).mark_rect(
            color="#e9e4d8"
        ).encode(x=x, x2="end:Q", tooltip=["kind", "target", "begin", "end"])  # fmt: skip
        words = alt.Chart(bands_frame).mark_text(
            align="left", baseline="top", dx=2, dy=2, fontSize=10, color="#6b6455"
        ).encode(x=x, y=alt.Y("top:Q"), text="kind:N")  # fmt: skip
        without = gaps[gaps["protocol"] == name].assign(low=0.0, high=high * 0.08)
        bars = alt.Chart(without).mark_rect(color="#b2182b").encode(
            x=x, x2="end:Q", y=alt.Y("low:Q"), y2="high:Q", tooltip=["begin", "end"]
        )  # fmt: skip
        color = _COLORS[number % len(_COLORS)]
        steps = alt.Chart(rates).mark_area(
            interpolate="step-after", color=color, opacity=0.25, line={"color": color}
        ).encode(x=x, y=y, tooltip=["begin", "rate"])  # fmt: skip
        rows.append(bands + steps + bars + words)
    chart: alt.VConcatChart = alt.vconcat(*rows).properties(
        title={
            "text": "Answers over time",
            "subtitle": "shaded: fault; red: no leader; horizontal axis: simulated seconds",
        }
    )
    return chart


def recovery_chart(faults: pd.DataFrame) -> alt.LayerChart:
    """Return a chart of the time to recover from each fault.

    Parameters
    ----------
    faults : pandas.DataFrame
        ``protocol``, ``kind``, ``recovery`` (s): see
        :func:`toolkit.analysis.metrics.at_faults`.  If a protocol did not recover before the
        next fault, the value is missing; the title counts these.

    Returns
    -------
    altair.LayerChart
    """
    without = int(faults["recovery"].isna().sum())
    title = "Time to the first answer after each fault"
    if without:
        title += f" ({without} without an answer before the next fault, not drawn)"
    order = list(dict.fromkeys(faults["kind"]))
    drawn = faults.dropna(subset=["recovery"])[["protocol", "kind", "target", "recovery"]]
    x = alt.X(
        "recovery:Q", title="simulated seconds", scale=alt.Scale(type="log", nice=False, padding=10)
    )
    y = alt.Y("kind:N", sort=order, title=None)
    base = alt.Chart(drawn, title=title, width=520, height=alt.Step(26))
    span = base.mark_rule(color="#c9c9c9").encode(
        x=alt.X("min(recovery):Q"), x2="max(recovery):Q", y=y
    )
    marks = base.mark_point(size=80, filled=True, opacity=0.9).encode(
        x=x,
        y=y,
        color=_color(faults),
        shape=alt.Shape("protocol:N", scale=alt.Scale(domain=_protocols(faults)), legend=None),
        tooltip=["protocol", "kind", "target", "recovery"],
    )
    chart: alt.LayerChart = span + marks
    return chart


def messages_chart(frame: pd.DataFrame) -> alt.HConcatChart:
    """Return a bar chart of messages per answered request, by message type.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``protocol``, ``type``, ``messages``, ``bytes``, ``per request``.

    Returns
    -------
    altair.HConcatChart
    """
    most = float(frame["per request"].max())
    parts: Sequence[alt.Chart] = [
        alt.Chart(
            frame[frame["protocol"] == name].rename(columns={"per request": "each"}),
            title=f"{name}: {frame.loc[frame['protocol'] == name, 'per request'].sum():.1f}",
            width=200,
            height=alt.Step(15),
        )
        .mark_bar(color=_COLORS[number % len(_COLORS)])
        .encode(
            x=alt.X("each:Q", title="messages per request", scale=alt.Scale(domain=[0, most])),
            y=alt.Y("type:N", sort="-x", title=None),
            tooltip=["type", "messages", "bytes", "each"],
        )
        for number, name in enumerate(_protocols(frame))
    ]
    chart: alt.HConcatChart = alt.hconcat(*parts)
    return chart
