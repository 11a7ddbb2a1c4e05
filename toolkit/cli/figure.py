"""The commands ``toolkit figure``: reproduce figures from papers and judge the results."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from toolkit.cli.options import AsJson, parse_settings
from toolkit.cli.output import FOUND, GOOD, console, error_note, guarded, note, show, write_json
from toolkit.cli.progress import counting
from toolkit.display.faces import to_json
from toolkit.errors import SettingError
from toolkit.invocation import Invocation

if TYPE_CHECKING:
    from toolkit.reproduction.framework import Figure
    from toolkit.reproduction.reproduce import Reproduction

__all__ = ["figure_app"]

OUT = Path("out") / "figures"
"""The default folder for samples and pages."""

figure_app = typer.Typer(
    name="figure",
    help="Reproduce figures from papers and report how close the results are.",
    no_args_is_help=True,
    add_completion=False,
)


def _figures(names: list[str] | None) -> list[Figure]:
    from toolkit.reproduction.registry import all_figures, get_figure

    if not names:
        return list(all_figures())
    return list(dict.fromkeys(get_figure(name) for name in names))


Trials = Annotated[
    int | None,
    typer.Option(min=1, help="Trials per curve.  \\[default: the figure's full number]"),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that run trials.  \\[default: one per core]"),
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Run the trials on the workers of this Dask scheduler."),
]
Seed = Annotated[int, typer.Option(help="Seed of all randomness.")]
Assumptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change an assumption; repeatable."),
]
Bug = Annotated[str | None, typer.Option(help="A seeded bug for all servers.")]
RecordedFit = Annotated[
    bool,
    typer.Option(
        "--use-recorded-fit",
        "--recorded-fit",
        help="Use the calibrated values of the recorded full run instead of fitting again.",
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Discard earlier samples in the folder instead of resuming.")
]


def _reproduce(
    figure: Figure,
    out: Path,
    *,
    trials: int | None,
    seed: int,
    settings: dict[str, str],
    bug: str | None,
    recorded_fit: bool,
    jobs: int | None,
    cluster: str | None,
    fresh: bool,
) -> Reproduction:
    from toolkit.reproduction.reproduce import reproduce

    with counting(f"figure {figure.id}", remaining=True) as progress:
        try:
            return reproduce(
                figure,
                trials=trials,
                seed=seed,
                settings=settings,
                bug=bug,
                refit=not recorded_fit,
                jobs=jobs or os.cpu_count() or 1,
                cluster=cluster,
                out=out,
                fresh=fresh,
                progress=progress,
            )
        except KeyboardInterrupt:
            note(f"finished trials are kept in {out}; the same command resumes from there")
            raise


def _list(as_json: AsJson = False) -> int:
    """List the figures and the verdicts of their recorded full runs.

    Exit status: 0 all figures can be loaded, 1 at least one cannot.
    """
    from toolkit.errors import FigureError
    from toolkit.reproduction.registry import FIGURES, loadable_figures
    from toolkit.reproduction.reproduce import recorded

    rows: list[dict[str, Any]] = []
    problems = [entry.problem for entry in FIGURES.entries() if entry.problem is not None]
    for problem in problems:
        error_note(problem)
    for figure in loadable_figures():
        try:
            counts: dict[str, int] | None = recorded(figure).counts
        except FigureError:
            counts = None
        rows.append(
            {
                "figure": figure.id,
                "name": figure.name,
                "title": figure.title,
                "paper": str(figure.paper),
                "where": f"{figure.paper.where}, {figure.paper.year}",
                "statement": figure.statement,
                "trials": figure.trials,
                "parameters": [
                    {key: value for key, value in asdict(parameter).items() if key != "parse"}
                    for parameter in figure.parameters
                ],
                "bugs": list(figure.bugs),
                "recorded": counts,
            }
        )
    if as_json:
        write_json({"figures": rows})
        return FOUND if problems else GOOD
    table = Table()
    table.add_column("figure", no_wrap=True)
    table.add_column("title", overflow="fold")
    table.add_column("trials per curve", justify="right")
    table.add_column("criteria of the recorded run", overflow="fold")
    table.add_column("assumptions (--set)", overflow="fold")
    for row in rows:
        counts = row["recorded"]
        table.add_row(
            f"{row['figure']}\n{row['name']}",
            f"{row['title']} ({row['where']})",
            f"{row['trials']:,}",
            "no recorded run" if counts is None
            else ", ".join(f"{count} {name}" for name, count in counts.items() if count),
            ", ".join(parameter["name"] for parameter in row["parameters"]),
        )  # fmt: skip
    console().print(table)
    return FOUND if problems else GOOD


def _run(
    figure: Annotated[str, typer.Argument(metavar="ID", help="A figure's letter or name.")],
    trials: Trials = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    seed: Seed = 1,
    settings: Assumptions = None,
    bug: Bug = None,
    recorded_fit: RecordedFit = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for samples, tables and the HTML page.  \\[default: out/figures/ID]"
        ),
    ] = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> int:
    """Reproduce a figure: calibrate, run the trials, judge the criteria and draw the chart.

    An interrupted run resumes from its folder. The exit status is 0 for any verdicts; use
    toolkit figure verify for a status that depends on them.
    """
    (chosen,) = _figures([figure])
    folder = out or OUT / chosen.id
    reproduction = _reproduce(
        chosen,
        folder,
        trials=trials,
        seed=seed,
        settings=parse_settings(settings),
        bug=bug,
        recorded_fit=recorded_fit,
        jobs=jobs,
        cluster=cluster,
        fresh=fresh,
    )
    show(reproduction, as_json=as_json)
    note(f"page: {folder / 'figure.html'}; samples and tables are in the same folder")
    return GOOD


def _verify(
    figures: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Letters or names of figures.  \\[default: all]"),
    ] = None,
    trials: Trials = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    seed: Seed = 1,
    settings: Assumptions = None,
    bug: Bug = None,
    recorded_fit: RecordedFit = False,
    out: Annotated[Path, typer.Option(help="Folder with one subfolder per figure.")] = OUT,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> int:
    """Reproduce figures and judge all their criteria.

    Exit status: 0 no criterion was missed, 1 at least one was missed, 2 the command could not
    run.
    """
    from toolkit.reproduction.reproduce import write_overview

    chosen = _figures(figures)
    changed = parse_settings(settings)
    if changed and len(chosen) > 1:
        raise SettingError(
            "--set needs exactly one figure, because assumptions belong to one figure",
            hint="name the figure: toolkit figure verify ID",
        )
    for figure in chosen:
        figure.node_factory(bug)
    reproductions = []
    for figure in chosen:
        reproductions.append(
            _reproduce(
                figure,
                out / figure.id,
                trials=trials,
                seed=seed,
                settings=changed,
                bug=bug,
                recorded_fit=recorded_fit,
                jobs=jobs,
                cluster=cluster,
                fresh=fresh,
            )
        )
        if not as_json:
            show(reproductions[-1], every=False)
            console().print()
    command = Invocation(
        "figure verify",
        {
            "figures": figures,
            "trials": trials,
            "seed": seed,
            "settings": changed,
            "bug": bug,
            "use_recorded_fit": recorded_fit,
        },
    )
    page = write_overview(reproductions, out, command)
    total = {
        name: sum(reproduction.counts[name] for reproduction in reproductions)
        for name in ("met", "missed", "not judged", "not comparable")
    }
    ok = all(reproduction.ok for reproduction in reproductions)
    if as_json:
        figures_json = [to_json(reproduction) for reproduction in reproductions]
        write_json({"figures": figures_json, "counts": total, "ok": ok})
    else:
        counts = ", ".join(f"{count} {name}" for name, count in total.items())
        console().print(Text(f"All criteria: {counts}.", "green" if ok else "bold red"))
    note(f"all verdicts: {page}")
    return GOOD if ok else FOUND


def _trace(
    figure: Annotated[str, typer.Argument(metavar="ID", help="A figure's letter or name.")],
    curve: Annotated[str, typer.Argument(help="A curve's name as in the results.")],
    trial: Annotated[int, typer.Argument(min=0, help="The trial's number, from 0.")],
    seed: Seed = 1,
    settings: Assumptions = None,
    bug: Bug = None,
    out: Annotated[Path, typer.Option(help="The trace file.")] = Path("trace.ndjson"),
) -> int:
    """Run one trial again and record its trace."""
    from toolkit.reproduction.reproduce import trace_trial

    (chosen,) = _figures([figure])
    result = trace_trial(
        chosen, curve, trial, seed=seed, settings=parse_settings(settings), bug=bug, out=out
    )
    console().print(
        f"{out}: trial {trial} of {curve}, {result.steps:,} steps, "
        f"{result.time:.3f} s simulated, end: {result.reason}"
    )
    return GOOD


figure_app.command("list")(guarded(_list))
figure_app.command("run")(guarded(_run))
figure_app.command("verify")(guarded(_verify))
figure_app.command("trace")(guarded(_trace))
