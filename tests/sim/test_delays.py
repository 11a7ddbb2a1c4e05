"""Delays are distributed as they say."""

from __future__ import annotations

import math
import statistics

import pytest

from toolkit.errors import ScenarioError
from toolkit.sim import (
    Constant,
    Delay,
    Exponential,
    LogNormal,
    Normal,
    Samples,
    Uniform,
    parse_delay,
    stream,
)

COUNT = 20_000


@pytest.mark.parametrize(
    ("delay", "mean", "median", "least"),
    [
        (Constant(0.3), 0.3, 0.3, 0.3),
        (Uniform(0.2, 0.6), 0.4, 0.4, 0.2),
        (Exponential(0.5), 0.5, 0.5 * math.log(2), 0.0),
        (Exponential(0.5, 0.2), 0.7, 0.2 + 0.5 * math.log(2), 0.2),
        (LogNormal(0.5, 0.4), 0.5 * math.exp(0.08), 0.5, 0.0),
        (Normal(0.5, 0.1), 0.5, 0.5, 0.0),
        (Samples((0.1, 0.1, 0.4)), 0.2, 0.1, 0.1),
    ],
)
def test_mean_median_and_minimum_are_as_said(
    delay: Delay, mean: float, median: float, least: float
) -> None:
    rng = stream(1, "test")
    drawn = [delay.draw(rng) for _ in range(COUNT)]
    assert statistics.fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert statistics.median(drawn) == pytest.approx(median, rel=0.03)
    assert min(drawn) >= least


def test_a_normal_delay_is_never_negative_and_has_the_mean_of_what_is_left() -> None:
    rng = stream(1, "test")
    drawn = [Normal(0.1, 0.1).draw(rng) for _ in range(COUNT)]
    assert min(drawn) > 0
    # Mean of a normal of mean m and deviation m, given that it is positive.
    ratio = math.exp(-0.5) / math.sqrt(2 * math.pi) / (0.5 * math.erfc(-1 / math.sqrt(2)))
    assert statistics.fmean(drawn) == pytest.approx(0.1 * (1 + ratio), rel=0.03)


def test_samples_are_drawn_alike() -> None:
    rng = stream(1, "test")
    drawn = [Samples((1.0, 2.0, 3.0)).draw(rng) for _ in range(COUNT)]
    for value in (1.0, 2.0, 3.0):
        assert drawn.count(value) == pytest.approx(COUNT / 3, rel=0.05)


@pytest.mark.parametrize(
    "text",
    ["uniform(-1, 1)", "exponential(0)", "exponential(1, -1)", "lognormal(0, 1)", "normal(0, 1)",
     "normal(1, -1)", "samples(1, -1)", "lognormal(1, 11)", "constant()", "constant", "sample(1)",
     "samples(\"a)", "samples(1 2)", "uniform(1, inf)", "uniform(1_0, 20)"],
)  # fmt: skip
def test_what_is_no_distribution_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_delay(text)
    assert caught.value.hint


def test_streams_of_different_names_or_seeds_are_independent() -> None:
    first = {stream(seed, name).random() for seed in range(10) for name in ("a", "b", "1/a")}
    assert len(first) == 30
    assert stream(1, "network").random() == 0.3034909300019306
