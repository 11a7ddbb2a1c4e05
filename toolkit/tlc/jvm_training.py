"""Create a cache for Java (:mod:`toolkit.tlc.jvm_cache`) with a small run of TLC.

Run as ``python -m toolkit.tlc.jvm_training JAVA VERSION JAR`` in the background after a run of TLC
that had no cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from toolkit.tlc.jvm_cache import JvmCache, java_environment, jvm_cache, remove_stale_caches

__all__ = ["main", "make_cache"]

_TIMEOUT = 180.0
_STALE_AFTER = 3600.0

# A small run that uses what most runs need: standard modules, functions, records, sets, sequences,
# strings, an invariant that fails, its counterexample, and a temporal property.
_SPEC = r"""---- MODULE Training ----
EXTENDS Integers, Sequences, FiniteSets, TLC
CONSTANT Node
VARIABLES state, log, messages
vars == <<state, log, messages>>
ASSUME PrintT("training")
RECURSIVE Sum(_)
Sum(seq) == IF seq = <<>> THEN 0 ELSE Head(seq) + Sum(Tail(seq))
TypeOK == /\ state \in [Node -> {"idle", "busy", "done"}]
          /\ \A n \in Node : Len(log[n]) <= 2
          /\ IsFiniteSet(messages)
Init == /\ state = [n \in Node |-> "idle"]
        /\ log = [n \in Node |-> <<>>]
        /\ messages = {}
Send(n) == /\ state[n] = "idle"
           /\ state' = [state EXCEPT ![n] = "busy"]
           /\ messages' = messages \cup {[from |-> n, value |-> Cardinality(messages)]}
           /\ UNCHANGED log
Receive(n) == \E m \in messages :
  /\ state[n] = "busy"
  /\ LET longer == Append(log[n], m.value) IN
     /\ Len(longer) <= 2
     /\ log' = [log EXCEPT ![n] = longer]
     /\ state' = [state EXCEPT ![n] = IF Sum(longer) % 2 = 0 THEN "done" ELSE @]
  /\ UNCHANGED messages
Next == \E n \in Node : Send(n) \/ Receive(n)
Spec == Init /\ [][Next]_vars /\ WF_vars(Next)
Started == <>(\E n \in Node : state[n] # "idle")
NeverDone == \A n \in Node : state[n] # "done" \/ SubSeq(log[n], 1, 1) = <<>>
====
"""
_CONFIG = """SPECIFICATION Spec
CONSTANT Node = {n1, n2}
INVARIANTS TypeOK NeverDone
PROPERTY Started
"""


@contextlib.contextmanager
def _locked(cache: JvmCache) -> Iterator[bool]:
    """Lock a cache; yield True if the lock was free."""
    with cache.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _run(command: list[str], folder: Path) -> str:
    """Run a program with a time limit, and return the error message if it failed."""
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=java_environment(),
        )
        try:
            status = process.wait(_TIMEOUT)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return f"Java took more than {_TIMEOUT:g} s"
            raise
        output.seek(0)
        text = output.read().decode(errors="replace")
    # TLC's status after a violation with -continue is 0 or 12.
    if status in {0, 12}:
        return ""
    return f"Java ended with status {status}: {text.strip()[-400:]}"


def _train(cache: JvmCache, folder: Path, archive: Path) -> str:
    """Run Java to write an archive, and return the error message if it failed."""
    (folder / "Training.tla").write_text(_SPEC, encoding="utf-8")
    (folder / "Training.cfg").write_text(_CONFIG, encoding="utf-8")
    common = ["-XX:+UseParallelGC", "-Xmx512m", "-Xss16m"]
    tlc = [
        "-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={folder}", "-cp", cache.jar, "tlc2.TLC",
        "-tool", "-metadir", str(folder / "meta"), "-workers", "2", "-fp", "0",
        "-deadlock", "-continue", "-coverage", "1000", "-config", "Training.cfg", "Training.tla",
    ]  # fmt: skip
    if cache.kind == "aot":
        return _run([cache.java, f"-XX:AOTCacheOutput={archive}", *common, *tlc], folder)
    classes = folder / "classes"
    return _run(
        [cache.java, "-Xshare:off", f"-XX:DumpLoadedClassList={classes}", *common, *tlc], folder
    ) or _run(
        [
            cache.java, "-Xshare:dump", f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={archive}", *common, "-cp", cache.jar,
        ],
        folder,
    )  # fmt: skip


def make_cache(cache: JvmCache) -> bool:
    """Create a cache, unless it exists or another process is creating it.

    Parameters
    ----------
    cache : JvmCache

    Returns
    -------
    bool
        Whether the cache can be used now.
    """
    folder = cache.file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(cache) as locked:
            if not locked or cache.state() in {"ready", "failed"}:
                return cache.state() == "ready"
            remove_stale_caches(folder)
            for leftover in folder.glob("making-*"):
                if time.time() - leftover.stat().st_mtime > _STALE_AFTER:
                    shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(
                prefix="making-", dir=folder, ignore_cleanup_errors=True
            ) as name:
                archive = Path(name) / cache.file.name
                problem = _train(cache, Path(name), archive)
                if not problem and not archive.is_file():
                    problem = "Java did not write the file"
                if problem:
                    cache.discard(problem)
                    return False
                with archive.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(archive, cache.file)
            cache.describe()
            if not cache.proven():
                cache.discard("Java does not accept the file that it wrote")
                return False
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Create a cache with low priority; return 0 if it can be used now.

    Parameters
    ----------
    arguments : list of str
        Path of Java, its version, and path of the jar.

    Returns
    -------
    int
    """
    java, version, jar = arguments
    with contextlib.suppress(OSError):
        os.nice(10)
    cache = jvm_cache(java, version, jar)
    return 0 if cache is not None and make_cache(cache) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
