"""The tracing interface: records, sinks, NDJSON files, exports."""

from __future__ import annotations

from toolkit.trace.export import SHIVIZ_PARSER, Frames, to_frames, to_itf, to_shiviz
from toolkit.trace.logview import LogView, Request, check_log_view, current_leader
from toolkit.trace.model import (
    SCHEMA_VERSION,
    End,
    Fault,
    Header,
    Received,
    Record,
    Sent,
    Step,
    Trace,
)
from toolkit.trace.ndjson import TornTraceError, TraceWriter, read_traces
from toolkit.trace.sink import MemorySink, NullSink, Sink, TeeSink

__all__ = [
    "SCHEMA_VERSION",
    "SHIVIZ_PARSER",
    "End",
    "Fault",
    "Frames",
    "Header",
    "LogView",
    "MemorySink",
    "NullSink",
    "Received",
    "Record",
    "Request",
    "Sent",
    "Sink",
    "Step",
    "TeeSink",
    "TornTraceError",
    "Trace",
    "TraceWriter",
    "check_log_view",
    "current_leader",
    "read_traces",
    "to_frames",
    "to_itf",
    "to_shiviz",
]
