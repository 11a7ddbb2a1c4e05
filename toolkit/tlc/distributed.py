"""TLC's distributed mode: a server that stores the states, and workers that compute them."""

from __future__ import annotations

import contextlib
import shlex
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.errors import SettingError
from toolkit.tlc.checker import Log, conclude
from toolkit.tlc.config import config_sections
from toolkit.tlc.interpret import Interpreter
from toolkit.tlc.locate import Jar, Java, find_java, find_tlc
from toolkit.tlc.messages import Message, MessageParser, OutputEvent
from toolkit.tlc.plan import Plan
from toolkit.tlc.result import CheckProgress, CheckResult
from toolkit.tlc.run import TlcRun, default_memory
from toolkit.tlc.source import SpecSource, load_spec

__all__ = ["check_distributed", "worker_command"]

_SERVER = "tlc2.tool.distributed.TLCServer"
_WORKER = "tlc2.tool.distributed.TLCWorker"
_READY = 7000
_WORKER_TIMEOUT = 15.0
_REFUSED = {
    "-simulate": "simulation",
    "-dfid": "depth-first search",
    "-continue": "searching for further violations",
    "-coverage": "coverage",
    "-recover": "continuing from a checkpoint",
    "-dump": "a dump of the state graph",
}


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _java_options(host: str, port: int, threads: int | None = None) -> list[str]:
    options = [
        f"-Djava.rmi.server.hostname={host}",
        f"-D{_SERVER}.port={port}",
        f"-D{_SERVER}.report=5000",
    ]
    if threads is not None:
        options.append(f"-D{_WORKER}.threadCount={threads}")
    return options


def worker_command(host: str, port: int, *, threads: int = 1, memory: int = 1024) -> str:
    """Return the command that starts a worker on another machine.

    Parameters
    ----------
    host : str
        Name or address of the server, as the other machine knows it.
    port : int
        The server's port.
    threads : int
        Number of threads of the worker.
    memory : int
        The worker's heap in MiB.

    Returns
    -------
    str
        A command for a shell on the other machine, where ``java`` and the same ``tla2tools.jar``
        must be available.

    Examples
    --------
    >>> "TLCWorker lab1" in worker_command("lab1", 10997, threads=4)
    True
    """
    words = [
        "java", f"-Xmx{memory}m", "-Xss16m", f"-D{_SERVER}.port={port}",
        f"-D{_WORKER}.threadCount={threads}", "-cp", "tla2tools.jar", _WORKER, host,
    ]  # fmt: skip
    return shlex.join(words)


class _Worker:
    """A worker process on this machine."""

    def __init__(self, run: TlcRun) -> None:
        self.run = run
        self.output: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        # If the server ends first, the pipe is closed while this thread reads it.
        with contextlib.suppress(ValueError, OSError):
            for line in self.run.lines():
                self.output.append(line)

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()


def _refuse(source: SpecSource, options: Sequence[str]) -> None:
    properties = config_sections(source.config).get("PROPERTY", [])
    if properties:
        raise SettingError(
            f"TLC cannot check properties in distributed mode and would report success: "
            f"{', '.join(properties)}",
            path=source.origin or None,
            hint="remove PROPERTY from the configuration file, or check on a single machine",
        )
    for option in options:
        if option in _REFUSED:
            raise SettingError(
                f"TLC does not support {_REFUSED[option]} in distributed mode ({option})",
                hint="omit the option, or check on a single machine",
            )


