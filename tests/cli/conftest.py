"""Run the command as a stranger does, and small specifications to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from typer.testing import CliRunner, Result

from toolkit.cli import app

COUNTER = """---- MODULE Counter ----
EXTENDS Naturals
CONSTANT N
VARIABLES x, y
Init == x = 0 /\\ y = {"a"}
Next == x < N /\\ x' = x + 1 /\\ UNCHANGED y
Spec == Init /\\ [][Next]_<<x, y>>
Bounded == x =< N
Small == x < 2
====
"""

Toolkit: TypeAlias = Callable[..., Result]
Process: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def toolkit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Toolkit:
    """Run the command within this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path) -> Result:
        result = CliRunner().invoke(app, [str(arg) for arg in args], prog_name="toolkit")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Run the command as a process of its own, with changes to its environment."""

    def run(
        *args: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "toolkit.cli", *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """A specification with two configurations: ``Counter.cfg`` holds, ``small.cfg`` does not."""
    (tmp_path / "Counter.tla").write_text(COUNTER)
    head = "SPECIFICATION Spec\nCONSTANT N = 4\n"
    (tmp_path / "Counter.cfg").write_text(head + "INVARIANT Bounded\n")
    (tmp_path / "small.cfg").write_text(head + "INVARIANT Small\n")
    return tmp_path / "Counter.tla"
