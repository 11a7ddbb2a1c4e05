"""What a reproduction of a paper's figure is: its assumptions, its trials and its criteria.

Theory of operation
-------------------
A :class:`Figure` names the paper and the values that it published, and lists its
:class:`Parameter` s, each with where it comes from.  Its :class:`Curve` s say what is measured and
how often.  A *trial* is one run of real protocol nodes in the simulator, watched step by step and
not recorded; its seed follows from the run's seed, the figure, the curve and the trial's number
alone, so that it is the same whoever runs it and whatever ran before.

What the trials showed is summarised, and judged by the figure's criteria.  Each criterion gets a
:class:`CriterionVerdict`: met, missed (and by how much), or not judged or not comparable (and
why).  A criterion is never left out.

A parameter that was not published may be *calibrated*: :meth:`Figure.candidates` are tried on
:meth:`Figure.fit_curves`, and the best is kept.  What these show is not judged.
"""

from __future__ import annotations

import hashlib
import math
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import msgspec

from toolkit.errors import FigureError, InternalError, SettingError, ToolkitError
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.resources import resource_root
from toolkit.sim import RunResult, Scenario, StepView, simulate

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = [
    "CriterionOutcome",
    "CriterionVerdict",
    "Curve",
    "Experiment",
    "Figure",
    "Paper",
    "Parameter",
    "Piece",
    "Source",
    "published_table",
    "shown_number",
    "trial_seed",
]

Source: TypeAlias = Literal["published", "read off", "calibrated", "assumed"]
"""Where a parameter's value comes from."""

CriterionOutcome: TypeAlias = Literal["met", "missed", "not judged", "not comparable"]
"""What became of a criterion."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Where a figure was published.

    Parameters
    ----------
    authors, title, where : str
    year : int
    figure : str
        Its number there.
    """

    authors: str
    title: str
    where: str
    year: int
    figure: str

    def __str__(self) -> str:
        return f"{self.authors}, {self.title}, {self.where}, {self.year}, {self.figure}"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """An assumption of a figure, which may be changed.

    Parameters
    ----------
    name : str
    value : str
        What it is unless somebody changes it, as text.
    source : str
        ``"published"``, ``"read off"`` (from a picture or raw data), ``"calibrated"`` (fitted by
        the figure's own code) or ``"assumed"``.
    help : str
        What it is, with its unit.
    why : str
        Where exactly the value stands, or why it was chosen.
    parse : callable
        Makes the value of the text, or raises :class:`~toolkit.errors.ToolkitError` or
        ``ValueError``.
    """

    name: str
    value: str
    source: Source
    help: str
    why: str
    parse: Callable[[str], Any] = str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What is measured, and how often.

    Parameters
    ----------
    name : str
    settings : mapping of str to JSON
        What sets this curve apart; they override the figure's parameters.
    share : float
        Trials of this curve for each trial of an ordinary one; there is at least one.
    chunk : int
        So many trials are handed out at once.
    stream : str, optional
        What its seeds are derived from; by default its name.  Curves of the same stream meet the
        same chance.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    chunk: int = 100
    stream: str | None = None

    def trials(self, ordinary: int) -> int:
        """Return its number of trials.

        Parameters
        ----------
        ordinary : int
            That of an ordinary curve.

        Examples
        --------
        >>> Curve(name="150-150", share=0.1).trials(1000)
        100
        """
        return max(1, round(ordinary * self.share))


@dataclass(frozen=True, kw_only=True)
class CriterionVerdict:
    """What became of one criterion.

    Parameters
    ----------
    criterion : str
        What was asked, for people.
    curve : str
    outcome : str
        ``"met"``, ``"missed"``, ``"not judged"`` or ``"not comparable"``.
    published, reproduced : float or None
        The two values; ``None`` where there is none.
    low, high : float or None
        95 % confidence interval of the reproduced value.
    distance : float or None
        How far apart they are, in the unit of `tolerance`.
    tolerance : float or None
        How far apart they may be.
    unit : str
        Of the values: ``"ms"``, ``"%"``, ...
    why : str
        Why it was missed, not judged or cannot be compared; empty if it was met.
    """

    criterion: str
    curve: str
    outcome: CriterionOutcome
    published: float | None = None
    reproduced: float | None = None
    low: float | None = None
    high: float | None = None
    distance: float | None = None
    tolerance: float | None = None
    unit: str = ""
    why: str = ""


