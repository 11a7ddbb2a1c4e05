"""Charts that can be shown without network access."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

from toolkit.errors import SettingError

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
    """Return a chart as SVG text, rendered offline.

    Parameters
    ----------
    chart : altair.Chart

    Returns
    -------
    str
    """
    return str(vlc.vegalite_to_svg(chart.to_json()))


def chart_bundle(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as a MIME bundle for a notebook, with Vega-Lite and SVG.

    JupyterLab renders Vega-Lite 5 itself and shows an interactive chart; other front ends show
    the SVG.  Altair's own renderer would load a script from the network.

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
    """A chart that a notebook shows without network access.

    Parameters
    ----------
    chart : altair.Chart
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self.chart = chart

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return chart_bundle(self.chart)


def draw(chart: alt.TopLevelMixin) -> Drawing:
    """Return an object that shows a chart in a notebook, interactive and without network access.

    Parameters
    ----------
    chart : altair.Chart

    Returns
    -------
    Drawing

    Raises
    ------
    SettingError
        If the object is not a chart.
    """
    if not hasattr(chart, "to_json"):
        raise SettingError(
            f"{type(chart).__name__} is not an Altair chart",
            hint="draw() shows charts; a run and a trace show themselves with explore()",
        )
    return Drawing(chart)


def counts_chart(counts: Mapping[str, int], title: str) -> alt.Chart:
    """Return a bar chart of counts.

    Parameters
    ----------
    counts : mapping of str to int
        Label to count.
    title : str

    Returns
    -------
    altair.Chart
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
    """Return a chart of the time to decide against the back-off: runs, quartiles and median.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``backoff`` and ``seconds`` (see
        :func:`toolkit.reproduction.papers.duel.duel`).  Undecided runs have no ``seconds`` and
        are counted in the title.

    Returns
    -------
    altair.LayerChart
    """
    undecided = int(frame["seconds"].isna().sum())
    title = f"Two duelling proposers, {len(frame)} runs ({undecided} undecided, not drawn)"
    decided = frame.dropna(subset=["seconds"])
    groups = decided.groupby("backoff")["seconds"]
    summary = pd.DataFrame(
        {"low": groups.quantile(0.25), "median": groups.median(), "high": groups.quantile(0.75)}
    ).reset_index()
    x = alt.X("backoff:Q", title="maximum of the first back-off (s)", scale=alt.Scale(type="symlog",
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
    """Return a chart of the time to a new leader against the timeout range.

    Each run is a point; lines show quartiles, ticks the median.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per run: ``timeouts`` (the range, as text), ``seed``, ``elections`` (number of
        elections that were started) and ``seconds`` until a node became leader.  Runs without a
        leader before the time limit have no ``seconds`` and are counted in the title.

    Returns
    -------
    altair.LayerChart
    """
    without = int(frame["seconds"].isna().sum())
    title = f"Time to a new leader, {len(frame)} runs ({without} without a leader, not drawn)"
    elected = frame.dropna(subset=["seconds"]).copy()
    elected["elections started"] = elected["elections"].map(
        lambda count: "one" if count == 1 else "more than one"
    )
    # A horizontal offset, so that runs with the same time do not cover each other.
    elected["x shift"] = (elected.groupby("timeouts").cumcount() % 7 - 3) / 3
    order = list(dict.fromkeys(frame["timeouts"]))
    groups = elected.groupby("timeouts")["seconds"]
    summary = pd.DataFrame(
        {"low": groups.quantile(0.25), "median": groups.median(), "high": groups.quantile(0.75)}
    ).reset_index()
    x = alt.X("timeouts:N", sort=order, title="range of election timeouts",
              axis=alt.Axis(labelAngle=0))  # fmt: skip
    y = alt.Y("seconds:Q", title="simulated time without a leader (s)", scale=alt.Scale(type="log"))
    runs = alt.Chart(elected, title=title, width=560, height=300).mark_point(
        size=22, opacity=0.6, filled=True
    ).encode(
        x=x, y=y, xOffset=alt.XOffset("x shift:Q", scale=alt.Scale(domain=[-2.2, 2.2])),
        color=alt.Color("elections started:N", scale=alt.Scale(
            domain=["one", "more than one"], range=["#8a8a8a", "#d95f02"])),
        shape=alt.Shape("elections started:N", scale=alt.Scale(
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
