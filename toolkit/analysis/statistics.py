"""Statistics of samples with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "binomial_error",
    "levels",
    "mean_interval",
    "quantile",
    "quantile_interval",
    "share_interval",
    "table_distance",
    "uniform_band",
]

Array: TypeAlias = NDArray[np.float64]


def _sorted(samples: ArrayLike) -> Array:
    values = np.sort(np.asarray(samples, dtype=np.float64))
    if not len(values):
        raise ValueError("expected at least one sample, got none")
    return values


def quantile(samples: ArrayLike, level: float) -> float:
    """Return a quantile of samples, which may be infinite.

    Parameters
    ----------
    samples : array of float
        An infinite sample stands for a trial that did not finish in time.
    level : float
        Between 0 and 1.

    Returns
    -------
    float

    Examples
    --------
    >>> quantile([1.0, 2.0, float("inf")], 0.5)
    2.0
    >>> quantile([1.0, float("inf"), float("inf")], 0.75)
    inf
    """
    values = _sorted(samples)
    place = level * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    # Interpolating with infinite values would give NaN.
    if low == high or math.isinf(high):
        return float(low if place == math.floor(place) else high)
    return float(low + (high - low) * (place - math.floor(place)))


def quantile_interval(
    samples: ArrayLike, level: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return a distribution-free confidence interval of a quantile.

    Its ends are two of the samples; the number of samples below the quantile is binomial.

    Parameters
    ----------
    samples : array of float
    level : float
        Between 0 and 1.
    confidence : float

    Returns
    -------
    (float, float)
        Low and high end; ``-inf`` or ``inf`` if there are too few samples.

    Examples
    --------
    >>> quantile_interval(range(100), 0.5)
    (39.0, 60.0)
    """
    values = _sorted(samples)
    count = len(values)
    tail = (1 - confidence) / 2
    below = int(stats.binom.ppf(tail, count, level))
    above = int(stats.binom.ppf(1 - tail, count, level))
    low = float(values[below - 1]) if below >= 1 else -math.inf
    high = float(values[above]) if above < count else math.inf
    return low, high


def mean_interval(samples: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Return a confidence interval of the mean, by the normal approximation.

    Parameters
    ----------
    samples : array of float
    confidence : float

    Returns
    -------
    (float, float)
        ``(-inf, inf)`` for fewer than two samples, or if a sample is infinite.

    Examples
    --------
    >>> low, high = mean_interval([1.0, 2.0, 3.0])
    >>> low < 2 < high
    True
    """
    values = _sorted(samples)
    if len(values) < 2 or not np.isfinite(values).all():
        return -math.inf, math.inf
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
    mean = float(values.mean())
    return mean - reach, mean + reach


def share_interval(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson confidence interval of a share.

    Parameters
    ----------
    count, total : int
        Number of successes and of trials.
    confidence : float

    Returns
    -------
    (float, float)

    Examples
    --------
    >>> low, high = share_interval(5, 10)
    >>> low < 0.5 < high
    True
    """
    interval = stats.binomtest(count, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def binomial_error(share: float, total: int) -> float:
    """Return the standard error of a share.

    Parameters
    ----------
    share : float
    total : int
        Number of trials.

    Returns
    -------
    float

    Examples
    --------
    >>> binomial_error(0.5, 100)
    0.05
    """
    return math.sqrt(share * (1 - share) / total)


def table_distance(samples: ArrayLike, table: Mapping[float, float]) -> float:
    """Return the Kolmogorov-Smirnov distance to a distribution given by quantiles.

    This is the largest difference between the two distribution functions at the given quantiles.

    Parameters
    ----------
    samples : array of float
    table : mapping of float to float
        Level to quantile.

    Returns
    -------
    float

    Examples
    --------
    >>> table_distance([1.0, 2.0, 3.0, 4.0], {0.25: 1.0, 0.5: 2.0, 0.75: 3.0})
    0.0
    >>> table_distance([1.0, 2.0, 3.0, 4.0], {0.25: 4.0, 0.5: 5.0})
    0.5
    """
    values = _sorted(samples)
    worst = 0.0
    for level, value in table.items():
        # No difference if the empirical function jumps across the level at this value.
        below = np.searchsorted(values, value, side="left") / len(values)
        upto = np.searchsorted(values, value, side="right") / len(values)
        worst = max(worst, below - level, level - upto)
    return float(worst)


def uniform_band(count: int, confidence: float = 0.95) -> float:
    """Return the half-width of a confidence band of an empirical distribution function.

    Source: Dvoretzky, Kiefer and Wolfowitz, with Massart's constant.

    Parameters
    ----------
    count : int
        Number of samples.
    confidence : float

    Returns
    -------
    float

    Examples
    --------
    >>> round(uniform_band(1000), 3)
    0.043
    """
    return math.sqrt(math.log(2 / (1 - confidence)) / (2 * count))


def levels(names: Sequence[str]) -> dict[str, float]:
    """Return the levels of the quantile columns of a table, such as ``p5`` and ``q0.999``.

    Parameters
    ----------
    names : sequence of str
        Column names; names that are not quantiles are left out.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> levels(["p5", "q0.999", "mean"])
    {'p5': 0.05, 'q0.999': 0.999}
    """
    by_name = {}
    for name in names:
        if name[:1] in {"p", "q"} and name[1:2].isdigit():
            number = float(name[1:])
            by_name[name] = number / 100 if name[0] == "p" else number
    return by_name
