"""What the figures about elections share: which servers run, and how samples are described."""

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
"""So many trials show how much a mean varies; with fewer nothing is said of chance."""


class ElectionFigure(Figure):
    """A figure whose curves are times of elections, and whose servers run Raft."""

    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each curve (see :func:`election_summary`)."""
        return election_summary(samples)


def patience(value: str, why: str) -> Parameter:
    """Return the assumption of how long a trial may take."""
    return Parameter(
        name="patience",
        value=value,
        source="assumed",
        help="seconds without a leader after which a trial is given up, and said to be",
        why=why,
        parse=positive,
    )


def ranges(text: str) -> tuple[str, ...]:
    """Read ranges of time-outs.

    Examples
    --------
    >>> ranges("150-300, 12-24")
    ('150-300', '12-24')
    """
    found = tuple(text.replace(",", " ").split())
    if not found or len(set(found)) < len(found):
        raise SettingError(f"{text!r} names no ranges, or one twice", hint="150-300, 12-24, ...")
    for name in found:
        timeouts(name)
    return found


def unpublished(curve: str, quantity: str, value: float, why: str) -> CriterionVerdict:
    """Return the verdict on a curve beside which nothing was published."""
    return CriterionVerdict(
        criterion=f"{quantity} beside a published one",
        curve=curve,
        outcome="not comparable",
        reproduced=finite(value),
        unit="ms",
        why=why,
    )


def took(result: RunResult, begin: float, end: float | None) -> float | None:
    """Return how long a trial took in milliseconds; ``None`` if it was not over in time.

    Parameters
    ----------
    result : RunResult
    begin : float
        When it began, in seconds.
    end : float or None
        When it was over, in seconds.
    """
    return milliseconds(end - begin) if over(result) and end is not None else None


def raft_of(factory: NodeFactory | None) -> Protocol:
    """Return Raft, with servers of another make if there is one."""
    raft = get_protocol("raft")
    return raft if factory is None else raft.altered(make_node=factory)


def switch(text: str) -> bool:
    """Read ``yes`` or ``no``.

    Examples
    --------
    >>> switch("no")
    False
    """
    if text not in {"yes", "no"}:
        raise SettingError(f"{text!r} is no switch", hint="yes or no")
    return text == "yes"


def timeouts(curve: str) -> tuple[float, float]:
    """Return the election time-outs that a curve's name gives in milliseconds, in seconds.

    Examples
    --------
    >>> timeouts("150-300")
    (0.15, 0.3)
    """
    try:
        low, high = (float(part) / 1000 for part in curve.split("-"))
    except ValueError as error:
        raise SettingError(
            f"{curve!r} is no range of time-outs", hint="milliseconds, such as 150-300"
        ) from error
    if not 0.01 <= low <= high < 100:
        raise SettingError(
            f"election time-outs of {curve} ms cannot be",
            hint="LOW-HIGH in milliseconds, 10 or more: the stage is set in less",
        )
    return low, high


def not_negative(text: str) -> float:
    """Read a number from 0 on.

    Examples
    --------
    >>> not_negative("0.5")
    0.5
    """
    value = float(text)
    if not 0 <= value < math.inf:
        raise SettingError(f"{text!r} cannot be", hint="a number from 0 on")
    return value


def positive(text: str) -> float:
    """Read a number above 0.

    Examples
    --------
    >>> positive("0.5")
    0.5
    """
    value = not_negative(text)
    if not value:
        raise SettingError(f"{text!r} cannot be", hint="a number above 0")
    return value


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds, to a nanosecond.

    Examples
    --------
    >>> milliseconds(0.1234567891)
    123.456789
    """
    return round(seconds * 1000, 6)


def over(result: RunResult) -> bool:
    """Return whether a trial came to its end; if time was up it did not.

    Raises
    ------
    FigureError
        If it ended in a third way, in which nothing was measured.
    """
    if result.reason not in {"stopped", "time limit"}:
        raise FigureError(f"the run ended by {result.reason!r}, and nothing was measured")
    return result.reason == "stopped"


def times(samples: pd.DataFrame, curve: str) -> pd.Series[float]:
    """Return a curve's times in milliseconds; infinite where the trial was not over in time."""
    chosen: pd.Series[float] = samples.loc[samples["curve"] == curve, "ms"]
    return chosen.astype(float).fillna(math.inf)


def election_summary(samples: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each curve.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``curve``, ``ms`` (missing where no leader was there in time), and perhaps ``messages``.

    Returns
    -------
    pandas.DataFrame
        ``curve``, ``trials``, ``without_leader``, ``mean`` and ``median`` with ``_low`` and
        ``_high`` (95 % confidence), ``p25``, ``p75``, ``p99``, ``p999``, ``max`` (ms), and mean
        ``messages`` if they were counted.
    """
    rows = []
    for curve in dict.fromkeys(samples["curve"]):
        found = times(samples, curve)
        mean_low, mean_high = mean_interval(found)
        low, high = quantile_interval(found, 0.5)
        row = {
            "curve": curve,
            "trials": len(found),
            "without_leader": int((found == math.inf).sum()),
            "mean": float(found.mean()),
            "mean_low": mean_low,
            "mean_high": mean_high,
            "median": quantile(found, 0.5),
            "median_low": low,
            "median_high": high,
            "p25": quantile(found, 0.25),
            "p75": quantile(found, 0.75),
            "p99": quantile(found, 0.99),
            "p999": quantile(found, 0.999),
            "max": float(found.max()),
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
    """Judge whether a value is within a share of the published one.

    Parameters
    ----------
    curve, quantity : str
    published, reproduced : float
    interval : (float, float)
        95 % confidence interval of the reproduced value.
    tolerance : float
        A share of the published value.
    unit : str
    judged : str
        Why it is not judged; empty if it is.
    trials : (int, int), optional
        How many were made here and for the publication: with them a miss says how often chance
        alone makes samples of these sizes differ so much.
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
    """Say how often chance alone makes two samples differ so much."""
    # The tails are long: a sample that has none of them looks surer than it is.
    if trials[0] < ENOUGH:
        return "too few trials to say whether by chance"
    # The published sample varies as ours does, were it as large.
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
        How many trials were made for the publication.
    judged : str
        Why it is not judged; empty if it is.
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
    """Judge a mean and quantiles of a curve.

    Parameters
    ----------
    curve : str
    samples : pandas.Series
        Milliseconds.
    table : mapping of str to float
        ``"mean"``, ``"p50"``, ...: to the published value.
    tolerances : mapping of str to float
        The same names to the share by which they may be off.
    published_trials : int
        How many trials were made for the publication.
    judged : str
        Why they are not judged; empty if they are.
    """
    names = {
        "mean": "mean",
        "p50": "median",
        "p99": "99th percentile",
        "p99.9": "99.9th percentile",
    }
    found = []
    for name, tolerance in tolerances.items():
        if name == "mean":
            value, interval = float(samples.mean()), mean_interval(samples)
        else:
            level = float(name[1:]) / 100
            value, interval = quantile(samples, level), quantile_interval(samples, level)
        found.append(
            value_verdict(
                curve, names[name], table[name], value, interval, tolerance, judged=judged,
                trials=(len(samples), published_trials),
            )
        )  # fmt: skip
    return found


def finite(value: float) -> float | None:
    """Return a number, or ``None`` for what is infinite or none.

    Examples
    --------
    >>> finite(1.5), finite(math.inf)
    (1.5, None)
    """
    return value if math.isfinite(value) else None
