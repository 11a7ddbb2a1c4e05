"""Checks beside each other, and what is left of them however Python ends."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from toolkit.errors import SettingError, SpecError
from toolkit.tlc import SpecSource, check, start_check

pytestmark = pytest.mark.slow

MODULE = """---- MODULE M ----
EXTENDS Integers
CONSTANT N
VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == \\/ x < N /\\ x' = x + 1 /\\ y' = y
        \\/ y < N /\\ y' = y + 1 /\\ x' = x
Spec == Init /\\ [][Next]_<<x, y>>
Small == x + y < 30
====
"""


def source(size: int, more: str = "") -> SpecSource:
    return SpecSource("M", {"M": MODULE}, f"SPECIFICATION Spec CONSTANT N = {size}\n{more}\n")


ENDLESS = source(100_000)


def facts(result: object) -> tuple[object, ...]:
    names = ("outcome", "name", "generated", "distinct", "left_on_queue", "depth", "trace")
    return tuple(getattr(result, name) for name in names)


def test_three_checks_at_once_give_what_they_give_one_after_another() -> None:
    asked = [source(40), source(20, "INVARIANT Small"), source(30, "INVARIANT Missing")]
    alone = [check(one, workers=1, deadlock=False) for one in asked]
    running = [start_check(one, workers=1, deadlock=False) for one in asked]
    together = [one.wait() for one in running]
    assert [facts(one) for one in together] == [facts(one) for one in alone]
    assert [one.outcome for one in together] == ["success", "invariant", "config-error"]


def test_checks_can_be_awaited_and_one_that_is_cancelled_leaves_the_others_alone() -> None:
    async def three() -> list[str]:
        endless = start_check(ENDLESS, workers=1)
        task = asyncio.ensure_future(endless)
        good = start_check(source(10), workers=1, deadlock=False)
        result = await good
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return [result.outcome, endless.wait().outcome]

    # In a thread of its own: the browser tests may have left a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(three())).result() == ["success", "cancelled"]
    assert not [c for c in psutil.Process().children(recursive=True) if "java" in c.name()]


def test_a_check_tells_how_far_it_is_and_waiting_too_shortly_does_not_end_it() -> None:
    running = start_check(ENDLESS, workers=1)
    with pytest.raises(SettingError):
        running.wait(0.1)
    deadline = time.monotonic() + 60
    while running.progress is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running.progress is not None
    assert running.progress.generated > 0
    assert running.progress.rate > 0
    assert not running.done
    running.cancel()
    assert running.wait(120).outcome == "cancelled"


def test_what_a_check_raises_reaches_whoever_waits() -> None:
    with pytest.raises(SpecError):
        start_check("nothing.tla").wait()


SCRIPT = """
import sys
from toolkit.tlc import SpecSource, check
module = sys.stdin.read()
check(SpecSource("M", {"M": module}, "SPECIFICATION Spec CONSTANT N = 100000"),
      workers=1, memory=128)
"""


def left_behind(folder: Path) -> list[str]:
    """Return the processes that work in a folder, and what lies in it."""
    found = [str(one) for one in folder.iterdir()]
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or []):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def killed(folder: Path, number: int) -> list[str]:
    """Run a check, kill Python at a random moment, and return what is left after a new start."""
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as command:
        assert command.stdin is not None
        command.stdin.write(MODULE.encode())
        command.stdin.close()
        # From before the run's folder is made to the middle of the search.
        time.sleep(random.Random(number).uniform(0.2, 4))
        command.send_signal([signal.SIGINT, signal.SIGTERM, signal.SIGKILL][number % 3])
        command.wait(60)
    deadline = time.monotonic() + 60
    while (found := left_behind(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if found:
        # A folder that was made when there was no guard yet: the next start removes it.
        code = "from toolkit.tlc import sweep; remove_stale_runs()"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        found = left_behind(folder)
    return found


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let new processes heed SIGINT from their first moment.

    What runs in the background inherits that interrupts are ignored; a handler of one's own is
    not inherited, and what is not handled ends a process.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("interruptible")
def test_100_runs_killed_at_random_moments_leave_no_process_and_no_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        left = list(pool.map(lambda n: killed(tmp_path / f"run{n}", n), range(100)))
    assert left == [[]] * 100


def test_the_guard_can_be_seen_to_matter(tmp_path: Path) -> None:
    """Without it, killing Python leaves Java running: the test above would see it."""
    stay = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path)],
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 10
        while not left_behind(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left_behind(tmp_path)
    finally:
        stay.kill()
        stay.wait()
