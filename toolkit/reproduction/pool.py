"""Run trials in this process, on several cores, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.errors import FigureError, SettingError
from toolkit.reproduction.framework import Curve, Figure, Piece
from toolkit.reproduction.store import Rows, Store, code_digest, missing, samples_frame
from toolkit.sim.processes import without_interrupts

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["collect", "workers"]

TrialProgress = Callable[[int, int], None]


@contextlib.contextmanager
def workers(jobs: int, cluster: str | None = None) -> Iterator[Client | None]:
    """Provide the workers that run the trials.

    Parameters
    ----------
    jobs : int
        Number of processes on this machine; with 1 everything runs in this process.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, whose workers have this version of the
        toolkit installed; `jobs` is then ignored.

    Yields
    ------
    distributed.Client or None
        The client of the workers; ``None`` if the trials run in this process.

    Raises
    ------
    SettingError
        If the workers cannot be started or reached.
    """
    if jobs < 1:
        raise SettingError(f"jobs must be at least 1, got {jobs}", hint="give 1 or more")
    if cluster is None and jobs == 1:
        yield None
        return
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        if cluster is None:
            # Ctrl-C must reach only this process, which then stops the workers.
            with without_interrupts():
                local = stack.enter_context(
                    LocalCluster(
                        n_workers=jobs,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address="127.0.0.1:0",
                        silence_logs="CRITICAL",
                    )
                )
            yield stack.enter_context(Client(local, set_as_default=False))
            return
        try:
            client = Client(cluster, timeout=10, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:
            raise SettingError(
                f"no scheduler answers at {cluster!r}: {error}",
                hint="give the address that the scheduler prints, such as tcp://host:8786",
            ) from error
        stack.enter_context(client)
        _check_workers(client, cluster)
        yield client


def _check_workers(client: Client, cluster: str) -> None:
    """Raise an error unless there are workers that run the same code as this process."""
    own_digest = code_digest()
    digests = client.run(code_digest, on_error="return")
    if not digests:
        raise SettingError(
            f"the scheduler at {cluster!r} has no workers", hint="start workers that connect to it"
        )
    for worker, digest in digests.items():
        if digest != own_digest:
            raise SettingError(
                f"the worker at {worker} does not run this version of the toolkit",
                hint="install this version there, so that samples of two versions are not mixed",
            )


def collect(
    figure: Figure,
    curves: Sequence[Curve],
    trials: int,
    *,
    settings: Mapping[str, str],
    bug: str | None = None,
    seed: int = 1,
    client: Client | None = None,
    store: Store | None = None,
    progress: TrialProgress | None = None,
) -> pd.DataFrame:
    """Run all trials of the given curves.

    Parameters
    ----------
    figure : Figure
    curves : sequence of Curve
    trials : int
        Number of trials of a curve with share 1.
    settings : mapping of str to str
    bug : str, optional
    seed : int
    client : distributed.Client, optional
        The workers (see :func:`workers`); by default this process.
    store : Store, optional
        Finished trials are read from it, and new ones are written to it.
    progress : callable, optional
        ``progress(done, total)`` after each piece.

    Returns
    -------
    pandas.DataFrame
        ``curve``, ``trial`` and the measured values, in the order of curves and trials; the same
        for any number of workers.
    """
    counts = {curve.name: curve.trials(trials) for curve in curves}
    if len(counts) < len(curves):
        raise FigureError(
            f"two curves of figure {figure.id} have the same name",
            hint=f"its curves: {', '.join(curve.name for curve in curves)}",
        )
    done: dict[tuple[str, int], Rows] = dict(store.done) if store is not None else {}
    tasks = missing(curves, counts, done)
    # Curves of few and long trials first, so that no worker waits for another at the end.
    tasks.sort(key=lambda task: task[0].share / task[0].chunk)
    total = sum(counts.values())
    left = sum(count for _, _, count in tasks)

    def keep(piece: Piece) -> None:
        nonlocal left
        if store is not None:
            store.add(piece)
        for number, rows in enumerate(piece.trials, piece.first):
            done[piece.curve, number] = rows
        left -= len(piece.trials)
        if progress is not None:
            progress(total - left, total)

    if progress is not None:
        progress(total - left, total)
    for piece in _pieces(figure, tasks, client, {"settings": settings, "bug": bug, "seed": seed}):
        keep(piece)
    frame = samples_frame(curves, counts, done)
    if store is not None:
        store.finish(frame)
    return frame


def _pieces(
    figure: Figure,
    tasks: Sequence[tuple[Curve, int, int]],
    client: Client | None,
    options: Mapping[str, Any],
) -> Iterator[Piece]:
    """Yield pieces in the order in which they finish."""
    picklable = [(replace(curve, settings=dict(curve.settings)), a, n) for curve, a, n in tasks]
    if client is None:
        for curve, first, count in picklable:
            yield figure.piece(curve, first, count, **options)
        return
    from distributed import as_completed

    futures = [
        client.submit(figure.piece, curve, first, count, **options, pure=False)
        for curve, first, count in picklable
    ]
    try:
        for _, piece in as_completed(futures, loop=client.loop, with_results=True):
            yield piece
    finally:
        client.cancel(futures)
