"""Parallel runs in several processes, with results in the order of the seeds."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from toolkit.errors import InternalError, SettingError, ToolkitError
from toolkit.machines import MACHINES
from toolkit.protocols import PROTOCOLS, get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.sim.faults import FAULTS
from toolkit.sim.plan import RunPlan
from toolkit.sim.results import RunResult
from toolkit.trace import TraceWriter

__all__ = ["Finished", "can_be_sent", "count_jobs", "run_in_processes", "without_interrupts"]

_PIECE = 8
"""Maximum number of runs that a process receives at once."""

_AHEAD = 4
"""Maximum number of pieces for each process that run ahead of the next one in order."""


class NodesElsewhere(dict[str, Any]):
    """Placeholder for the nodes of a run in another process, which raises when it is used."""

    def _refuse(self, *_: object) -> NoReturn:
        raise SettingError(
            "the nodes of a run in another process are not available",
            hint="simulate with one job (jobs=1) to use them",
        )

    __contains__ = __getitem__ = __iter__ = __len__ = _refuse
    get = items = keys = values = _refuse


@dataclass(frozen=True)
class Finished:
    """A finished run of another process.

    Parameters
    ----------
    trace : str
        The name of its trace.
    result : RunResult
        The result, without the nodes.
    lines : bytes
        The encoded records of its trace; empty if it was not recorded.
    """

    trace: str
    result: RunResult
    lines: bytes


def count_jobs(jobs: int) -> int:
    """Return the number of processes that a number of jobs stands for.

    Parameters
    ----------
    jobs : int
        The number of jobs; 0 for one process per core that this process may use.

    Raises
    ------
    SettingError
        If `jobs` is negative.
    """
    if jobs < 0:
        raise SettingError(
            f"the number of jobs must be at least 0, got {jobs}", hint="0 uses all cores"
        )
    if jobs:
        return jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_be_sent(protocol: Protocol, plan: RunPlan) -> bool:
    """Return True if another process can execute these runs.

    Another process finds protocols, faults and machines only by their names, as installed
    plug-ins.  It does not have those that were registered or altered in this process.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    plan : RunPlan
        The plan of the runs.
    """
    if protocol.name not in PROTOCOLS.names() or get_protocol(protocol.name) is not protocol:
        return False
    if PROTOCOLS.is_local(protocol.name) or FAULTS.has_local() or MACHINES.has_local():
        return False
    try:
        pickle.dumps(plan)
    except Exception:
        return False
    return True


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Return a context in which processes start with Ctrl-C (SIGINT) blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The resource tracker would start with the first process, and unblock the signal.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _sendable(error: Exception) -> Exception:
    """Return an error unchanged, or an InternalError about it if it cannot be pickled."""
    if not isinstance(error, ToolkitError):
        error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return InternalError(f"a run failed: {type(error).__name__}: {error}")
    return error


def _execute(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], record: bool
) -> tuple[list[Finished], Exception | None]:
    """Execute runs; return the runs before the first failure, and its error."""
    made: list[Finished] = []
    for seed in seeds:
        stream = io.BytesIO()
        try:
            scenario = plan.draw(protocol, seed)
            result = plan.run(protocol, scenario, seed, TraceWriter(stream) if record else None)
            finished = Finished(
                f"{scenario.name}-{seed}", replace(result, nodes={}), stream.getvalue()
            )
            pickle.dumps(finished.result)
        except Exception as error:
            return made, _sendable(error)
        made.append(finished)
    return made, None


def _serve(pipe: Connection, name: str, plan: RunPlan, record: bool) -> None:
    """Execute the requested runs until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    protocol = get_protocol(name)
    # The other end is also closed when the parent process dies, so that no worker outlives it.
    with contextlib.suppress(EOFError, OSError):
        while True:
            number, seeds = pipe.recv()
            pipe.send((number, *_execute(protocol, plan, seeds, record)))


def run_in_processes(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], *, jobs: int, record: bool
) -> Generator[Finished, None, None]:
    """Execute runs in several processes.

    Parameters
    ----------
    protocol : Protocol
        An installed protocol (see :func:`can_be_sent`).
    plan : RunPlan
        The plan of the runs.
    seeds : sequence of int
        The seeds, one for each run.
    jobs : int
        The number of processes.
    record : bool
        Whether to record traces.

    Yields
    ------
    Finished
        The runs, in the order of the seeds.  Each process runs only a few runs ahead, which bounds
        the memory.

    Raises
    ------
    InternalError
        If a process ended before its runs were finished.
    Exception
        The error of a run, after the runs before it were yielded.
    """
    # Not forked: the locks of other threads would stay locked.
    context = multiprocessing.get_context("spawn")
    size = max(1, min(_PIECE, len(seeds) // (4 * jobs)))
    pieces = [seeds[at : at + size] for at in range(0, len(seeds), size)]
    processes = []
    idle: list[Connection] = []
    busy: list[Connection] = []
    try:
        with without_interrupts():
            for _ in range(min(jobs, len(pieces))):
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=_serve, args=(theirs, protocol.name, plan, record), daemon=True
                )
                process.start()
                theirs.close()
                processes.append(process)
                idle.append(ours)
        early: dict[int, tuple[list[Finished], Exception | None]] = {}
        asked = due = 0
        while due < len(pieces):
            while idle and asked < min(len(pieces), due + _AHEAD * jobs):
                idle[-1].send((asked, pieces[asked]))
                busy.append(idle.pop())
                asked += 1
            if due in early:
                made, error = early.pop(due)
                due += 1
                for run in made:
                    yield replace(run, result=replace(run.result, nodes=NodesElsewhere()))
                if error is not None:
                    raise error
                continue
            for ready in connection.wait(busy):
                assert isinstance(ready, Connection)
                number, made, error = ready.recv()
                early[number] = (made, error)
                busy.remove(ready)
                idle.append(ready)
    except (EOFError, BrokenPipeError, ConnectionResetError) as lost:
        raise InternalError(
            "a worker process ended before its runs were finished",
            hint="use one job (jobs=1), or check the memory; a script with several jobs must make "
            "the call under if __name__ == '__main__', because each process imports it",
        ) from lost
    finally:
        for pipe in (*idle, *busy):
            pipe.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
