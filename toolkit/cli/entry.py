"""The entry point of the command ``toolkit``, which loads the command that was asked for.

``toolkit check SPEC.tla`` starts TLC first, and loads the rest while Java starts.
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
# As in toolkit.cli.common, which is not loaded yet.
_INTERRUPTED = 130


def read_plain_check(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return what the plainest form of ``toolkit check SPEC.tla`` asks for.

    Parameters
    ----------
    arguments : sequence of str
        The command's arguments, for instance ``["check", "Clock.tla", "--workers", "2"]``.

    Returns
    -------
    dict or None
        Arguments of :func:`~toolkit.cli.result.check_file`; ``None`` for all other forms and for
        what may be a mistake, which the command itself reads with more care.

    Examples
    --------
    >>> read_plain_check(["check", "Clock.tla", "--workers", "2", "--json"])
    {'name': 'Clock.tla', 'workers': 2, 'as_json': True}
    >>> read_plain_check(["check", "Clock.tla", "--workers", "two"])
    """
    if not arguments or arguments[0] != "check":
        return None
    asked: dict[str, Any] = {}
    words = iter(arguments[1:])
    for word in words:
        if word == "--":
            asked["options"] = tuple(words)
        elif word in _FLAGS:
            asked[_FLAGS[word]] = True
        elif word == "--config":
            value = next(words, "")
            if not value or value.startswith("-"):
                return None
            asked["config"] = Path(value)
        elif word in _VALUES:
            value = next(words, "")
            if not _NUMBER.fullmatch(value):
                return None
            number = int(value)
            asked[word.removeprefix("--")] = float(number) if word == "--timeout" else number
        elif "name" not in asked and word.endswith(".tla") and not word.startswith("-"):
            asked["name"] = word
        else:
            return None
    return asked if "name" in asked else None


def _check(asked: dict[str, Any]) -> int:
    """Check a specification: TLC is started before what shows its result is loaded."""
    from toolkit.errors import ToolkitError
    from toolkit.tlc.ahead import start_ahead

    # The command comes to the same error, and shows it.
    with contextlib.suppress(ToolkitError, OSError):
        start_ahead(
            Path(asked["name"]),
            asked.get("config"),
            workers=asked.get("workers"),
            memory=asked.get("memory"),
            options=asked.get("options", ()),
        )
    from toolkit.cli.output import exit_status
    from toolkit.cli.result import check_file

    return exit_status(lambda: check_file(**asked))


def main() -> None:
    """Run the command; the entry point of the installed script."""
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        # It came while modules were loaded, before anything of ours could take it.
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)


def _run(arguments: list[str]) -> None:
    plain = read_plain_check(arguments)
    if plain is not None:
        sys.exit(_check(plain))
    from toolkit.cli.commands import COMMANDS, make_app

    asked = arguments[:1]
    make_app(asked if asked and asked[0] in COMMANDS else COMMANDS)(prog_name="toolkit")
