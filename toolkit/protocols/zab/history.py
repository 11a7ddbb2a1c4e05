"""The history of a Zab server: accepted and delivered transactions, and durable writes.

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
    """A snapshot that replaces the first transactions of a history.

    Parameters
    ----------
    index : int
        The number of transactions that it replaces.
    zxid : Zxid
        The zxid of the last of them.
    data : str
        The machine with the clients' sessions, as JSON.
    """

    index: int
    zxid: Zxid
    data: str


NO_SNAPSHOT = Snapshot(0, ZERO, "")
"""The empty snapshot."""


def _zxid(txn: Txn) -> Zxid:
    return txn.zxid


class Historian:
    """The history and the machine of a server.

    Parameters
    ----------
    name : str
        The name of this server.
    config : ZabConfig
        The configuration of the run.

    Attributes
    ----------
    acceptedEpoch : int
        The epoch of the last accepted NEWEPOCH.  Durable.
    currentEpoch : int
        The epoch of the last accepted NEWLEADER.  Durable.
    history : list of Txn
        The accepted transactions after the snapshot.  Durable.
    snapshot : Snapshot
        The snapshot that replaces the first transactions.  Durable.
    committed : int
        The number of delivered transactions, including those in the snapshot.
    mode : str
        ``"looking"``, ``"following"``, ``"leading"`` or ``"observing"``.
    phase : str
        ``"idle"`` or ``"election"`` while looking, then ``"discovery"``,
        ``"synchronization"``, ``"broadcast"``.
    leader : str
        The leader that it follows, itself if it leads, ``""`` while looking.
    epoch : int
        The epoch of that leader, 0 until it is agreed on.
    sessions : Sessions
        The machine together with the clients' sessions.
    waiting : set of tuple
        Client and request number of each request that this server has sent to the leader, or
        proposed, and whose client it must answer.
    reads : list of tuple
        The reads that wait, each with the number of transactions that must be delivered first.
    election_timer : SetTimer
        The timer that a learner sets whenever it hears from its leader.
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
        # The rest are not variables of the specification: they follow from the history, or
        # steer answers to clients.
        self.sessions = Sessions(config.machine())
        self.waiting: set[tuple[str, int]] = set()
        self.reads: list[tuple[int, Command]] = []
        low, high = config.election_timeout
        self.election_timer = SetTimer("election", low, high)

    # The history --------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """The number of transactions, including those in the snapshot."""
        return self.snapshot.index + len(self.history)

    @property
    def last(self) -> Zxid:
        """The zxid of the last transaction."""
        return self.history[-1].zxid if self.history else self.snapshot.zxid

    def index_of(self, zxid: Zxid, most: int | None = None) -> int:
        """Return the number of transactions up to a zxid.

        Transactions in the snapshot always count.

        Parameters
        ----------
        zxid : Zxid
            The zxid.
        most : int, optional
            Consider only this many transactions from the start; by default all.
        """
        base = self.snapshot.index
        high = len(self.history) if most is None else most - base
        return base + bisect_right(self.history, zxid, 0, high, key=_zxid)

    def zxid_at(self, index: int) -> Zxid:
        """Return the zxid of the transaction at an index, counted from 1.

        Parameters
        ----------
        index : int
            At least the snapshot's index, for which the snapshot's last zxid is returned.
        """
        position = index - self.snapshot.index
        return self.history[position - 1].zxid if position > 0 else self.snapshot.zxid

    def behind(self, index: int, last: int) -> list[Txn]:
        """Return the transactions after one index, up to and including another."""
        base = self.snapshot.index
        return self.history[index - base : last - base]

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Return whether the voters among servers are a quorum."""
        return self.config.quorums.is_quorum(servers)

    # Delivery -----------------------------------------------------------------------------

    def deliver_to(self, index: int) -> list[Output | Redirect]:
        """Deliver the history up to an index; return the answers to clients."""
        outputs: list[Output | Redirect] = []
        for txn in self.behind(self.committed, index):
            client, request, operation = _DECODER.decode(txn.val)
            result = self.sessions.apply(client, request, operation)
            if (client, request) in self.waiting:
                self.waiting.remove((client, request))
                outputs.append(Output(client, request, result))
        self.committed = max(self.committed, index)
        return outputs + self.ready_reads() if self.reads else outputs

    def ready_reads(self) -> list[Output | Redirect]:
        """Return answers to the reads whose transactions are now delivered."""
        ready = [event for index, event in self.reads if index <= self.committed]
        self.reads = [(index, event) for index, event in self.reads if index > self.committed]
        return [self.read(event) for event in ready]

    def read(self, event: Command) -> Output:
        """Return the answer to a read from the present state of the machine."""
        return Output(event.client, event.request, self.sessions.machine.apply(event.operation))

    # Snapshots ----------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether the history should be compacted: enough was delivered."""
        return 0 < self.config.snapshot <= self.committed - self.snapshot.index

    def content(self) -> Any:
        """Return the state of machine and sessions for a snapshot, in JSON's types."""
        return self.sessions.snapshot()

    def state(self) -> str:
        """Return the state of machine and sessions as JSON text."""
        return _ENCODER.encode(self.content()).decode()

    @action("TakeSnapshot", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Replace all delivered transactions by a snapshot."""
        index = self.committed
        snapshot = Snapshot(index, self.zxid_at(index), self.state())
        self.history = self.behind(index, self.length)
        self.snapshot = snapshot
        return Effects(action="TakeSnapshot", write={"snapshot": snapshot})

    def load(self, snapshot: Snapshot) -> None:
        """Set history and machine to the state of a snapshot."""
        self.snapshot = snapshot
        self.committed = snapshot.index
        self.history = []
        self.sessions = Sessions(self.config.machine())
        if snapshot.index:
            self.sessions.restore(_DECODER.decode(snapshot.data))

    # Crashes ------------------------------------------------------------------------------

    @action("Restart")
    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart with the durable state; volatile state is lost."""
        self.acceptedEpoch = durable.get("acceptedEpoch", 0)
        self.currentEpoch = durable.get("currentEpoch", 0)
        self.load(durable.get("snapshot", NO_SNAPSHOT))
        self.history = list(durable.get("history", ()))
        return Effects(action="Restart", timers=[SetTimer("look", 0.0, 0.0)])


def apply_write(durable: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Apply a write to a disk's content.

    Parameters
    ----------
    durable : dict
        ``acceptedEpoch``, ``currentEpoch``, ``snapshot``, and the ``history`` after the snapshot;
        changed in place.
    write : mapping
        ``acceptedEpoch``, ``currentEpoch`` or ``snapshot``, if changed; ``keep``, the number of
        transactions to keep, and ``txns``, the transactions to append after them.
    """
    history: list[Txn] = durable.setdefault("history", [])
    base = durable.get("snapshot", NO_SNAPSHOT).index
    for name in ("acceptedEpoch", "currentEpoch"):
        if name in write:
            durable[name] = write[name]
    # Appending changes the list in place; truncation replaces it (see ``view.py``).
    if "snapshot" in write:
        durable["snapshot"] = write["snapshot"]
        history = durable["history"] = history[write["snapshot"].index - base :]
        base = write["snapshot"].index
    if "keep" in write:
        history = durable["history"] = history[: write["keep"] - base]
    history.extend(write.get("txns", ()))
