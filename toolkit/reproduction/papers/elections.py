"""Shared parts of figures about elections: servers, parsers, summaries and criteria."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from scipy import stats

from toolkit.analysis.statistics import (
    mean_interval,
    quantile,
    quantile_interval,
    table_distance,
)
from toolkit.errors import FigureError, SettingError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.framework import CriterionVerdict, Figure, Parameter
from toolkit.sim import RunResult

__all__ = [
    "ElectionFigure",
    "compared",
    "distance_verdict",
    "election_summary",
    "finite",
    "milliseconds",
    "not_negative",
    "over",
    "positive",
    "raft_of",
    "switch",
    "timeouts",
    "times",
    "value_verdict",
]


ENOUGH = 500
"""Minimum number of trials for a statement about chance: fewer do not show a mean's variance."""


class ElectionFigure(Figure):
    """A figure whose curves are election times of Raft servers."""

    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a summary with one row per curve (see :func:`election_summary`)."""
        return election_summary(samples)


def trial_timeout(value: str, why: str) -> Parameter:
    """Return the parameter for the maximum duration of a trial.

    Parameters
    ----------
    value : str
        Its default value, in seconds.
    why : str
        Why this value was chosen.

    Returns
    -------
    Parameter
    """
    return Parameter(
        name="trial-timeout",
        value=value,
        source="assumed",
        help="simulated seconds after which a trial without a leader is stopped",
        why=why,
        parse=positive,
    )


def ranges(text: str) -> tuple[str, ...]:
    """Parse ranges of timeouts in milliseconds.

    Parameters
    ----------
    text : str
        Ranges ``LOW-HIGH``, separated by spaces or commas.

    Returns
    -------
    tuple of str

    Raises
    ------
    SettingError
        If a range is invalid or given twice.

    Examples
    --------
    >>> ranges("150-300, 12-24")
    ('150-300', '12-24')
    """
    names = tuple(text.replace(",", " ").split())
    if not names or len(set(names)) < len(names):
        raise SettingError(
            f"expected distinct ranges of timeouts, got {text!r}", hint="for example 150-300, 12-24"
        )
    for name in names:
        timeouts(name)
    return names


def unpublished(curve: str, quantity: str, value: float, why: str) -> CriterionVerdict:
    """Return the verdict on a curve without published values.

    Parameters
    ----------
    curve, quantity : str
    value : float
        The reproduced value in milliseconds.
    why : str
        Why there is no published value.

    Returns
    -------
    CriterionVerdict
    """
    return CriterionVerdict(
        criterion=f"{quantity} beside a published one",
        curve=curve,
        outcome="not comparable",
        reproduced=finite(value),
        unit="ms",
        why=why,
    )


def took(result: RunResult, begin: float, end: float | None) -> float | None:
    """Return the duration of a trial in milliseconds; ``None`` if it did not finish in time.

    Parameters
    ----------
    result : RunResult
    begin : float
        Start of the measurement, in seconds.
    end : float or None
        End of the measurement, in seconds.

    Returns
    -------
    float or None
    """
    return milliseconds(end - begin) if over(result) and end is not None else None


def raft_of(factory: NodeFactory | None) -> Protocol:
    """Return the protocol Raft, with the given node factory if it is not ``None``.

    Parameters
    ----------
    factory : NodeFactory or None

    Returns
    -------
    Protocol
    """
    raft = get_protocol("raft")
    return raft if factory is None else raft.altered(make_node=factory)


def switch(text: str) -> bool:
    """Parse ``yes`` or ``no``.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Raises
    ------
    SettingError
        If it is another text.

    Examples
    --------
    >>> switch("no")
    False
    """
    if text not in {"yes", "no"}:
        raise SettingError(f"expected yes or no, got {text!r}", hint="give yes or no")
    return text == "yes"


def timeouts(curve: str) -> tuple[float, float]:
    """Return the election timeouts in seconds, from a curve's name in milliseconds.

    Parameters
    ----------
    curve : str
        ``LOW-HIGH``.

    Returns
    -------
    (float, float)

    Raises
    ------
    SettingError
        If it is not a range, or out of range.

    Examples
    --------
    >>> timeouts("150-300")
    (0.15, 0.3)
    """
    try:
        low, high = (float(part) / 1000 for part in curve.split("-"))
    except ValueError as error:
        raise SettingError(
            f"expected a range of timeouts, got {curve!r}",
            hint="LOW-HIGH in milliseconds, such as 150-300",
        ) from error
    if not 0.01 <= low <= high < 100:
        raise SettingError(
            f"election timeouts of {curve} ms are out of range",
            hint="LOW-HIGH in milliseconds; LOW must be at least 10 ms so that setup can finish",
        )
    return low, high


def not_negative(text: str) -> float:
    """Parse a number that is not negative.

    Parameters
    ----------
    text : str

    Returns
    -------
    float

    Raises
    ------
    SettingError
        If the number is negative or infinite.

    Examples
    --------
    >>> not_negative("0.5")
    0.5
    """
    value = float(text)
    if not 0 <= value < math.inf:
        raise SettingError(f"expected a number of at least 0, got {text!r}", hint="for example 0.5")
    return value


def positive(text: str) -> float:
    """Parse a positive number.

    Parameters
    ----------
    text : str

    Returns
    -------
    float

    Raises
    ------
    SettingError
        If the number is not positive or infinite.

    Examples
    --------
    >>> positive("0.5")
    0.5
    """
    value = not_negative(text)
    if not value:
        raise SettingError(f"expected a number above 0, got {text!r}", hint="for example 0.5")
    return value


def milliseconds(seconds: float) -> float:
    """Convert seconds to milliseconds, rounded to a nanosecond.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    float

    Examples
    --------
    >>> milliseconds(0.1234567891)
    123.456789
    """
    return round(seconds * 1000, 6)


def over(result: RunResult) -> bool:
    """Return True if a trial finished before its time limit.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    bool

    Raises
    ------
    FigureError
        If the run ended for another reason, so that nothing was measured.
    """
    if result.reason not in {"stopped", "time limit"}:
        raise FigureError(f"the run ended before the measurement, reason: {result.reason!r}")
    return result.reason == "stopped"


def times(samples: pd.DataFrame, curve: str) -> pd.Series[float]:
    """Return a curve's times in milliseconds; infinite for trials that did not finish in time.

    Parameters
    ----------
    samples : pandas.DataFrame
    curve : str

    Returns
    -------
    pandas.Series
    """
    chosen: pd.Series[float] = samples.loc[samples["curve"] == curve, "ms"]
    return chosen.astype(float).fillna(math.inf)


def election_summary(samples: pd.DataFrame) -> pd.DataFrame:
    """Return a summary of election times with one row per curve.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``curve``, ``ms`` (missing if no leader was elected in time), and optionally ``messages``.

    Returns
    -------
    pandas.DataFrame
        ``curve``, ``trials``, ``without_leader``, ``mean`` and ``median`` with ``_low`` and
        ``_high`` (95 % confidence), ``p25``, ``p75``, ``p99``, ``p999``, ``max`` (ms), and the
        mean of ``messages`` if they were counted.
    """
    rows = []
    for curve in dict.fromkeys(samples["curve"]):
        elapsed = times(samples, curve)
        mean_low, mean_high = mean_interval(elapsed)
        low, high = quantile_interval(elapsed, 0.5)
        row = {
            "curve": curve,
            "trials": len(elapsed),
            "without_leader": int((elapsed == math.inf).sum()),
            "mean": float(elapsed.mean()),
            "mean_low": mean_low,
            "mean_high": mean_high,
            "median": quantile(elapsed, 0.5),
            "median_low": low,
            "median_high": high,
            "p25": quantile(elapsed, 0.25),
            "p75": quantile(elapsed, 0.75),
            "p99": quantile(elapsed, 0.99),
            "p999": quantile(elapsed, 0.999),
            "max": float(elapsed.max()),
        }
        if "messages" in samples:
            row["messages"] = float(samples.loc[samples["curve"] == curve, "messages"].mean())
        rows.append(row)
    return pd.DataFrame(rows)


def value_verdict(
    curve: str,
    quantity: str,
    published: float,
    reproduced: float,
    interval: tuple[float, float],
    tolerance: float,
    *,
    unit: str = "ms",
    judged: str = "",
    trials: tuple[int, int] | None = None,
) -> CriterionVerdict:
    """Judge a reproduced value by its relative distance from the published value.

    Parameters
    ----------
    curve, quantity : str
    published, reproduced : float
    interval : (float, float)
        95 % confidence interval of the reproduced value.
    tolerance : float
        Tolerance, as a share of the published value.
    unit : str
    judged : str
        Why the criterion is not judged; empty if it is judged.
    trials : (int, int), optional
        Numbers of trials here and in the publication.  The reason for a miss then says how often
        samples of these sizes differ as much by chance.

    Returns
    -------
    CriterionVerdict
    """
    distance = reproduced / published - 1
    low, high = interval
    common: dict[str, Any] = {
        "criterion": f"{quantity} within {tolerance:.0%} of the published",
        "curve": curve,
        "published": published,
        "reproduced": finite(reproduced),
        "low": finite(low),
        "high": finite(high),
        "distance": finite(distance),
        "tolerance": tolerance,
        "unit": unit,
    }
    if judged:
        common["criterion"] = f"{quantity}, beside the published"
        return CriterionVerdict(
            **common | {"outcome": "not judged", "why": judged, "tolerance": None}
        )
    if abs(distance) <= tolerance:
        return CriterionVerdict(**common | {"outcome": "met"})
    if math.isinf(reproduced):
        why = (
            "half of the trials or more were not over in time"
            if quantity == "median"
            else ("too many trials were not over in time")
        )
        return CriterionVerdict(**common | {"outcome": "missed", "why": why})
    why = f"{distance:+.1%} off"
    if trials is not None:
        why += f"; {_chance(abs(reproduced - published), (low, high), trials)}"
    return CriterionVerdict(**common | {"outcome": "missed", "why": why})


def _chance(difference: float, interval: tuple[float, float], trials: tuple[int, int]) -> str:
    """Describe how often two samples differ as much by chance alone."""
    # The distribution has a long tail: a small sample without it underestimates the variance.
    if trials[0] < ENOUGH:
        return "too few trials to say whether by chance"
    # Assumes that the published samples have the same variance as the reproduced ones.
    error = (interval[1] - interval[0]) / 2 / 1.96 * math.sqrt(1 + trials[0] / trials[1])
    if math.isinf(error):
        return "too few trials to say whether by chance"
    share = 2 * float(stats.norm.sf(difference / error)) if error else 0.0
    often = f"{share:.2%}" if share >= 0.0001 else "less than 0.01%"
    return (
        f"by chance alone samples of {trials[0]:,} and {trials[1]:,} trials differ as much in "
        f"{often} of cases"
    )


def distance_verdict(
    curve: str,
    samples: Sequence[float] | pd.Series[float],
    table: Mapping[float, float],
    tolerance: float,
    published_trials: int,
    *,
    judged: str = "",
) -> CriterionVerdict:
    """Judge the Kolmogorov-Smirnov distance to published quantiles.

    Parameters
    ----------
    curve : str
    samples : array of float
    table : mapping of float to float
        Level to published quantile.
    tolerance : float
    published_trials : int
        Number of trials in the publication.
    judged : str
        Why the criterion is not judged; empty if it is judged.

    Returns
    -------
    CriterionVerdict
    """
    distance = table_distance(samples, table)
    common: dict[str, Any] = {
        "criterion": f"Kolmogorov-Smirnov distance at most {tolerance:g}",
        "curve": curve,
        "published": 0.0,
        "reproduced": distance,
        "distance": distance,
        "tolerance": tolerance,
        "unit": "share",
    }
    if judged:
        common["criterion"] = "Kolmogorov-Smirnov distance"
        return CriterionVerdict(
            **common | {"outcome": "not judged", "why": judged, "tolerance": None}
        )
    if distance <= tolerance:
        return CriterionVerdict(**common | {"outcome": "met"})
    chance = 1.36 * math.sqrt(1 / len(samples) + 1 / published_trials)
    why = f"the distance is {distance:.3f}"
    if distance <= chance:
        why += (
            f"; samples of {len(samples):,} and {published_trials:,} trials differ by up to "
            f"{chance:.2f} by chance (95 %)"
        )
    return CriterionVerdict(**common | {"outcome": "missed", "why": why})


def compared(
    curve: str,
    samples: pd.Series[float],
    table: Mapping[str, float],
    tolerances: Mapping[str, float],
    published_trials: int,
    *,
    judged: str = "",
) -> list[CriterionVerdict]:
    """Judge the mean and the quantiles of a curve.

    Parameters
    ----------
    curve : str
    samples : pandas.Series
        Milliseconds.
    table : mapping of str to float
        ``"mean"``, ``"p50"``, ... to the published value.
    tolerances : mapping of str to float
        The same names to a tolerance, as a share of the published value.
    published_trials : int
        Number of trials in the publication.
    judged : str
        Why the criteria are not judged; empty if they are judged.

    Returns
    -------
    list of CriterionVerdict
    """
    names = {
        "mean": "mean",
        "p50": "median",
        "p99": "99th percentile",
        "p99.9": "99.9th percentile",
    }
    verdicts = []
    for name, tolerance in tolerances.items():
        if name == "mean":
            value, interval = float(samples.mean()), mean_interval(samples)
        else:
            level = float(name[1:]) / 100
            value, interval = quantile(samples, level), quantile_interval(samples, level)
        verdicts.append(
            value_verdict(
                curve, names[name], table[name], value, interval, tolerance, judged=judged,
                trials=(len(samples), published_trials),
            )
        )  # fmt: skip
    return verdicts


def finite(value: float) -> float | None:
    """Return a finite number unchanged; ``None`` for infinity and NaN.

    Parameters
    ----------
    value : float

    Returns
    -------
    float or None

    Examples
    --------
    >>> finite(1.5), finite(math.inf)
    (1.5, None)
    """
    return value if math.isfinite(value) else None
