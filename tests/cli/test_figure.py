"""``toolkit figure``: lists, runs, judges, goes on after a break, and replays a trial."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.cli.conftest import Toolkit

SMALL = ["D", "--trials", "20", "--jobs", "1", "--set", "clusters=5-1", "--set", "latency=0.2"]


def test_the_list_names_figures_assumptions_and_what_the_full_runs_came_to(
    toolkit: Toolkit,
) -> None:
    shown = toolkit("figure", "list")
    assert shown.exit_code == 0
    for text in ("raft-election-time", "split-votes", "53 met", "timeouts"):
        assert text in shown.stdout
    said = json.loads(toolkit("figure", "list", "--json").stdout)["figures"]
    assert [one["figure"] for one in said] == ["A", "B", "C", "D", "F"]
    sources = {row["source"] for one in said for row in one["parameters"]}
    assert sources == {"published", "read off", "calibrated", "assumed"}
    assert said[0]["recorded"]["missed"] == 0


def test_a_run_writes_samples_tables_and_a_page_and_prints_its_verdicts(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    result = toolkit("figure", "run", *SMALL)
    assert result.exit_code == 0
    assert "Differs from the full run: clusters=5-1 is changed." in result.stdout
    assert "Differs from the full run: 20 trials per curve instead of 4000." in result.stdout
    folder = tmp_path / "out" / "figures" / "D"
    assert {path.name for path in folder.iterdir()} == {
        "samples.parquet", "summary.csv", "verdicts.csv", "run.json", "figure.html",
    }  # fmt: skip
    samples = pd.read_parquet(folder / "samples.parquet")
    assert list(samples.columns[:2]) == ["curve", "trial"]
    assert samples.groupby("curve").size().tolist() == [20, 20]
    page = (folder / "figure.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "")


def test_json_is_one_document_and_the_same_again(toolkit: Toolkit, tmp_path: Path) -> None:
    one = toolkit("figure", "run", *SMALL, "--json", "--out", tmp_path / "one")
    other = toolkit("figure", "run", *SMALL, "--json", "--out", tmp_path / "other")
    assert one.stdout == other.stdout
    said = json.loads(one.stdout)
    assert said["settings"] == {"clusters": "5-1", "latency": "0.2"}
    assert said["counts"]["met"] == sum(row["outcome"] == "met" for row in said["verdicts"])
    assert {row["source"] for row in said["parameters"]} >= {"changed", "published"}


def test_verify_says_by_its_status_whether_a_criterion_was_missed(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    few = ["figure", "verify", *SMALL, "--out", tmp_path]
    few[few.index("20")] = "60"
    good = toolkit(*few, "--json")
    assert good.exit_code == 0
    said = json.loads(good.stdout)
    assert said["ok"]
    assert said["counts"]["missed"] == 0
    assert said["counts"] == said["figures"][0]["counts"]
    overview = (tmp_path / "README.md").read_text(encoding="utf-8")
    made = "toolkit figure verify D --trials 60 --seed 1 --set clusters=5-1 --set latency=0.2"
    assert f"Made by `{made}`" in overview
    bad = toolkit(*few, "--bug", "votes-always", "--fresh")
    assert bad.exit_code == 1
    assert "all servers have the seeded bug votes-always" in bad.stdout
    assert "missed" in bad.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["figure", "run", "Q"], "unknown figure 'Q'"),
        (["figure", "run", "D", "--set", "size=3"], "no parameter 'size'"),
        (["figure", "run", "D", "--bug", "none"], "no seeded bug 'none'"),
        (["figure", "run", "D", "--set", "latency=much"], "cannot be parsed"),
        (["figure", "verify", "--set", "latency=0.1"], "belong to one figure"),
        (["figure", "verify", "A", "Q"], "unknown figure 'Q'"),
        (["figure", "trace", "A", "1-2", "0"], "no curve '1-2'"),
        (["figure", "run", "D", "--out", "file"], "not a folder"),
    ],
)
def test_what_cannot_be_is_refused_with_status_2_and_writes_nothing(
    toolkit: Toolkit, tmp_path: Path, args: list[str], message: str
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    result = toolkit(*args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_former_name_of_a_parameter_is_accepted(toolkit: Toolkit, tmp_path: Path) -> None:
    words = ["figure", "run", "C", "--trials", "2", "--jobs", "1", "--set", "failed=0"]
    old, new = (
        toolkit(*words, "--set", f"{name}=5", "--json", "--out", tmp_path / name)
        for name in ("patience", "trial-timeout")
    )
    assert old.exit_code == 0
    assert old.stdout == new.stdout
    assert json.loads(new.stdout)["settings"] == {"failed": "0", "trial-timeout": "5"}
    twice = toolkit(*words, "--set", "patience=5", "--set", "trial-timeout=6")
    assert twice.exit_code == 2
    assert "parameter 'trial-timeout' is given twice" in twice.stderr


def test_a_trial_is_run_again_and_recorded_with_the_command_that_does_it(
    toolkit: Toolkit, tmp_path: Path
) -> None:
    words = ["figure", "trace", "A", "150-300", "4", "--seed", "3"]
    result = toolkit(*words, "--out", "t.ndjson")
    assert result.exit_code == 0
    head = json.loads((tmp_path / "t.ndjson").read_text(encoding="utf-8").splitlines()[0])
    assert head["replay"] == "toolkit figure trace A 150-300 4 --seed 3 --out trace.ndjson"
    toolkit(*words, "--out", "again.ndjson")
    assert (tmp_path / "t.ndjson").read_bytes() == (tmp_path / "again.ndjson").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_resumes_to_the_same_bytes_and_leaves_no_process(
    tmp_path: Path, jobs: str
) -> None:
    command = [sys.executable, "-m", "toolkit.cli", "figure", "run", "D", "--trials", "1500",
               "--set", "clusters=5-1 5-2", "--set", "latency=0.1 0.2",
               "--jobs", jobs]  # fmt: skip

    def run(folder: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*command, "--out", folder], cwd=tmp_path, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)  # fmt: skip

    for number, sign in enumerate((signal.SIGINT, signal.SIGKILL)):
        folder = tmp_path / f"{number}"
        journal = folder / "samples.unfinished.ndjson"
        process = run(folder.name)
        until = time.monotonic() + 120
        while not (journal.exists() and len(journal.read_bytes().splitlines()) > 4):
            assert time.monotonic() < until
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
        if sign == signal.SIGINT:
            # As a terminal does it: to all processes of the group.
            os.killpg(process.pid, sign)
        else:
            process.kill()
        _, said = process.communicate(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive, [one.cmdline() for one in alive]
        if sign == signal.SIGINT:
            assert process.returncode == 130, said
            assert "Traceback" not in said
            assert "the same command resumes from there" in said
        assert journal.exists()
        again = run(folder.name)
        _, said = again.communicate(timeout=300)
        assert again.returncode == 0, said
        assert not journal.exists()
    whole = run("whole")
    assert whole.wait(timeout=300) == 0
    whole.communicate()
    expected = (tmp_path / "whole" / "samples.parquet").read_bytes()
    for number in range(2):
        assert (tmp_path / f"{number}" / "samples.parquet").read_bytes() == expected
