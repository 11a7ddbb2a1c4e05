"""The plug-ins of the how-to pages, installed as they are printed, work with every command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGES = (
    "add-a-protocol",
    "keep-state-on-disk",
    "add-a-fault",
    "add-a-check",
    "add-a-machine",
    "add-a-figure",
)
SCENARIO = """
scenario cut-off
protocol copylog
nodes n1 n2 n3
set machine tickets
network delay constant(0.01)
at 0.1 client c1 sends {"op": "take"} to n1
at 0.5 isolate n1 for 0.75
at 0.6 client c2 sends {"op": "take"} to n1
at 1.0 client c3 sends {"op": "last"} to n1
limit time 3
"""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the package that the pages describe, as if installed."""
    folder = tmp_path_factory.mktemp("site")
    package = folder / "plugins"
    package.mkdir()
    (package / "__init__.py").write_text('"""Plug-ins of the how-to pages."""\n')
    groups: dict[str, dict[str, str]] = {}
    for page in PAGES:
        text = (checkout / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8")
        (source,) = blocks(text, "python")
        (name,) = re.findall(r"^`plugins/(\w+\.py)`:$", text, re.MULTILINE)
        (package / name).write_text(source, encoding="utf-8")
        for module in blocks(text, "tla"):
            found = re.match(r"-+ MODULE (\w+)", module)
            assert found is not None
            assert f"`plugins/{found[1]}.tla`" in text
            (package / f"{found[1]}.tla").write_text(module, encoding="utf-8")
        for config in blocks(text, "cfg"):
            (path,) = re.findall(r"`plugins/(\w+\.cfg)`", text)
            (package / path).write_text(config, encoding="utf-8")
        (toml,) = blocks(text, "toml")
        for group, points in tomllib.loads(toml)["project"]["entry-points"].items():
            groups.setdefault(group, {}).update(points)
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    info = folder / "plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def start(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package installed."""
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"},
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )


def run(site: Path, *words: str, status: int = 0) -> str:
    """Run Python with the package installed; return what it prints."""
    done = start(site, *words)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def toolkit(site: Path, *words: str, status: int = 0) -> str:
    return run(site, "-m", "toolkit.cli", *words, status=status)


def test_the_index_names_every_page(checkout: Path) -> None:
    index = (checkout / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {Path(link) for link in re.findall(r"\]\(([\w/.-]+\.md)\)", index)}
    there = {path.relative_to(checkout / "docs") for path in (checkout / "docs").rglob("*.md")}
    assert linked == (there - {Path("README.md")}) | {Path("../README.md")}
    assert {Path(f"how-to/{page}.md") for page in PAGES} <= linked


@pytest.mark.slow
def test_the_commands_list_the_protocol_and_the_figure(site: Path) -> None:
    protocols = json.loads(toolkit(site, "protocols", "--json"))["protocols"]
    listed = {one["name"]: one for one in protocols}
    assert listed["copylog"]["bugs"] == ["eager", "forgetful"]
    assert "first-leader" in toolkit(site, "figure", "list")


@pytest.mark.slow
def test_all_plugins_of_the_package_are_listed_and_can_be_loaded(site: Path) -> None:
    rows = json.loads(toolkit(site, "plugins", "--json"))["plugins"]
    assert [(row["kind"], row["name"]) for row in rows if row["origin"] == "plugins"] == [
        ("protocol", "copylog"),
        ("protocol", "highest"),
        ("machine", "tickets"),
        ("fault", "isolate"),
        ("aimed fault", "isolate-leader"),
        ("check", "same-answers"),
        ("figure", "first-leader"),
    ]
    assert all(row["problem"] is None and row["title"] for row in rows)


@pytest.mark.slow
def test_the_first_pages_package_is_built_and_installed_with_its_specification(
    site: Path, checkout: Path, tmp_path: Path
) -> None:
    text = (checkout / "docs" / "how-to" / "add-a-protocol.md").read_text(encoding="utf-8")
    (toml,) = blocks(text, "toml")
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(site / "plugins", source / "plugins")
    (source / "pyproject.toml").write_text(toml, encoding="utf-8")
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    run(source, *pip, "--no-build-isolation", "--target", str(target), str(source))
    rows = json.loads(toolkit(target, "plugins", "protocol", "--json"))["plugins"]
    assert [row["name"] for row in rows if row["origin"] == "plugins"] == ["copylog"]
    toolkit(target, "simulate", "copylog", "--seed", "1", "--out", "one.ndjson")
    assert json.loads(toolkit(target, "validate", "one.ndjson", "--json"))["accepted"] == 1


@pytest.mark.slow
def test_a_plugin_that_raises_is_named_as_the_culprit(site: Path, tmp_path: Path) -> None:
    for path in ("plugins", "plugins-1.0.dist-info"):
        shutil.copytree(site / path, tmp_path / path)
    source = tmp_path / "plugins" / "same_answers.py"
    text = source.read_text(encoding="utf-8").replace("    answers = 0\n", "    answers = 1 // 0\n")
    source.write_text(text, encoding="utf-8")
    words = ["simulate", "raft", "--check", "same-answers", "--out", "x.ndjson"]
    done = start(tmp_path, "-m", "toolkit.cli", *words)
    assert done.returncode == 2
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "1 // 0" in one)
    told = " ".join(done.stderr.split())
    assert f"a plug-in of the package plugins ({source}, line {line}) failed" in told
    assert "ZeroDivisionError" in told


