"""The wheel carries all that the package needs, and works outside a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest


def test_constraints_are_plain_pins_and_cover_what_is_asked_for(checkout: Path) -> None:
    pins = {}
    lines = (checkout / "constraints.txt").read_text().splitlines()
    assert lines == sorted(lines)
    for line in lines:
        name, equals, version = line.partition("==")
        assert equals, line
        assert not set(version) & set(" @;/"), line
        pins[name] = version
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["lab"], *extras["dev"]]:
        name = requirement.split(">")[0].split("=")[0].lower()
        assert name in pins, f"{requirement} is not pinned"


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, checkout],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_every_tracked_resource_is_inside_the_wheel(checkout: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("specs", "notebooks", "data"):
        for file in (checkout / folder).rglob("*"):
            hidden = any(part.startswith(".") for part in file.relative_to(checkout).parts)
            if file.is_file() and not hidden and file.suffix != ".pyc":
                assert f"toolkit/_share/{file.relative_to(checkout)}" in names
    for file in (checkout / "toolkit").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert str(file.relative_to(checkout)) in names
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.slow
def test_the_wheel_works_outside_a_checkout(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-index", "--target", site, wheel],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*args: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "toolkit.cli", *args],
            cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout

    findings = json.loads(run("doctor", "--json"))["findings"]
    places = {found["name"]: found["detail"] for found in findings}
    for folder in ("specs", "notebooks", "data"):
        assert places[f"folder {folder}"] == str(site / "toolkit" / "_share" / folder)
    model = json.loads(run("check", "paxos-can-choose", "--json", status=1))
    assert model["outcome"] == "invariant"
    run("simulate", "paxos", "--seed", "3", "--out", "t.ndjson")
    assert json.loads(run("validate", "t.ndjson", "--json"))["accepted"] == 1
