"""A cache of Java's own classes and TLC's, which lets the next run of TLC start faster.

Java 25 and newer keep an *AOT cache* (``-XX:AOTCache``), Java 11 to 24 an archive of *class data
sharing* (``-XX:SharedArchiveFile``).  Either holds the classes of Java and of TLC's jar, parsed
and linked, and saves about a third of a second of the start.  The file is made once, after the
first run of TLC and in a process of its own (:mod:`toolkit.tlc.jvm_training`), for each Java and
jar; it serves all garbage collectors that are used here.  Where it cannot be made or used, TLC
runs without.

The environment variable ``TOOLKIT_JVM_CACHE`` names the folder of these files, or says ``off``.
Otherwise the folder is ``jvm`` in the folder that ``TOOLKIT_CACHE`` names, or in the user's
folder for caches.  The folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "FileStamp",
    "JvmCache",
    "State",
    "java_environment",
    "jvm_cache",
    "jvm_cache_folder",
    "major_version",
    "read_file_stamp",
    "remove_stale_caches",
    "request_cache",
    "start_options",
    "write_atomically",
]

State: TypeAlias = Literal["ready", "missing", "damaged", "failed"]
"""Whether a cache can be used; see :meth:`JvmCache.state`."""

FileStamp: TypeAlias = tuple[str, int, int]
"""A file's real path, size in bytes and time of change in ns."""

_FORMAT = 1
_FIRST_WITH_AOT = 25
_RETRY_AFTER = 24 * 3600.0
_STALE_AFTER = 3600.0
# Collector and compiler of a short run, and of one of unknown length.
_SHORT = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LONG = ("-XX:+UseParallelGC", "")
# These make Java say something of its own, or run with other settings than are recorded.
_JAVA_ENVIRONMENT = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}
_COLLECTOR = re.compile(r"-XX:\+Use\w+GC$")
_COMPILER = re.compile(r"-XX:(?:TieredStopAtLevel=|[+-]TieredCompilation)|-Xint$|-Xcomp$")
# Options with which Java does not use such a cache, or uses another one.
_ELSEWHERE = re.compile(
    r"-XX:(?:AOT|[+-]AOT|SharedArchiveFile|SharedClassListFile|ArchiveClassesAtExit)|-Xshare|-Xlog"
    r"|-agent|-javaagent|--upgrade-module-path|--patch-module|--limit-modules|-Xbootclasspath"
)


class _Note(msgspec.Struct, frozen=True):
    """What is written beside a cache: of what it was made, and how it looked when it was."""

    java: FileStamp
    jar: FileStamp
    made: float
    size: int = 0
    changed: int = 0
    problem: str = ""


