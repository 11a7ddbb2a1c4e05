"""Where the output of commands goes, what errors look like, and what an exit status means."""

from __future__ import annotations

import errno
import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from toolkit.display.faces import to_json, to_rich
from toolkit.errors import ToolkitError

__all__ = [
    "FAILED",
    "FOUND",
    "GOOD",
    "INTERRUPTED",
    "console",
    "error_note",
    "exit_status",
    "guarded",
    "note",
    "show",
    "write_json",
]

GOOD = 0
"""Exit status: it was asked, and found good."""
FOUND = 1
"""Exit status: a violation or a divergence was found."""
FAILED = 2
"""Exit status: it could not be run."""
INTERRUPTED = 130
"""Exit status: Ctrl-C."""

PIPE_WIDTH = 120
"""Columns of a table that goes to a file or a pipe."""

P = ParamSpec("P")


def console(*, stderr: bool = False) -> Console:
    """Return a console on the present stdout or stderr.

    Parameters
    ----------
    stderr : bool
        Which of the two.

    Returns
    -------
    rich.console.Console
        It takes texts as they are: nothing in them is read as markup.
    """
    file: TextIO = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() else PIPE_WIDTH
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def note(text: RenderableType = "") -> None:
    """Print something for people on stderr, where it cannot get into a result."""
    console(stderr=True).print(text, soft_wrap=isinstance(text, str | Text))


def write_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def show(result: object, *, as_json: bool = False, **options: Any) -> None:
    """Print a result on stdout: its face, or one JSON document.

    Parameters
    ----------
    result : object
        A result that has a face (see :mod:`toolkit.display.faces`).
    as_json : bool
        Whether to print JSON.
    **options
        What its face takes.
    """
    if as_json:
        write_json(to_json(result))
    else:
        console().print(to_rich(result, **options))


def error_note(message: str) -> None:
    """Print an error for people on stderr."""
    note(Text.assemble(("error: ", "bold red"), message))


def _silence() -> None:
    # The interpreter flushes stdout at exit; into a closed pipe that would print a traceback.
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def exit_status(command: Callable[[], int]) -> int:
    """Run a command that returns an exit status, without ever showing a traceback of ours.

    Parameters
    ----------
    command : callable
        It returns :data:`GOOD`, :data:`FOUND` or :data:`FAILED`.

    Returns
    -------
    int
        That status; :data:`FAILED` after one message on stderr for each of our own errors and
        for what the operating system refuses; :data:`INTERRUPTED` after Ctrl-C.  Any other
        exception is a bug of ours, or of a plug-in: it is shown whole, and the status is
        :data:`FAILED` since nothing was found out.
    """
    try:
        return command()
    except ToolkitError as error:
        error_note(str(error))
    except KeyboardInterrupt:
        note("interrupted")
        return INTERRUPTED
    except OSError as error:
        if error.errno == errno.EPIPE:
            _silence()
        elif error.filename is not None:
            error_note(f"{error.filename}: {error.strerror}")
        else:
            error_note(str(error))
    except Exception as error:
        # Typer's own exceptions end a command, or say what is wrong with its arguments.
        if type(error).__module__.partition(".")[0] == "typer":
            raise
        note(traceback.format_exc().rstrip())
        # Reading the installed packages takes time, which a command that works does not spend.
        from toolkit.registry import failed_plugin

        plugin = failed_plugin(error)
        if plugin is None:
            error_note("this is a bug in the toolkit, not in what you asked; please report it")
        else:
            error_note(f"a plug-in failed, of the package {plugin}; report it to its authors")
    return FAILED


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn a function that returns an exit status into a command that never shows a traceback.

    Parameters
    ----------
    command : callable
        It returns :data:`GOOD`, :data:`FOUND` or :data:`FAILED`.

    Returns
    -------
    callable
        Ends in :class:`typer.Exit` with the status that :func:`exit_status` returns.
    """
    import typer

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(exit_status(lambda: command(*args, **kwargs)))

    # Typer reads the annotations of the command itself; a status is nothing to it.
    return run
