"""Output, error messages and exit statuses of commands."""

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
"""Exit status: the command ran and found no problem."""
FOUND = 1
"""Exit status: the command found a violation or a divergence."""
FAILED = 2
"""Exit status: the command could not run."""
INTERRUPTED = 130
"""Exit status: the command was interrupted with Ctrl-C."""

PIPE_WIDTH = 120
"""Width in columns of output to a file or a pipe."""

P = ParamSpec("P")


def console(*, stderr: bool = False) -> Console:
    """Return a console that writes to the current stdout or stderr.

    Parameters
    ----------
    stderr : bool
        Whether to write to stderr.

    Returns
    -------
    rich.console.Console
        A console that prints text unchanged, without interpreting markup.
    """
    file: TextIO = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() else PIPE_WIDTH
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def note(text: RenderableType = "") -> None:
    """Print a message for people on stderr, so that it does not mix with results on stdout.

    Parameters
    ----------
    text : str or rich renderable
    """
    console(stderr=True).print(text, soft_wrap=isinstance(text, str | Text))


def write_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on stdout.

    Parameters
    ----------
    document : mapping
    """
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def show(result: object, *, as_json: bool = False, **options: Any) -> None:
    """Print a result on stdout, by its face or as one JSON document.

    Parameters
    ----------
    result : object
        A result that has a face (see :mod:`toolkit.display.faces`).
    as_json : bool
        Whether to print JSON.
    **options
        Options of the face.
    """
    if as_json:
        write_json(to_json(result))
    else:
        console().print(to_rich(result, **options))


def error_note(message: str) -> None:
    """Print an error message on stderr.

    Parameters
    ----------
    message : str
    """
    note(Text.assemble(("error: ", "bold red"), message))


def _discard_stdout() -> None:
    # The interpreter flushes stdout at exit; with a closed pipe this would print a traceback.
    with open(os.devnull, "w") as devnull:
        os.dup2(devnull.fileno(), sys.stdout.fileno())


def exit_status(command: Callable[[], int]) -> int:
    """Run a command and return its exit status; print errors as messages.

    Parameters
    ----------
    command : callable
        Returns :data:`GOOD`, :data:`FOUND` or :data:`FAILED`.

    Returns
    -------
    int
        The command's status; :data:`FAILED` with a message on stderr after a
        :class:`~toolkit.errors.ToolkitError` or an ``OSError``; :data:`INTERRUPTED` after Ctrl-C.
        Any other exception is a bug of the toolkit or of a plug-in: its traceback is printed,
        and the status is :data:`FAILED`.
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
            _discard_stdout()
        elif error.filename is not None:
            error_note(f"{error.filename}: {error.strerror}")
        else:
            error_note(str(error))
    except Exception as error:
        # Typer's own exceptions end a command or report wrong arguments.
        if type(error).__module__.partition(".")[0] == "typer":
            raise
        note(traceback.format_exc().rstrip())
        # Imported only here, because reading the installed packages is slow.
        from toolkit.registry import failed_plugin

        plugin = failed_plugin(error)
        if plugin is None:
            error_note("this is a bug in the toolkit, not in your input; please report it")
        else:
            error_note(f"a plug-in of the package {plugin} failed; report this to its authors")
    return FAILED


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Return a Typer command from a function that returns an exit status.

    Parameters
    ----------
    command : callable
        Returns :data:`GOOD`, :data:`FOUND` or :data:`FAILED`.

    Returns
    -------
    callable
        Raises :class:`typer.Exit` with the status that :func:`exit_status` returns.
    """
    import typer

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(exit_status(lambda: command(*args, **kwargs)))

    # functools.wraps keeps the annotations, from which Typer builds the options.
    return run
