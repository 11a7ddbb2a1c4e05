"""Run TLC as a process in a temporary folder, and clean up in any case."""

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
# Java does not exit if TLC's main thread has died of exhausted memory while others wait for it.
_LINGER = 30.0
_LINGER_UNANNOUNCED = 90.0
_GUARD = Path(__file__).with_name("guard.py")


def default_memory() -> int:
    """Return the default heap of a run in MiB: half the memory, from 512 MiB to 8 GiB.

    Returns
    -------
    int
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(512, min(8192, total // 2))


def remove_stale_runs() -> list[Path]:
    """Remove the folders of runs whose process has ended, and return them.

    A run removes its own folder, and its guard removes it if Python is killed.  Only if both are
    killed at once does the folder remain until the next run starts.

    Returns
    -------
    list of pathlib.Path
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
    """Create a temporary folder that :func:`remove_stale_runs` recognizes.

    Returns
    -------
    pathlib.Path
    """
    remove_stale_runs()
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


class TlcRun:
    """A process of TLC in a temporary folder.

    Use it as a context manager: at its exit the process is ended and the folder removed.  If Python
    is killed, a guard process does this.

    Parameters
    ----------
    source : SpecSource
        The specification to check; only its modules and configuration file are copied into the
        folder.
    arguments : sequence of str
        The Java class to run, and its arguments.  ``{folder}`` is replaced by the run's folder.
    memory : int
        Heap in MiB.
    java : Java
    jar : Jar
    class_path : sequence of str
        Further jars.
    java_options : sequence of str
        Further options of Java.
    short : bool
        Whether the run is expected to take only a few seconds.  Java then starts faster, but a
        long run is slower.
    serial : bool
        Whether TLC has one worker.
    timeout : float or None
        Seconds after which the run is ended.
    cancel : threading.Event or None
        Ends the run when set.

    Attributes
    ----------
    interrupted : str or None
        The reason why the run was ended from outside; ``None`` if it was not.
    lingered : bool
        Whether it was ended because Java did not exit after TLC had finished.
    exit_status : int or None
        Exit status of the process, when it has ended.
    started : float
        Time of the start, by the monotonic clock in s.
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
        serial: bool = False,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self.source = source
        self.interrupted: Literal["time-limit", "cancelled"] | None = None
        self.exit_status: int | None = None
        self.lingered = False
        self._linger_limit: float | None = None
        self._stderr_size = 0
        self._last_output = time.monotonic()
        self._memory = memory
        self._java = java
        self._jar = jar
        self._class_path = list(class_path)
        self._java_options = list(java_options)
        self._short = short
        self._serial = serial
        # The cache that Java runs with, or the cache that is missing.
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
        """The temporary folder, while the run lasts."""
        assert self._folder is not None
        return self._folder

    @property
    def question(self) -> tuple[object, ...]:
        """Everything that TLC's result depends on, and the options of Java."""
        return (
            self.source, self._arguments, self._memory, self._java, self._jar, self._class_path,
            self._java_options, self._short, self._serial,
        )  # fmt: skip

    def limit_as(self, other: TlcRun) -> None:
        """Take the cancel event and time limit of another run; the time starts now.

        Parameters
        ----------
        other : TlcRun
        """
        self._cancel = other._cancel
        self._deadline = None if other._timeout is None else time.monotonic() + other._timeout

    def __enter__(self) -> TlcRun:
        if self._folder is not None:
            # The run was started ahead.
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
                "cannot start Java: the file is not executable",
                path=self._java.path,
                hint=f"run '{Invocation('doctor')}'",
            )
        self._launch(folder)
        self.limit_as(self)
        self._watch = threading.Thread(target=self._guard, daemon=True)
        self._watch.start()

    def _launch(self, folder: Path) -> None:
        cache = jvm_cache(self._java.path, self._java.version, self._jar.path)
        options, used = start_options(
            cache, self._java_options, short=self._short, serial=self._serial
        )
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
        """Start Java again without the cache, after starting it with the cache failed.

        Returns
        -------
        bool
            Whether Java was started; ``False`` if the run was ended from outside meanwhile.
        """
        assert self._used is not None
        assert self._process is not None
        self._used.discard("Java exited immediately when it was started with the cache")
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
        """Announce that TLC has finished: if Java does not exit, it is ended after a while."""
        self._linger_limit = _LINGER

    def _lingers(self) -> bool:
        silence = time.monotonic() - self._last_output
        if silence <= min(_LINGER, _LINGER_UNANNOUNCED):
            return False
        errors = self.folder / "stderr"
        if self._linger_limit is None and errors.stat().st_size != self._stderr_size:
            text = errors.read_bytes()
            self._stderr_size = len(text)
            if b"OutOfMemoryError" in text:
                self._linger_limit = _LINGER_UNANNOUNCED
        stays = self._process is not None and self._process.poll() is None
        return stays and self._linger_limit is not None and silence > self._linger_limit

    def cancel(self) -> None:
        """End the run; can be called from any thread."""
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
        # SIGKILL also ends the guard, which is in the same group; Java may need more time.
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.01)

    def lines(self) -> Iterator[str]:
        """Yield TLC's output line by line.

        Yields
        ------
        str
        """
        while True:
            yield from self._lines_of_process()
            died = not self._began and self.exit_status != 0 and self.interrupted is None
            if not died or self._used is None or not self._start_again():
                return

    def _lines_of_process(self) -> Iterator[str]:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last_output = time.monotonic()
            # Java's report of a crash, for instance with a damaged cache, starts like this.
            if not self._began and self._used is not None and line.startswith("#"):
                continue
            self._began = True
            yield line
        self.exit_status = self._process.wait()

    def stderr(self) -> str:
        """Return the standard error output so far.

        Returns
        -------
        str
        """
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
