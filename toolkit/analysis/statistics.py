"""What samples say, and how sure that is."""

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
        raise ValueError("no samples")
    return values


def quantile(samples: ArrayLike, level: float) -> float:
    """Return a quantile; samples that are infinite (not over in time) are the greatest.

    Parameters
    ----------
    samples : array of float
    level : float
        Between 0 and 1.

    Examples
    --------
    >>> quantile([1.0, 2.0, float("inf")], 0.5)
    2.0
    >>> quantile([1.0, float("inf"), float("inf")], 0.75)
    inf
    """
    values = _sorted(samples)
    at = level * (len(values) - 1)
    low, high = values[math.floor(at)], values[math.ceil(at)]
    # Interpolating between two infinities would make no number.
    if low == high or math.isinf(high):
        return float(low if at == math.floor(at) else high)
    return float(low + (high - low) * (at - math.floor(at)))


def quantile_interval(
    samples: ArrayLike, level: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return a confidence interval of a quantile, whatever the distribution.

    Its ends are two of the samples: how many lie below the quantile is binomial.

    Parameters
    ----------
    samples : array of float
    level : float
        Between 0 and 1.
    confidence : float

    Returns
    -------
    (float, float)
        ``-inf`` or ``inf`` where there are too few samples to say.

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
    """Return a confidence interval of a share (Wilson).

    Examples
    --------
    >>> low, high = share_interval(5, 10)
    >>> low < 0.5 < high
    True
    """
    found = stats.binomtest(count, total).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def binomial_error(share: float, total: int) -> float:
    """Return the standard error of a share of so many trials.

    Examples
    --------
    >>> binomial_error(0.5, 100)
    0.05
    """
    return math.sqrt(share * (1 - share) / total)


def table_distance(samples: ArrayLike, table: Mapping[float, float]) -> float:
    """Return the Kolmogorov-Smirnov distance to a distribution of which quantiles are known.

    It is the greatest difference of the two distribution functions at the published quantiles;
    between them nothing was published.

    Parameters
    ----------
    samples : array of float
    table : mapping of float to float
        Level to quantile.

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
        # A level that the step of the function passes at that value is no difference.
        below = np.searchsorted(values, value, side="left") / len(values)
        upto = np.searchsorted(values, value, side="right") / len(values)
        worst = max(worst, below - level, level - upto)
    return float(worst)


def uniform_band(count: int, confidence: float = 0.95) -> float:
    """Return by how much a distribution function of so many samples may be off, anywhere.

    Source: Dvoretzky, Kiefer and Wolfowitz, with Massart's constant.

    Examples
    --------
    >>> round(uniform_band(1000), 3)
    0.043
    """
    return math.sqrt(math.log(2 / (1 - confidence)) / (2 * count))


def levels(names: Sequence[str]) -> dict[str, float]:
    """Return the level of each column of a table of quantiles: ``p5``, ``q0.999``, ``min``, ...

    Examples
    --------
    >>> levels(["p5", "q0.999", "mean"])
    {'p5': 0.05, 'q0.999': 0.999}
    """
    found = {}
    for name in names:
        if name[:1] in {"p", "q"} and name[1:2].isdigit():
            number = float(name[1:])
            found[name] = number / 100 if name[0] == "p" else number
    return found
