"""``toolkit validate``: verdicts, explanations, statuses, and traces that cannot be checked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.cli.conftest import Toolkit

Line: TypeAlias = dict[str, Any]
Write: TypeAlias = Callable[..., Path]

MAJORITIES = {"#set": [{"#set": pair} for pair in (["n1", "n2"], ["n1", "n3"], ["n2", "n3"])]}


def by_hand() -> list[Line]:
    """A trace such as a program in another language might write it."""
    prepare = {"type": "1a", "bal": 0}
    promise = {"type": "1b", "acc": "n3", "bal": 0, "vbal": -1, "val": None}
    return [
        {
            "kind": "header", "schema": 1, "protocol": "paxos", "trace": "by-hand",
            "nodes": ["n1", "n2", "n3"],
            "constants": {
                "Proposers": {"#tup": ["n1"]},
                "Acceptors": {"#set": ["n1", "n2", "n3"]},
                "Learners": {"#set": ["n3"]},
                "Values": {"#set": ["v1", "v2"]},
                "Quorum1": MAJORITIES,
                "Quorum2": MAJORITIES,
                "DiskQueue": 0,
            },
        },
        {"kind": "step", "index": 0, "time": 0.0, "node": "n1", "action": "Request",
         "state": {"want": "v1"}},
        {"kind": "step", "index": 1, "time": 0.1, "node": "n1", "action": "Phase1a",
         "state": {"pBal": 0}},
        {"kind": "step", "index": 2, "time": 0.2, "node": "n2", "action": "Phase1b",
         "received": {"message": prepare}, "state": {"maxBal": 0}},
        {"kind": "step", "index": 3, "time": 0.2, "node": "n3", "action": "Phase1b",
         "received": {"message": prepare}, "sent": [{"message": promise}]},
        {"kind": "end", "reason": "stopped by hand", "steps": 4, "time": 0.3},
    ]  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def save(lines: list[Line], name: str = "t.ndjson") -> Path:
        path = tmp_path / name
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return save


@pytest.mark.slow
def test_an_accepted_trace_ends_with_0_and_says_how_much_was_compared(
    toolkit: Toolkit, write: Write
) -> None:
    result = toolkit("validate", write(by_hand()))
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    for line in (
        "accepted 1", "diverged 0", "steps checked 4 of 4", "with the action 4",
        "with the received message 2", "with the sent messages 1",
        "values of variables compared 3", "actions taken 3 of 17",
    ):  # fmt: skip
        assert line in words
    assert result.stderr == ""


@pytest.mark.slow
def test_a_step_without_action_is_checked_for_what_it_says(toolkit: Toolkit, write: Write) -> None:
    lines = by_hand()
    del lines[3]["action"]
    assert toolkit("validate", write(lines)).exit_code == 0
    lines[3]["state"] = {"maxBal": 7}
    assert toolkit("validate", write(lines)).exit_code == 1


@pytest.mark.slow
def test_a_divergence_is_explained(toolkit: Toolkit, write: Write) -> None:
    lines = by_hand()
    lines[3]["state"] = {"maxBal": 7}
    path = write(lines)
    result = toolkit("validate", path)
    assert result.exit_code == 1
    assert f"{path}: by-hand DIVERGED at step 2 of 4 steps" in result.stdout
    assert "recorded: 0.2 s, node n2, Phase1b" in result.stdout
    assert "Phase1b(n2)" in result.stdout
    (row,) = [row for row in result.stdout.splitlines() if "maxBal" in row]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["!", "maxBal", "-1", "7", "0"]


@pytest.mark.slow
def test_located_divergences_are_counted_where_they_are_not_explained(
    toolkit: Toolkit, write: Write
) -> None:
    lines = by_hand()
    lines[3]["state"] = {"maxBal": 7}
    many = []
    for number in range(3):
        header = {**lines[0], "trace": f"copy-{number}"}
        many += [header, *lines[1:]]
    result = toolkit("validate", write(many), "--explain", "1")
    assert result.exit_code == 1
    assert result.stdout.count("recorded:") == 1
    assert result.stdout.count("DIVERGED at step 2") == 3


@pytest.mark.slow
def test_json_is_one_document_with_every_verdict(toolkit: Toolkit, write: Write) -> None:
    lines = by_hand()
    lines[4]["sent"] = []
    other = write(by_hand(), "u.ndjson.gz")
    result = toolkit("validate", write(lines), other, "--json")
    assert result.exit_code == 1
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert (document["accepted"], document["diverged"], document["ok"]) == (1, 1, False)
    first, second = document["verdicts"]
    assert first["divergence"]["step"] == 3
    assert first["divergence"]["record"]["node"] == "n3"
    assert first["divergence"]["before"]["maxBal"] == {"n1": -1, "n2": 0, "n3": -1}
    assert (second["status"], second["source"]) == ("accepted", str(other))


@pytest.mark.slow
def test_a_folder_stands_for_the_traces_in_it(toolkit: Toolkit, write: Write) -> None:
    for name in ("a.ndjson", "b.ndjson.gz", "notes.txt", ".c.ndjson.7.part"):
        write(by_hand(), name)
    path = write(by_hand())
    document = json.loads(toolkit("validate", path.parent, "--json").stdout)
    assert [Path(verdict["source"]).name for verdict in document["verdicts"]] == [
        "a.ndjson",
        "b.ndjson.gz",
        "t.ndjson",
    ]


def test_an_empty_folder_is_no_success(toolkit: Toolkit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = toolkit("validate", "empty")
    assert result.exit_code == 2
    assert "error: empty: the folder has no .ndjson file" in result.stderr


def test_an_unknown_action_is_named_with_file_and_step(toolkit: Toolkit, write: Write) -> None:
    lines = by_hand()
    lines[2]["action"] = "Phase9a"
    path = write(lines)
    result = toolkit("validate", path, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["not_checkable"] == 1
    assert f"error: {path}: by-hand: step 1: unknown action" in result.stderr
    assert "Phase9a" in result.stderr


def test_a_trace_of_an_unknown_protocol_is_named_with_its_file(
    toolkit: Toolkit, write: Write
) -> None:
    lines = by_hand()
    lines[0]["protocol"] = "raftt"
    path = write(lines)
    result = toolkit("validate", path, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"error: {path}: " in result.stderr
    assert "unknown protocol 'raftt'" in result.stderr


def test_a_trace_without_steps_is_no_success(toolkit: Toolkit, write: Write) -> None:
    result = toolkit("validate", write(by_hand()[:1]))
    assert result.exit_code == 2
    assert "no steps" in result.stderr


@pytest.mark.parametrize(
    ("spoil", "line", "said"),
    [
        (lambda lines: lines[0].update(schema=99), 1, "schema version 99"),
        (lambda lines: lines[0].update(color="red"), 1, "color"),
        (lambda lines: lines[2].update(index=5), 3, "step 5"),
        (lambda lines: lines[3].update(node="n9"), 4, "n9"),
        (lambda lines: lines[3].update(time=-1.0), 4, "time"),
        (lambda lines: lines[5].update(steps=9), 6, "9 steps"),
        (lambda lines: lines.pop(0), 1, "header"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    toolkit: Toolkit,
    write: Write,
    spoil: Callable[[list[Line]], object],
    line: int,
    said: str,
) -> None:
    lines = by_hand()
    spoil(lines)
    path = write(lines)
    result = toolkit("validate", path, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {path}:{line}: ")
    assert said in result.stderr


def test_a_torn_line_is_named(toolkit: Toolkit, write: Write) -> None:
    path = write(by_hand())
    path.write_bytes(path.read_bytes()[:-20])
    result = toolkit("validate", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {path}:6: ")
    assert "the last line is incomplete" in result.stderr
