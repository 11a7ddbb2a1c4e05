"""Where a producer's records go."""

from __future__ import annotations

from typing import Protocol

from toolkit.trace.model import End, Fault, Header, Step, Trace

__all__ = ["MemorySink", "NullSink", "Sink", "TeeSink"]


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


class TeeSink:
    """A sink that hands everything on to several others.

    If one of them fails, its error goes to the producer, and those after it miss the record.

    Parameters
    ----------
    *sinks : Sink
        Those that want something get everything.

    Examples
    --------
    >>> one, other = MemorySink(), MemorySink()
    >>> tee = TeeSink(one, NullSink(), other)
    >>> tee.begin(Header(schema=1, protocol="paxos", trace="t", nodes=("n1",)))
    >>> one.traces == other.traces, TeeSink(NullSink()).enabled
    (True, False)
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = tuple(sink for sink in sinks if sink.enabled)
        self.enabled = bool(self._sinks)

    def begin(self, header: Header) -> None:
        """Hand on the first record of a trace."""
        for sink in self._sinks:
            sink.begin(header)

    def step(self, step: Step) -> None:
        """Hand on a step."""
        for sink in self._sinks:
            sink.step(step)

    def fault(self, fault: Fault) -> None:
        """Hand on a fault."""
        for sink in self._sinks:
            sink.fault(fault)

    def end(self, end: End) -> None:
        """Hand on the last record of a trace."""
        for sink in self._sinks:
            sink.end(end)
