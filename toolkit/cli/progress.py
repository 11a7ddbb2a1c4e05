"""Progress bars on stderr, shown only on a terminal."""

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
    """Show a progress bar with the number of finished items.

    Parameters
    ----------
    title : str
        Title of the bar.
    remaining : bool
        Whether to show the remaining time as well.

    Yields
    ------
    callable
        ``update(done, total)``.
    """
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    if remaining:
        columns.append(TimeRemainingColumn())
    with _bar(title, *columns) as (progress, task):
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextlib.contextmanager
def checking(title: str) -> Iterator[Callable[[CheckProgress], None]]:
    """Show the progress of a TLC check.

    Parameters
    ----------
    title : str
        Name of the model or file.

    Yields
    ------
    callable
        ``update(progress)``, with a :class:`~toolkit.tlc.CheckProgress`.
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
    """Show the progress of a validation.

    Yields
    ------
    callable
        ``update(done, read)``, with the numbers of traces validated and read so far.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    title = "validating traces"
    with _bar(title, *columns) as (progress, task):
        yield lambda done, known: progress.update(
            task, description=f"{title}: {done:,} of {known:,} read so far"
        )


@contextlib.contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """Announce a stage of a longer command, then print its result and its duration.

    Parameters
    ----------
    title : str
        Title of the stage.

    Yields
    ------
    list of str
        List to which the caller appends the text of the result.
    """
    screen = console(stderr=True)
    started = time.monotonic()
    result: list[str] = []
    with screen.status(title) if screen.is_terminal else contextlib.nullcontext():
        yield result
    seconds = f"{time.monotonic() - started:.1f} s"
    console().print(Text.assemble((f"{title}: ", "bold"), *result, (f"  [{seconds}]", "dim")))
