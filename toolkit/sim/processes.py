"""Many runs in several processes, whose results come back in the order of the seeds."""

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
"""The most runs that a process is given at once."""

_AHEAD = 4
"""The most pieces for each process that are made before the next one in order."""


class NodesElsewhere(dict[str, Any]):
    """In place of the nodes of a run that another process has made: they stayed there."""

    def _refuse(self, *_: object) -> NoReturn:
        raise SettingError(
            "the nodes of a run stay in the process that made it",
            hint="look at nodes in runs that are made with one job",
        )

    __contains__ = __getitem__ = __iter__ = __len__ = _refuse
    get = items = keys = values = _refuse


@dataclass(frozen=True)
class Finished:
    """A run that another process has made.

    Parameters
    ----------
    trace : str
        The name of its trace.
    result : RunResult
        What came out, without the nodes.
    lines : bytes
        The records of its trace; empty if it was not recorded.
    """

    trace: str
    result: RunResult
    lines: bytes


def count_jobs(jobs: int) -> int:
    """Return the number of processes that a number of jobs stands for.

    Parameters
    ----------
    jobs : int
        0 for one process for each core that this process may use.

    Raises
    ------
    SettingError
        If it is negative.
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
    """Return whether another process can make these runs.

    It finds protocols, faults and machines by their names, as installed plug-ins, and nothing
    that was registered or altered in this process.
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
    """Start processes inside this context that ignore Ctrl-C from their first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It is started with the first process, and lets the signal through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _sendable(error: Exception) -> Exception:
    """Return an error as it is, or what can be said of it if it cannot be sent."""
    if not isinstance(error, ToolkitError):
        error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return InternalError(f"a run failed: {type(error).__name__}: {error}")
    return error


def _make(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], record: bool
) -> tuple[list[Finished], Exception | None]:
    """Make runs here; return those before the first that failed, and its error."""
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


def _work(pipe: Connection, name: str, plan: RunPlan, record: bool) -> None:
    """Make the runs that are asked for, until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    protocol = get_protocol(name)
    # The other end is closed as well when that process has died: no worker outlives it.
    with contextlib.suppress(EOFError, OSError):
        while True:
            number, seeds = pipe.recv()
            pipe.send((number, *_make(protocol, plan, seeds, record)))


def run_in_processes(
    protocol: Protocol, plan: RunPlan, seeds: Sequence[int], *, jobs: int, record: bool
) -> Generator[Finished, None, None]:
    """Make runs in several processes.

    Parameters
    ----------
    protocol : Protocol
        An installed one (see :func:`can_be_sent`).
    plan : RunPlan
        What is run.
    seeds : sequence of int
        A run for each.
    jobs : int
        The number of processes.
    record : bool
        Whether the traces are wanted.

    Yields
    ------
    Finished
        In the order of the seeds.  A few runs for each process are made ahead; no more are kept.

    Raises
    ------
    InternalError
        If a process ended before its runs were made.
    Exception
        What a run raised, after the runs before it.
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
                    target=_work, args=(theirs, protocol.name, plan, record), daemon=True
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
                for one in made:
                    yield replace(one, result=replace(one.result, nodes=NodesElsewhere()))
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
            "a process that made runs ended before they were finished",
            hint="use one job, and see whether memory is the reason; a script that uses several "
            "must call from under if __name__ == '__main__', since each process imports it",
        ) from lost
    finally:
        for pipe in (*idle, *busy):
            pipe.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
