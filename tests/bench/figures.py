"""How many trials of a figure's curves are made in a second, on one core and on all."""

from __future__ import annotations

import os
import time

from rich.table import Table

from toolkit.reproduction.pool import collect, workers
from toolkit.reproduction.registry import get_figure
from toolkit.reproduction.reproduce import reproduce

__all__ = ["bench_figures"]

ALONE = {
    "A": ("150-300", "12-24", "150-155"),
    "B": ("org 150-155", "fixed 12-24"),
    "C": ("same logs, f=1", "different logs, f=0"),
    "D": ("5 servers, 1 failed, l=0.2",),
}


def bench_figures(table: Table, *, trials: int = 400, full: bool = True) -> None:
    """Measure trials a second.

    Parameters
    ----------
    table : rich.table.Table
    trials : int
        Of each curve.
    full : bool
        Whether figure A is made as a whole too, with its fit: 1,000 trials of nine curves, 100 of
        the others.
    """
    cores = os.cpu_count() or 1
    for name, chosen in ALONE.items():
        figure = get_figure(name)
        curves = {one.name: one for one in figure.curves(figure.values({}))}
        for curve in chosen:
            started = time.perf_counter()
            collect(figure, [curves[curve]], trials, settings={})
            rate = trials / (time.perf_counter() - started)
            table.add_row("trials a second", f"figure {name}, {curve}: one process", f"{rate:,.0f}")
    figure = get_figure("A")
    (curve,) = (one for one in figure.curves(figure.values({})) if one.name == "150-300")
    rates = []
    for jobs in sorted({1, cores}):
        with workers(jobs) as client:
            collect(figure, [curve], jobs * curve.chunk, settings={}, client=client)
            started = time.perf_counter()
            collect(figure, [curve], 10 * trials, settings={}, client=client)
            rates.append(10 * trials / (time.perf_counter() - started))
    table.add_row(
        "",
        f"figure A, 150-300: {cores} processes against one, their start left out",
        f"{rates[-1] / rates[0]:.2f} times",
    )
    if full:
        started = time.perf_counter()
        found = reproduce("A", jobs=cores)
        table.add_row(
            "seconds for figure A",
            f"{len(found.samples):,} trials and the fit, {cores} processes, start included; goal "
            "360 on 2 cores",
            f"{time.perf_counter() - started:,.0f}",
        )
