"""The entry point of the command ``toolkit``, which loads only the requested command.

``toolkit check SPEC.tla`` starts TLC first and loads the other modules while Java starts.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main", "read_plain_check"]

_VALUES = ("--config", "--workers", "--memory", "--timeout")
_FLAGS = {"--json": "as_json", "--full": "full"}
_NUMBER = re.compile(r"[0-9]{1,9}")
# The same value as toolkit.cli.output.INTERRUPTED, which is not loaded yet.
_INTERRUPTED = 130


def read_plain_check(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Parse the simplest form of ``toolkit check SPEC.tla``.

    Parameters
    ----------
    arguments : sequence of str
        The command's arguments, for instance ``["check", "Clock.tla", "--workers", "2"]``.

    Returns
    -------
    dict or None
        Arguments of :func:`~toolkit.cli.result.check_file`; ``None`` for all other forms and for
        possible mistakes, which the command itself parses and reports.

    Examples
    --------
    >>> read_plain_check(["check", "Clock.tla", "--workers", "2", "--json"])
    {'name': 'Clock.tla', 'workers': 2, 'as_json': True}
    >>> read_plain_check(["check", "Clock.tla", "--workers", "two"])
    """
    if not arguments or arguments[0] != "check":
        return None
    parsed: dict[str, Any] = {}
    words = iter(arguments[1:])
    for word in words:
        if word == "--":
            parsed["options"] = tuple(words)
        elif word in _FLAGS:
            parsed[_FLAGS[word]] = True
        elif word == "--config":
            value = next(words, "")
            if not value or value.startswith("-"):
                return None
            parsed["config"] = Path(value)
        elif word in _VALUES:
            value = next(words, "")
            if not _NUMBER.fullmatch(value):
                return None
            number = int(value)
            parsed[word.removeprefix("--")] = float(number) if word == "--timeout" else number
        elif "name" not in parsed and word.endswith(".tla") and not word.startswith("-"):
            parsed["name"] = word
        else:
            return None
    return parsed if "name" in parsed else None


def _check(arguments: dict[str, Any]) -> int:
    """Check a specification; start TLC before loading the modules that show its result."""
    from toolkit.errors import ToolkitError
    from toolkit.tlc.ahead import start_ahead

    # check_file raises the same error, which is reported then.
    with contextlib.suppress(ToolkitError, OSError):
        start_ahead(
            Path(arguments["name"]),
            arguments.get("config"),
            workers=arguments.get("workers"),
            memory=arguments.get("memory"),
            options=arguments.get("options", ()),
        )
    from toolkit.cli.output import exit_status
    from toolkit.cli.result import check_file

    return exit_status(lambda: check_file(**arguments))


def main() -> None:
    """Run the command ``toolkit`` (entry point of the installed script)."""
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        # Ctrl-C while modules were being loaded, before exit_status could handle it.
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)


def _run(arguments: list[str]) -> None:
    check_arguments = read_plain_check(arguments)
    if check_arguments is not None:
        sys.exit(_check(check_arguments))
    from toolkit.cli.commands import COMMANDS, make_app

    command = arguments[:1]
    make_app(command if command and command[0] in COMMANDS else COMMANDS)(prog_name="toolkit")
