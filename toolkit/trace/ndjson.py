"""Writing and reading trace files: NDJSON, one record per line, as a stream.

:func:`read_traces` checks every line against the schema of :mod:`toolkit.trace.model`, and the
order of the records.  Errors name the file and the line.  Records before the error are not lost:
:func:`read_traces` yields every complete trace before it raises, and the error has the
interrupted trace in its attribute ``partial``.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from toolkit.errors import ToolkitError, TraceError
from toolkit.trace.model import SCHEMA_VERSION, End, Fault, Header, Record, Step, Trace
from toolkit.trace.sink import Sink

__all__ = ["TornTraceError", "TraceWriter", "forward_records", "read_traces"]

_GZIP_MAGIC = b"\x1f\x8b"


class TornTraceError(TraceError):
    """A trace file has an invalid or incomplete line.

    Attributes
    ----------
    partial : Trace or None
        The valid part of the trace that the line belongs to.
    """

    partial: Trace | None = None


class TraceWriter:
    r"""A sink that writes NDJSON, one record per line; a path that ends in ``.gz`` is compressed.

    Use it as a context manager.  It writes to a temporary file next to the path and renames it
    when it is closed.  After an error no incomplete file remains.  The bytes depend only on the
    records.

    Parameters
    ----------
    target : pathlib.Path, str or binary file
        The file to write; an open file is not closed.

    Raises
    ------
    TraceError
        If the path cannot be written.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> with TraceWriter(stream) as writer:
    ...     writer.begin(Header(schema=1, protocol="paxos", trace="t", nodes=("n1",)))
    >>> stream.getvalue()
    b'{"kind":"header","schema":1,"protocol":"paxos","trace":"t","nodes":["n1"]}\n'
    """

    enabled = True

    def __init__(self, target: Path | str | IO[bytes]) -> None:
        self._encoder = msgspec.json.Encoder()
        self._path: Path | None = None
        self._part: Path | None = None
        self._raw: IO[bytes] | None = None
        self._stream: IO[bytes] | gzip.GzipFile
        if isinstance(target, (str, Path)):
            self._path = Path(target)
            self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
            try:
                self._raw = self._part.open("wb")
            except OSError as error:
                raise self._failed(error) from error
            if self._path.suffix == ".gz":
                self._stream = gzip.GzipFile(
                    filename="", mode="wb", fileobj=self._raw, mtime=0, compresslevel=6
                )
            else:
                self._stream = self._raw
        else:
            self._stream = target

    def _write(self, record: Record) -> None:
        line = self._encoder.encode(record) + b"\n"
        try:
            self._stream.write(line)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> TraceError:
        return TraceError(
            f"the trace cannot be written: {error.strerror or error}",
            path=self._path,
            hint="check that the folder exists and that the disk has space",
        )

    def begin(self, header: Header) -> None:
        """Write the header of a trace."""
        self._write(header)

    def step(self, step: Step) -> None:
        """Write a step."""
        self._write(step)

    def fault(self, fault: Fault) -> None:
        """Write a fault."""
        self._write(fault)

    def end(self, end: End) -> None:
        """Write the end record of a trace."""
        self._write(end)

    def write_encoded(self, lines: bytes) -> None:
        """Write records that another writer has encoded, without change.

        Parameters
        ----------
        lines : bytes
            Whole lines.
        """
        try:
            self._stream.write(lines)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, trace: Trace) -> None:
        """Write all records of a trace.

        Parameters
        ----------
        trace : Trace
            The trace.
        """
        self._write(trace.header)
        for record in trace.records:
            self._write(record)
        if trace.end is not None:
            self._write(trace.end)

    def close(self, *, keep: bool = True) -> None:
        """Complete the file, or delete it.

        Parameters
        ----------
        keep : bool
            Whether to keep the file.

        Raises
        ------
        TraceError
            If the rest cannot be written or the file cannot be renamed to its path; then the
            file is deleted.
        """
        if self._path is None or self._raw is None or self._part is None:
            self._stream.flush()
            return
        try:
            if self._stream is not self._raw:
                self._stream.close()
            self._raw.close()
            if keep:
                self._part.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._raw.close()
            if keep:
                raise self._failed(error) from error
        finally:
            with contextlib.suppress(OSError):
                self._part.unlink(missing_ok=True)

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self.close(keep=error is None)


def forward_records(lines: bytes, sink: Sink) -> None:
    """Forward records that a :class:`TraceWriter` has encoded to another sink.

    Parameters
    ----------
    lines : bytes
        Whole records, each with its newline.
    sink : Sink
        The receiver: a :class:`TraceWriter` receives the lines without change, any other sink
        receives decoded records.
    """
    if isinstance(sink, TraceWriter):
        sink.write_encoded(lines)
        return
    decoder = msgspec.json.Decoder(Record)
    for line in lines.splitlines():
        record = decoder.decode(line)
        if isinstance(record, Header):
            sink.begin(record)
        elif isinstance(record, Step):
            sink.step(record)
        elif isinstance(record, Fault):
            sink.fault(record)
        else:
            sink.end(record)


class _AnyHeader(msgspec.Struct):
    kind: str
    schema: int


class _Assembler:
    """Checker of records, which assembles them into traces."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.trace: Trace | None = None
        self._steps = 0
        self._time = 0.0
        self._nodes: frozenset[str] = frozenset()
        self._decoder = msgspec.json.Decoder(Record)

    def error(self, message: str, hint: str) -> TornTraceError:
        error = TornTraceError(message, path=self.path, line=self.line, hint=hint)
        error.partial = self.trace
        return error

    def add(self, line: bytes) -> Trace | None:
        """Add a line; if it is a header, return the trace before it."""
        self.line += 1
        if not line.endswith(b"\n"):
            raise self.error(
                "the last line is incomplete",
                "the writer was interrupted; the lines before are valid",
            )
        try:
            record = self._decoder.decode(line)
        except msgspec.ValidationError as error:
            self._check_version(line)
            raise self.error(
                f"not a trace record: {error}", "see toolkit.trace.model for the records"
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.error(f"not JSON: {error}", "each line must be a JSON object") from error
        if isinstance(record, Header):
            return self._begin(record)
        if self.trace is None:
            raise self.error("a trace must begin with a header", "put the header line first")
        if self.trace.end is not None:
            raise self.error("record after the end of its trace", "begin a new trace with a header")
        if not math.isfinite(record.time) or record.time < self._time:
            raise self.error(
                f"time {record.time} after {self._time}", "times must be finite and not decrease"
            )
        self._time = record.time
        if isinstance(record, End):
            if record.steps != self._steps:
                raise self.error(
                    f"the end record counts {record.steps} steps, but the trace has {self._steps}",
                    "steps are missing or added",
                )
            self.trace.end = record
            return None
        if isinstance(record, Step):
            if record.index != self._steps:
                raise self.error(
                    f"step {record.index} follows, but step {self._steps} is expected",
                    "steps must be numbered 0, 1, 2, ...",
                )
            if record.node not in self._nodes:
                raise self.error(
                    f"unknown node {record.node!r}",
                    f"nodes in the header: {', '.join(self.trace.header.nodes)}",
                )
            self._steps += 1
        self.trace.records.append(record)
        return None

    def _check_version(self, line: bytes) -> None:
        # A header of another version may have other fields: then report the version.
        try:
            header = msgspec.json.decode(line, type=_AnyHeader)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if header.kind == "header" and header.schema != SCHEMA_VERSION:
            raise self._wrong_version(header.schema)

    def _wrong_version(self, version: int) -> TornTraceError:
        return self.error(
            f"unsupported schema version {version}", f"this toolkit reads version {SCHEMA_VERSION}"
        )

    def _begin(self, header: Header) -> Trace | None:
        if header.schema != SCHEMA_VERSION:
            raise self._wrong_version(header.schema)
        if len(set(header.nodes)) != len(header.nodes) or not header.nodes:
            raise self.error(
                "the header must list at least one node, and each node once", "correct 'nodes'"
            )
        done = self.trace
        self.trace = Trace(header=header, records=[])
        self._steps = 0
        self._time = 0.0
        self._nodes = frozenset(header.nodes)
        return done


def read_traces(path: Path | str, *, partial: bool = False) -> Iterator[Trace]:
    """Read the traces of a file one at a time; only one is in memory.

    Parameters
    ----------
    path : pathlib.Path or str
        An NDJSON file, compressed with gzip or not.
    partial : bool
        Whether to yield also the valid part of the trace that contains an error, before the error
        is raised (its ``end`` is ``None``).

    Yields
    ------
    Trace
        The next trace.

    Raises
    ------
    TornTraceError
        If a line is incomplete, not JSON, of another schema version, has an unknown field, or is
        in the wrong order; with file and line.
    TraceError
        If the file cannot be read or contains no trace.
    """
    file = Path(path)
    assembler = _Assembler(file)
    try:
        with contextlib.ExitStack() as stack:
            raw = stack.enter_context(file.open("rb"))
            lines: io.BufferedReader | gzip.GzipFile = raw
            if raw.peek(2)[:2] == _GZIP_MAGIC:
                lines = stack.enter_context(gzip.GzipFile(fileobj=raw))
            for line in lines:
                if (done := assembler.add(line)) is not None:
                    yield done
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile) or error.strerror is None:
            torn = assembler.error(f"the compressed file is damaged: {error}", "copy it again")
            if partial and torn.partial is not None:
                yield torn.partial
            raise torn from error
        raise TraceError(
            f"the trace cannot be read: {error.strerror}", path=file, hint="check the path"
        ) from error
    except (EOFError, zlib.error) as error:
        torn = assembler.error(f"the compressed file is damaged: {error}", "copy it again")
        if partial and torn.partial is not None:
            yield torn.partial
        raise torn from error
    except ToolkitError as error:
        if partial and isinstance(error, TornTraceError) and error.partial is not None:
            yield error.partial
        raise
    if assembler.trace is None:
        raise TraceError(
            "the file contains no trace", path=file, hint="check that it is a trace file"
        )
    yield assembler.trace
