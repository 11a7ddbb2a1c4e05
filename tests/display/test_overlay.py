"""Charts that lay what was published over what was reproduced."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from toolkit.display.charts import chart_svg
from toolkit.display.overlay import cells_chart, distribution_overlay, split_chart
from toolkit.reproduction.papers.split_votes import split_probability


def drawn(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    return spec


def test_what_was_not_over_in_time_is_not_drawn_and_said_to_be_missing() -> None:
    chart = distribution_overlay(
        {"x": [1.0, 2.0, math.inf, math.inf], "y": [3.0, 4.0]}, {"x": {0.5: 2.0}},
        panels={"x": ("left",), "y": ("left", "right")}, title="t", axis="ms",
    )  # fmt: skip
    left, right = drawn(chart)["concat"]
    assert len(left["layer"]) == 3, "band, line and published points"
    assert len(right["layer"]) == 2, "nothing was published for what is on the right"
    text = chart_svg(chart)
    assert "not finished before the time limit, not drawn: x: 2 of 4" in text
    assert text.count(">not finished before") == 1


def test_a_band_is_as_wide_as_so_few_samples_are_unsure() -> None:
    chart = distribution_overlay(
        {"x": [float(value) for value in range(1, 101)]}, {}, panels={"x": ("",)}, title="t",
        axis="ms",
    )  # fmt: skip
    data = drawn(chart)["datasets"]
    (rows,) = [one for one in data.values() if "low" in one[0]]
    middle = next(row for row in rows if row["share"] == 0.5)
    assert round(middle["high"] - middle["low"], 2) == 0.27
    assert rows[-1]["high"] == 1.0


def test_split_votes_have_lines_points_and_published_crosses() -> None:
    summary = pd.DataFrame(
        {
            "curve": ["a", "b"], "servers": [5, 5], "failed": [1, 1], "latency": [0.2, None],
            "split": [18.0, 16.0], "split_low": [17.0, 15.0], "split_high": [19.0, 17.0],
            "formula": [18.1, None],
        }
    )  # fmt: skip
    said = pd.DataFrame(
        {"servers": [5, 9], "failed": [1, 4], "latency": [0.2, 0.2], "split": [18.1, 70.0],
         "said": ["18.1 %", "about 70 %"]}
    )  # fmt: skip
    spec = drawn(split_chart(summary, said, split_probability))
    left, contours = spec["hconcat"]
    names = [layer["data"]["name"] for layer in left["layer"]]
    rows = [spec["datasets"][name] for name in names]
    assert [len(one) for one in rows] == [100, 1, 1, 1, 1]
    assert rows[4][0]["said"] == "18.1 %", "a cluster that was not run has no cross"
    assert len(spec["datasets"][contours["data"]["name"]]) == 35


def test_cells_that_differ_and_what_is_said_of_a_history_are_shown() -> None:
    cells = pd.DataFrame(
        {"curve": "one", "moment": "(a)", "server": ["S1", "S1", "S2"], "index": [1, 2, 1],
         "published": ["1", "", "1"], "reproduced": ["1", "4", "1"]}
    )  # fmt: skip
    chart = cells_chart(cells, {"one": ["it is so. TLC: accepted"], "two": ["and this"]})
    text = chart_svg(chart)
    for said in ("(a): published", "(a): reproduced", "it is so. TLC: accepted", "and this"):
        assert said in text
    assert text.count('stroke="#c00000"') == 2, "the cell on both sides"
