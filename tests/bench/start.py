"""What starting TLC costs: ``toolkit check`` against TLC by itself, in turn, as ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.table import Table

from toolkit.errors import InternalError
from toolkit.tlc import default_memory, find_java, find_tlc, load_manifest, load_spec
from toolkit.tlc.jvm_cache import jvm_cache
from toolkit.tlc.jvm_training import make_cache

__all__ = ["bench_minute", "bench_start", "raw_tlc"]

TEN_STATES = """---- MODULE Ten ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 10
Spec == Init /\\ [][Next]_x
TypeOK == x \\in 0..9
====
"""
MINUTE = "multipaxos-crash-acceptor"


def raw_tlc(
    spec: Path,
    config: Path,
    *,
    deadlock: bool = True,
    workers: int,
    module_path: tuple[Path, ...] = (),
) -> float:
    """Return the seconds that TLC takes by itself, its output going to a file."""
    source = load_spec(spec, config, module_path=module_path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source.write(folder)
        command = [
            find_java().path, "-XX:+UseParallelGC", f"-Xmx{default_memory()}m", "-Xss16m",
            "-Duser.language=en", f"-Djava.io.tmpdir={folder}", "-cp", find_tlc().path, "tlc2.TLC",
            "-tool", "-metadir", str(folder / "meta"), "-workers", str(workers), "-fp", "0",
            *([] if deadlock else ["-deadlock"]), f"{source.root}.tla",
        ]  # fmt: skip
        started = time.perf_counter()
        with (folder / "output").open("w") as output:
            subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=False)
        return time.perf_counter() - started


def toolkit_check(*arguments: str) -> float:
    """Return the seconds that ``toolkit check`` takes, its output going to a pipe."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "toolkit.cli", "check", *arguments], capture_output=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise InternalError(f"toolkit check ended with status {done.returncode}: {done.stderr!r}")
    return seconds


def bench_start(table: Table, pairs: int) -> None:
    """Run a specification of ten states raw and by our command."""
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        spec = Path(name) / "Ten.tla"
        spec.write_text(TEN_STATES)
        config = spec.with_suffix(".cfg")
        config.write_text("SPECIFICATION Spec\nINVARIANT TypeOK\n")
        times = _in_turn(
            lambda: raw_tlc(spec, config, workers=workers),
            lambda: toolkit_check(str(spec), "--workers", str(workers)),
            3 * pairs,
        )
    _row(table, f"ten states, {workers} workers", times, goal=0.8)


def bench_minute(table: Table, pairs: int) -> None:
    """Run a model of about a minute raw and by our command."""
    manifest = load_manifest()
    model = manifest[MINUTE]
    folder = manifest.path.parent
    workers = model.workers or os.cpu_count() or 1
    times = _in_turn(
        lambda: raw_tlc(
            folder / model.spec, folder / model.config, deadlock=model.deadlock,
            workers=workers, module_path=model.module_path(folder),
        ),
        lambda: toolkit_check(MINUTE, "--workers", str(workers)),
        pairs,
    )  # fmt: skip
    _row(table, f"model {MINUTE}, {workers} workers", times, goal=1.0)


def _in_turn(
    raw: Callable[[], float], ours: Callable[[], float], count: int
) -> list[tuple[float, float]]:
    """Return pairs of seconds, raw and ours, after Java's cache was made."""
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    if cache is None or not make_cache(cache):
        print("Java has no cache: what is measured is a start without it", file=sys.stderr)
    pairs = []
    for turn in range(count):
        # The order changes, so that neither always profits from what the other loaded.
        if turn % 2 == 0:
            first = raw()
            pairs.append((first, ours()))
        else:
            first = ours()
            pairs.append((raw(), first))
    return pairs


def _row(table: Table, what: str, pairs: list[tuple[float, float]], *, goal: float) -> None:
    raw, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(our / its for its, our in pairs)
    table.add_row(
        "toolkit check over raw TLC",
        f"{what}: median {ours:.2f} s over {raw:.2f} s raw; {len(pairs)} pairs, ratios "
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.3f}; goal {goal}",
        f"{ours / raw:.3f}",
    )
