"""The hierarchy of exceptions that the toolkit raises.

Each message states the problem, the place and the remedy.  A counterexample or a divergence is a
*result* and never an exception.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "FigureError",
    "HostError",
    "InternalError",
    "JavaNotFoundError",
    "QuorumError",
    "ScenarioError",
    "SettingError",
    "SpecError",
    "TlcError",
    "TlcNotFoundError",
    "ToolkitError",
    "TraceError",
    "UnknownNameError",
    "ValueParseError",
]


class ToolkitError(Exception):
    """Base class of all errors raised by the toolkit.

    Parameters
    ----------
    message : str
        Description of the problem.
    path : pathlib.Path or str, optional
        The file that contains the problem.
    line, column : int, optional
        The position in that file, counted from 1.
    hint : str, optional
        Suggestion for a fix.

    Examples
    --------
    >>> print(ToolkitError("unknown field 'x'", path="t.ndjson", line=3, hint="remove it"))
    t.ndjson:3: unknown field 'x' (remove it)
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.path = None if path is None else str(path)
        self.line = line
        self.column = column
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        where = self.path or ""
        if self.line is not None:
            where += f":{self.line}" if where else f"line {self.line}"
            if self.column is not None:
                where += f":{self.column}"
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class InternalError(ToolkitError):
    """A bug in the toolkit or in a plug-in, or unexpected output of TLC."""


class HostError(ToolkitError):
    """A host handed a node's driver an event that is impossible in the node's state."""


class SettingError(ToolkitError):
    """A setting, parameter or command-line value is unknown or out of range."""


class UnknownNameError(SettingError):
    """A name (of a protocol, model, scenario or action) is not registered."""


class QuorumError(ToolkitError):
    """A quorum system is malformed, or quorums that must intersect do not."""


class ValueParseError(ToolkitError):
    """A text is not a TLA+ value, or a JSON document is not a value in ITF."""


class TraceError(ToolkitError):
    """A trace file is truncated, malformed or of another schema version."""


class ScenarioError(ToolkitError):
    """A scenario text cannot be parsed."""


class FigureError(ToolkitError):
    """The samples of a figure cannot be read, continued or written."""


class SpecError(ToolkitError):
    """A specification, its configuration file or the manifest is invalid for the request."""


class TlcError(ToolkitError):
    """TLC failed, or ended without a result."""


class TlcNotFoundError(TlcError):
    """``tla2tools.jar`` was not found."""


class JavaNotFoundError(TlcError):
    """Java 11 or newer was not found."""
