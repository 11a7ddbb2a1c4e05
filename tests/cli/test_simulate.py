"""``toolkit simulate`` and ``toolkit protocols``: the same bytes, whole files, honest counts."""

from __future__ import annotations

import gzip
import json
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Process, Toolkit
from toolkit.protocols import get_protocol
from toolkit.sim import format_steps, load_scenario, simulate_trace
from toolkit.trace import read_traces

HAPPY = """scenario small
protocol paxos
nodes n1 n2 n3
network delay constant(0.01)
disk write constant(0.002)
at 0.0 client c1 sends v1 to n1
"""


def test_the_same_command_gives_the_same_bytes(process: Process, tmp_path: Path) -> None:
    for name, hashing in (("a.ndjson", "1"), ("b.ndjson", "2")):
        done = process("simulate", "paxos", "--runs", "3", "--seed", "5", "--out", name,
                       environment={"PYTHONHASHSEED": hashing})  # fmt: skip
        assert done.returncode == 0
    assert (tmp_path / "a.ndjson").read_bytes() == (tmp_path / "b.ndjson").read_bytes()


def test_the_replay_command_in_a_header_repeats_that_trace_alone(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    result = toolkit("simulate", "paxos", "--runs", "3", "--nodes", "5", "--seed", "5",
                     "--set", "backoff=0.02", "--duration", "2", "--out", "all.ndjson")  # fmt: skip
    assert result.exit_code == 0
    whole = (tmp_path / "all.ndjson").read_bytes()
    for trace in read_traces(tmp_path / "all.ndjson"):
        assert trace.header.replay is not None
        words = shlex.split(trace.header.replay)
        assert words[0] == "toolkit"
        assert toolkit(*words[1:]).exit_code == 0
        alone = (tmp_path / "trace.ndjson").read_bytes()
        assert alone in whole
        assert alone.count(b'"kind":"header"') == 1


def test_the_summary_counts_what_the_traces_hold(toolkit: Toolkit, tmp_path: Path) -> None:
    result = toolkit("simulate", "paxos", "--runs", "4", "--out", "t.ndjson", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    document = json.loads(result.stdout)
    traces = list(read_traces(tmp_path / "t.ndjson"))
    assert document["runs"] == document["recorded"] == len(traces) == 4
    assert document["steps"] == sum(len(trace.steps) for trace in traces)
    for action, count in document["actions"].items():
        assert count == sum(step.action == action for trace in traces for step in trace.steps)
    faults = [fault.fault for trace in traces for fault in trace.faults]
    assert document["faults"]["lose"] == faults.count("lose")
    assert [one["seed"] for one in document["outcomes"]] == [0, 1, 2, 3]


def test_an_action_that_never_happened_is_shown_as_such(toolkit: Toolkit) -> None:
    result = toolkit("simulate", "paxos", "--scenario", "paxos-happy", "--out", "t.ndjson")
    assert result.exit_code == 0
    (row,) = [line for line in result.stdout.splitlines() if "Crash" in line]
    assert "never" in row


def test_a_folder_gets_a_file_for_each_run(toolkit: Toolkit, tmp_path: Path) -> None:
    result = toolkit("simulate", "paxos", "--runs", "3", "--out", "traces/")
    assert result.exit_code == 0
    files = sorted((tmp_path / "traces").iterdir())
    assert len(files) == 3
    for file in files:
        (trace,) = read_traces(file)
        assert file.name == f"{trace.header.trace}.ndjson"


def test_out_with_gz_is_compressed_and_the_same(toolkit: Toolkit, tmp_path: Path) -> None:
    toolkit("simulate", "paxos", "--out", "t.ndjson")
    toolkit("simulate", "paxos", "--out", "t.ndjson.gz")
    packed = (tmp_path / "t.ndjson.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "t.ndjson").read_bytes()


def test_out_with_a_dash_is_stdout_and_the_summary_goes_to_stderr(
    process: Process, tmp_path: Path
) -> None:
    piped = process("simulate", "paxos", "--out", "-")
    process("simulate", "paxos", "--out", "t.ndjson")
    assert piped.returncode == 0
    assert piped.stdout == (tmp_path / "t.ndjson").read_text()
    assert "decided" in piped.stderr
    assert process("simulate", "paxos", "--out", "-", "--json").returncode == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--set", "backof=1"], "did you mean 'backoff'?"),
        (["--set", "backoff"], "KEY=VALUE"),
        (["--set", "timeout=never"], "timeout"),
        (["--scenario", "paxos-hapy"], "did you mean 'paxos-happy'?"),
        (["--scenario", "nowhere/x.scenario"], "nowhere/x.scenario"),
        (["--scenario", "paxos-happy", "--nodes", "5"], "nodes"),
        (["--nodes", "0"], "at least 1, got 0"),
        (["--runs", "0"], "at least 1, got 0"),
        (["--duration", "-1"], "-1"),
        (["--bug", "no-such-bug"], "no-such-bug"),
        (["--set", "quorum=flexible:1,1"], "quorum"),
    ],
)
def test_what_cannot_be_run_says_why_and_writes_nothing(
    toolkit: Toolkit, tmp_path: Path, args: list[str], said: str
) -> None:
    result = toolkit("simulate", "paxos", "--out", "t.ndjson", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_with_a_typo_is_named_with_its_line(toolkit: Toolkit, tmp_path: Path) -> None:
    file = tmp_path / "x.scenario"
    file.write_text(HAPPY.replace("network", "netwrok"))
    result = toolkit("simulate", "paxos", "--scenario", file, "--out", "t.ndjson", "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {file}:4")
    assert "network" in result.stderr
    assert not (tmp_path / "t.ndjson").exists()


def test_a_folder_that_is_not_there_is_named(toolkit: Toolkit) -> None:
    result = toolkit("simulate", "paxos", "--out", "nowhere/t.ndjson")
    assert result.exit_code == 2
    assert "nowhere/t.ndjson" in result.stderr


def test_an_earlier_file_survives_a_run_that_fails(
    toolkit: Toolkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolkit("simulate", "paxos", "--out", "t.ndjson")
    before = (tmp_path / "t.ndjson").read_bytes()

    def full(self: object, step: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("toolkit.trace.TraceWriter.step", full)
    for out in ("t.ndjson", "folder/"):
        result = toolkit("simulate", "paxos", "--seed", "3", "--out", out)
        assert result.exit_code == 2
        assert "No space left on device" in result.stderr
    assert (tmp_path / "t.ndjson").read_bytes() == before
    assert list((tmp_path / "folder").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "t.ndjson"]


def test_a_scenario_that_runs_otherwise_than_it_expects_ends_with_1(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    file = tmp_path / "x.scenario"
    file.write_text(HAPPY)
    trace, _ = simulate_trace(get_protocol("paxos"), load_scenario(file), seed=0)
    steps = format_steps(trace).splitlines()
    good = HAPPY + "expect\n" + "".join(f"  {step}\n" for step in steps) + "end\n"
    file.write_text(good)
    result = toolkit("simulate", "paxos", "--scenario", file, "--out", "t.ndjson")
    assert result.exit_code == 0
    assert "the run has the scenario's expected result" in result.stdout
    file.write_text(good.replace("Phase1a", "Phase2a", 1))
    result = toolkit("simulate", "paxos", "--scenario", file, "--out", "t.ndjson", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["expected"]["differences"]
    other = toolkit("simulate", "paxos", "--scenario", file, "--seed", "9", "--out", "t.ndjson")
    assert other.exit_code == 0
    assert "not compared" in other.stdout


def test_a_seeded_bug_is_named_in_the_replay_command(toolkit: Toolkit, tmp_path: Path) -> None:
    toolkit("simulate", "paxos", "--bug", "ignores-accepted", "--out", "t.ndjson")
    (trace,) = read_traces(tmp_path / "t.ndjson")
    assert trace.header.replay is not None
    assert "--bug ignores-accepted" in trace.header.replay


def test_protocols_are_listed_with_settings_scenarios_and_bugs(toolkit: Toolkit) -> None:
    listed = json.loads(toolkit("protocols", "--json").stdout)["protocols"]
    multipaxos, paxos, raft, zab = listed
    assert [one["name"] for one in listed] == ["multipaxos", "paxos", "raft", "zab"]
    assert "multipaxos-figure-1" in multipaxos["scenarios"]
    assert "zab-figure-1" in zab["scenarios"]
    assert "quorum" in paxos["settings"]
    assert "paxos-happy" in paxos["scenarios"]
    assert "forgets-promise" in paxos["bugs"]
    assert "votes-twice" in raft["bugs"]
    assert all(Path(one["specification"]).is_file() for one in listed)
    text = toolkit("protocols").stdout
    assert "--set quorum=" in text


@pytest.mark.slow
def test_random_runs_are_accepted_and_show_every_fault(toolkit: Toolkit) -> None:
    result = toolkit("simulate", "paxos", "--runs", "60", "--seed", "1", "--out", "t.ndjson",
                     "--json")  # fmt: skip
    summary = json.loads(result.stdout)
    assert all(summary["actions"].values())
    for fault in ("crash", "restart", "lose", "duplicate", "reorder", "partition", "one-way",
                  "slow", "slow-disk", "drift", "heal"):  # fmt: skip
        assert summary["faults"][fault] > 0
    report = toolkit("validate", "t.ndjson", "--json")
    assert report.exit_code == 0
    document = json.loads(report.stdout)
    assert (document["accepted"], document["unseen"]) == (60, [])
    assert document["steps"] == summary["steps"]


def test_runs_are_checked_by_the_checks_that_are_named(toolkit: Toolkit, tmp_path: Path) -> None:
    words = ["simulate", "raft", "--runs", "2", "--seed", "1"]
    alone = toolkit(*words, "--out", "alone.ndjson")
    found = toolkit(*words, "--check", "fifo", "--check", "linearizability", "--out", "t.ndjson")
    assert (alone.exit_code, found.exit_code) == (0, 0), found.output
    assert "fifo: no findings; checked" in found.stdout
    assert "linearizability: no findings; checked" in found.stdout
    assert (tmp_path / "t.ndjson").read_bytes() == (tmp_path / "alone.ndjson").read_bytes()
    folder = toolkit(*words, "--check", "fifo", "--out", "folder/", "--json")
    assert len(list((tmp_path / "folder").iterdir())) == 2
    (report,) = json.loads(folder.stdout)["checks"]
    assert (report["check"], report["runs"], report["findings"]) == ("fifo", 2, [])


def test_a_check_that_finds_something_or_cannot_look_is_told_by_the_status(
    toolkit: Toolkit,
) -> None:
    stale = ["simulate", "raft", "--scenario", "raft-stale-reads-lease", "--out", "t.ndjson"]
    found = toolkit(*stale, "--bug", "lease-for-ever", "--check", "linearizability")
    assert found.exit_code == 1, found.output
    assert "stale-reads-lease-1: not linearizable" in found.stdout
    skipped = toolkit("simulate", "paxos", "--check", "linearizability", "--out", "t.ndjson")
    assert skipped.exit_code == 2, skipped.output
    assert "paxos does not replicate a machine" in skipped.stdout
    unknown = toolkit("simulate", "paxos", "--check", "fifa", "--out", "t.ndjson")
    assert unknown.exit_code == 2
    assert "unknown check 'fifa' (did you mean 'fifo'?)" in unknown.output


def test_only_the_faults_that_are_named_are_drawn_and_the_replay_names_them(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    words = ["simulate", "paxos", "--seed", "3", "--fault", "slow", "--fault", "cut"]
    found = toolkit(*words, "--out", "t.ndjson")
    assert found.exit_code == 0, found.output
    (trace,) = read_traces("t.ndjson")
    assert {fault.fault for fault in trace.faults} <= {"slow", "one-way", "heal", "lose",
                                                       "duplicate", "reorder", "drift"}  # fmt: skip
    assert trace.header.replay is not None
    again = toolkit(*shlex.split(trace.header.replay)[1:])
    assert again.exit_code == 0, again.output
    assert (tmp_path / "trace.ndjson").read_bytes() == (tmp_path / "t.ndjson").read_bytes()
    refused = toolkit(*words, "--scenario", "paxos-happy", "--out", "t.ndjson")
    assert "cannot be given with a scenario" in refused.output
