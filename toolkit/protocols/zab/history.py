"""What a Zab server keeps: its history, what is delivered of it, and what its disk is to hold.

Each handler is named after the action of ``specs/zab`` that it performs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from toolkit.machines import Sessions
from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect, SetTimer
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.messages import ZERO, Txn, Zxid

__all__ = ["NO_SNAPSHOT", "Historian", "Snapshot", "apply_write"]

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()


class Snapshot(msgspec.Struct, frozen=True):
    """What stands for the first transactions.

    Parameters
    ----------
    index : int
        How many they are.
    zxid : Zxid
        The last of them.
    data : str
        The machine with the clients' sessions, as JSON.
    """

    index: int
    zxid: Zxid
    data: str


NO_SNAPSHOT = Snapshot(0, ZERO, "")
"""Stands for nothing."""


def _zxid(txn: Txn) -> Zxid:
    return txn.zxid


class Historian:
    """A server's history and machine.

    Parameters
    ----------
    name : str
        This server.
    config : ZabConfig

    Attributes
    ----------
    acceptedEpoch : int
        Of the last NEWEPOCH that was accepted.  Durable.
    currentEpoch : int
        Of the last NEWLEADER that was accepted.  Durable.
    history : list of Txn
        What was accepted, behind the snapshot.  Durable.
    snapshot : Snapshot
        Durable.
    committed : int
        How many transactions are delivered, those in the snapshot included.
    mode : str
        ``"looking"``, ``"following"``, ``"leading"`` or ``"observing"``.
    phase : str
        ``"idle"`` or ``"election"`` while looking, then ``"discovery"``,
        ``"synchronization"``, ``"broadcast"``.
    leader : str
        Whom it follows, itself if it leads, ``""`` while looking.
    epoch : int
        The epoch in which it does, 0 while none is agreed on.
    sessions : Sessions
        The machine, behind the clients' sessions.
    """

    def __init__(self, name: str, config: ZabConfig) -> None:
        self.name = name
        self.config = config
        self.others = config.others[name]
        self.acceptedEpoch = 0
        self.currentEpoch = 0
        self.history: list[Txn] = []
        self.snapshot = NO_SNAPSHOT
        self.committed = 0
        self.mode = "looking"
        self.phase = "idle"
        self.leader = ""
        self.epoch = 0
        # What follows is no variable of the specification: it follows from the history, or
        # steers answers to clients.
        self.sessions = Sessions(config.machine())
        self._waiting: set[tuple[str, int]] = set()
        self._reads: list[tuple[int, Command]] = []

    # The history --------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """How many transactions there are, those in the snapshot included."""
        return self.snapshot.index + len(self.history)

    @property
    def last(self) -> Zxid:
        """The last zxid."""
        return self.history[-1].zxid if self.history else self.snapshot.zxid

    def index_of(self, zxid: Zxid, most: int | None = None) -> int:
        """Return how many of the first transactions have a zxid that is at most this.

        Parameters
        ----------
        zxid : Zxid
        most : int, optional
            So many are looked at; by default all.  What the snapshot stands for is counted
            whatever the zxid.
        """
        base = self.snapshot.index
        high = len(self.history) if most is None else most - base
        return base + bisect_right(self.history, zxid, 0, high, key=_zxid)

    def zxid_at(self, index: int) -> Zxid:
        """Return the zxid of a transaction, counted from 1; 0 stands for what is before it."""
        at = index - self.snapshot.index
        return self.history[at - 1].zxid if at > 0 else self.snapshot.zxid

    def behind(self, index: int, last: int) -> list[Txn]:
        """Return the transactions behind one, up to a last one."""
        base = self.snapshot.index
        return self.history[index - base : last - base]

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Return whether servers, of which only those that vote count, are a quorum."""
        return self.config.quorums.is_quorum(servers)

    # Delivery -----------------------------------------------------------------------------

    def deliver_to(self, index: int) -> list[Output | Redirect]:
        """Deliver the history up to a transaction; return what clients are told."""
        outputs: list[Output | Redirect] = []
        for txn in self.behind(self.committed, index):
            client, request, operation = _DECODER.decode(txn.val)
            result = self.sessions.apply(client, request, operation)
            if (client, request) in self._waiting:
                self._waiting.remove((client, request))
                outputs.append(Output(client, request, result))
        self.committed = max(self.committed, index)
        return outputs + self._ready_reads() if self._reads else outputs

    def _ready_reads(self) -> list[Output | Redirect]:
        """Answer the reads that have waited for what is delivered now."""
        ready = [event for index, event in self._reads if index <= self.committed]
        self._reads = [(index, event) for index, event in self._reads if index > self.committed]
        return [self._read(event) for event in ready]

    def _read(self, event: Command) -> Output:
        return Output(event.client, event.request, self.sessions.machine.apply(event.operation))

    # Snapshots ----------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether enough is delivered to be compacted."""
        return 0 < self.config.snapshot <= self.committed - self.snapshot.index

    def content(self) -> Any:
        """Return what a snapshot holds of what is delivered, in JSON's types."""
        return self.sessions.snapshot()

    def state(self) -> str:
        """Return that as JSON."""
        return _ENCODER.encode(self.content()).decode()

    @action("TakeSnapshot", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Let a snapshot stand for all that is delivered."""
        index = self.committed
        snapshot = Snapshot(index, self.zxid_at(index), self.state())
        self.history = self.behind(index, self.length)
        self.snapshot = snapshot
        return Effects(action="TakeSnapshot", write={"snapshot": snapshot})

    def load(self, snapshot: Snapshot) -> None:
        """Go on from where a snapshot was taken, without the history behind it."""
        self.snapshot = snapshot
        self.committed = snapshot.index
        self.history = []
        self.sessions = Sessions(self.config.machine())
        if snapshot.index:
            self.sessions.restore(_DECODER.decode(snapshot.data))

    # Crashes ------------------------------------------------------------------------------

    @action("Restart")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Come up with what the disk held; all else is lost."""
        self.acceptedEpoch = durable.get("acceptedEpoch", 0)
        self.currentEpoch = durable.get("currentEpoch", 0)
        self.load(durable.get("snapshot", NO_SNAPSHOT))
        self.history = list(durable.get("history", ()))
        return Effects(action="Restart", timers=[SetTimer("look", 0.0, 0.0)])


def apply_write(durable: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Bring a disk's content up to date with a write.

    Parameters
    ----------
    durable : dict
        ``acceptedEpoch``, ``currentEpoch``, ``snapshot``, and ``history`` behind that; changed
        in place.
    write : mapping
        Either epoch; ``snapshot``; ``keep``, how many transactions remain, and ``txns``, which
        come behind those.
    """
    history: list[Txn] = durable.setdefault("history", [])
    base = durable.get("snapshot", NO_SNAPSHOT).index
    for name in ("acceptedEpoch", "currentEpoch"):
        if name in write:
            durable[name] = write[name]
    # The history is added to; what shortens it replaces it (see ``view.py``).
    if "snapshot" in write:
        durable["snapshot"] = write["snapshot"]
        history = durable["history"] = history[write["snapshot"].index - base :]
        base = write["snapshot"].index
    if "keep" in write:
        history = durable["history"] = history[: write["keep"] - base]
    history.extend(write.get("txns", ()))
