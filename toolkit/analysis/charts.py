"""Charts, and how they are shown without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

__all__ = ["chart_bundle", "chart_svg", "counts_chart", "duel_chart"]


def chart_svg(chart: alt.Chart | alt.LayerChart) -> str:
    """Return a chart as SVG text, drawn offline."""
    return str(vlc.vegalite_to_svg(chart.to_json()))


def chart_bundle(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
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
        Columns ``backoff`` and ``seconds`` (see :func:`toolkit.figures.duel.duel`); runs that
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
