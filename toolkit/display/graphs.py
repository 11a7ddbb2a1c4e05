"""Pictures of small state graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from toolkit.errors import SettingError
from toolkit.tlc import Graph
from toolkit.values import format_value

__all__ = ["graph_chart", "graph_layout"]

_SWEEPS = 8


def graph_layout(graph: Graph) -> pd.DataFrame:
    """Place states in columns by depth, ordered so that few edges cross.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    pandas.DataFrame
        One row per state: ``x`` (its depth) and ``y`` (its position in the column, 0 in the
        middle).
    """
    depth = graph.depth
    columns = [np.flatnonzero(depth == level).tolist() for level in np.unique(depth)]
    neighbours: list[list[int]] = [[] for _ in range(len(graph))]
    for source, target in zip(graph.sources.tolist(), graph.targets.tolist(), strict=True):
        neighbours[source].append(target)
        neighbours[target].append(source)
    place = np.zeros(len(graph))

    def assign_places() -> None:
        for column in columns:
            for position, state in enumerate(column):
                place[state] = position - (len(column) - 1) / 2

    assign_places()
    # Sort each column by the mean place of each state's neighbours (Sugiyama's heuristic).
    for _ in range(_SWEEPS):
        for column in columns:
            column.sort(
                key=lambda state: (
                    float(np.mean(place[neighbours[state]])) if neighbours[state] else 0.0,
                    state,
                )
            )
        assign_places()
    return pd.DataFrame({"x": depth.astype(float), "y": place})


def _arrows(
    graph: Graph, places: np.ndarray[Any, np.dtype[np.float64]], across: float, down: float
) -> pd.DataFrame:
    """Return one row per step between two states: end points, arrow head and its angle."""
    moves = np.flatnonzero(graph.sources != graph.targets)
    sources, targets = graph.sources[moves], graph.targets[moves]
    start, end = places[sources], places[targets]
    # The head is off the middle, so that heads of opposite steps do not overlap.
    head = start + 0.62 * (end - start)
    direction = (end - start) * [across, down]
    return pd.DataFrame(
        {
            "x": start[:, 0], "y": start[:, 1], "x2": end[:, 0], "y2": end[:, 1],
            "hx": head[:, 0], "hy": head[:, 1],
            # Vega measures angles clockwise from the vertical.
            "angle": np.degrees(np.arctan2(direction[:, 0], direction[:, 1])),
            "action": [graph.actions[label] for label in graph.labels[moves].tolist()],
            "from": sources, "to": targets,
        }
    )  # fmt: skip


def graph_chart(graph: Graph, *, path: Sequence[int] = (), most: int = 150) -> alt.LayerChart:
    """Draw a state graph with one column per depth and one arrow per step.

    Parameters
    ----------
    graph : Graph
    path : sequence of int, optional
        States to mark, for example those of a path from :meth:`Graph.path_to`.
    most : int
        Maximum number of states.

    Returns
    -------
    altair.LayerChart
        A chart whose tooltips show the variables of a state.  Colours stand for actions; initial
        states have a thick border, marked states are filled.  Steps from a state to itself are
        not drawn; the title counts them.

    Raises
    ------
    SettingError
        If the graph has no state, or more than `most`.
    """
    if not 0 < len(graph) <= most:
        raise SettingError(
            f"cannot draw a graph of {len(graph):,} states (1 to {most:,} are possible)",
            hint="make the model smaller, or export the graph for another program",
        )
    nodes = graph_layout(graph)
    marked = set(path)
    initial = set(graph.initial.tolist())
    nodes["state"] = range(len(graph))
    nodes["marked"] = [k in marked for k in range(len(graph))]
    nodes["initial"] = [k in initial for k in range(len(graph))]
    for name in graph.names:
        nodes[f"v {name}"] = [format_value(graph.state(k)[name]) for k in range(len(graph))]
    levels = int(nodes["x"].max() - nodes["x"].min()) + 1
    tallest = int(nodes.groupby("x").size().max())
    width, height = max(240, 110 * levels), max(160, 46 * tallest)
    steps = _arrows(graph, nodes[["x", "y"]].to_numpy(), width / levels, height / tallest)

    def across(field: str) -> alt.X:
        return alt.X(
            f"{field}:Q",
            title="steps from an initial state",
            scale=alt.Scale(padding=24, nice=False),
            axis=alt.Axis(tickMinStep=1, grid=False),
        )

    def down(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(padding=24, nice=False))

    colour = alt.Color("action:N", title="action")
    about = ["action", "from", "to"]
    lines = (
        alt.Chart(steps)
        .mark_rule(strokeWidth=1.3, opacity=0.75)
        .encode(x=across("x"), y=down("y"), x2="x2", y2="y2", color=colour, tooltip=about)
    )
    heads = (
        alt.Chart(steps)
        .mark_point(shape="triangle", filled=True, size=55, opacity=1)
        .encode(
            x=across("hx"), y=down("hy"), color=colour,
            angle=alt.Angle("angle:Q", scale=alt.Scale(domain=[-180, 180], range=[-180, 180])),
            tooltip=about,
        )
    )  # fmt: skip
    tips = [alt.Tooltip(f"v {name}", title=name) for name in graph.names]
    circles = (
        alt.Chart(nodes)
        .mark_circle(size=420, opacity=1, stroke="#333")
        .encode(
            x=across("x"), y=down("y"),
            color=alt.condition(
                "datum.marked", alt.value("#fdae61"), alt.value("#ffffff")
            ),
            strokeWidth=alt.condition(
                "datum.initial", alt.value(3), alt.value(1)
            ),
            tooltip=["state", *tips],
        )
    )  # fmt: skip
    numbers = (
        alt.Chart(nodes)
        .mark_text(fontSize=10, color="#000")
        .encode(x=across("x"), y=down("y"), text="state")
    )
    loops = int(np.count_nonzero(graph.sources == graph.targets))
    title = f"{len(graph):,} states, {len(graph.sources):,} steps"
    if loops:
        title += f" ({loops:,} from a state to itself are not drawn)"
    if not graph.complete:
        title += "; not complete"
    return alt.LayerChart(
        layer=[lines, heads, circles, numbers], width=width, height=height, title=title
    )