@pytest.mark.slow
def test_the_model_is_checked_and_a_mistake_in_it_is_found(site: Path, tmp_path: Path) -> None:
    model = "plugins/MCCopyLog.tla"
    assert json.loads(toolkit(site, "check", model, "--json"))["outcome"] == "success"
    for path in (site / "plugins").glob("*CopyLog.*"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("EXCEPT ![n] = m.length]", "EXCEPT ![n] = m.length + 1]")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    found = json.loads(toolkit(site, "check", str(tmp_path / "MCCopyLog.tla"), "--json", status=1))
    assert "CommittedIsStored" in json.dumps(found)


@pytest.mark.slow
def test_a_protocol_with_state_on_disk_is_checked_validated_and_its_bug_found(
    site: Path, tmp_path: Path
) -> None:
    checked = json.loads(toolkit(site, "check", "plugins/Highest.tla", "--json"))
    assert checked["outcome"] == "success"
    text = (site / "plugins" / "Highest.tla").read_text(encoding="utf-8")
    forgets = text.replace("THEN durable[n] ELSE", "THEN 0 ELSE")
    (tmp_path / "Highest.tla").write_text(forgets, encoding="utf-8")
    (tmp_path / "Highest.cfg").write_text((site / "plugins" / "Highest.cfg").read_text())
    found = json.loads(toolkit(site, "check", str(tmp_path / "Highest.tla"), "--json", status=1))
    assert "SaidIsDurable" in json.dumps(found)
    toolkit(site, "simulate", "highest", "--runs", "50", "--seed", "1", "--out", "highest.ndjson")
    report = json.loads(toolkit(site, "validate", "highest.ndjson", "--json"))
    assert (report["accepted"], report["unseen"]) == (50, [])
    assert set(report["invariants"]) == {"SaidIsDurable"}
    (bug,) = json.loads(toolkit(site, "bugs", "highest", "--json"))["bugs"]
    assert bug["validation"]


@pytest.mark.slow
def test_the_aimed_fault_strikes_the_leader_and_the_check_is_run_in_a_comparison(
    site: Path,
) -> None:
    text = toolkit(
        site, "compare", "--protocol", "copylog", "--protocol", "raft", "--nodes", "3",
        "--fault", "isolate-leader", "--machine", "tickets", "--run-check", "same-answers",
        "--out", "compared", "--json",
    )  # fmt: skip
    document = json.loads(text)
    assert document["faults"][0]["target"] == "n1"
    assert {row["kind"] for row in document["faults"]} == {"isolate-leader"}
    assert "isolate n1 for 1.0" in (site / "compared" / "copylog.scenario").read_text()
    assert '{"op": "take"}' in (site / "compared" / "raft.scenario").read_text()
    (report,) = document["checks"]
    assert (report["check"], report["findings"], report["skipped"]) == ("same-answers", [], [])
    assert "--machine tickets" in document["replay"]
    assert "--run-check same-answers" in document["replay"]


@pytest.mark.slow
def test_runs_with_the_fault_alone_are_checked_by_the_added_check(site: Path) -> None:
    words = ("simulate", "raft", "--runs", "10", "--machine", "tickets", "--fault", "isolate")
    text = toolkit(site, *words, "--check", "same-answers", "--out", "few.ndjson", "--json")
    document = json.loads(text)
    assert set(document["faults"]) <= {"isolate", "partition", "heal", "lose", "duplicate",
                                       "reorder", "drift"}  # fmt: skip
    assert document["faults"]["isolate"] >= 3
    (report,) = document["checks"]
    assert (report["findings"], len(report["skipped"])) == ([], 0)
    bad = toolkit(
        site, "simulate", "copylog", "--runs", "30", "--bug", "forgetful", "--check",
        "same-answers", "--out", "bad.ndjson", "--json", status=1,
    )  # fmt: skip
    assert json.loads(bad)["checks"][0]["findings"][0]["title"] == "two answers differ"


@pytest.mark.slow
def test_a_mistyped_fault_is_answered_with_the_added_one(site: Path) -> None:
    (site / "typo.scenario").write_text(SCENARIO.replace("isolate", "isolat"))
    words = ["simulate", "copylog", "--scenario", "typo.scenario", "--out", "typo.ndjson"]
    done = start(site, "-m", "toolkit.cli", *words)
    assert done.returncode == 2
    assert "did you mean 'isolate'?" in " ".join(done.stderr.split())


@pytest.mark.slow
def test_random_runs_draw_the_fault_and_are_allowed_by_the_specification(site: Path) -> None:
    toolkit(site, "simulate", "copylog", "--runs", "20", "--seed", "1", "--out", "runs.ndjson")
    records = [json.loads(line) for line in (site / "runs.ndjson").read_text().splitlines()]
    assert sum(one.get("fault") == "isolate" for one in records) >= 5
    report = json.loads(toolkit(site, "validate", "runs.ndjson", "--json"))
    assert (report["accepted"], report["unseen"]) == (20, [])
    assert set(report["invariants"]) == {"CommittedIsStored", "Agreement"}


@pytest.mark.slow
def test_a_scenario_with_fault_and_machine_runs_and_is_validated(site: Path) -> None:
    (site / "cut-off.scenario").write_text(SCENARIO)
    toolkit(
        site, "simulate", "copylog", "--scenario", "cut-off.scenario", "--runs", "1",
        "--out", "cut.ndjson",
    )  # fmt: skip
    text = (site / "cut.ndjson").read_text()
    assert "at 0.5 isolate n1 for 0.75" in json.loads(text.splitlines()[0])["meta"]["scenario"]
    assert json.loads(toolkit(site, "validate", "cut.ndjson", "--json"))["accepted"] == 1


@pytest.mark.slow
def test_each_planted_bug_is_found_one_by_the_added_check_alone(site: Path) -> None:
    table = json.loads(toolkit(site, "bugs", "copylog", "--json"))["bugs"]
    found = {one["bug"]: one for one in table}
    assert found["eager"]["validation"]
    assert found["forgetful"]["others"]["same-answers"]
    assert not found["forgetful"]["validation"]
    toolkit(site, "bugs", "copylog", "--bug", "forgetful", "--check", "conformance", status=1)


@pytest.mark.slow
def test_the_protocol_is_compared_with_another(site: Path) -> None:
    text = toolkit(
        site, "compare", "--protocol", "copylog", "--protocol", "raft", "--nodes", "3",
        "--fault", "crash-follower", "--fault-duration", "0.5", "--json",
    )  # fmt: skip
    rows = json.loads(text)["summary"]
    assert [(row["protocol"], row["linearizable"]) for row in rows] == [
        ("copylog", True), ("raft", True),
    ]  # fmt: skip


@pytest.mark.slow
def test_the_machine_runs_on_the_toolkits_own_protocols(site: Path) -> None:
    program = """
import toolkit
for name in ("raft", "multipaxos", "zab", "copylog"):
    run = toolkit.simulate(name, seed=3, settings={"machine": "tickets"})
    assert run.result.machine == "tickets"
    assert run.history.operations
    print(name, run.linearizability().verdict)
"""
    lines = run(site, "-c", program).splitlines()
    assert lines == [f"{name} linearizable" for name in ("raft", "multipaxos", "zab", "copylog")]


@pytest.mark.slow
def test_the_figure_is_made_and_judged_in_other_processes(site: Path) -> None:
    text = toolkit(
        site, "figure", "run", "first-leader", "--trials", "20", "--jobs", "2", "--out", "made",
        "--json",
    )  # fmt: skip
    assert '"median time to a leader"' in text
    assert '"missed"' in text or '"met"' in text
    assert (site / "made" / "figure.html").stat().st_size > 10_000
    toolkit(site, "figure", "trace", "first-leader", "150-155", "3", "--out", "one.ndjson")
    assert '"BecomeLeader"' in (site / "one.ndjson").read_text()


@pytest.mark.slow
def test_pictures_and_playground_show_the_protocol_and_take_the_fault(site: Path) -> None:
    program = """
import toolkit
from toolkit.display import has_logs, spacetime_svg
from toolkit.widgets import LogPlayground
run = toolkit.simulate("copylog", seed=3, settings={"machine": "tickets"})
assert has_logs(run.trace)
picture = spacetime_svg(run.trace)
assert "Write" in picture
ground = LogPlayground("copylog", seed=1)
ground.explorer.step = len(ground.trace.steps)
assert ground.leader == "n1"
ground.send()
assert ground.do("isolate n1 for 0.25"), ground.report.value
assert "n1 is isolated for 0.25 s" in ground.made.value
assert any(fault.fault == "isolate" for fault in ground.trace.faults)
picture = spacetime_svg(ground.trace)
assert "\N{NO ENTRY SIGN}<title>" in picture
assert "n1 is isolated for 0.25 s</title>" in picture
ground = LogPlayground("raft", machine="tickets")
assert ground.text.value == "take"
assert not ground.do("isolat n1")
assert "did you mean" in ground.report.value
print("shown")
"""
    assert run(site, "-c", program) == "shown\n"
