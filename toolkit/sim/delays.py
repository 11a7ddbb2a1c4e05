"""Distributions of delays, in seconds, with the text form that scenarios use.

=============================  ==========================================================
text                           meaning
=============================  ==========================================================
``constant(x)``                always x
``uniform(low, high)``         uniform on [low, high]
``exponential(mean)``          exponential with that mean
``exponential(mean, minimum)`` the minimum plus an exponential with that mean
``lognormal(median, sigma)``   the logarithm is normal with standard deviation sigma
``normal(mean, deviation)``    normal, redrawn until positive
``samples(a, b, ...)``         one of the measured values, with equal probability
``samples("file")``            the same, from a file with one number per line
=============================  ==========================================================
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from toolkit.errors import ScenarioError

__all__ = [
    "Constant",
    "Delay",
    "Exponential",
    "LogNormal",
    "Normal",
    "Samples",
    "Uniform",
    "parse_delay",
]


@runtime_checkable
class Delay(Protocol):
    """Interface of a distribution of delays; ``str()`` returns its text form."""

    def draw(self, rng: random.Random) -> float:
        """Draw a delay.

        Parameters
        ----------
        rng : random.Random
            The random generator.

        Returns
        -------
        float
            Seconds, 0 or more.
        """
        ...


def _require(holds: bool, message: str, hint: str) -> None:
    if not holds:
        raise ScenarioError(message, hint=hint)


@dataclass(frozen=True)
class Constant:
    """A constant delay.

    Parameters
    ----------
    value : float
        Seconds, 0 or more.

    Examples
    --------
    >>> Constant(0.5).draw(random.Random(0))
    0.5
    """

    value: float

    def __post_init__(self) -> None:
        _require(
            0 <= self.value < math.inf,
            f"a constant delay must be finite and at least 0 seconds, got {self}",
            "for instance constant(0.01)",
        )

    def draw(self, rng: random.Random) -> float:
        """Return the constant delay."""
        return self.value

    def __str__(self) -> str:
        return f"constant({self.value!r})"


@dataclass(frozen=True)
class Uniform:
    """A delay that is uniform on an interval.

    Parameters
    ----------
    low, high : float
        The ends of the interval, in seconds.

    Examples
    --------
    >>> 1 <= Uniform(1.0, 2.0).draw(random.Random(0)) <= 2
    True
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _require(
            0 <= self.low <= self.high < math.inf,
            f"a uniform delay needs 0 <= low <= high, got {self}",
            "in seconds, for instance uniform(0.001, 0.01)",
        )

    def draw(self, rng: random.Random) -> float:
        """Draw a delay."""
        return self.low + (self.high - self.low) * rng.random()

    def __str__(self) -> str:
        return f"uniform({self.low!r}, {self.high!r})"


@dataclass(frozen=True)
class Exponential:
    """A minimum plus an exponentially distributed delay.

    Parameters
    ----------
    mean : float
        Mean of the exponential part, in seconds.
    minimum : float
        Minimum delay, in seconds.

    Examples
    --------
    >>> Exponential(0.001, 0.5).draw(random.Random(0)) >= 0.5
    True
    """

    mean: float
    minimum: float = 0.0

    def __post_init__(self) -> None:
        _require(
            0 < self.mean < math.inf and 0 <= self.minimum < math.inf,
            f"an exponential delay needs mean > 0 and minimum >= 0, got {self}",
            "in seconds, for instance exponential(0.01)",
        )

    def draw(self, rng: random.Random) -> float:
        """Draw a delay."""
        return self.minimum - self.mean * math.log(1.0 - rng.random())

    def __str__(self) -> str:
        more = f", {self.minimum!r}" if self.minimum else ""
        return f"exponential({self.mean!r}{more})"


@dataclass(frozen=True)
class LogNormal:
    """A delay with a log-normal distribution.

    Parameters
    ----------
    median : float
        Median, in seconds.
    sigma : float
        Standard deviation of the natural logarithm.

    Examples
    --------
    >>> LogNormal(0.5, 0.0).draw(random.Random(0))
    0.5
    """

    median: float
    sigma: float

    def __post_init__(self) -> None:
        _require(
            0 < self.median < math.inf and 0 <= self.sigma <= 10,
            f"a log-normal delay needs median > 0 and 0 <= sigma <= 10, got {self}",
            "the median in seconds, for instance lognormal(0.01, 0.5)",
        )

    def draw(self, rng: random.Random) -> float:
        """Draw a delay."""
        return self.median * math.exp(self.sigma * rng.normalvariate(0.0, 1.0))

    def __str__(self) -> str:
        return f"lognormal({self.median!r}, {self.sigma!r})"


