"""Traces as lines of JSON, written and read as a stream.

A reader checks every line against the schema of :mod:`toolkit.trace.model` and the order of
the records; what is wrong is named with file and line.  What was read before it can still be
had: :func:`read_traces` yields every whole trace before it raises, and the error carries the
one that was cut short as ``partial``.
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

__all__ = ["TornTraceError", "TraceWriter", "hand_on", "read_traces"]

_GZIP_MAGIC = b"\x1f\x8b"


class TornTraceError(TraceError):
    """A trace file is not what it should be from some line on.

    Attributes
    ----------
    partial : Trace or None
        The trace that the line belongs to, as far as it was good.
    """

    partial: Trace | None = None


class TraceWriter:
    r"""A sink that writes NDJSON, one record a line; a path that ends in ``.gz`` is compressed.

    Use it as a context manager.  It writes beside the path and puts the file in its place
    when it is closed in good order: on an error nothing half-written is left.  The bytes
    depend on the records alone.

    Parameters
    ----------
    target : pathlib.Path, str or binary file
        Where to write; a file that is given open is left open.

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
            hint="check the folder, and the space on the disk",
        )

    def begin(self, header: Header) -> None:
        """Write a header."""
        self._write(header)

    def step(self, step: Step) -> None:
        """Write a step."""
        self._write(step)

    def fault(self, fault: Fault) -> None:
        """Write a fault."""
        self._write(fault)

    def end(self, end: End) -> None:
        """Write an end."""
        self._write(end)

    def write_encoded(self, lines: bytes) -> None:
        """Write records that another writer has encoded, as they are."""
        try:
            self._stream.write(lines)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, trace: Trace) -> None:
        """Write a whole trace."""
        self._write(trace.header)
        for record in trace.records:
            self._write(record)
        if trace.end is not None:
            self._write(trace.end)

    def close(self, *, keep: bool = True) -> None:
        """Finish the file and put it in its place, or drop it.

        Parameters
        ----------
        keep : bool
            ``False`` leaves nothing behind.

        Raises
        ------
        TraceError
            If what is left to write, or the file's place, cannot be had; then nothing is left
            behind either.
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


def hand_on(lines: bytes, sink: Sink) -> None:
    """Give records that a :class:`TraceWriter` has written to another sink.

    Parameters
    ----------
    lines : bytes
        Whole records, each with the end of its line.
    sink : Sink
        Where they go: a writer takes them as they are, another sink gets them decoded.
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
    """Puts checked records together into traces."""

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

    def take(self, line: bytes) -> Trace | None:
        """Take a line; return the trace that it shows to be whole."""
        self.line += 1
        if not line.endswith(b"\n"):
            raise self.error(
                "the last line is torn", "the writer was stopped; what stands before is good"
            )
        try:
            record = self._decoder.decode(line)
        except msgspec.ValidationError as error:
            self._check_version(line)
            raise self.error(f"no record of a trace: {error}", "see toolkit.trace") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.error(f"no JSON: {error}", "each line is one JSON object") from error
        if isinstance(record, Header):
            return self._begin(record)
        if self.trace is None:
            raise self.error("a trace begins with a header", "put the header line first")
        if self.trace.end is not None:
            raise self.error("a record after the end of its trace", "a new trace needs a header")
        if not math.isfinite(record.time) or record.time < self._time:
            raise self.error(
                f"time {record.time} after {self._time}", "records stand in order of time"
            )
        self._time = record.time
        if isinstance(record, End):
            if record.steps != self._steps:
                raise self.error(
                    f"the end speaks of {record.steps} steps, and there are {self._steps}",
                    "steps are missing, or one too many",
                )
            self.trace.end = record
            return None
        if isinstance(record, Step):
            if record.index != self._steps:
                raise self.error(
                    f"step {record.index} where step {self._steps} belongs",
                    "steps are numbered 0, 1, 2, ...",
                )
            if record.node not in self._nodes:
                raise self.error(
                    f"node {record.node!r} is not in the header",
                    f"nodes: {', '.join(self.trace.header.nodes)}",
                )
            self._steps += 1
        self.trace.records.append(record)
        return None

    def _check_version(self, line: bytes) -> None:
        # A header of another version may have other fields: its version is what to speak of.
        try:
            found = msgspec.json.decode(line, type=_AnyHeader)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if found.kind == "header" and found.schema != SCHEMA_VERSION:
            raise self._wrong_version(found.schema)

    def _wrong_version(self, found: int) -> TornTraceError:
        return self.error(f"schema version {found}", f"this toolkit reads version {SCHEMA_VERSION}")

    def _begin(self, header: Header) -> Trace | None:
        if header.schema != SCHEMA_VERSION:
            raise self._wrong_version(header.schema)
        if len(set(header.nodes)) != len(header.nodes) or not header.nodes:
            raise self.error("the header must name its nodes, each once", "look at 'nodes'")
        done = self.trace
        self.trace = Trace(header=header, records=[])
        self._steps = 0
        self._time = 0.0
        self._nodes = frozenset(header.nodes)
        return done


def read_traces(path: Path | str, *, partial: bool = False) -> Iterator[Trace]:
    """Read a file trace by trace; only one is in memory at a time.

    Parameters
    ----------
    path : pathlib.Path or str
        An NDJSON file, compressed by gzip or not.
    partial : bool
        Whether to yield, before the error is raised, also the trace in which it stands, as
        far as it was good (its ``end`` is ``None``).

    Yields
    ------
    Trace

    Raises
    ------
    TornTraceError
        If a line is torn, no JSON, of another schema version, has an unknown field, or stands
        out of order; with file and line.
    TraceError
        If there is no such file, or nothing in it.
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
                if (done := assembler.take(line)) is not None:
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
        raise TraceError("there is no trace in the file", path=file, hint="is it the right file?")
    yield assembler.trace
