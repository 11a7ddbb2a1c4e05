"""The framework of reproductions: assumptions, trials and criteria of a paper's figure.

Theory of operation
-------------------
A :class:`Figure` names the paper and its published values, and lists its assumptions as
:class:`Parameter` s, each with its source.  Its :class:`Curve` s say what is measured and how
often.  A *trial* is one run of real protocol nodes in the simulator, watched step by step and
not recorded; its seed follows from the run's seed, the figure, the curve and the trial's number
alone, so that the result does not depend on which process runs it or what ran before.

The samples are summarised and judged by the figure's criteria.  Each criterion gets a
:class:`CriterionVerdict`: met, missed (and by how much), or not judged or not comparable (and
why).  A criterion is never left out.

A parameter that was not published may be *calibrated*: :meth:`Figure.candidates` are tried on
:meth:`Figure.fit_curves`, and the best is kept.  The curves used for the fit are not judged.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import msgspec

from toolkit.errors import FigureError, InternalError, SettingError, ToolkitError
from toolkit.invocation import Invocation
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.protocol import Protocol
from toolkit.resources import resource_root
from toolkit.sim import RunResult, Scenario, StepView, simulate

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = [
    "RENAMED_PARAMETERS",
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
    "trial_seed",
]

Source: TypeAlias = Literal["published", "read off", "calibrated", "assumed"]
"""Where a parameter's value comes from."""

CriterionOutcome: TypeAlias = Literal["met", "missed", "not judged", "not comparable"]
"""Outcome of a criterion."""

