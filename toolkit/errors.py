"""The error tree: every exception that the toolkit raises on purpose.

Each message says what was wrong, where, and what to do about it.  A counterexample or a
divergence is a *result* and never an exception.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "FigureError",
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
        What was wrong.
    path : pathlib.Path or str, optional
        The file it was found in.
    line, column : int, optional
        The place in that file, counted from 1.
    hint : str, optional
        What the reader can do about it.

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
    """The toolkit itself misbehaved (for instance TLC said something it should not)."""


class HostError(ToolkitError):
    """A host told a node's driver about an event that cannot have happened."""


class SettingError(ToolkitError):
    """A setting, parameter or command-line value is unknown or out of range."""


class UnknownNameError(SettingError):
    """A name (of a protocol, model, scenario or action) is not registered."""


class QuorumError(ToolkitError):
    """A quorum system is malformed, or quorums that must intersect do not."""


class ValueParseError(ToolkitError):
    """A text is not a TLA+ value, or a JSON document is not a value in ITF."""


class TraceError(ToolkitError):
    """A trace file is torn, of another version or malformed; says file and line."""


class ScenarioError(ToolkitError):
    """A scenario text cannot be read; says file and line."""


class FigureError(ToolkitError):
    """The samples of a figure cannot be read, gone on with or written."""


class SpecError(ToolkitError):
    """A specification, its configuration or the manifest cannot be used as asked."""


class TlcError(ToolkitError):
    """TLC could not be run to an answer."""


class TlcNotFoundError(TlcError):
    """No ``tla2tools.jar`` was found where it was looked for."""


class JavaNotFoundError(TlcError):
    """No Java 11 or newer was found where it was looked for."""
