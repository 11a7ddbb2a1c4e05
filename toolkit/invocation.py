"""The command that repeats a run, as data: its name and its parameters.

The header of a trace or a result holds an :class:`Invocation`.  Only :mod:`toolkit.cli` knows the
syntax of its commands and renders an invocation as a command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["Invocation"]


class Invocation(msgspec.Struct, frozen=True):
    """A command of the toolkit and its parameters.

    ``str(invocation)`` is the command line, as :func:`toolkit.cli.lines.command_line` writes it.

    Parameters
    ----------
    command : str
        The command's name, for instance ``"simulate"`` or ``"figure trace"``.
    parameters : dict
        Map from a parameter's name, with underscores, to its value, in the order of the command
        line.  Text, numbers and paths are written as they are; ``True`` stands for a flag, a
        sequence for an option that is repeated, and a mapping for ``KEY=VALUE`` settings.
        Parameters that are ``None``, ``False`` or empty are left out.

    Examples
    --------
    >>> str(Invocation("simulate", {"protocol": "paxos", "seed": 7, "out": "trace.ndjson"}))
    'toolkit simulate paxos --seed 7 --out trace.ndjson'
    """

    command: str
    parameters: Mapping[str, Any] = {}

    def __str__(self) -> str:
        from toolkit.cli.lines import command_line

        return command_line(self)
