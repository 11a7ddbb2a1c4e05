"""Charts, and how they are shown without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

__all__ = [
    "Drawing",
    "chart_bundle",
    "chart_svg",
    "counts_chart",
    "draw",
    "duel_chart",
    "leader_chart",
]


def chart_svg(chart: alt.TopLevelMixin) -> str:
    """Return a chart as SVG text, drawn offline."""
    return str(vlc.vegalite_to_svg(chart.to_json()))


def chart_bundle(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as a bundle for a notebook: interactive where it can be, SVG elsewhere.

    JupyterLab draws Vega-Lite 5 by itself; Altair's own way of showing a chart would load a
    script from the network.

    Parameters
    ----------
    chart : altair.Chart

    Returns
    -------
    dict
        MIME type to data, for ``IPython.display.display(..., raw=True)``.
    """
    spec = json.loads(chart.to_json())
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return {"application/vnd.vegalite.v5+json": spec, "image/svg+xml": chart_svg(chart)}


class Drawing:
    """A chart that a notebook shows without a network.

    Parameters
    ----------
    chart : altair.Chart
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self.chart = chart

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return chart_bundle(self.chart)


def draw(chart: alt.TopLevelMixin) -> Drawing:
    """Return a chart as the last value of a cell shows it: interactive, without a network.

    Parameters
    ----------
    chart : altair.Chart

    Returns
    -------
    Drawing
    """
    return Drawing(chart)


def counts_chart(counts: Mapping[str, int], title: str) -> alt.Chart:
    """Return bars of how often each thing happened.

    Parameters
    ----------
    counts : mapping of str to int
    title : str
    """
    frame = pd.DataFrame({"kind": list(counts), "count": list(counts.values())})
    chart: alt.Chart = (
        alt.Chart(frame, title=title, width=360)
        .mark_bar(color="#2166ac")
        .encode(
            x=alt.X("count:Q", title="count"),
            y=alt.Y("kind:N", sort=None, title=None),
            tooltip=["kind", "count"],
        )
    )
    return chart


def duel_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """Return the time to decide against the back-off: every run, quartiles and median.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``backoff`` and ``seconds`` (see
        :func:`toolkit.reproduction.papers.duel.duel`); runs that
        did not decide have no ``seconds`` and are counted in the title.
    """
    undecided = int(frame["seconds"].isna().sum())
    title = f"Two duelling proposers, {len(frame)} runs ({undecided} undecided, not drawn)"
    decided = frame.dropna(subset=["seconds"])
    groups = decided.groupby("backoff")["seconds"]
    summary = pd.DataFrame(
        {"low": groups.quantile(0.25), "median": groups.median(), "high": groups.quantile(0.75)}
    ).reset_index()
    x = alt.X("backoff:Q", title="first back-off at most (s)", scale=alt.Scale(type="symlog",
              constant=0.005))  # fmt: skip
    y = alt.Y("seconds:Q", title="time to decide (s)", scale=alt.Scale(type="log"))
    runs = alt.Chart(decided, title=title, width=460, height=280).mark_circle(
        color="#9a9a9a", opacity=0.35, size=16
    ).encode(x=x, y=y)  # fmt: skip
    box = alt.Chart(summary).mark_rule(strokeWidth=3, color="#2166ac").encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q"
    )  # fmt: skip
    line = alt.Chart(summary).mark_line(point=True, color="#b2182b").encode(
        x=x, y=alt.Y("median:Q"), tooltip=["backoff", "median"]
    )  # fmt: skip
    chart: alt.LayerChart = runs + box + line
    return chart


def leader_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """Return the time to a new leader against the time-out range: runs, quartiles, median.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row for each run: ``timeouts`` (the range, as text), ``seed``, ``elections`` (how many
        were begun) and ``seconds`` until a node led.  Runs in which none did in time have no
        ``seconds`` and are counted in the title.
    """
    without = int(frame["seconds"].isna().sum())
    title = f"Time to a new leader, {len(frame)} runs ({without} without one, not drawn)"
    elected = frame.dropna(subset=["seconds"]).copy()
    elected["elections begun"] = elected["elections"].map(
        lambda count: "one" if count == 1 else "more than one"
    )
    # Runs beside each other, so that many of the same time can be seen.
    elected["beside"] = (elected.groupby("timeouts").cumcount() % 7 - 3) / 3
    order = list(dict.fromkeys(frame["timeouts"]))
    groups = elected.groupby("timeouts")["seconds"]
    summary = pd.DataFrame(
        {"low": groups.quantile(0.25), "median": groups.median(), "high": groups.quantile(0.75)}
    ).reset_index()
    x = alt.X("timeouts:N", sort=order, title="election time-outs drawn from",
              axis=alt.Axis(labelAngle=0))  # fmt: skip
    y = alt.Y("seconds:Q", title="simulated time without a leader (s)", scale=alt.Scale(type="log"))
    runs = alt.Chart(elected, title=title, width=560, height=300).mark_point(
        size=22, opacity=0.6, filled=True
    ).encode(
        x=x, y=y, xOffset=alt.XOffset("beside:Q", scale=alt.Scale(domain=[-2.2, 2.2])),
        color=alt.Color("elections begun:N", scale=alt.Scale(
            domain=["one", "more than one"], range=["#8a8a8a", "#d95f02"])),
        shape=alt.Shape("elections begun:N", scale=alt.Scale(
            domain=["one", "more than one"], range=["circle", "triangle-up"])),
        tooltip=["timeouts", "seconds", "elections", "seed"],
    )  # fmt: skip
    box = alt.Chart(summary).mark_rule(strokeWidth=3, color="#2166ac").encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q"
    )  # fmt: skip
    line = alt.Chart(summary).mark_tick(
        color="#b2182b", thickness=3, width=34
    ).encode(x=x, y=alt.Y("median:Q"), tooltip=["timeouts", "median"])  # fmt: skip
    chart: alt.LayerChart = runs + box + line
    return chart