RENAMED_PARAMETERS: Mapping[str, str] = {"patience": "trial-timeout"}
"""Former to current name of parameters; settings and recorded runs may use the former name."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The publication in which a figure appeared.

    Parameters
    ----------
    authors, title, where : str
    year : int
    figure : str
        The figure's number in that publication.
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
    """An assumption of a figure, which a user can change.

    Parameters
    ----------
    name : str
    value : str
        Its default value, as text.
    source : str
        ``"published"``, ``"read off"`` (from a picture or raw data), ``"calibrated"`` (fitted by
        the figure's own code) or ``"assumed"``.
    help : str
        A line of help, with the unit.
    why : str
        Where the value is published, or why it was chosen.
    parse : callable
        Converts the text to a value, or raises :class:`~toolkit.errors.ToolkitError` or
        ``ValueError``.
    """

    name: str
    value: str
    source: Source
    help: str
    why: str
    parse: Callable[[str], Any] = str

    def __post_init__(self) -> None:
        _check_known("source", self.source, Source, f"parameter {self.name!r}")


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A measured quantity, with its number of trials.

    Parameters
    ----------
    name : str
    settings : mapping of str to JSON
        Settings of this curve; they override the figure's parameters.
    share : float
        Number of trials relative to the run's number of trials, 1 by default; at least one trial
        is run.
    chunk : int
        Number of trials that one task runs.
    stream : str, optional
        Name from which seeds are derived; by default the curve's name.  Curves of the same
        stream draw the same random numbers.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    chunk: int = 100
    stream: str | None = None

    def trials(self, ordinary: int) -> int:
        """Return the number of trials of this curve.

        Parameters
        ----------
        ordinary : int
            Number of trials of a curve with share 1.

        Returns
        -------
        int

        Examples
        --------
        >>> Curve(name="150-150", share=0.1).trials(1000)
        100
        """
        return max(1, round(ordinary * self.share))


@dataclass(frozen=True, kw_only=True)
class CriterionVerdict:
    """The result of one criterion.

    Parameters
    ----------
    criterion : str
        The criterion in words.
    curve : str
    outcome : str
        ``"met"``, ``"missed"``, ``"not judged"`` or ``"not comparable"``.
    published, reproduced : float or None
        The published and the reproduced value; ``None`` if there is none.
    low, high : float or None
        95 % confidence interval of the reproduced value.
    distance : float or None
        Distance between the two values, in the unit of `tolerance`.
    tolerance : float or None
        Largest distance that meets the criterion.
    unit : str
        Unit of the values: ``"ms"``, ``"%"``, ...
    why : str
        Reason for any outcome but ``"met"``, for which it is empty.
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

    def __post_init__(self) -> None:
        _check_known("outcome", self.outcome, CriterionOutcome, f"criterion {self.criterion!r}")
        if self.outcome != "met" and not self.why:
            what = f"the criterion {self.criterion!r} of curve {self.curve!r} is {self.outcome}"
            raise SettingError(f"{what}, but the reason is missing", hint="give why=")


def _check_known(field: str, value: str, known: Any, what: str) -> None:
    if value not in get_args(known):
        names = ", ".join(get_args(known))
        raise SettingError(f"unknown {field} {value!r} of the {what}", hint=f"known: {names}")


class Piece(msgspec.Struct, frozen=True):
    """Consecutive trials of a curve, run by one task.

    Parameters
    ----------
    curve : str
    first : int
        Number of the first trial.
    trials : list of list of dict
        The measured records of each trial, usually one.
    """

    curve: str
    first: int
    trials: list[list[dict[str, Any]]]


class Experiment(ABC):
    """One trial: a scenario to run, an observer of its steps, and a record of the result.

    Attributes
    ----------
    protocol : Protocol
    scenario : Scenario
    """

    protocol: Protocol
    scenario: Scenario

    @abstractmethod
    def observe(self, step: StepView) -> bool:
        """Observe a step and return whether the trial is over.

        Parameters
        ----------
        step : StepView

        Returns
        -------
        bool
            True if the trial is over.
        """

    @abstractmethod
    def record(self, result: RunResult) -> dict[str, Any]:
        """Return the measured values by name: numbers, texts and booleans.

        Parameters
        ----------
        result : RunResult
            The result of the run.

        Returns
        -------
        dict
        """


class Figure(ABC):
    """A figure of a paper and the experiment that reproduces it.

    Attributes
    ----------
    id : str
        A letter.
    name : str
        An alternative name for the command line.
    title : str
        A one-line title.
    paper : Paper
    statement : str
        The published result, in a sentence.
    parameters : tuple of Parameter
    trials : int
        Number of trials per curve in a full run.
    bugs : mapping of str to NodeFactory
        Seeded bugs of its nodes, to show that the criteria can be missed.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[Paper]
    statement: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    trials: ClassVar[int]
    bugs: ClassVar[Mapping[str, NodeFactory]] = {}

    # Trials --------------------------------------------------------------------------------

    @abstractmethod
    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return the curves for these values of the parameters.

        Parameters
        ----------
        values : mapping of str to object
            The result of :meth:`values`.

        Returns
        -------
        sequence of Curve
        """

    @abstractmethod
    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed.

        Parameters
        ----------
        curve : Curve
        values : mapping of str to object
            The result of :meth:`settled`.

        Returns
        -------
        callable
            Takes a seed and returns an :class:`Experiment`.
        """

    def settled(self, curve: Curve, settings: Mapping[str, str], bug: str | None) -> dict[str, Any]:
        """Return the values of all parameters for a curve.

        Parameters
        ----------
        curve : Curve
            A setting of the curve with the name of a parameter replaces that parameter's value.
        settings : mapping of str to str
            Parameters whose defaults are replaced.
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
        """Run some trials of a curve, one after the other.

        Parameters
        ----------
        curve : Curve
        first, count : int
            Number of the first trial, and how many.
        settings : mapping of str to str
            Parameters whose defaults are replaced.
        bug : str or None
            Name of a seeded bug of the figure.
        seed : int
            Seed of the whole run.

        Returns
        -------
        Piece

        Raises
        ------
        InternalError
            If a trial fails; the message says how to run it again.
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
                record = experiment.record(result)
                if not isinstance(record, Mapping):
                    raise TypeError(
                        f"record() returned {record!r}, not a dict of measured values by name"
                    )
                trials.append([dict(record)])
            except Exception as error:
                raise InternalError(
                    f"trial {trial} of curve {curve.name!r} of figure {self.id} failed: {error}",
                    hint=f"run it again: {self.replay(curve, trial, seed, settings, bug)}",
                ) from error
        return Piece(curve.name, first, trials)

    def replay(
        self, curve: Curve, trial: int, seed: int, settings: Mapping[str, str], bug: str | None
    ) -> Invocation:
        """Return the command that runs one trial again and records its trace.

        Parameters
        ----------
        curve : Curve
        trial : int
            The trial's number, from 0.
        seed : int
            Seed of the whole run.
        settings : mapping of str to str
            Parameters whose defaults are replaced.
        bug : str or None

        Returns
        -------
        Invocation
        """
        return Invocation(
            "figure trace",
            {
                "figure": self.id,
                "curve": curve.name,
                "trial": trial,
                "seed": seed,
                "settings": settings,
                "bug": bug,
                "out": "trace.ndjson",
            },
        )

    def candidates(self) -> Sequence[Mapping[str, str]]:
        """Return the candidate values of the calibrated parameters; none by default."""
        return ()

    def fit_curves(self) -> Sequence[Curve]:
        """Return the curves used for calibration; none by default."""
        return ()

    def fit_trials(self, trials: int) -> int:
        """Return the number of trials of each candidate and curve, given the run's number.

        Parameters
        ----------
        trials : int
            The run's number of trials per curve.

        Returns
        -------
        int
        """
        return max(20, min(300, trials))

    def loss(self, samples: pd.DataFrame) -> float:
        """Return the distance of a candidate's samples from the published values.

        Parameters
        ----------
        samples : pandas.DataFrame
            Samples of one candidate.

        Returns
        -------
        float
            The smaller, the better.
        """
        raise FigureError(f"figure {self.id} has no calibrated parameters")

    # Results -------------------------------------------------------------------------------

    @abstractmethod
    def published(self) -> pd.DataFrame:
        """Return the published values, one row each.

        Returns
        -------
        pandas.DataFrame
            ``curve``, ``quantity``, ``value``, ``unit``, ``where``.
        """

    @abstractmethod
    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a summary with one row per curve, with confidence intervals.

        Parameters
        ----------
        samples : pandas.DataFrame

        Returns
        -------
        pandas.DataFrame
        """

    @abstractmethod
    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Return a verdict for each criterion.

        Parameters
        ----------
        samples : pandas.DataFrame
        values : mapping of str to object
            The values of the parameters.

        Returns
        -------
        list of CriterionVerdict
        """

    @abstractmethod
    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the published and the reproduced values.

        Parameters
        ----------
        samples : pandas.DataFrame

        Returns
        -------
        altair.TopLevelMixin
        """

    # Parameters ----------------------------------------------------------------------------

    def current_names(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Replace former names of parameters in settings by their current names.

        Parameters
        ----------
        settings : mapping of str to str
            Parameter to its value, with names of :data:`RENAMED_PARAMETERS` or current ones.

        Returns
        -------
        dict of str to str

        Raises
        ------
        SettingError
            If a parameter is given by both names.
        """
        known = {parameter.name for parameter in self.parameters}
        current: dict[str, str] = {}
        for name, value in settings.items():
            renamed = RENAMED_PARAMETERS.get(name, name)
            key = name if name in known or renamed not in known else renamed
            if key in current:
                raise SettingError(
                    f"parameter {key!r} is given twice, also by its former name",
                    hint=f"give {key} only",
                )
            current[key] = value
        return current

    def values(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """Return the value of each parameter.

        Parameters
        ----------
        settings : mapping of str to str
            Parameters whose defaults are replaced.

        Returns
        -------
        dict
            Parameter to its parsed value.

        Raises
        ------
        SettingError
            If there is no such parameter, or a text cannot be parsed.
        """
        settings = self.current_names(settings)
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
                    f"parameter {name}={text!r} of figure {self.id} cannot be parsed: {error}",
                    hint=parameter.help,
                ) from error
        return values

    def node_factory(self, bug: str | None) -> NodeFactory | None:
        """Return a node factory with a seeded bug; ``None`` if no bug is named.

        Parameters
        ----------
        bug : str or None

        Returns
        -------
        NodeFactory or None

        Raises
        ------
        SettingError
            If the figure has no such bug.
        """
        if bug is None:
            return None
        if bug not in self.bugs:
            raise SettingError(
                f"figure {self.id} has no seeded bug {bug!r}",
                hint=f"known: {', '.join(self.bugs) or 'none'}",
            )
        return self.bugs[bug]

    def calibrated(self) -> dict[str, str]:
        """Return the values that the recorded full run found for the calibrated parameters."""
        return {
            parameter.name: parameter.value
            for parameter in self.parameters
            if parameter.source == "calibrated"
        }


def trial_seed(seed: int, figure: str, curve: Curve, trial: int) -> int:
    """Return the seed of a trial.

    Parameters
    ----------
    seed : int
        Seed of the whole run.
    figure : str
        The figure's letter.
    curve : Curve
    trial : int
        The trial's number, from 0.

    Returns
    -------
    int

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
    """Read a table of published values that is part of the package.

    Parameters
    ----------
    name : str
        A file in ``data/figures/published``, without its extension.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ToolkitError
        If the file is missing or is not a table.
    """
    import pandas as pd

    path: Path = resource_root("data") / "figures" / "published" / f"{name}.csv"
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ToolkitError(
            f"cannot read the published values: {error}",
            path=path,
            hint="install the package again",
        ) from error
