"""``toolkit demo``: the whole way, in about a minute, to a report and traces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Process, Toolkit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("protocol", "title", "shows"),
    [
        ([], "Raft", ("AdvanceCommitIndex", 'class=\\"entry\\"', "Time to a new leader")),
        (["paxos"], "Single-decree Paxos", ("Phase1b", "Two duelling proposers")),
    ],
    ids=["raft by default", "paxos"],
)
def test_the_demo_goes_the_whole_way(
    protocol: list[str],
    title: str,
    shows: tuple[str, ...],
    process: Process,
    toolkit: Toolkit,
    tmp_path: Path,
) -> None:
    done = process("demo", *protocol, "--out", "seen")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(title)
    folder = tmp_path / "seen"
    assert str(folder / "report.html") in done.stdout
    for stage in ("Simulating", "Validating", "Replaying", "Model-checking", "Running"):
        assert stage in done.stdout
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in report
    for part in shows:
        assert part in report
    good = json.loads(toolkit("validate", folder / "traces.ndjson", "--json").stdout)
    assert good["ok"]
    bad = toolkit("validate", folder / "traces-with-a-seeded-bug.ndjson", "--json")
    assert bad.exit_code == 1


def test_a_file_in_the_way_of_the_folder_is_named(toolkit: Toolkit, tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("")
    result = toolkit("demo", "--out", "seen")
    assert result.exit_code == 2
    assert "error: seen: not a folder" in result.stderr
