"""A cache of the classes of Java and TLC, which makes TLC start faster.

Java 25 and newer use an *AOT cache* (``-XX:AOTCache``), Java 11 to 24 an archive for *class data
sharing* (``-XX:SharedArchiveFile``).  The file contains the classes of Java and of TLC's jar,
parsed and linked, and saves about a third of a second per start.  It is created for each Java and
jar after their first run of TLC, in a separate process (:mod:`toolkit.tlc.jvm_training`), and
works with all garbage collectors that the toolkit uses.  If it cannot be created or used, TLC runs
without it.

The environment variable ``TOOLKIT_JVM_CACHE`` is the folder of these files, or ``off``.  By
default the folder is ``jvm`` in the folder ``TOOLKIT_CACHE``, or in the user's cache folder.  The
folder may be deleted at any time.
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
    "names_collector",
    "read_file_stamp",
    "remove_stale_caches",
    "request_cache",
    "start_options",
    "write_atomically",
]

State: TypeAlias = Literal["ready", "missing", "damaged", "failed"]
"""State of a cache; see :meth:`JvmCache.state`."""

FileStamp: TypeAlias = tuple[str, int, int]
"""A file's real path, size in bytes and modification time in ns."""

_FORMAT = 1
_FIRST_WITH_AOT = 25
_RETRY_AFTER = 24 * 3600.0
_STALE_AFTER = 3600.0
_SERIAL, _PARALLEL = "-XX:+UseSerialGC", "-XX:+UseParallelGC"
_C1_ALONE = "-XX:TieredStopAtLevel=1"
# These variables make Java print messages, or run with settings that are not recorded.
_JAVA_ENVIRONMENT = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}
_COLLECTOR = re.compile(r"-XX:\+Use\w+GC$")
_COMPILER = re.compile(r"-XX:(?:TieredStopAtLevel=|[+-]TieredCompilation)|-Xint$|-Xcomp$")
# Options with which Java does not use the cache, or uses another cache.
_CONFLICTING_OPTIONS = re.compile(
    r"-XX:(?:AOT|[+-]AOT|SharedArchiveFile|SharedClassListFile|ArchiveClassesAtExit)|-Xshare|-Xlog"
    r"|-agent|-javaagent|--upgrade-module-path|--patch-module|--limit-modules|-Xbootclasspath"
)


class _Note(msgspec.Struct, frozen=True):
    """The note next to a cache: the Java and jar it was created for, its size and time."""

    java: FileStamp
    jar: FileStamp
    made: float
    size: int = 0
    changed: int = 0
    problem: str = ""


