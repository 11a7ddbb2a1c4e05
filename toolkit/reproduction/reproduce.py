"""Reproduce a figure: calibrate, run the trials, judge the criteria, write the results."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import jinja2
import pandas as pd
from markupsafe import Markup

from toolkit import __version__
from toolkit.display.faces.figures import format_number
from toolkit.errors import FigureError, SettingError, UnknownNameError
from toolkit.faces import Shown
from toolkit.invocation import Invocation
from toolkit.reproduction.framework import CriterionVerdict, Curve, Figure, trial_seed
from toolkit.reproduction.pool import TrialProgress, collect, workers
from toolkit.reproduction.registry import get_figure
from toolkit.reproduction.store import Store, fingerprint
from toolkit.resources import resource_root
from toolkit.sim import RunResult, simulate
from toolkit.trace import TraceWriter

if TYPE_CHECKING:
    import altair as alt
    from distributed import Client

__all__ = [
    "Reproduction",
    "recorded",
    "reproduce",
    "trace_trial",
    "verdict_table",
    "write_overview",
]


@dataclass(frozen=True, kw_only=True)
class Reproduction(Shown):
    """A reproduced figure: samples, fit and verdicts.

    Parameters
    ----------
    figure : Figure
    seed : int
    trials : int
        Number of trials of a curve with share 1.
    settings : dict of str to str
        Changed assumptions.
    fitted : dict of str to str
        Values of calibrated parameters.
    how : str
        Source of these values: ``"fitted"`` (in this run), ``"recorded"`` (by the full run),
        ``"given"`` (in the settings), or ``""`` if there are none.
    bug : str or None
        The seeded bug of all servers.
    samples : pandas.DataFrame
        ``curve``, ``trial`` and the measured values.
    fit : pandas.DataFrame or None
        The candidates of the calibration: a column for each calibrated parameter, and ``loss``.
    """

    face: ClassVar[str] = "figure"

    figure: Figure
    seed: int
    trials: int
    settings: dict[str, str]
    fitted: dict[str, str]
    how: Literal["fitted", "recorded", "given", ""]
    bug: str | None
    samples: pd.DataFrame
    fit: pd.DataFrame | None = None

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters' values."""
        return self.figure.values({**self.fitted, **self.settings})

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The summary, with one row per curve."""
        return self.figure.summarise(self.samples)

    @cached_property
    def verdicts(self) -> list[CriterionVerdict]:
        """The verdicts, one for each criterion."""
        verdicts = self.figure.judge(self.samples, self.values)
        if not isinstance(verdicts, list | tuple):
            raise FigureError(
                f"judge() of figure {self.figure.id} returned {verdicts!r}",
                hint="return a list with a CriterionVerdict for each criterion",
            )
        return list(verdicts)

    @property
    def counts(self) -> dict[str, int]:
        """Number of criteria met, missed, not judged and not comparable."""
        outcomes = Counter(verdict.outcome for verdict in self.verdicts)
        return {name: outcomes[name] for name in ("met", "missed", "not judged", "not comparable")}

    @property
    def ok(self) -> bool:
        """Whether no criterion was missed."""
        return not self.counts["missed"]

    @property
    def caveats(self) -> list[str]:
        """Differences between this run and the full run with the figure's own assumptions."""
        caveats = [f"{name}={value} is changed" for name, value in self.settings.items()]
        if self.bug is not None:
            caveats.append(f"all servers have the seeded bug {self.bug}")
        if self.trials < self.figure.trials:
            caveats.append(f"{self.trials} trials per curve instead of {self.figure.trials}")
        return caveats

    @property
    def command(self) -> Invocation:
        """The command that repeats this run."""
        return _invocation(
            self.figure,
            self.trials,
            self.seed,
            self.settings,
            self.bug,
            refit=self.how != "recorded",
        )

    def chart(self) -> alt.TopLevelMixin:
        """Return a chart of the published and the reproduced values.

        Returns
        -------
        altair.TopLevelMixin
        """
        chart = self.figure.chart(self.samples)
        if not hasattr(chart, "to_json"):
            raise FigureError(
                f"chart() of figure {self.figure.id} returned {chart!r}",
                hint="return an Altair chart",
            )
        return chart

    def parameters(self) -> list[dict[str, str]]:
        """Return the assumptions: ``name``, ``value``, ``source``, ``help``, ``why``.

        Returns
        -------
        list of dict
        """
        rows = []
        for parameter in self.figure.parameters:
            source: str = parameter.source
            value = parameter.value
            if parameter.name in self.fitted:
                value = self.fitted[parameter.name]
                if self.how == "recorded":
                    source = "calibrated (by the full run)"
            if parameter.name in self.settings:
                value, source = self.settings[parameter.name], "changed"
            rows.append(
                {"name": parameter.name, "value": value, "source": source,
                 "help": parameter.help, "why": parameter.why}
            )  # fmt: skip
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return everything except the samples in JSON's types; missing values become null.

        Returns
        -------
        dict
        """
        figure = self.figure
        return {
            "figure": figure.id,
            "name": figure.name,
            "title": figure.title,
            "paper": str(figure.paper),
            "statement": figure.statement,
            "seed": self.seed,
            "trials": self.trials,
            "full_trials": figure.trials,
            "settings": self.settings,
            "fitted": self.fitted,
            "fitted_how": self.how,
            "bug": self.bug,
            "caveats": self.caveats,
            "parameters": self.parameters(),
            "fit": None if self.fit is None else _records(self.fit),
            "curves": _records(self.summary),
            "verdicts": [
                {name: _plain(value) for name, value in asdict(verdict).items()}
                for verdict in self.verdicts
            ],
            "counts": self.counts,
            "ok": self.ok,
            "command": str(self.command),
            "version": __version__,
        }

    def write(self, folder: Path) -> list[str]:
        """Write the summary, the verdicts, an HTML page and the settings to a folder.

        Parameters
        ----------
        folder : pathlib.Path

        Returns
        -------
        list of str
            Names of the written files.

        Raises
        ------
        FigureError
            If a file cannot be written.
        """
        texts = {
            "summary.csv": self.summary.round(6).to_csv(index=False, lineterminator="\n"),
            "verdicts.csv": verdict_table([self]).round(6).to_csv(index=False, lineterminator="\n"),
            "run.json": json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
            + "\n",
            "figure.html": self.page(),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise FigureError(
                f"cannot write the figure: {error.strerror}", path=folder,
                hint="name a writable folder",
            ) from error  # fmt: skip
        return list(texts)

    def page(self) -> str:
        """Return the figure as one self-contained HTML page.

        Returns
        -------
        str
        """
        # Altair is slow to import.
        from toolkit.display.charts import chart_svg

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        return environment.get_template("figure.html.j2").render(
            reproduction=self,
            figure=self.figure,
            chart=Markup(chart_svg(self.chart())),
            number=format_number,
        )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows in JSON's types; missing and infinite values become null."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _invocation(
    figure: Figure,
    trials: int,
    seed: int,
    settings: Mapping[str, str],
    bug: str | None,
    *,
    refit: bool,
    out: Path | None = None,
) -> Invocation:
    return Invocation(
        "figure run",
        {
            "figure": figure.id,
            "trials": trials,
            "seed": seed,
            "settings": settings,
            "bug": bug,
            "use_recorded_fit": not refit,
            "out": out,
        },
    )


def reproduce(
    figure: Figure | str,
    *,
    trials: int | None = None,
    seed: int = 1,
    settings: Mapping[str, str] | None = None,
    bug: str | None = None,
    refit: bool = True,
    jobs: int = 1,
    cluster: str | None = None,
    out: Path | None = None,
    fresh: bool = False,
    progress: TrialProgress | None = None,
) -> Reproduction:
    """Reproduce a figure.

    Parameters
    ----------
    figure : Figure or str
        A figure, its letter or its name.
    trials : int, optional
        Number of trials of a curve with share 1; by default the figure's full number.
    seed : int
        Seed of all random numbers.
    settings : mapping of str to str, optional
        Changed assumptions.
    bug : str, optional
        A seeded bug for all servers.
    refit : bool
        Whether calibrated parameters are fitted in this run; otherwise the values of the
        recorded full run are used.
    jobs : int
        Number of processes on this machine.
    cluster : str, optional
        Address of a Dask scheduler whose workers run the trials instead.
    out : pathlib.Path, optional
        Folder for the samples and results; an interrupted run is resumed from there.  Without it
        nothing is written.
    fresh : bool
        Whether earlier samples in that folder are discarded.
    progress : callable, optional
        ``progress(done, total)``.

    Returns
    -------
    Reproduction
        The same for any `jobs` and `cluster`, and after interruptions.

    Raises
    ------
    SettingError
        If a figure, parameter, value or seeded bug is unknown, or there are no workers.
    FigureError
        If the folder cannot be used.
    InternalError
        If a trial fails; the message says how to run it again.

    Examples
    --------
    >>> result = reproduce("D", trials=20, settings={"clusters": "5-1", "latency": "0.2"})
    >>> result.samples["curve"].value_counts().to_dict()
    {'5 servers, 1 failed, l=0.2': 20, '5 servers, 1 failed, l=uniform(0.1, 0.2)': 20}
    """
    chosen = get_figure(figure) if isinstance(figure, str) else figure
    trials = chosen.trials if trials is None else trials
    if trials < 1:
        raise SettingError(f"trials must be at least 1, got {trials}", hint="give 1 or more")
    given = chosen.current_names(settings or {})
    chosen.node_factory(bug)
    chosen.values(given)
    if out is not None and out.exists() and not out.is_dir():
        raise SettingError("the output path is not a folder", path=out,
                           hint="name an existing folder or a new one")  # fmt: skip
    command = _invocation(chosen, trials, seed, given, bug, refit=refit, out=out)
    with workers(jobs, cluster) as client:
        run = _Run(chosen, trials, seed, given, bug, client, out, fresh, str(command), progress)
        fitted, how, table = run.calibrate(refit=refit)
        samples = run.measure({**fitted, **given})
    reproduction = Reproduction(
        figure=chosen,
        seed=seed,
        trials=trials,
        settings=given,
        fitted=fitted,
        how=how,
        bug=bug,
        samples=samples,
        fit=table,
    )
    if out is not None:
        reproduction.write(out)
    return reproduction


def _candidate_curves(figure: Figure, candidate: Mapping[str, str]) -> list[Curve]:
    """Return the curves on which a candidate is tried.

    All candidates use the same random numbers, so that only the candidate makes a difference.
    """
    own = ", ".join(f"{name}={value}" for name, value in candidate.items())
    return [
        replace(
            curve,
            name=f"{curve.name}, {own}",
            settings={**curve.settings, **candidate},
            stream=curve.stream or curve.name,
        )
        for curve in figure.fit_curves()
    ]


@dataclass
class _Run:
    figure: Figure
    trials: int
    seed: int
    given: dict[str, str]
    bug: str | None
    client: Client | None
    out: Path | None
    fresh: bool
    command: str
    progress: Callable[[int, int], None] | None

    def collect(
        self, name: str, curves: Sequence[Curve], trials: int, settings: Mapping[str, str]
    ) -> pd.DataFrame:
        options: dict[str, Any] = {
            "settings": settings, "bug": self.bug, "seed": self.seed, "client": self.client,
            "progress": self.progress,
        }  # fmt: skip
        if self.out is None:
            return collect(self.figure, curves, trials, **options)
        defaults = {parameter.name: parameter.value for parameter in self.figure.parameters}
        mark = fingerprint(self.figure.id, self.seed, {**defaults, **settings}, self.bug)
        try:
            store = Store(self.out, name, mark, self.command, fresh=self.fresh)
        except OSError as error:
            raise FigureError(
                f"cannot write the samples: {error.strerror}", path=self.out,
                hint="name a writable folder",
            ) from error  # fmt: skip
        with store:
            return collect(self.figure, curves, trials, store=store, **options)

    def calibrate(
        self, *, refit: bool
    ) -> tuple[dict[str, str], Literal["fitted", "recorded", "given", ""], pd.DataFrame | None]:
        """Return the calibrated parameters that were not given, their source, and all losses."""
        names = {
            parameter.name
            for parameter in self.figure.parameters
            if parameter.source == "calibrated"
        }
        if not names:
            return {}, "", None
        if names <= set(self.given):
            return {}, "given", None
        if not refit:
            return {name: value for name, value in self.figure.calibrated().items()
                    if name not in self.given}, "recorded", None  # fmt: skip
        candidates = self.figure.candidates()
        curves = [
            curve for candidate in candidates for curve in _candidate_curves(self.figure, candidate)
        ]
        trials = self.figure.fit_trials(self.trials)
        samples = self.collect("fit", curves, trials, self.given)
        losses = []
        for candidate in candidates:
            names_of = {
                candidate_curve.name: curve.name
                for candidate_curve, curve in zip(
                    _candidate_curves(self.figure, candidate), self.figure.fit_curves(), strict=True
                )
            }
            chosen = samples[samples["curve"].isin(names_of)]
            chosen = chosen.assign(curve=chosen["curve"].map(names_of))
            losses.append(self.figure.loss(chosen))
        table = pd.DataFrame(list(candidates)).assign(loss=losses)
        return dict(candidates[losses.index(min(losses))]), "fitted", table

    def measure(self, settings: Mapping[str, str]) -> pd.DataFrame:
        curves = self.figure.curves(self.figure.values(settings))
        return self.collect("samples", curves, self.trials, settings)


def trace_trial(
    figure: Figure | str,
    curve: str,
    trial: int,
    *,
    seed: int = 1,
    settings: Mapping[str, str] | None = None,
    bug: str | None = None,
    out: Path,
) -> RunResult:
    """Run one trial again and record its trace.

    Parameters
    ----------
    figure : Figure or str
    curve : str
        The curve's name in the samples.
    trial : int
        The trial's number, from 0.
    seed, settings, bug
        As for :func:`reproduce`.
    out : pathlib.Path
        The trace file.

    Returns
    -------
    RunResult

    Raises
    ------
    UnknownNameError
        If the figure has no such curve.
    """
    chosen = get_figure(figure) if isinstance(figure, str) else figure
    given = chosen.current_names(settings or {})
    curves = {each.name: each for each in chosen.curves(chosen.values(given))}
    fit_curves = {
        each.name: each
        for candidate in chosen.candidates()
        for each in _candidate_curves(chosen, candidate)
    }
    traced = curves.get(curve) or fit_curves.get(curve)
    if traced is None:
        raise UnknownNameError(
            f"figure {chosen.id} has no curve {curve!r}", hint=f"its curves: {'; '.join(curves)}"
        )
    own_seed = trial_seed(seed, chosen.id, traced, trial)
    experiment = chosen.prepare(traced, chosen.settled(traced, given, bug))(own_seed)
    with TraceWriter(out) as writer:
        return simulate(
            experiment.protocol,
            experiment.scenario,
            seed=own_seed,
            sink=writer,
            stop_when=experiment.observe,
            replay=str(chosen.replay(traced, trial, seed, given, bug)),
        )


def recorded(figure: Figure | str) -> Reproduction:
    """Return the recorded full run of a figure, which is part of the package.

    Parameters
    ----------
    figure : Figure or str
        A figure, its letter or its name.

    Returns
    -------
    Reproduction

    Raises
    ------
    FigureError
        If the package has no recorded run of this figure.
    """
    chosen = get_figure(figure) if isinstance(figure, str) else figure
    folder = resource_root("data") / "figures" / chosen.id
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        samples = pd.read_parquet(folder / "samples.parquet")
    except (OSError, ValueError) as error:
        raise FigureError(
            f"cannot read the recorded full run of figure {chosen.id}: {error}",
            path=folder,
            hint="install the package again",
        ) from error
    return Reproduction(
        figure=chosen,
        seed=run["seed"],
        trials=run["trials"],
        settings=chosen.current_names(run["settings"]),
        fitted=chosen.current_names(run["fitted"]),
        how=run["fitted_how"],
        bug=run["bug"],
        samples=samples,
        fit=None if run["fit"] is None else pd.DataFrame(run["fit"]),
    )


def has_recorded_run(figure: Figure) -> bool:
    """Return True if the package has a recorded full run of a figure.

    Parameters
    ----------
    figure : Figure
    """
    return (resource_root("data") / "figures" / figure.id / "run.json").is_file()


def verdict_table(reproductions: Sequence[Reproduction]) -> pd.DataFrame:
    """Return the verdicts of figures as a table.

    Parameters
    ----------
    reproductions : sequence of Reproduction

    Returns
    -------
    pandas.DataFrame
        ``figure`` and the fields of :class:`~toolkit.reproduction.framework.CriterionVerdict`.
    """
    return pd.DataFrame(
        [
            {"figure": reproduction.figure.id, **asdict(verdict)}
            for reproduction in reproductions
            for verdict in reproduction.verdicts
        ]
    )


def write_overview(
    reproductions: Sequence[Reproduction], folder: Path, command: Invocation
) -> Path:
    """Write the verdicts of figures as a Markdown page.

    Parameters
    ----------
    reproductions : sequence of Reproduction
    folder : pathlib.Path
        The folder to which ``README.md`` is written.
    command : Invocation
        The command that reproduced them.

    Returns
    -------
    pathlib.Path
        Path of the written file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    text = environment.get_template("overview.md.j2").render(
        reproductions=reproductions,
        command=command,
        number=format_number,
        cell=lambda text: text.replace("|", "\\|"),
    )
    path = folder / "README.md"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FigureError(
            f"cannot write the verdicts: {error.strerror}", path=path,
            hint="name a writable folder",
        ) from error  # fmt: skip
    return path
