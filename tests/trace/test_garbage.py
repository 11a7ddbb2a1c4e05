"""Whatever is in a trace file, reading it gives traces or our own errors."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from hypothesis import given, settings, strategies as st

from toolkit.errors import TraceError
from toolkit.protocols import get_protocol
from toolkit.sim import load_scenario, simulate
from toolkit.trace import Trace, TraceWriter, read_traces


def recorded() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.ndjson"
        with TraceWriter(path) as writer:
            for seed in (1, 2):
                scenario = load_scenario("paxos-lost-acceptor")
                simulate(get_protocol("paxos"), scenario, seed=seed, sink=writer)
        return path.read_bytes()


GOOD = recorded()


def read(content: bytes, *, partial: bool) -> tuple[list[Trace], TraceError | None]:
    traces = []
    caught = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.ndjson"
        path.write_bytes(content)
        try:
            for trace in read_traces(path, partial=partial):
                traces.append(trace)
        except TraceError as error:
            caught = error
        assert caught is None or str(caught).startswith(str(path))
    return traces, caught


WHOLE, NO_ERROR = read(GOOD, partial=False)


def test_what_is_whole_is_read_whole() -> None:
    assert NO_ERROR is None
    assert [trace.complete for trace in WHOLE] == [True, True]


@settings(max_examples=100, deadline=None)
@given(st.binary() | st.binary().map(gzip.compress) | st.text().map(str.encode))
def test_garbage_gives_our_errors_only(content: bytes) -> None:
    traces, error = read(content, partial=True)
    assert traces == []
    assert error is not None


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 40), put=st.binary(max_size=10))
def test_damage_gives_our_errors_only_and_what_stands_before_it(
    at: int, cut: int, put: bytes
) -> None:
    traces, error = read(GOOD[:at] + put + GOOD[at + cut :], partial=True)
    if error is None:
        return
    lines = GOOD[:at].count(b"\n")
    assert sum(1 + len(trace.records) + trace.complete for trace in traces) >= lines - 1


@settings(max_examples=50, deadline=None)
@given(kept=st.integers(0, len(gzip.compress(GOOD, mtime=0)) - 1))
def test_a_truncated_compressed_file_gives_what_stands_before_the_cut(kept: int) -> None:
    traces, error = read(gzip.compress(GOOD, mtime=0)[:kept], partial=True)
    assert error is not None
    for trace, whole in zip(traces, WHOLE, strict=False):
        assert trace.header == whole.header
        assert trace.records == whole.records[: len(trace.records)]