class JvmCache(msgspec.Struct, frozen=True):
    """The cache for a Java and a jar; its file need not exist.

    Parameters
    ----------
    java, jar : str
        The executable and the ``tla2tools.jar``.
    kind : {"aot", "cds"}
        Whether it is an AOT cache or a shared archive.
    file : pathlib.Path
        Path of the cache.
    """

    java: str
    jar: str
    kind: Literal["aot", "cds"]
    file: Path

    @property
    def note(self) -> Path:
        """Path of the note that describes the cache."""
        return self.file.with_suffix(".json")

    @property
    def lock(self) -> Path:
        """Path of the file that is locked while the cache is created."""
        return self.file.with_suffix(".lock")

    @property
    def options(self) -> tuple[str, ...]:
        """Options that make Java use the cache, and ignore it silently if it does not fit."""
        if self.kind == "aot":
            return (f"-XX:AOTCache={self.file}", "-Xlog:aot*=off,cds*=off")
        return (f"-XX:SharedArchiveFile={self.file}", "-Xshare:auto", "-Xlog:cds*=off")

    @property
    def strict_options(self) -> tuple[str, ...]:
        """Options that make Java use the cache, and fail if it does not fit."""
        if self.kind == "aot":
            return (f"-XX:AOTCache={self.file}", "-XX:AOTMode=on")
        return (f"-XX:SharedArchiveFile={self.file}", "-Xshare:on")

    def state(self) -> State:
        """Return the state of the cache, which tells if it can be used.

        Returns
        -------
        {"ready", "missing", "damaged", "failed"}
            ``"damaged"`` if the file was changed after its creation; ``"failed"`` if creating it
            failed within the last day.
        """
        try:
            note = msgspec.json.decode(self.note.read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return "missing"
        if note.problem:
            return "failed" if time.time() - note.made < _RETRY_AFTER else "missing"
        try:
            stat = self.file.stat()
        except OSError:
            return "missing"
        same = (stat.st_size, stat.st_mtime_ns) == (note.size, note.changed)
        return "ready" if same else "damaged"

    def problem(self) -> str:
        """Return the reason why creating the cache failed; empty if unknown.

        Returns
        -------
        str
        """
        try:
            return msgspec.json.decode(self.note.read_bytes(), type=_Note).problem
        except (OSError, msgspec.DecodeError):
            return ""

    def describe(self, problem: str = "") -> None:
        """Write the note next to the cache.

        Parameters
        ----------
        problem : str
            The reason why there is no cache; empty if the file is complete.

        Raises
        ------
        OSError
            If the folder is not writable.
        """
        size = changed = 0
        if not problem:
            stat = self.file.stat()
            size, changed = stat.st_size, stat.st_mtime_ns
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
            If given, the reason why the cache is not created again within a day.
        """
        with contextlib.suppress(OSError):
            self.note.unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)
            if problem:
                self.describe(problem)

    def proven(self) -> bool:
        """Start Java with the cache, and return True if Java accepts it.

        This takes about 50 ms.

        Returns
        -------
        bool
        """
        command = [self.java, *self.strict_options, _PARALLEL, "-cp", self.jar, "-version"]
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
    """Return the environment for Java, without the variables that contain options of Java.

    Returns
    -------
    dict of str to str
    """
    return {k: v for k, v in os.environ.items() if k not in _JAVA_ENVIRONMENT}


def major_version(version: str) -> int:
    """Return the major version of a Java.

    Parameters
    ----------
    version : str

    Returns
    -------
    int
        0 if the text contains no number.

    Examples
    --------
    >>> major_version("17.0.15"), major_version("1.8.0_402"), major_version("25-ea")
    (17, 8, 25)
    """
    parts = re.findall(r"\d+", version)
    return int(parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0]) if parts else 0


def jvm_cache_folder() -> Path | None:
    """Return the folder of the caches, or ``None`` if they are turned off.

    Returns
    -------
    pathlib.Path or None
    """
    named = os.environ.get("TOOLKIT_JVM_CACHE")
    if named:
        return None if named == "off" else Path(named).absolute()
    if base := os.environ.get("TOOLKIT_CACHE"):
        return Path(base).absolute() / "jvm"
    import platformdirs

    return platformdirs.user_cache_path("consensus-toolkit") / "jvm"


def read_file_stamp(path: str | Path) -> FileStamp:
    """Return a file's real path, size in bytes and modification time in ns.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    tuple of (str, int, int)

    Raises
    ------
    OSError
        If the file does not exist.
    """
    real = os.path.realpath(path)
    stat = os.stat(real)
    return real, stat.st_size, stat.st_mtime_ns


def jvm_cache(java: str, version: str, jar: str) -> JvmCache | None:
    """Return the cache for a Java and a jar.

    Parameters
    ----------
    java : str
        The executable.
    version : str
        Version of the Java, for instance ``"25.0.2"``.
    jar : str
        The ``tla2tools.jar``.

    Returns
    -------
    JvmCache or None
        ``None`` if caches are turned off, the folder's path contains a colon, or Java or jar
        cannot be read.
    """
    folder = jvm_cache_folder()
    # Java reads a colon in the path of an archive as a separator.
    if folder is None or ":" in str(folder):
        return None
    try:
        inputs = [_FORMAT, version, read_file_stamp(java), read_file_stamp(jar)]
    except OSError:
        return None
    key = sha256(msgspec.json.encode(inputs)).hexdigest()[:32]
    kind: Literal["aot", "cds"] = "aot" if major_version(version) >= _FIRST_WITH_AOT else "cds"
    return JvmCache(java, jar, kind, folder / f"{key}.jsa")


def names_collector(java_options: Sequence[str]) -> bool:
    """Return True if options of Java select a garbage collector.

    Parameters
    ----------
    java_options : sequence of str

    Returns
    -------
    bool
    """
    return any(_COLLECTOR.match(option) for option in java_options)


def start_options(
    cache: JvmCache | None, java_options: Sequence[str], *, short: bool, serial: bool = False
) -> tuple[list[str], bool]:
    """Return Java's options for a fast start.

    A short run uses a garbage collector with a single thread and only the compiler C1, which start
    fastest.  A run of unknown length uses all compilers and the garbage collector that TLC's
    authors recommend, which has several threads; a run with one worker uses the collector with a
    single thread, which takes about a tenth less processor time.

    Parameters
    ----------
    cache : JvmCache or None
    java_options : sequence of str
        The caller's own options of Java, which take precedence.
    short : bool
        Whether the run is expected to take only a few seconds.
    serial : bool
        Whether TLC has one worker.

    Returns
    -------
    options : list of str
    cached : bool
        Whether the options use the cache.
    """
    options = []
    if not names_collector(java_options):
        options.append(_SERIAL if short or serial else _PARALLEL)
    if short and not any(_COMPILER.match(option) for option in java_options):
        options.append(_C1_ALONE)
    if (
        cache is None
        or any(_CONFLICTING_OPTIONS.match(option) for option in java_options)
        or cache.state() != "ready"
    ):
        return options, False
    return [*options, *cache.options], True


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically, so that no process reads an incomplete file.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder must exist.
    content : bytes

    Raises
    ------
    OSError
        If the folder is not writable.
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
    """Start a background process that creates a cache and may outlive this process.

    Parameters
    ----------
    cache : JvmCache
    version : str
        The version of its Java.

    Returns
    -------
    bool
        Whether a process was started.  None is started if the cache exists, if creating it failed
        within the last day, or if this process has requested it before.
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
            # The process must find this package where this process found it.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    # Wait for its end, so that it does not become a zombie process.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def remove_stale_caches(folder: Path) -> list[Path]:
    """Remove caches whose Java or jar was removed or replaced, and leftover temporary files.

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
            current = all(read_file_stamp(stamp[0]) == stamp for stamp in (note.java, note.jar))
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
