"""The commands ``toolkit figure``: make figures of papers again, and say how close that came."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from toolkit.cli.options import AsJson, parse_settings
from toolkit.cli.output import FOUND, GOOD, console, guarded, note, show, write_json
from toolkit.cli.progress import counting
from toolkit.display.faces import to_json
from toolkit.errors import SettingError
from toolkit.invocation import Invocation

if TYPE_CHECKING:
    from toolkit.reproduction.framework import Figure
    from toolkit.reproduction.reproduce import Reproduction

__all__ = ["figure_app"]

OUT = Path("out") / "figures"
"""Where samples and pages go unless another folder is named."""

figure_app = typer.Typer(
    name="figure",
    help="Make figures of papers again, and say how close that came.",
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
    typer.Option(min=1, help="Trials of an ordinary curve.  \\[default: the figure's full number]"),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that make trials.  \\[default: one for each core]"),
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Let the workers of this Dask scheduler make them."),
]
Seed = Annotated[int, typer.Option(help="What all chance is drawn from.")]
Assumptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change an assumption; repeatable."),
]
Bug = Annotated[str | None, typer.Option(help="A planted bug that all servers are to have.")]
RecordedFit = Annotated[
    bool,
    typer.Option(
        "--use-recorded-fit",
        "--recorded-fit",
        help="Use the values that the recorded full run found for calibrated parameters.",
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Throw away what the folder holds; do not go on from it.")
]


def _make(
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
            note(f"finished trials are kept in {out}; the same command goes on from there")
            raise


def _list(as_json: AsJson = False) -> int:
    """List the figures, and what their full runs that travel with the package came to."""
    from toolkit.errors import FigureError
    from toolkit.reproduction.registry import all_figures
    from toolkit.reproduction.reproduce import recorded

    rows: list[dict[str, Any]] = []
    for figure in all_figures():
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
                    {key: value for key, value in asdict(one).items() if key != "parse"}
                    for one in figure.parameters
                ],
                "bugs": list(figure.bugs),
                "recorded": counts,
            }
        )
    if as_json:
        write_json({"figures": rows})
        return GOOD
    table = Table()
    table.add_column("figure", no_wrap=True)
    table.add_column("what it shows", overflow="fold")
    table.add_column("trials a curve", justify="right")
    table.add_column("the full run's criteria", overflow="fold")
    table.add_column("assumptions (--set)", overflow="fold")
    for row in rows:
        said = row["recorded"]
        table.add_row(
            f"{row['figure']}\n{row['name']}",
            f"{row['title']} ({row['where']})",
            f"{row['trials']:,}",
            "none is there" if said is None
            else ", ".join(f"{count} {name}" for name, count in said.items() if count),
            ", ".join(one["name"] for one in row["parameters"]),
        )  # fmt: skip
    console().print(table)
    return GOOD


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
        typer.Option(help="Folder for samples, tables and the page.  \\[default: out/figures/ID]"),
    ] = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> int:
    """Make a figure again: fit what was not published, make the trials, judge and draw.

    A run that was broken off goes on from its folder. Exit status: 0, whatever the verdicts;
    toolkit figure verify tells them by its status.
    """
    (one,) = _figures([figure])
    folder = out or OUT / one.id
    found = _make(
        one,
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
    show(found, as_json=as_json)
    note(f"the page: {folder / 'figure.html'}; samples and tables are beside it")
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
    out: Annotated[Path, typer.Option(help="Folder with a folder for each figure.")] = OUT,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> int:
    """Make figures again and judge all their criteria.

    Exit status: 0 if none was missed, 1 if one was, 2 if it could not be run.
    """
    from toolkit.reproduction.reproduce import write_overview

    chosen = _figures(figures)
    changed = parse_settings(settings)
    if changed and len(chosen) > 1:
        raise SettingError(
            "assumptions belong to one figure", hint="name the figure: toolkit figure verify ID"
        )
    for one in chosen:
        one.node_factory(bug)
    found = []
    for one in chosen:
        found.append(
            _make(
                one,
                out / one.id,
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
            show(found[-1], every=False)
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
    page = write_overview(found, out, command)
    total = {
        name: sum(one.counts[name] for one in found)
        for name in ("met", "missed", "not judged", "not comparable")
    }
    ok = all(one.ok for one in found)
    if as_json:
        write_json({"figures": [to_json(one) for one in found], "counts": total, "ok": ok})
    else:
        said = ", ".join(f"{count} {name}" for name, count in total.items())
        console().print(Text(f"All criteria: {said}.", "green" if ok else "bold red"))
    note(f"all verdicts: {page}")
    return GOOD if ok else FOUND


def _trace(
    figure: Annotated[str, typer.Argument(metavar="ID", help="A figure's letter or name.")],
    curve: Annotated[str, typer.Argument(help="A curve's name, as the results have it.")],
    trial: Annotated[int, typer.Argument(min=0, help="The trial's number.")],
    seed: Seed = 1,
    settings: Assumptions = None,
    bug: Bug = None,
    out: Annotated[Path, typer.Option(help="The trace file.")] = Path("trace.ndjson"),
) -> int:
    """Run one trial again and record it, for toolkit validate and the notebooks."""
    from toolkit.reproduction.reproduce import trace_trial

    (one,) = _figures([figure])
    result = trace_trial(
        one, curve, trial, seed=seed, settings=parse_settings(settings), bug=bug, out=out
    )
    console().print(
        f"{out}: trial {trial} of {curve}, {result.steps:,} steps, "
        f"{result.time:.3f} s simulated, ended: {result.reason}"
    )
    return GOOD


figure_app.command("list")(guarded(_list))
figure_app.command("run")(guarded(_run))
figure_app.command("verify")(guarded(_verify))
figure_app.command("trace")(guarded(_trace))
