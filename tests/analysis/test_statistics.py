"""What is said of samples: quantiles, distances, intervals."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from toolkit.analysis.statistics import (
    levels,
    mean_interval,
    quantile,
    quantile_interval,
    share_interval,
    table_distance,
    uniform_band,
)

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(SAMPLES, st.floats(0, 1))
def test_a_quantile_is_numpys(samples: list[float], level: float) -> None:
    assert quantile(samples, level) == pytest.approx(np.quantile(samples, level), abs=1e-6)


@given(SAMPLES, st.integers(1, 20), st.floats(0, 1))
def test_trials_without_an_end_count_as_the_longest(
    samples: list[float], endless: int, level: float
) -> None:
    found = quantile([*samples, *[math.inf] * endless], level)
    assert found == math.inf or found <= max(samples)
    if level * (len(samples) + endless - 1) > len(samples) - 1:
        assert found == math.inf


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.integers(1, 12))
def test_the_distance_is_zero_to_the_samples_own_quantiles(samples: list[int], value: int) -> None:
    share = sum(one <= value for one in samples) / len(samples)
    assert table_distance(samples, {share: float(value)}) == pytest.approx(0, abs=1e-12)


def test_the_distance_is_scipys_where_every_quantile_is_known() -> None:
    chance = random.Random(1)
    ours = [chance.gauss(0, 1) for _ in range(400)]
    theirs = sorted(chance.gauss(0.4, 1) for _ in range(500))
    table = {(rank + 1) / 500: value for rank, value in enumerate(theirs)}
    expected = stats.ks_2samp(ours, theirs).statistic
    assert table_distance(ours, table) == pytest.approx(expected, abs=0.004)


def test_a_shifted_distribution_is_at_a_distance() -> None:
    assert table_distance(np.linspace(0, 1, 1001), {0.25: 0.5, 0.5: 0.75}) == pytest.approx(
        0.25, abs=0.01
    )


def test_intervals_hold_what_they_promise() -> None:
    """In 95 of 100 samples or so, the interval holds the true value."""
    chance = np.random.default_rng(3)
    held = {"median": 0, "mean": 0, "share": 0, "band": 0}
    for _ in range(400):
        sample = chance.exponential(1.0, 200)
        low, high = quantile_interval(sample, 0.5)
        held["median"] += low <= math.log(2) <= high
        low, high = mean_interval(sample)
        held["mean"] += low <= 1 <= high
        low, high = share_interval(int((sample < 0.1).sum()), 200)
        held["share"] += low <= 1 - math.exp(-0.1) <= high
        values = np.sort(sample)
        true = 1 - np.exp(-values)
        off = np.abs(true - np.arange(1, 201) / 200).max()
        held["band"] += off <= uniform_band(200)
    assert all(360 <= count <= 399 for count in held.values()), held


def test_too_few_samples_make_no_sure_interval() -> None:
    assert quantile_interval([1.0, 2.0, 3.0], 0.999)[1] == math.inf
    assert mean_interval([1.0]) == (-math.inf, math.inf)


def test_columns_of_both_kinds_of_tables_are_read() -> None:
    assert levels(["curve", "mean", "min", "p1", "p50", "q0.999", "max", "packets"]) == {
        "p1": 0.01, "p50": 0.5, "q0.999": 0.999,
    }  # fmt: skip
