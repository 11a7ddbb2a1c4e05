"""Sinks: receivers of trace records."""

from __future__ import annotations

from typing import Protocol

from toolkit.trace.model import End, Fault, Header, Step, Trace

__all__ = ["MemorySink", "NullSink", "Sink", "TeeSink"]


class Sink(Protocol):
    """A receiver of records.

    Attributes
    ----------
    enabled : bool
        ``False`` if producers need not build records at all.
    """

    enabled: bool

    def begin(self, header: Header) -> None:
        """Receive the first record of a trace.

        Parameters
        ----------
        header : Header
            The header.
        """

    def step(self, step: Step) -> None:
        """Receive a step.

        Parameters
        ----------
        step : Step
            The step.
        """

    def fault(self, fault: Fault) -> None:
        """Receive a fault.

        Parameters
        ----------
        fault : Fault
            The fault.
        """

    def end(self, end: End) -> None:
        """Receive the last record of a trace.

        Parameters
        ----------
        end : End
            The end record.
        """


class NullSink:
    """A sink that drops all records; it is not enabled, so that recording costs nothing."""

    enabled = False

    def begin(self, header: Header) -> None:
        """Drop the header."""

    def step(self, step: Step) -> None:
        """Drop the step."""

    def fault(self, fault: Fault) -> None:
        """Drop the fault."""

    def end(self, end: End) -> None:
        """Drop the end record."""


class MemorySink:
    """A sink that keeps whole traces.

    Attributes
    ----------
    traces : list of Trace
        The traces that have begun so far.
    """

    enabled = True

    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def begin(self, header: Header) -> None:
        """Begin a trace."""
        self.traces.append(Trace(header=header, records=[]))

    def step(self, step: Step) -> None:
        """Append a step to the trace."""
        self.traces[-1].records.append(step)

    def fault(self, fault: Fault) -> None:
        """Append a fault to the trace."""
        self.traces[-1].records.append(fault)

    def end(self, end: End) -> None:
        """Close the trace."""
        self.traces[-1].end = end


class TeeSink:
    """A sink that forwards each record to several sinks.

    If a sink fails, its error is raised to the producer, and the sinks after it miss the record.

    Parameters
    ----------
    *sinks : Sink
        The sinks; those that are not enabled are left out.

    Examples
    --------
    >>> first, second = MemorySink(), MemorySink()
    >>> tee = TeeSink(first, NullSink(), second)
    >>> tee.begin(Header(schema=1, protocol="paxos", trace="t", nodes=("n1",)))
    >>> first.traces == second.traces, TeeSink(NullSink()).enabled
    (True, False)
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = tuple(sink for sink in sinks if sink.enabled)
        self.enabled = bool(self._sinks)

    def begin(self, header: Header) -> None:
        """Forward the first record of a trace."""
        for sink in self._sinks:
            sink.begin(header)

    def step(self, step: Step) -> None:
        """Forward a step."""
        for sink in self._sinks:
            sink.step(step)

    def fault(self, fault: Fault) -> None:
        """Forward a fault."""
        for sink in self._sinks:
            sink.fault(fault)

    def end(self, end: End) -> None:
        """Forward the last record of a trace."""
        for sink in self._sinks:
            sink.end(end)
