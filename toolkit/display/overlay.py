"""Charts of published and reproduced values in one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from scipy import optimize

from toolkit.analysis.statistics import uniform_band

__all__ = ["COLOURS", "cells_chart", "distribution_overlay", "split_chart"]

COLOURS = (
    "#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#a6761d", "#666666",
    "#17becf", "#b2182b", "#e6ab02", "#4d4d4d",
)  # fmt: skip

_POINTS = 160


def _function(samples: Sequence[float] | pd.Series[float], curve: str) -> pd.DataFrame:
    """Return the empirical distribution function of samples, thinned, with its band."""
    values = np.sort(np.asarray(samples, dtype=float))
    share = np.arange(1, len(values) + 1) / len(values)
    keep = np.unique(np.linspace(0, len(values) - 1, _POINTS).round().astype(int))
    keep = keep[np.isfinite(values[keep])]
    reach = uniform_band(len(values))
    return pd.DataFrame(
        {
            "curve": curve,
            "x": values[keep],
            "share": share[keep],
            "low": np.clip(share[keep] - reach, 0, 1),
            "high": np.clip(share[keep] + reach, 0, 1),
        }
    )


def distribution_overlay(
    samples: Mapping[str, Sequence[float] | pd.Series[float]],
    published: Mapping[str, Mapping[float, float]],
    *,
    panels: Mapping[str, Sequence[str]],
    title: str,
    axis: str,
    logarithmic: bool = False,
    width: int = 430,
    columns: int = 2,
) -> alt.TopLevelMixin:
    """Return a chart of distribution functions: published as points, reproduced as lines.

    Parameters
    ----------
    samples : mapping of str to array of float
        Curve to samples; infinite samples are not drawn but counted in the heading.
    published : mapping of str to mapping
        Curve to level and published quantile.
    panels : mapping of str to sequence of str
        Curve to the panels in which it is drawn; by default the first panel.
    title, axis : str
        Title of the chart and of the horizontal axis.
    logarithmic : bool
        Whether the horizontal axis is logarithmic.
    width : int
        Width of a panel in pixels.
    columns : int
        Number of panels in a row.

    Returns
    -------
    altair.ConcatChart
        Bands are 95 % confidence bands of whole functions (Dvoretzky, Kiefer, Wolfowitz).
    """
    names = list(dict.fromkeys(name for chosen in panels.values() for name in chosen)) or [""]
    charts = []
    for panel in names:
        chosen = [curve for curve in samples if panel in panels.get(curve, names[:1])]
        if not chosen:
            continue
        ours = pd.concat([_function(samples[curve], curve) for curve in chosen])
        theirs = pd.DataFrame(
            [
                {"curve": curve, "x": value, "share": level}
                for curve in chosen
                for level, value in published.get(curve, {}).items()
            ],
            columns=["curve", "x", "share"],
        )
        unfinished = {curve: int(np.isinf(np.asarray(samples[curve])).sum()) for curve in chosen}
        undrawn = [
            f"{curve}: {count:,} of {len(samples[curve]):,}"
            for curve, count in unfinished.items()
            if count
        ]
        heading = (
            alt.TitleParams(
                panel,
                subtitle=[f"not finished before the time limit, not drawn: {'; '.join(undrawn)}"],
            )
            if undrawn
            else alt.TitleParams(panel)
        )
        charts.append(_panel(ours, theirs, chosen, heading, axis, logarithmic, width))
    chart: alt.ConcatChart = alt.concat(*charts, columns=columns, title=title)
    resolved: alt.TopLevelMixin = chart.resolve_scale(color="independent")
    return resolved


def _panel(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    chosen: Sequence[str],
    heading: alt.TitleParams,
    axis: str,
    logarithmic: bool,
    width: int,
) -> alt.LayerChart:
    scale: dict[str, Any] = {"type": "log"} if logarithmic else {}
    x = alt.X("x:Q", title=axis, scale=alt.Scale(nice=False, **scale))
    y = alt.Y("share:Q", title="share of trials", scale=alt.Scale(domain=[0, 1]),
              axis=alt.Axis(format="%"))  # fmt: skip
    colour = alt.Color("curve:N", sort=list(chosen), title="line: reproduced, point: published",
                       scale=alt.Scale(domain=list(chosen), range=list(COLOURS[: len(chosen)])),
                       legend=alt.Legend(orient="bottom", columns=4, labelLimit=260,
                                         symbolOpacity=1, symbolType="stroke"))  # fmt: skip
    band = alt.Chart(ours, title=heading, width=width, height=300).mark_area(opacity=0.15).encode(
        x=x, y=alt.Y("low:Q", title="share of trials"), y2="high:Q", color=colour
    )  # fmt: skip
    line = alt.Chart(ours).mark_line(strokeWidth=2).encode(
        x=x, y=y, color=colour, tooltip=["curve", alt.Tooltip("x:Q", format=".1f"),
                                         alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    layers = [band, line]
    if len(theirs):
        layers.append(
            alt.Chart(theirs).mark_point(size=28, filled=True, stroke="white", strokeWidth=0.6)
            .encode(x=x, y=y, color=colour,
                    tooltip=["curve", alt.Tooltip("x:Q", format=".1f", title="published"),
                             alt.Tooltip("share:Q", format=".1%")])
        )  # fmt: skip
    chart: alt.LayerChart = alt.LayerChart(layer=layers)
    return chart


def split_chart(
    summary: pd.DataFrame, published: pd.DataFrame, formula: Callable[[int, int, float], float]
) -> alt.TopLevelMixin:
    """Return a chart of split-vote probabilities by formula and by simulation.

    Parameters
    ----------
    summary : pandas.DataFrame
        ``servers``, ``failed``, ``latency`` (missing if it varies), ``split``, ``split_low``,
        ``split_high``.
    published : pandas.DataFrame
        ``servers``, ``failed``, ``latency``, ``split``, ``said``.
    formula : callable
        ``formula(servers, failed, latency) -> probability``.

    Returns
    -------
    altair.HConcatChart
        Left: the formula as lines, simulated shares as points with 95 % intervals (hollow if the
        latency varies), and published values as crosses.  Right: contours of the formula for
        clusters of 3 to 15 servers with one failed server, at which 1, 5, 10, 25 and 50 % of
        votes are split.
    """
    with_cluster = [
        frame.assign(
            cluster=[
                f"{servers} servers, {failed} failed"
                for servers, failed in zip(frame["servers"], frame["failed"], strict=True)
            ]
        )
        for frame in (summary, published)
    ]
    varies = with_cluster[0]["latency"].isna()
    fixed, varying = with_cluster[0][~varies], with_cluster[0][varies].assign(latency=0.15)
    published_points = with_cluster[1][
        with_cluster[1]["cluster"].isin(set(with_cluster[0]["cluster"]))
    ]
    order = list(dict.fromkeys(fixed["cluster"]))
    shares = np.linspace(0.004, 0.5, 100)
    lines = pd.DataFrame(
        [
            {"cluster": f"{servers} servers, {failed} failed", "latency": share,
             "split": 100 * formula(int(servers), int(failed), float(share))}
            for servers, failed in dict.fromkeys(
                zip(fixed["servers"], fixed["failed"], strict=True))
            for share in shares
        ]
    )  # fmt: skip
    colour = alt.Color("cluster:N", sort=order, title=None,
                       scale=alt.Scale(domain=order, range=list(COLOURS[: len(order)])),
                       legend=alt.Legend(orient="bottom", columns=2))  # fmt: skip
    x = alt.X("latency:Q", title="latency, as a share of the timeout range",
              axis=alt.Axis(format="%"))  # fmt: skip
    y = alt.Y("split:Q", title="elections with a split vote (%)")
    line = alt.Chart(
        lines, width=430, height=320, title="line: formula, point: simulation, cross: published"
    ).mark_line().encode(x=x, y=y, color=colour)  # fmt: skip
    rule = alt.Chart(fixed).mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("split_low:Q", title="elections with a split vote (%)"),
        y2="split_high:Q", color=colour,
    )  # fmt: skip
    point = alt.Chart(fixed).mark_point(filled=True, size=45, stroke="white").encode(
        x=x, y=y, color=colour,
        tooltip=["cluster", "latency", "split", "split_low", "split_high", "formula"],
    )  # fmt: skip
    hollow = alt.Chart(varying).mark_point(size=70, shape="diamond", filled=False).encode(
        x=x, y=y, color=colour, tooltip=["curve", "split", "split_low", "split_high"]
    )  # fmt: skip
    crosses = alt.Chart(published_points).mark_point(
        shape="cross", filled=True, size=60, color="black"
    ).encode(x=x, y=y, tooltip=["cluster", "latency", "split", "said"]
    )  # fmt: skip
    chart: alt.HConcatChart = (line + rule + point + hollow + crosses) | _contours(formula)
    resolved: alt.TopLevelMixin = chart.resolve_scale(color="independent")
    return resolved


def _contours(formula: Callable[[int, int, float], float]) -> alt.Chart:
    """Return contours: the latency for each share of split votes, by cluster size."""
    rows = []
    for servers in range(3, 16, 2):
        for level in (1, 5, 10, 25, 50):
            rows.append(
                {
                    "servers": servers,
                    "split": f"{level} %",
                    "latency": _solve(partial(formula, servers, 1), level / 100),
                }
            )
    frame = pd.DataFrame(rows)
    chart: alt.Chart = alt.Chart(
        frame, width=380, height=320,
        title="Contours (formula): latency for a share of split votes, 1 failed",
    ).mark_line(point=True).encode(
        x=alt.X("servers:O", title="servers", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("latency:Q", title="latency, as a share of the timeout range",
                axis=alt.Axis(format="%")),
        color=alt.Color("split:O", sort=["1 %", "5 %", "10 %", "25 %", "50 %"],
                        title="split votes", scale=alt.Scale(scheme="viridis"),
                        legend=alt.Legend(orient="bottom")),
        tooltip=["servers", "split", alt.Tooltip("latency:Q", format=".1%")],
    )  # fmt: skip
    return chart


def _solve(function: Callable[[float], float], value: float) -> float:
    """Return the argument between 0 and 1 at which an increasing function has a value."""
    return float(optimize.brentq(lambda at: function(at) - value, 0.0, 1.0))


def cells_chart(cells: pd.DataFrame, said: Mapping[str, Sequence[str]]) -> alt.TopLevelMixin:
    """Return a chart of servers' logs at moments of a history, published beside reproduced.

    Parameters
    ----------
    cells : pandas.DataFrame
        ``curve``, ``moment``, ``server``, ``index`` (from 1), ``published`` and ``reproduced``
        (texts; empty for no entry).
    said : mapping of str to sequence of str
        History to its caption lines; a history without cells is shown by its caption only.

    Returns
    -------
    altair.VConcatChart
        One row per history; entries that differ have a red frame.
    """
    rows: list[Any] = []
    for curve, lines in said.items():
        title = alt.TitleParams(curve, subtitle=list(lines), anchor="start")
        group = cells[cells["curve"] == curve]
        panels: list[Any] = [
            _logs(logs, side, f"{moment}: {side}")
            for moment, logs in group.groupby("moment", sort=False)
            for side in ("published", "reproduced")
        ]
        if not panels:
            placeholder = pd.DataFrame({"place": [0]})
            panels = [alt.Chart(placeholder, width=1, height=1).mark_point(opacity=0)]
        rows.append(alt.concat(*panels, columns=4, title=title, spacing=14))
    shown: alt.TopLevelMixin = alt.vconcat(*rows).resolve_scale(color="independent")
    return shown


def _logs(logs: pd.DataFrame, side: str, title: str) -> alt.LayerChart:
    servers = list(dict.fromkeys(logs["server"]))
    shown = logs.assign(
        text=logs[side], differs=(logs["published"] != logs["reproduced"]), place=logs["index"]
    )
    shown["round"] = shown["text"].str.extract(r"(\d+)", expand=False)
    most = int(logs["index"].max())
    wide = 22 if shown["text"].str.len().max() <= 2 else 44
    frame = shown[(shown["text"] != "") | shown["differs"]]
    base = alt.Chart(frame, title=alt.TitleParams(title, fontSize=11), width=wide * most,
                     height=20 * len(servers)).encode(
        x=alt.X("place:O", title=None, axis=alt.Axis(labelAngle=0, ticks=False),
                scale=alt.Scale(domain=list(range(1, most + 1)))),
        y=alt.Y("server:N", title=None, sort=servers, scale=alt.Scale(domain=servers)),
        tooltip=["server", "index", "published", "reproduced"],
    )  # fmt: skip
    boxes = base.mark_rect(strokeWidth=2).encode(
        color=alt.Color("round:N", legend=None, scale=alt.Scale(
            domain=[str(number) for number in range(1, 10)],
            range=["#dbe9f6", "#fde0c5", "#d5ecd4", "#f7d6e6", "#e6def2", "#fff3b8", "#d9d9d9",
                   "#cdeaea", "#f2d1d1"])),
        stroke=alt.condition("datum.differs", alt.value("#c00000"), alt.value("white")),
    )  # fmt: skip
    texts = base.mark_text(fontSize=11, color="black").encode(text="text:N")
    chart: alt.LayerChart = boxes + texts
    return chart