class Piece(msgspec.Struct, frozen=True):
    """Trials of a curve that were made together.

    Parameters
    ----------
    curve : str
    first : int
        Number of the first trial.
    trials : list of list of dict
        For each trial what was measured; mostly one record.
    """

    curve: str
    first: int
    trials: list[list[dict[str, Any]]]


class Experiment(ABC):
    """One trial: what is run, who looks on, and what is written down.

    Attributes
    ----------
    protocol : Protocol
    scenario : Scenario
    """

    protocol: Protocol
    scenario: Scenario

    @abstractmethod
    def observe(self, step: StepView) -> bool:
        """Look at a step; return whether the trial is over."""

    @abstractmethod
    def record(self, result: RunResult) -> dict[str, Any]:
        """Return what was measured: numbers, texts and truth values by name."""


class Figure(ABC):
    """A figure of a paper, and how it is made again.

    Attributes
    ----------
    id : str
        A letter.
    name : str
        What people may type instead.
    title : str
        A line for people.
    paper : Paper
    statement : str
        What was published, in a sentence.
    parameters : tuple of Parameter
    trials : int
        Of an ordinary curve, for a full run.
    bugs : mapping of str to NodeFactory
        Planted bugs that its nodes may have, to show that the criteria can be missed.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[Paper]
    statement: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    trials: ClassVar[int]
    bugs: ClassVar[Mapping[str, NodeFactory]] = {}

    # What is measured ----------------------------------------------------------------------

    @abstractmethod
    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return what is measured with these values of the parameters."""

    @abstractmethod
    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return what makes a trial of its seed.

        Parameters
        ----------
        curve : Curve
        values : mapping of str to object
            What :meth:`settled` says.
        """

    def settled(self, curve: Curve, settings: Mapping[str, str], bug: str | None) -> dict[str, Any]:
        """Return what a curve is run with.

        Parameters
        ----------
        curve : Curve
            Of its own settings, texts by the name of a parameter are read as that parameter's.
        settings : mapping of str to str
            Parameters that are not as the figure has them.
        bug : str or None

        Returns
        -------
        dict
            The parameters' values, the curve's own settings, and ``"bug"``.
        """
        names = {parameter.name for parameter in self.parameters}
        texts = {
            name: value
            for name, value in curve.settings.items()
            if name in names and isinstance(value, str)
        }
        own = {name: value for name, value in curve.settings.items() if name not in texts}
        return self.values({**settings, **texts}) | own | {"bug": bug}

    def piece(
        self,
        curve: Curve,
        first: int,
        count: int,
        *,
        settings: Mapping[str, str],
        bug: str | None,
        seed: int,
    ) -> Piece:
        """Make some trials of a curve, one after the other.

        Parameters
        ----------
        curve : Curve
        first, count : int
            Number of the first trial, and how many.
        settings : mapping of str to str
            Parameters that are not as the figure has them.
        bug : str or None
            A planted bug of the figure.
        seed : int
            Of the whole run.

        Returns
        -------
        Piece

        Raises
        ------
        InternalError
            If a trial fails; it says how to run that one again.
        """
        make = self.prepare(curve, self.settled(curve, settings, bug))
        trials: list[list[dict[str, Any]]] = []
        for trial in range(first, first + count):
            own = trial_seed(seed, self.id, curve, trial)
            try:
                experiment = make(own)
                result = simulate(
                    experiment.protocol, experiment.scenario, seed=own, stop_when=experiment.observe
                )
                trials.append([experiment.record(result)])
            except Exception as error:
                raise InternalError(
                    f"trial {trial} of curve {curve.name!r} of figure {self.id} failed: {error}",
                    hint=f"again: {self.replay(curve, trial, seed, settings, bug)}",
                ) from error
        return Piece(curve.name, first, trials)

    def replay(
        self, curve: Curve, trial: int, seed: int, settings: Mapping[str, str], bug: str | None
    ) -> str:
        """Return the command that runs one trial again and records its trace."""
        words = ["toolkit", "figure", "trace", self.id, curve.name, str(trial)]
        words += ["--seed", str(seed)]
        for name, value in settings.items():
            words += ["--set", f"{name}={value}"]
        if bug is not None:
            words += ["--bug", bug]
        return shlex.join([*words, "--out", "trace.ndjson"])

    def candidates(self) -> Sequence[Mapping[str, str]]:
        """Return the values of calibrated parameters that are tried; none by default."""
        return ()

    def fit_curves(self) -> Sequence[Curve]:
        """Return what each candidate is tried on; none by default."""
        return ()

    def fit_trials(self, trials: int) -> int:
        """Return how many trials of each candidate and curve are made for so many in all."""
        return max(20, min(300, trials))

    def loss(self, samples: pd.DataFrame) -> float:
        """Return how far the samples of the curves to be fitted are from what was published.

        Parameters
        ----------
        samples : pandas.DataFrame
            Those of one candidate.
        """
        raise FigureError(f"figure {self.id} has nothing to fit")

    # What it came to -----------------------------------------------------------------------

    @abstractmethod
    def published(self) -> pd.DataFrame:
        """Return what was published, one row for each value.

        Returns
        -------
        pandas.DataFrame
            ``curve``, ``quantity``, ``value``, ``unit``, ``where``.
        """

    @abstractmethod
    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each curve, with confidence intervals."""

    @abstractmethod
    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Return a verdict for each criterion."""

    @abstractmethod
    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return what was published and what was reproduced, in one chart."""

    # Parameters ----------------------------------------------------------------------------

    def values(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """Return the value of each parameter.

        Parameters
        ----------
        settings : mapping of str to str
            Those that are not as the figure has them.

        Raises
        ------
        SettingError
            If there is no such parameter, or a text makes no value.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in settings:
            if name not in known:
                raise SettingError(
                    f"figure {self.id} has no parameter {name!r}",
                    hint=f"its parameters: {', '.join(known) or 'none'}",
                )
        values: dict[str, Any] = {}
        for name, parameter in known.items():
            text = settings.get(name, parameter.value)
            try:
                values[name] = parameter.parse(text)
            except (ToolkitError, ValueError) as error:
                raise SettingError(
                    f"parameter {name}={text!r} of figure {self.id} makes no value: {error}",
                    hint=parameter.help,
                ) from error
        return values

    def node_factory(self, bug: str | None) -> NodeFactory | None:
        """Return what makes nodes with a planted bug; ``None`` for none.

        Raises
        ------
        SettingError
            If the figure knows no such bug.
        """
        if bug is None:
            return None
        if bug not in self.bugs:
            raise SettingError(
                f"figure {self.id} has no planted bug {bug!r}",
                hint=f"known: {', '.join(self.bugs) or 'none'}",
            )
        return self.bugs[bug]

    def calibrated(self) -> dict[str, str]:
        """Return the calibrated parameters' values as the full run of this version found them."""
        return {
            parameter.name: parameter.value
            for parameter in self.parameters
            if parameter.source == "calibrated"
        }


def shown_number(value: float | None, unit: str = "") -> str:
    """Return a number for people.

    Examples
    --------
    >>> shown_number(0.12345), shown_number(12345.6, "ms"), shown_number(None)
    ('0.1235', '12,346 ms', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:,.{'4g' if abs(value) < 1000 else '0f'}} {unit}".strip()


def trial_seed(seed: int, figure: str, curve: Curve, trial: int) -> int:
    """Return the seed of a trial.

    Parameters
    ----------
    seed : int
        Of the whole run.
    figure : str
        The figure's letter.
    curve : Curve
    trial : int
        Its number, from 0.

    Examples
    --------
    >>> curve = Curve(name="150-300")
    >>> trial_seed(1, "A", curve, 0) == trial_seed(1, "A", curve, 0)
    True
    >>> trial_seed(1, "A", curve, 0) == trial_seed(1, "A", curve, 1)
    False
    """
    text = f"{seed}/{figure}/{curve.stream or curve.name}/{trial}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def published_table(name: str) -> pd.DataFrame:
    """Read a table of published values that travels with the package.

    Parameters
    ----------
    name : str
        A file in ``data/figures/published``, without its ending.

    Raises
    ------
    ToolkitError
        If it is missing or no table.
    """
    import pandas as pd

    path: Path = resource_root("data") / "figures" / "published" / f"{name}.csv"
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ToolkitError(
            f"the published values cannot be read: {error}",
            path=path,
            hint="install the package again",
        ) from error