def check_distributed(
    spec: Path | str | SpecSource,
    config: Path | str | None = None,
    *,
    local_workers: int = 2,
    threads: int = 1,
    host: str = "127.0.0.1",
    port: int | None = None,
    memory: int | None = None,
    worker_memory: int = 1024,
    deadlock: bool = True,
    fingerprint: int = 0,
    timeout: float | None = None,
    options: Sequence[str] = (),
    module_path: Sequence[Path | str] = (),
    java: Path | str | None = None,
    jar: Path | str | None = None,
    on_ready: Callable[[str], None] | None = None,
    on_event: Callable[[OutputEvent], None] | None = None,
    on_progress: Callable[[CheckProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> CheckResult:
    """Check a specification with TLC's distributed mode.

    This starts a server and workers on this machine; workers on other machines are started by
    hand.  Only invariants, assumptions and deadlock can be checked.  The server accepts connections
    from any machine that can reach it, and executes what they send: use it only in trusted
    networks.

    Parameters
    ----------
    spec, config, deadlock, fingerprint, timeout, module_path, java, jar, cancel
        See :func:`~toolkit.tlc.check`.
    local_workers : int
        Number of worker processes on this machine; with 0 the server waits for others.
    threads : int
        Number of threads of each worker.
    host : str
        This machine's name or address, as the workers know it.
    port : int, optional
        Port of the server, by default a free port.
    memory, worker_memory : int, optional
        Heap of the server and of each local worker, in MiB.
    options : sequence of str
        Further options of TLC.
    on_ready : callable, optional
        Called when the server is ready, with the command that starts a worker on another machine.
    on_event, on_progress : callable, optional
        See :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult
        `workers` is the number of threads on this machine.  The depth that the server reports
        depends on the order in which workers answer.  In this mode TLC does not name a violation
        and only shows its last states; the outcome is then ``"violation"``.

    Raises
    ------
    SettingError
        If a number is out of range, or the check needs something that TLC ignores in distributed
        mode.
    SpecError, JavaNotFoundError, TlcNotFoundError
        See :func:`~toolkit.tlc.check`.
    """
    if local_workers < 0 or threads < 1:
        raise SettingError(
            f"cannot start {local_workers} workers with {threads} threads each",
            hint="local_workers must be at least 0, threads at least 1",
        )
    source = (
        spec if isinstance(spec, SpecSource) else load_spec(spec, config, module_path=module_path)
    )
    _refuse(source, options)
    found_java, found_jar = find_java(java), find_tlc(jar)
    port = _free_port(host) if port is None else port
    plan = Plan(source)
    plan.add("-tool", "-metadir", "{folder}/meta", "-fp", fingerprint)
    if not deadlock:
        plan.add("-deadlock")
    plan.read_options(options)
    plan.read_config()
    plan.caveats.append("distributed: the depth depends on the order in which the workers answered")
    interpreter, parser, log = Interpreter(plan.source), MessageParser(), Log()
    started = time.monotonic()
    lost: list[str] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            TlcRun(
                plan.source,
                arguments=[
                    _SERVER, *plan.options, "-config", f"{source.root}.cfg", f"{source.root}.tla",
                ],
                memory=memory or default_memory(),
                java=found_java,
                jar=found_jar,
                java_options=_java_options(host, port),
                timeout=timeout,
                cancel=cancel,
            )
        )  # fmt: skip
        workers: list[_Worker] = []
        ended = threading.Event()
        stack.callback(ended.set)

        def ready() -> None:
            if on_ready is not None:
                on_ready(worker_command(host, port, threads=threads, memory=worker_memory))
            for _ in range(local_workers):
                workers.append(
                    _start_worker(stack, found_java, found_jar, host, port, threads, worker_memory)
                )
            if workers:
                threading.Thread(
                    target=_watch, args=(server, workers, ended, lost), daemon=True
                ).start()

        def take(event: OutputEvent) -> None:
            progress = interpreter.take(event)
            if progress is not None and on_progress is not None:
                progress.elapsed = time.monotonic() - started
                on_progress(progress)
            if on_event is not None:
                on_event(event)
            if isinstance(event, Message) and event.code == _READY:
                ready()

        for line in server.lines():
            log.add(line)
            for event in parser.feed(line):
                take(event)
            if interpreter.ending:
                server.ending()
        for event in parser.finish():
            take(event)
        stderr = server.stderr()
        command = server.command
        interrupted = server.interrupted
        status = None if interrupted or server.lingered else server.exit_status
    for worker in workers:
        worker.join()
        log.add("".join(worker.output))
    if interpreter.findings and interpreter.findings[0].outcome == "violation":
        plan.caveats.append(
            "distributed: TLC reports neither what is violated nor the whole behaviour; check on a "
            "single machine to see them"
        )
    return conclude(
        plan, interpreter, status, stderr, "error" if lost else interrupted,
        duration=time.monotonic() - started,
        log=log.text() + stderr,
        log_cut=log.cut,
        java_version=found_java.version,
        command=command,
        workers=local_workers * threads,
        fingerprint=fingerprint,
        seed=None,
        problem=lost[0] if lost else None,
    )  # fmt: skip


def _start_worker(
    stack: contextlib.ExitStack,
    java: Java,
    jar: Jar,
    host: str,
    port: int,
    threads: int,
    memory: int,
) -> _Worker:
    # A worker receives the specification from the server.
    empty = SpecSource("Worker", {}, "")
    run = TlcRun(
        empty,
        arguments=[_WORKER, host],
        memory=memory,
        java=java,
        jar=jar,
        java_options=_java_options(host, port, threads),
    )
    return _Worker(stack.enter_context(run))


def _watch(server: TlcRun, workers: list[_Worker], ended: threading.Event, lost: list[str]) -> None:
    """End the server when all workers have ended; otherwise it would wait forever."""
    while not ended.wait(0.2):
        if not all(worker.ended for worker in workers):
            continue
        if ended.wait(_WORKER_TIMEOUT):
            return
        output = "".join("".join(worker.output[-20:]) + worker.run.stderr() for worker in workers)
        lost.append(f"all workers ended before the check was complete: {output.strip()}")
        server.cancel()
        return
