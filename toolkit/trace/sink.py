"""Where a producer's records go."""

from __future__ import annotations

from typing import Protocol

from toolkit.trace.model import End, Fault, Header, Step, Trace

__all__ = ["MemorySink", "NullSink", "Sink"]


class Sink(Protocol):
    """A receiver of records.

    Attributes
    ----------
    enabled : bool
        ``False`` tells a producer not even to build records.
    """

    enabled: bool

    def begin(self, header: Header) -> None:
        """Take the first record of a trace."""

    def step(self, step: Step) -> None:
        """Take a step."""

    def fault(self, fault: Fault) -> None:
        """Take a fault."""

    def end(self, end: End) -> None:
        """Take the last record of a trace."""


class NullSink:
    """A sink that wants nothing, so that recording costs nothing."""

    enabled = False

    def begin(self, header: Header) -> None:
        """Drop it."""

    def step(self, step: Step) -> None:
        """Drop it."""

    def fault(self, fault: Fault) -> None:
        """Drop it."""

    def end(self, end: End) -> None:
        """Drop it."""


class MemorySink:
    """A sink that keeps whole traces.

    Attributes
    ----------
    traces : list of Trace
        The traces begun so far.
    """

    enabled = True

    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def begin(self, header: Header) -> None:
        """Begin a trace."""
        self.traces.append(Trace(header=header, records=[]))

    def step(self, step: Step) -> None:
        """Keep a step."""
        self.traces[-1].records.append(step)

    def fault(self, fault: Fault) -> None:
        """Keep a fault."""
        self.traces[-1].records.append(fault)

    def end(self, end: End) -> None:
        """Close the trace."""
        self.traces[-1].end = end