class JvmCache(msgspec.Struct, frozen=True):
    """The cache of one Java and jar; its file need not exist.

    Parameters
    ----------
    java, jar : str
        The executable and the ``tla2tools.jar``.
    kind : {"aot", "cds"}
        Whether Java calls it an AOT cache or a shared archive.
    file : pathlib.Path
        Where it is, or will be.
    """

    java: str
    jar: str
    kind: Literal["aot", "cds"]
    file: Path

    @property
    def note(self) -> Path:
        """The file that says of what the cache was made."""
        return self.file.with_suffix(".json")

    @property
    def lock(self) -> Path:
        """The file that whoever makes the cache holds a lock on."""
        return self.file.with_suffix(".lock")

    @property
    def options(self) -> tuple[str, ...]:
        """Java's options to use the cache, and to be silent where it does not fit."""
        if self.kind == "aot":
            return (f"-XX:AOTCache={self.file}", "-Xlog:aot*=off,cds*=off")
        return (f"-XX:SharedArchiveFile={self.file}", "-Xshare:auto", "-Xlog:cds*=off")

    @property
    def strict_options(self) -> tuple[str, ...]:
        """Java's options to use the cache, and to fail where it does not fit."""
        if self.kind == "aot":
            return (f"-XX:AOTCache={self.file}", "-XX:AOTMode=on")
        return (f"-XX:SharedArchiveFile={self.file}", "-Xshare:on")

    def state(self) -> State:
        """Return whether the cache can be used.

        Returns
        -------
        {"ready", "missing", "damaged", "failed"}
            ``"damaged"`` if the file is not as it was made; ``"failed"`` if it could not be made
            within the last day.
        """
        try:
            note = msgspec.json.decode(self.note.read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return "missing"
        if note.problem:
            return "failed" if time.time() - note.made < _RETRY_AFTER else "missing"
        try:
            found = self.file.stat()
        except OSError:
            return "missing"
        same = (found.st_size, found.st_mtime_ns) == (note.size, note.changed)
        return "ready" if same else "damaged"

    def problem(self) -> str:
        """Return why the cache could not be made; empty if nothing is known."""
        try:
            return msgspec.json.decode(self.note.read_bytes(), type=_Note).problem
        except (OSError, msgspec.DecodeError):
            return ""

    def describe(self, problem: str = "") -> None:
        """Write the note beside the cache.

        Parameters
        ----------
        problem : str
            Why there is no cache; empty if its file is complete.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        size = changed = 0
        if not problem:
            found = self.file.stat()
            size, changed = found.st_size, found.st_mtime_ns
        note = _Note(
            read_file_stamp(self.java), read_file_stamp(self.jar), time.time(), size, changed,
            problem,
        )  # fmt: skip
        write_atomically(self.note, msgspec.json.encode(note))

    def discard(self, problem: str = "") -> None:
        """Remove the cache.

        Parameters
        ----------
        problem : str
            If given, the cache is not made again within a day, for this reason.
        """
        with contextlib.suppress(OSError):
            self.note.unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)
            if problem:
                self.describe(problem)

    def proven(self) -> bool:
        """Start Java with the cache, and return whether Java says that it fits.

        It takes about 50 ms.
        """
        command = [self.java, *self.strict_options, _LONG[0], "-cp", self.jar, "-version"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                check=False,
                env=java_environment(),
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def java_environment() -> dict[str, str]:
    """Return the environment for Java: ours, without the variables that hold options of Java."""
    return {k: v for k, v in os.environ.items() if k not in _JAVA_ENVIRONMENT}


def major_version(version: str) -> int:
    """Return the number that people call a Java by.

    Examples
    --------
    >>> major_version("17.0.15"), major_version("1.8.0_402"), major_version("25-ea")
    (17, 8, 25)
    """
    parts = re.findall(r"\d+", version)
    return int(parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0]) if parts else 0


def jvm_cache_folder() -> Path | None:
    """Return the folder of these caches, or ``None`` where they are turned off."""
    named = os.environ.get("TOOLKIT_JVM_CACHE")
    if named:
        return None if named == "off" else Path(named).absolute()
    if base := os.environ.get("TOOLKIT_CACHE"):
        return Path(base).absolute() / "jvm"
    import platformdirs

    return platformdirs.user_cache_path("consensus-toolkit") / "jvm"


def read_file_stamp(path: str | Path) -> FileStamp:
    """Return a file's real path, size in bytes and time of change in ns.

    Raises
    ------
    OSError
        If there is no such file.
    """
    real = os.path.realpath(path)
    found = os.stat(real)
    return real, found.st_size, found.st_mtime_ns


def jvm_cache(java: str, version: str, jar: str) -> JvmCache | None:
    """Return the cache of a Java and a jar.

    Parameters
    ----------
    java : str
        The executable.
    version : str
        Its version, for instance ``"25.0.2"``.
    jar : str
        The ``tla2tools.jar``.

    Returns
    -------
    JvmCache or None
        ``None`` if caches are turned off, or Java or jar cannot be read.
    """
    folder = jvm_cache_folder()
    # Java reads a colon in the path of an archive as a separator.
    if folder is None or ":" in str(folder):
        return None
    try:
        of = [_FORMAT, version, read_file_stamp(java), read_file_stamp(jar)]
    except OSError:
        return None
    key = sha256(msgspec.json.encode(of)).hexdigest()[:32]
    kind: Literal["aot", "cds"] = "aot" if major_version(version) >= _FIRST_WITH_AOT else "cds"
    return JvmCache(java, jar, kind, folder / f"{key}.jsa")


def start_options(
    cache: JvmCache | None, java_options: Sequence[str], *, short: bool
) -> tuple[list[str], bool]:
    """Return Java's options for a fast start, and whether the cache is among them.

    A short run has a collector of one thread and one compiler only (C1), which start at once; a
    run of unknown length has the collector that TLC's authors recommend, and all compilers.

    Parameters
    ----------
    cache : JvmCache or None
    java_options : sequence of str
        The caller's own options of Java; they prevail.
    short : bool
        Whether the caller expects the run to last a few seconds at most.
    """
    collector, compiler = _SHORT if short else _LONG
    options = []
    if not any(_COLLECTOR.match(option) for option in java_options):
        options.append(collector)
    if compiler and not any(_COMPILER.match(option) for option in java_options):
        options.append(compiler)
    if (
        cache is None
        or any(_ELSEWHERE.match(option) for option in java_options)
        or cache.state() != "ready"
    ):
        return options, False
    return [*options, *cache.options], True


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads a part of it.

    Parameters
    ----------
    path : pathlib.Path
        Its folder must exist.
    content : bytes

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


_requested: set[Path] = set()


def request_cache(cache: JvmCache, version: str) -> bool:
    """Have a cache made by a process of its own, which outlives this one.

    Parameters
    ----------
    cache : JvmCache
    version : str
        The version of its Java.

    Returns
    -------
    bool
        Whether such a process was started: not if the cache is there, could not be made a short
        while ago, or was requested by this process before.
    """
    if cache.file in _requested or cache.state() in {"ready", "failed"}:
        return False
    _requested.add(cache.file)
    command = [
        sys.executable, "-P", "-m", "toolkit.tlc.jvm_training",
        cache.java, version, cache.jar,
    ]  # fmt: skip
    try:
        cache.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = subprocess.Popen(
            command,
            # It must find this package as we did.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    # Somebody must take note of its end, or a dead entry stays in the table of processes.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def remove_stale_caches(folder: Path) -> list[Path]:
    """Remove the caches whose Java or jar is gone or was replaced, and what makers left behind.

    Parameters
    ----------
    folder : pathlib.Path
        See :func:`jvm_cache_folder`.

    Returns
    -------
    list of pathlib.Path
        The caches that were removed.
    """
    removed = []
    for path in folder.glob("*.json"):
        try:
            note = msgspec.json.decode(path.read_bytes(), type=_Note)
            current = all(read_file_stamp(of[0]) == of for of in (note.java, note.jar))
        except (OSError, msgspec.DecodeError):
            current = False
        if not current and path.name != "versions.json":
            for suffix in (".jsa", ".json", ".lock"):
                with contextlib.suppress(OSError):
                    path.with_suffix(suffix).unlink(missing_ok=True)
            removed.append(path.with_suffix(".jsa"))
    for path in (*folder.glob(".new-*"), *folder.glob("*.jsa")):
        if path.suffix == ".jsa" and path.with_suffix(".json").exists():
            continue
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_AFTER:
                path.unlink()
    return removed
