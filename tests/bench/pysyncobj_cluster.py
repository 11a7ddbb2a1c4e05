"""Three nodes of PySyncObj in this process, over loopback, driven by ``doTick``."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated

from toolkit.errors import InternalError

__all__ = ["pysyncobj_rate"]

_START = 30.0
"""Seconds within which a cluster must have a leader that all know."""


class _Store(SyncObj):
    """A dictionary that is put into."""

    def __init__(self, own: str, others: list[str], conf: SyncObjConf) -> None:
        super().__init__(own, others, conf=conf)
        self.data: dict[str, int] = {}

    @replicated
    def put(self, key: str, value: int) -> bool:
        self.data[key] = value
        return True


def _addresses(count: int) -> list[str]:
    """Return addresses with ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _tick(nodes: list[_Store]) -> None:
    for node in nodes:
        node.doTick(0.0)


def pysyncobj_rate(
    outstanding: int, count: int, limit: float, *, batch: bool
) -> tuple[float, float]:
    """Return committed commands a second, of wall time and of processor time.

    Parameters
    ----------
    outstanding : int
        So many commands are under way: one more is given to the leader when one is applied.
    count : int
        So many are counted, unless the time is up before.
    limit : float
        Seconds after which no more are counted.
    batch : bool
        PySyncObj's setting ``appendEntriesUseBatch``.
    """
    # It warns of a counter that it resets; nothing hangs on it here.
    logging.getLogger("pysyncobj").setLevel(logging.ERROR)
    names = _addresses(3)
    nodes = [
        _Store(
            own,
            [other for other in names if other != own],
            SyncObjConf(autoTick=False, appendEntriesUseBatch=batch),
        )
        for own in names
    ]
    try:
        started = time.perf_counter()
        while not all(node.isReady() for node in nodes):
            _tick(nodes)
            if time.perf_counter() - started > _START:
                raise InternalError("PySyncObj found no leader")
        leader = next(node for node in nodes if node._isLeader())
        return _keep_up(leader, nodes, outstanding, count, limit)
    finally:
        for node in nodes:
            node.destroy()
        _tick(nodes)


def _keep_up(
    leader: _Store, nodes: list[_Store], outstanding: int, count: int, limit: float
) -> tuple[float, float]:
    ready = [f"c{number}" for number in range(outstanding)]
    done, failed, value = 0, 0, 0

    def called_back(key: str) -> Callable[[Any, Any], None]:
        def applied(result: Any, error: Any) -> None:
            nonlocal done, failed
            done += 1
            failed += bool(error)
            ready.append(key)

        return applied

    callbacks = {key: called_back(key) for key in ready}
    wall, cpu = time.perf_counter(), time.process_time()
    while done < count and time.perf_counter() - wall < limit:
        batch = ready.copy()
        ready.clear()
        for key in batch:
            value += 1
            leader.put(key, value, callback=callbacks[key])
        _tick(nodes)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if failed or not done:
        raise InternalError(f"PySyncObj applied {done - failed} commands, and {failed} failed")
    return done / wall, done / cpu
