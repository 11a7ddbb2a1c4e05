"""The time to a new leader, measured on the protocol's own servers."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.display.charts import leader_chart
from toolkit.reproduction.papers.raft_histories import time_to_leader


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return time_to_leader([(0.15, 0.17), (0.15, 0.3), (0.3, 0.6)], seeds=range(8))


def test_nobody_leads_before_a_time_out_could_run_out(frame: pd.DataFrame) -> None:
    assert len(frame) == 24
    assert (frame["elections"] >= 1).all()
    # A heartbeat may have reset the time-out up to a heartbeat (and its delay) before the crash,
    # and a vote and the first message take two delays and more.
    assert (frame["seconds"] >= frame["low"] - 0.05 - 0.015 + 3 * 0.005).all()


def test_narrow_time_outs_split_votes_and_long_ones_take_long(frame: pd.DataFrame) -> None:
    median = frame.groupby("timeouts")["seconds"].median()
    assert median["150-170 ms"] > median["150-300 ms"]
    assert median["300-600 ms"] > median["150-300 ms"]
    mean = frame.groupby("timeouts")["elections"].mean()
    assert mean["150-170 ms"] > mean["150-300 ms"]


def test_it_repeats_exactly(frame: pd.DataFrame) -> None:
    again = time_to_leader([(0.15, 0.3)], seeds=range(8))
    same = frame[frame["timeouts"] == "150-300 ms"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, same)


def test_runs_without_a_leader_are_missing_and_counted_in_the_title() -> None:
    given_up = time_to_leader([(0.15, 0.3)], seeds=range(2), trial_timeout=0.16)
    assert given_up["seconds"].isna().all()
    assert "(2 without a leader, not drawn)" in leader_chart(given_up).to_json()


def test_the_chart_has_runs_quartiles_and_medians(frame: pd.DataFrame) -> None:
    spec = leader_chart(frame).to_dict()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["point", "rule", "tick"]
    assert "24 runs (0 without a leader" in spec["layer"][0]["title"]
