"""Shell command lines of :class:`~toolkit.invocation.Invocation` objects."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.invocation import Invocation

__all__ = ["ARGUMENTS", "command_line"]

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "bugs": ("protocol",),
    "check": ("model",),
    "demo": ("protocol",),
    "figure run": ("figure",),
    "figure trace": ("figure", "curve", "trial"),
    "figure verify": ("figures",),
    "simulate": ("protocol",),
    "translate": ("file",),
    "validate": ("traces",),
}
"""Command to its parameters that are arguments; the others are options."""

_SPELLINGS = {"settings": "--set"}
"""Parameter to its option, where the spellings differ."""


def command_line(invocation: Invocation) -> str:
    """Return the command line of an invocation, quoted for a POSIX shell.

    Parameters
    ----------
    invocation : Invocation
        The command and its parameters.

    Returns
    -------
    str

    Examples
    --------
    >>> command_line(Invocation("figure trace", {"figure": "A", "curve": "150-155 ms", "trial": 3}))
    "toolkit figure trace A '150-155 ms' 3"
    """
    words = ["toolkit", *invocation.command.split()]
    arguments = ARGUMENTS.get(invocation.command, ())
    for name, value in invocation.parameters.items():
        texts = list(_texts(value))
        if name in arguments:
            words += texts
        elif value is True:
            words.append(_option(name))
        else:
            for text in texts:
                words += [_option(name), text]
    return shlex.join(words)


def _option(name: str) -> str:
    return _SPELLINGS.get(name, "--" + name.replace("_", "-"))


def _texts(value: Any) -> Iterator[str]:
    """Yield the text of each value of a parameter; ``None`` and ``False`` yield nothing."""
    if value is None or value is False:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            if isinstance(part, Mapping):
                yield from (f"{key}:{text}" for text in _texts(part))
            else:
                yield f"{key}={part}"
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    else:
        yield str(value)
