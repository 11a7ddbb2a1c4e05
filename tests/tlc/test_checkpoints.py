"""A long run is left, and continued: with the same answer, and never with a better one."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from toolkit.errors import SettingError
from toolkit.tlc import CheckResult, Message, SpecSource, check, spec_from_text

SPEC = """---- MODULE Walk ----
EXTENDS Naturals
CONSTANT N
VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == \\/ x < N /\\ x' = x + 1 /\\ UNCHANGED y
        \\/ y < N /\\ y' = y + 1 /\\ UNCHANGED x
Spec == Init /\\ [][Next]_<<x, y>>
Far == x + y < 2 * N
====
"""
# TLC counts the time between checkpoints in minutes; this property of Java's, in milliseconds.
# It looks at the clock some seconds after the start, and then once a minute.
OFTEN = ("-Dtlc2.TLCGlobals.chkpt=300",)
COMPLETED = 2196


def walk(size: int, more: str = "") -> SpecSource:
    return spec_from_text(SPEC, f"SPECIFICATION Spec\nCONSTANT N = {size}\n{more}")


def copy(left: CheckResult, folder: Path) -> Path:
    """TLC goes on in the folder itself, and removes it in the end."""
    assert left.checkpoint is not None
    return Path(shutil.copytree(left.checkpoint, folder / "copy"))


def left_at_first_checkpoint(source: SpecSource, folder: Path) -> CheckResult:
    stop = threading.Event()

    def watch(event: object) -> None:
        if isinstance(event, Message) and event.code == COMPLETED:
            stop.set()

    return check(
        source, workers=1, memory=1024, deadlock=False, states_folder=folder,
        java_options=OFTEN, on_event=watch, cancel=stop,
    )  # fmt: skip


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    result = left_at_first_checkpoint(walk(2200), tmp_path_factory.mktemp("states"))
    assert result.outcome == "cancelled"
    assert result.checkpoint is not None
    assert result.distinct is None or result.distinct < 2201**2
    return result


@pytest.mark.slow
def test_a_run_that_was_left_is_continued_to_the_same_answer(
    left: CheckResult, tmp_path: Path
) -> None:
    result = check(walk(2200), workers=1, memory=1024, deadlock=False, recover=copy(left, tmp_path))
    assert (result.outcome, result.distinct, result.complete) == ("success", 2201**2, True)
    assert any("continued from a checkpoint" in caveat for caveat in result.caveats)


@pytest.mark.slow
def test_a_checkpoint_of_another_specification_or_polynomial_is_refused(left: CheckResult) -> None:
    with pytest.raises(SettingError, match="another specification"):
        check(walk(1400), recover=left.checkpoint)
    with pytest.raises(SettingError, match="another fingerprint polynomial"):
        check(walk(2200), recover=left.checkpoint, fingerprint=3)


@pytest.mark.slow
def test_a_checkpoint_whose_maker_is_not_known_gives_no_complete_answer(
    left: CheckResult, tmp_path: Path
) -> None:
    unknown = copy(left, tmp_path)
    (unknown / "toolkit.json").unlink()
    result = check(walk(2200), workers=1, memory=1024, deadlock=False, recover=unknown)
    assert (result.outcome, result.complete) == ("success", False)
    assert any("contains no note" in caveat for caveat in result.caveats)


@pytest.mark.slow
def test_a_checkpoint_after_a_violation_is_refused_as_tlc_would_report_success(
    tmp_path: Path,
) -> None:
    # TLC writes a checkpoint when it ends, too, if it has written some before.
    source = walk(1000, "INVARIANT Far\n")
    found = check(
        source, workers=1, memory=1024, states_folder=tmp_path, java_options=OFTEN, deadlock=False
    )
    assert found.outcome == "invariant"
    assert found.checkpoint is not None
    with pytest.raises(SettingError, match="had found a violation"):
        check(source, recover=found.checkpoint)
    # The reason for all this: TLC itself, continuing from there.
    raw = check(
        source, workers=1, memory=1024, deadlock=False, states_folder=tmp_path / "more",
        options=["-recover", found.checkpoint],
    )  # fmt: skip
    assert (raw.outcome, raw.complete) == ("success", False)
    assert any("not verified" in caveat for caveat in raw.caveats)


@pytest.mark.slow
def test_a_continued_run_that_is_left_again_says_where(left: CheckResult, tmp_path: Path) -> None:
    again = copy(left, tmp_path)
    result = check(walk(2200), workers=1, memory=1024, deadlock=False, recover=again, timeout=1.0)
    assert (result.outcome, result.checkpoint) == ("time-limit", str(again))
    final = check(walk(2200), workers=1, memory=1024, deadlock=False, recover=again)
    assert (final.distinct, final.complete) == (2201**2, True)
    assert not again.exists()


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no checkpoint in this folder"):
        check(walk(3), recover=tmp_path)


@pytest.mark.slow
def test_a_run_that_wrote_none_names_none(tmp_path: Path) -> None:
    result = check(walk(10), workers=1, memory=512, deadlock=False, states_folder=tmp_path)
    assert (result.outcome, result.checkpoint) == ("success", None)
