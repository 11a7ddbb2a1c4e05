"""Progress bars: shown on a terminal's stderr, and nowhere else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from toolkit.cli.output import console

if TYPE_CHECKING:
    from toolkit.tlc.result import CheckProgress

__all__ = ["checking", "counting", "stage", "validating"]


@contextlib.contextmanager
def _bar(
    title: str, *columns: ProgressColumn, figures: str = ""
) -> Iterator[tuple[Progress, TaskID]]:
    screen = console(stderr=True)
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as progress:
        yield progress, progress.add_task(title, total=None, figures=figures)


@contextlib.contextmanager
def counting(title: str, *, remaining: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show how many of a number of things are done.

    Parameters
    ----------
    title : str
        What is being done.
    remaining : bool
        Whether to show the remaining time as well.

    Yields
    ------
    callable
        To be called with the number done and the total.
    """
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    if remaining:
        columns.append(TimeRemainingColumn())
    with _bar(title, *columns) as (progress, task):
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextlib.contextmanager
def checking(title: str) -> Iterator[Callable[[CheckProgress], None]]:
    """Show how far a check of TLC has come.

    Parameters
    ----------
    title : str
        What is being checked.

    Yields
    ------
    callable
        To be called with each :class:`~toolkit.tlc.CheckProgress`.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with _bar(f"TLC checks {title}", *columns, figures="starting") as (progress, task):
        yield lambda now: progress.update(task, figures=str(now))


@contextlib.contextmanager
def validating() -> Iterator[Callable[[int, int], None]]:
    """Show how far a validation has come.

    Yields
    ------
    callable
        To be called with the numbers of traces done and read so far.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    title = "TLC follows the traces"
    with _bar(title, *columns) as (progress, task):
        yield lambda done, known: progress.update(
            task, description=f"{title}: {done:,} done of {known:,} read so far"
        )


@contextlib.contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """Announce a stage of a longer command, then print its result and how long it took.

    Parameters
    ----------
    title : str
        What the stage does.

    Yields
    ------
    list of str
        To be filled with the text of the result.
    """
    screen = console(stderr=True)
    started = time.monotonic()
    result: list[str] = []
    with screen.status(title) if screen.is_terminal else contextlib.nullcontext():
        yield result
    seconds = f"{time.monotonic() - started:.1f} s"
    console().print(Text.assemble((f"{title}: ", "bold"), *result, (f"  [{seconds}]", "dim")))
