"""Run TLC, follow it, and end it without a trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from toolkit.errors import SettingError, TlcError
from toolkit.tlc.locate import Jar, Java, find_java, find_tlc
from toolkit.tlc.messages import Event, MessageParser
from toolkit.tlc.result import CheckResult, Interpreter, Outcome, Progress, name_actions
from toolkit.tlc.source import SpecSource, load_spec, property_names

__all__ = ["TlcRun", "check", "default_memory", "sweep"]

_PREFIX = "toolkit-tlc-"
_LOG_LIMIT = 64 * 2**20
_GRACE = 2.0


def default_memory() -> int:
    """Return the heap that a run gets unless told otherwise: half the memory, in MiB.

    Never more than 8 GiB and never less than 512 MiB.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(512, min(8192, total // 2))


def sweep() -> list[Path]:
    """Remove the folders of runs whose process is gone, and return them.

    A run removes its own folder; only one that was killed leaves it behind.
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


class TlcRun:
    """One process of TLC, in a folder of its own.

    Use it as a context manager: whatever happens inside, the process and the folder are gone
    afterwards.

    Parameters
    ----------
    source : SpecSource
        What to check.
    options : sequence of str
        Options of TLC, in addition to those the run needs for itself.
    memory : int
        Heap in MiB.
    java : Java
    jar : Jar
    timeout : float or None
        Seconds after which the run is ended.
    cancel : threading.Event or None
        Ends the run when set.
    """

    def __init__(
        self,
        source: SpecSource,
        *,
        options: Sequence[str],
        memory: int,
        java: Java,
        jar: Jar,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self.source = source
        self.interrupted: Outcome | None = None
        self.exit_status: int | None = None
        self._memory = memory
        self._java = java
        self._jar = jar
        self._options = list(options)
        self._timeout = timeout
        self._cancel = cancel
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._ended = threading.Event()
        self._watch: threading.Thread | None = None
        self.command: tuple[str, ...] = ()

    def __enter__(self) -> TlcRun:
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
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
        self.command = (
            self._java.path,
            "-XX:+UseParallelGC",
            f"-Xmx{self._memory}m",
            "-Xss16m",
            "-Duser.language=en",
            "-Duser.country=US",
            "-Dfile.encoding=UTF-8",
            "-Dstdout.encoding=UTF-8",
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            "-cp",
            self._jar.path,
            "tlc2.TLC",
            "-tool",
            "-metadir",
            str(folder / "meta"),
            *self._options,
            "-config",
            f"{self.source.root}.cfg",
            f"{self.source.root}.tla",
        )
        self._errors = (folder / "stderr").open("w+", encoding="utf-8", errors="replace")
        environment = {k: v for k, v in os.environ.items() if k != "JAVA_TOOL_OPTIONS"}
        try:
            self._process = subprocess.Popen(
                self.command,
                cwd=folder / "spec",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                env=environment,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise TlcError(
                f"Java could not be started: {error}",
                path=self._java.path,
                hint="run 'toolkit doctor'",
            ) from error
        self._watch = threading.Thread(target=self._guard, daemon=True)
        self._watch.start()

    def _guard(self) -> None:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._ended.wait(0.05):
            if self._cancel is not None and self._cancel.is_set():
                self.interrupted = "cancelled"
            elif deadline is not None and time.monotonic() >= deadline:
                self.interrupted = "time-limit"
            if self.interrupted is not None:
                self._kill()
                return

    def cancel(self) -> None:
        """End the run; from any thread."""
        if self.interrupted is None and not self._ended.is_set():
            self.interrupted = "cancelled"
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            try:
                process.wait(_GRACE)
                return
            except subprocess.TimeoutExpired:
                continue

    def lines(self) -> Iterator[str]:
        """Yield TLC's output line by line, until it ends."""
        assert self._process is not None
        assert self._process.stdout is not None
        yield from self._process.stdout
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
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._errors.close()
        if self._watch is not None and self._watch is not threading.current_thread():
            self._watch.join()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self.close()


class _Log:
    """The output, with a bound on what is kept of it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self.cut = False

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size > 2 * _LOG_LIMIT:
            text = "".join(self._lines)[-_LOG_LIMIT:]
            self._lines, self._size, self.cut = [text], len(text), True

    def text(self) -> str:
        return "".join(self._lines)


def check(
    spec: Path | str | SpecSource,
    config: Path | str | None = None,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    deadlock: bool = True,
    fingerprint: int = 0,
    seed: int | None = None,
    options: Sequence[str] = (),
    module_path: Sequence[Path | str] = (),
    java: Path | str | None = None,
    jar: Path | str | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> CheckResult:
    """Check a specification with TLC.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a specification gathered already.
    config : path, optional
        A ``.cfg`` file; by default the one beside the specification.  Not with a
        :class:`SpecSource`, which carries its own.
    workers : int, optional
        TLC's worker threads; by default as many as there are processors.  With one worker
        counts and counterexamples are the same in every run.
    timeout : float, optional
        Seconds after which the run is ended; its outcome is then ``"time-limit"``.
    memory : int, optional
        Heap in MiB; see :func:`default_memory`.
    deadlock : bool
        Whether a state without successor is a violation.
    fingerprint : int
        Index of the fingerprint polynomial, 0 to 130; fixed, so that a run can be repeated.
    seed : int, optional
        Seed of a simulation (with ``options=["-simulate"]``).
    options : sequence of str
        Further options of TLC, passed on as they are.
    module_path : sequence of paths
        Further folders with modules.
    java, jar : path, optional
        See :func:`~toolkit.tlc.find_java` and :func:`~toolkit.tlc.find_tlc`.
    on_event : callable, optional
        Called with every message, as it comes.
    on_progress : callable, optional
        Called with every :class:`Progress`.
    cancel : threading.Event, optional
        Ends the run when set, from another thread; the outcome is ``"cancelled"``.

    Returns
    -------
    CheckResult
        What is wrong with the specification, and running out of time or memory, are
        outcomes and no exceptions.

    Raises
    ------
    SpecError
        If a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run.
    SettingError
        If a number is out of range.
    """
    if workers is not None and workers < 1:
        raise SettingError(f"{workers} workers", hint="at least one")
    if timeout is not None and timeout <= 0:
        raise SettingError(f"a time limit of {timeout} s", hint="more than 0 seconds")
    if memory is not None and memory < 16:
        raise SettingError(f"a heap of {memory} MiB", hint="at least 16 MiB")
    if isinstance(spec, SpecSource):
        source = spec
    else:
        source = load_spec(spec, config, module_path=module_path)
    found_java, found_jar = find_java(java), find_tlc(jar)
    count = workers or os.cpu_count() or 1
    arguments = ["-workers", str(count), "-fp", str(fingerprint)]
    if not deadlock:
        arguments.append("-deadlock")
    if seed is not None:
        arguments += ["-seed", str(seed)]
    interpreter = Interpreter(property_names(source.config))
    parser = MessageParser()
    log = _Log()
    started = time.monotonic()

    def take(event: Event) -> None:
        progress = interpreter.take(event)
        if progress is not None and on_progress is not None:
            on_progress(progress)
        if on_event is not None:
            on_event(event)

    with TlcRun(
        source,
        options=[*arguments, *options],
        memory=memory or default_memory(),
        java=found_java,
        jar=found_jar,
        timeout=timeout,
        cancel=cancel,
    ) as run:
        for line in run.lines():
            log.add(line)
            for event in parser.feed(line):
                take(event)
        for event in parser.finish():
            take(event)
        stderr = run.stderr()
        command = run.command
        interrupted = run.interrupted
        status = None if interrupted else run.exit_status
    outcome, name, message, location = interpreter.outcome(status, stderr, interrupted)
    return CheckResult(
        outcome=outcome,
        name=name,
        message=message,
        location=location,
        generated=interpreter.generated,
        distinct=interpreter.distinct,
        left_on_queue=interpreter.queue,
        depth=interpreter.depth,
        complete=outcome == "success" and interpreter.queue == 0 and "-simulate" not in options,
        duration=time.monotonic() - started,
        counterexamples=name_actions(interpreter.examples(), source.modules),
        prints="\n".join(interpreter.prints),
        warnings=tuple(interpreter.warnings),
        log=log.text() + stderr,
        log_cut=log.cut,
        exit_status=status,
        tlc_version=interpreter.version,
        java_version=found_java.version,
        command=command,
        workers=count,
        fingerprint=fingerprint,
        seed=seed,
    )