@dataclass(frozen=True)
class Normal:
    """A normally distributed delay, redrawn until it is positive.

    Parameters
    ----------
    mean : float
        Mean of the normal distribution before truncation, in seconds; above 0, so that a draw is
        positive with probability of at least 1/2.
    deviation : float
        Standard deviation before truncation, in seconds.

    Examples
    --------
    >>> Normal(0.1, 5.0).draw(random.Random(0)) > 0
    True
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        _require(
            0 < self.mean < math.inf and 0 <= self.deviation < math.inf,
            f"a normal delay needs mean > 0 and deviation >= 0, got {self}",
            "in seconds, for instance normal(0.01, 0.002)",
        )

    def draw(self, rng: random.Random) -> float:
        """Draw a delay."""
        while (delay := self.mean + self.deviation * rng.normalvariate(0.0, 1.0)) <= 0:
            pass
        return delay

    def __str__(self) -> str:
        return f"normal({self.mean!r}, {self.deviation!r})"


@dataclass(frozen=True)
class Samples:
    """A delay drawn from measured values with equal probability.

    Parameters
    ----------
    values : tuple of float
        The delays, in seconds.
    source : str, optional
        The file that they were read from, as written in a scenario.

    Examples
    --------
    >>> Samples((0.25, 0.5)).draw(random.Random(0)) in (0.25, 0.5)
    True
    """

    values: tuple[float, ...]
    source: str | None = None

    def __post_init__(self) -> None:
        _require(
            bool(self.values) and all(0 <= value < math.inf for value in self.values),
            "samples need at least one delay, and each delay must be finite and at least 0",
            "in seconds, for instance samples(0.001, 0.002)",
        )

    def draw(self, rng: random.Random) -> float:
        """Draw a delay."""
        return self.values[int(rng.random() * len(self.values))]

    def __str__(self) -> str:
        if self.source is not None:
            return f"samples({json.dumps(self.source, ensure_ascii=False)})"
        return f"samples({', '.join(map(repr, self.values))})"


_Maker: TypeAlias = Callable[..., Delay]

_KINDS: dict[str, tuple[_Maker, int, int, str]] = {
    "constant": (Constant, 1, 1, "constant(x)"),
    "uniform": (Uniform, 2, 2, "uniform(low, high)"),
    "exponential": (Exponential, 1, 2, "exponential(mean[, minimum])"),
    "lognormal": (LogNormal, 2, 2, "lognormal(median, sigma)"),
    "normal": (Normal, 2, 2, "normal(mean, deviation)"),
}

_CALL = re.compile(r"([A-Za-z_]+)\s*\((.*)\)", re.DOTALL)


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text:
        raise ScenarioError(
            f"{where} must contain finite numbers, got {text!r}",
            hint="write seconds, such as 0.001",
        )
    return number


def _from_file(text: str, folder: Path | None) -> Samples:
    try:
        name = json.loads(text)
    except ValueError as error:
        raise ScenarioError(
            f"a file of samples must be a name in double quotes, got {text}",
            hint='for instance samples("lan.txt")',
        ) from error
    path = (folder or Path()) / name
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"the samples in {name!r} cannot be read: {error}",
            hint="it must be a text file in the scenario's folder, with one number per line",
        ) from error
    values = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                values.append(_number(line.strip(), "the samples"))
            except ScenarioError as error:
                raise ScenarioError(
                    error.message,
                    path=path,
                    line=number,
                    hint="write one number of seconds per line",
                ) from error
    return Samples(tuple(values), source=name)


def parse_delay(text: str, *, folder: Path | None = None) -> Delay:
    """Parse the text form of a distribution of delays.

    Parameters
    ----------
    text : str
        For instance ``"uniform(0.001, 0.010)"``; see the table at the top of this module.
    folder : pathlib.Path, optional
        The folder of the file in ``samples("file")``; by default the current folder.

    Returns
    -------
    Delay
        The distribution.

    Raises
    ------
    ScenarioError
        If the text is not a distribution, or its numbers are invalid.

    Examples
    --------
    >>> parse_delay("uniform(0.001, 0.010)")
    Uniform(low=0.001, high=0.01)
    >>> str(parse_delay("exponential(2, 1)"))
    'exponential(2.0, 1.0)'
    """
    known = ", ".join([usage for *_, usage in _KINDS.values()] + ["samples(...)"])
    match = _CALL.fullmatch(text.strip())
    if match is None:
        raise ScenarioError(f"{text!r} is not a distribution of delays", hint=f"known: {known}")
    name, inside = match[1], match[2].strip()
    if name == "samples" and inside.startswith('"'):
        return _from_file(inside, folder)
    if name != "samples" and name not in _KINDS:
        close = get_close_matches(name, [*_KINDS, "samples"], n=1)
        raise ScenarioError(
            f"unknown distribution {name!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"known: {known}",
        )
    parts = [part.strip() for part in inside.split(",")] if inside else []
    numbers = [_number(part, text) for part in parts]
    if name == "samples":
        return Samples(tuple(numbers))
    make, least, most, usage = _KINDS[name]
    if not least <= len(numbers) <= most:
        raise ScenarioError(
            f"{text!r} has the wrong number of parameters ({len(numbers)})",
            hint=f"write {usage}",
        )
    return make(*numbers)
