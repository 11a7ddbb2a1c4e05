"""Writing fails cleanly, and a file of another version is known for what it is."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from toolkit.errors import TraceError
from toolkit.trace import End, Header, Step, TornTraceError, TraceWriter, read_traces

HEADER = Header(schema=1, protocol="paxos", trace="t", nodes=("n1",))
STEP = Step(index=0, time=0.5, node="n1")


@pytest.mark.parametrize("name", ["t.ndjson", "t.ndjson.gz"])
def test_a_file_appears_when_it_is_whole_and_only_then(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with TraceWriter(path) as writer:
        writer.begin(HEADER)
        assert not path.exists()
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert next(read_traces(path)).header == HEADER


@pytest.mark.parametrize("name", ["t.ndjson", "t.ndjson.gz"])
def test_an_exception_leaves_what_was_there_before(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")

    def interrupted() -> None:
        with TraceWriter(path) as writer:
            writer.begin(HEADER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(name, b"old")]


def test_a_place_that_cannot_be_had_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be written: No such file"):
        TraceWriter(tmp_path / "nowhere" / "t.ndjson")
    folder = tmp_path / "folder"
    folder.mkdir()
    writer = TraceWriter(folder)
    writer.begin(HEADER)
    with pytest.raises(TraceError, match=r"folder: the trace cannot be written"):
        writer.close()
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_ours() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(TraceError, match="space"):
        TraceWriter(full).begin(HEADER)


def test_compressed_bytes_depend_on_the_records_alone(tmp_path: Path) -> None:
    contents = set()
    for name in ("a.ndjson.gz", "b.ndjson.gz"):
        with TraceWriter(tmp_path / name) as writer:
            writer.begin(HEADER)
            writer.step(STEP)
        contents.add((tmp_path / name).read_bytes())
    assert len(contents) == 1
    assert gzip.decompress(contents.pop()).count(b"\n") == 2


def test_a_stream_stays_open() -> None:
    stream = io.BytesIO()
    with TraceWriter(stream) as writer:
        writer.begin(HEADER)
    assert stream.getvalue().endswith(b"\n")


def test_another_version_is_named_before_the_fields_that_it_brings(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    path.write_text('{"kind":"header","schema":2,"protocol":"p","trace":"t","peers":["n1"]}\n')
    with pytest.raises(TornTraceError, match=r"json:1: unsupported schema version 2 .*version 1"):
        list(read_traces(path))


def test_an_end_before_the_last_step_is_out_of_order(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    with TraceWriter(path) as writer:
        writer.begin(HEADER)
        writer.step(STEP)
        writer.end(End(reason="quiet", steps=1, time=0.25))
    with pytest.raises(TornTraceError, match=r"t\.ndjson:3: time 0.25 after 0.5"):
        list(read_traces(path))
