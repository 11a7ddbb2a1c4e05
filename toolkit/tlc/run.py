"""A process of TLC in a folder of its own, of which nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

from toolkit.errors import TlcError
from toolkit.invocation import Invocation
from toolkit.tlc.jvm_cache import (
    JvmCache,
    java_environment,
    jvm_cache,
    request_cache,
    start_options,
)
from toolkit.tlc.locate import Jar, Java
from toolkit.tlc.source import SpecSource

__all__ = ["TlcRun", "default_memory", "remove_stale_runs", "run_folder"]

_PREFIX = "toolkit-tlc-"
_GRACE = 2.0
# Java stays when TLC's main thread has died of a lack of memory and others wait for it.
_LINGER = 30.0
_LINGER_UNTOLD = 90.0
_GUARD = Path(__file__).with_name("guard.py")


def default_memory() -> int:
    """Return the heap that a run gets unless told otherwise: half the memory, in MiB.

    Never more than 8 GiB and never less than 512 MiB.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(512, min(8192, total // 2))


def remove_stale_runs() -> list[Path]:
    """Remove the folders of runs whose process is gone, and return them.

    A run removes its own folder, and its guard does if Python was killed; only where both were
    killed at once does it stay until the next run begins.
    """
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdigit() or int(owner) == os.getpid():
            continue
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        except PermissionError:
            continue
    return removed


def run_folder() -> Path:
    """Make a folder that :func:`remove_stale_runs` knows."""
    remove_stale_runs()
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


class TlcRun:
    """One process of TLC, in a folder of its own.

    Use it as a context manager: whatever happens inside, the process and the folder are gone
    afterwards.  If Python itself is killed, a guard ends the process and removes the folder.

    Parameters
    ----------
    source : SpecSource
        What to check; its modules are all that is copied into the folder.
    arguments : sequence of str
        The Java class to run, and its arguments.  ``{folder}`` stands for the run's folder.
    memory : int
        Heap in MiB.
    java : Java
    jar : Jar
    class_path : sequence of str
        Further jars.
    java_options : sequence of str
        Further options of Java.
    short : bool
        Whether the run is expected to last a few seconds at most: Java then starts faster, and
        what runs long runs slower.
    timeout : float or None
        Seconds after which the run is ended.
    cancel : threading.Event or None
        Ends the run when set.

    Attributes
    ----------
    interrupted : str or None
        Why the run was ended, if it was.
    lingered : bool
        Whether it was ended because Java stayed when TLC had nothing more to say.
    exit_status : int or None
        Of the process, when it has ended.
    started : float
        When it was started, by the monotonic clock in s.
    """

    def __init__(
        self,
        source: SpecSource,
        *,
        arguments: Sequence[str],
        memory: int,
        java: Java,
        jar: Jar,
        class_path: Sequence[str] = (),
        java_options: Sequence[str] = (),
        short: bool = False,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self.source = source
        self.interrupted: Literal["time-limit", "cancelled"] | None = None
        self.exit_status: int | None = None
        self.lingered = False
        self._patience: float | None = None
        self._looked_at = 0
        self._said = time.monotonic()
        self._memory = memory
        self._java = java
        self._jar = jar
        self._class_path = list(class_path)
        self._java_options = list(java_options)
        self._short = short
        # Which cache Java runs with, and which one it could have had.
        self._used: JvmCache | None = None
        self._missing: JvmCache | None = None
        self._began = False
        self._lock = threading.Lock()
        self._arguments = list(arguments)
        self.started = 0.0
        self._timeout = timeout
        self._deadline: float | None = None
        self._cancel = cancel
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._ended = threading.Event()
        self._watch: threading.Thread | None = None
        self.command: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The run's folder, while it lasts."""
        assert self._folder is not None
        return self._folder

    @property
    def question(self) -> tuple[object, ...]:
        """All that TLC's answer depends on, and how Java runs."""
        return (
            self.source, self._arguments, self._memory, self._java, self._jar, self._class_path,
            self._java_options, self._short,
        )  # fmt: skip

    def limit_as(self, other: TlcRun) -> None:
        """Have this run ended by what would end another one, its time counted from now."""
        self._cancel = other._cancel
        self._deadline = None if other._timeout is None else time.monotonic() + other._timeout

    def __enter__(self) -> TlcRun:
        if self._folder is not None:
            # It was started ahead.
            return self
        self.started = time.monotonic()
        self._folder = run_folder()
        try:
            self._start(self._folder)
        except BaseException:
            self.close()
            raise
        return self

    def _start(self, folder: Path) -> None:
        for name in ("spec", "meta", "tmp"):
            (folder / name).mkdir()
        self.source.write(folder / "spec")
        self._errors = (folder / "stderr").open("w+", encoding="utf-8", errors="replace")
        if not os.access(self._java.path, os.X_OK):
            raise TlcError(
                "Java could not be started: it is no program that may be run",
                path=self._java.path,
                hint=f"run '{Invocation('doctor')}'",
            )
        self._launch(folder)
        self.limit_as(self)
        self._watch = threading.Thread(target=self._guard, daemon=True)
        self._watch.start()

    def _launch(self, folder: Path) -> None:
        cache = jvm_cache(self._java.path, self._java.version, self._jar.path)
        options, used = start_options(cache, self._java_options, short=self._short)
        self._used, self._missing = (cache, None) if used else (None, cache)
        self.command = (
            self._java.path,
            *options,
            f"-Xmx{self._memory}m",
            "-Xss16m",
            *self._java_options,
            "-Duser.language=en",
            "-Duser.country=US",
            "-Dfile.encoding=UTF-8",
            "-Dstdout.encoding=UTF-8",
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            "-cp",
            os.pathsep.join([self._jar.path, *self._class_path]),
            *(part.replace("{folder}", str(folder)) for part in self._arguments),
        )
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(folder), *self.command],
            cwd=folder / "spec",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env=java_environment(),
            encoding="utf-8",
            errors="replace",
        )

    def _start_again(self) -> bool:
        """Start Java without the cache that it could not be started with.

        Returns
        -------
        bool
            Whether it was started: not if the run was ended from outside meanwhile.
        """
        assert self._used is not None
        assert self._process is not None
        self._used.discard("Java ended at once when it was started with the cache")
        with self._lock:
            if self.interrupted is not None or self._ended.is_set():
                return False
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._errors.seek(0)
            self._errors.truncate()
            self._launch(self.folder)
        return True

    def _guard(self) -> None:
        while not self._ended.wait(0.05):
            if self._lingers():
                self.lingered = True
                self._kill()
                return
            if self._cancel is not None and self._cancel.is_set():
                self.interrupted = "cancelled"
            elif self._deadline is not None and time.monotonic() >= self._deadline:
                self.interrupted = "time-limit"
            if self.interrupted is not None:
                self._kill()
                return

    def ending(self) -> None:
        """Say that TLC has told its last: it is ended if it stays and says nothing more."""
        self._patience = _LINGER

    def _lingers(self) -> bool:
        silence = time.monotonic() - self._said
        if silence <= min(_LINGER, _LINGER_UNTOLD):
            return False
        errors = self.folder / "stderr"
        if self._patience is None and errors.stat().st_size != self._looked_at:
            text = errors.read_bytes()
            self._looked_at = len(text)
            if b"OutOfMemoryError" in text:
                self._patience = _LINGER_UNTOLD
        stays = self._process is not None and self._process.poll() is None
        return stays and self._patience is not None and silence > self._patience

    def cancel(self) -> None:
        """End the run; from any thread."""
        if self.interrupted is None and not self._ended.is_set():
            self.interrupted = "cancelled"
        self._kill()

    def _kill(self) -> None:
        with self._lock:
            process = self._process
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            try:
                process.wait(_GRACE)
                break
            except subprocess.TimeoutExpired:
                continue
        # The guard went with the group when it was killed; Java may need a moment more.
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.01)

    def lines(self) -> Iterator[str]:
        """Yield TLC's output line by line, until it ends."""
        while True:
            yield from self._lines_of_process()
            died = not self._began and self.exit_status != 0 and self.interrupted is None
            if not died or self._used is None or not self._start_again():
                return

    def _lines_of_process(self) -> Iterator[str]:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said = time.monotonic()
            # So begins what Java says when it crashes, with a damaged cache for instance.
            if not self._began and self._used is not None and line.startswith("#"):
                continue
            self._began = True
            yield line
        self.exit_status = self._process.wait()

    def stderr(self) -> str:
        """Return what was written to standard error so far."""
        self._errors.flush()
        self._errors.seek(0)
        return self._errors.read()

    def close(self) -> None:
        """End the process if it still runs, and remove its folder."""
        self._ended.set()
        if self._process is not None:
            if self._process.poll() is None:
                self._kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._errors.close()
        if self._watch is not None and self._watch is not threading.current_thread():
            self._watch.join()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._missing is not None and self._began and self.exit_status is not None:
            request_cache(self._missing, self._java.version)
            self._missing = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self.close()
