"""What a run of Zab is configured with: servers, quorums, time-outs, the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolkit.errors import SettingError
from toolkit.machines import MachineFactory, get_machine
from toolkit.protocols.settings import Settings
from toolkit.quorum import QuorumSystem, parse_quorums

__all__ = ["SETTINGS", "ZabConfig", "configure"]

SETTINGS: dict[str, str] = {
    "patience": "seconds LOW-HIGH without a leader, or without a quorum, until a server looks "
    "for another one (default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's pings (default: 0.05)",
    "wait": "seconds that a server waits for a higher vote once a quorum agrees (default: 0.02)",
    "notify": "seconds until a server that looks for a leader tells its vote again (default: 0.06)",
    "connect": "seconds until a server that could not connect tries again (default: 0.02)",
    "window": "most transactions that a learner is sent; who lacks more gets a snapshot "
    "(default: 100)",
    "observers": "the servers that vote on nothing, NAME,NAME,... (default: none)",
    "quorum": "majority or weighted:NAME=W,... of the others (default: majority)",
    "reads": "log: like writes; sync: at any server, once it has what the leader had proposed; "
    "local: at any server, at once (default: log)",
    "snapshot": "compact the history after so many transactions; 0: never (default: 0)",
    "machine": "what the history drives: a registered machine (default: kv)",
}
"""The settings of Zab, name to a line of help."""


@dataclass(frozen=True)
class ZabConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
        All of them, by their numbers: of equal votes the one for the later server is higher.
    observers : tuple of str
        Those that vote on nothing.
    quorums : QuorumSystem
        Over the others; each of them meets each, and none is a single server.
    patience : tuple of float
        Seconds, least and greatest, until a learner gives up its leader; the greatest, too,
        until a leader gives up that hears of no quorum.
    heartbeat, wait, notify, connect : float
        Seconds; see :data:`SETTINGS`.
    window : int
        Most transactions that a learner is sent.
    reads : str
        ``"log"``, ``"sync"`` or ``"local"``.
    snapshot : int
        So many transactions are compacted at least; 0: none ever.
    machine : callable
        Makes a replicated state machine.
    """

    servers: tuple[str, ...]
    observers: tuple[str, ...]
    quorums: QuorumSystem
    patience: tuple[float, float]
    heartbeat: float
    wait: float
    notify: float
    connect: float
    window: int
    reads: str
    snapshot: int
    machine: MachineFactory

    @property
    def options(self) -> tuple[str, ...]:
        """The options that are on, by their names in the specification."""
        on = {"snapshots": self.snapshot > 0, "sync": self.reads == "sync"}
        return tuple(name for name, is_on in on.items() if is_on)

    @cached_property
    def voters(self) -> frozenset[str]:
        """The servers that vote."""
        return frozenset(self.servers) - frozenset(self.observers)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Each server's number, from 1; nobody has 0."""
        return {"": 0} | {name: number for number, name in enumerate(self.servers, 1)}

    @cached_property
    def others(self) -> dict[str, tuple[str, ...]]:
        """For each server the others."""
        return {name: tuple(one for one in self.servers if one != name) for name in self.servers}


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> ZabConfig:
    """Check settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        See :data:`SETTINGS`.

    Returns
    -------
    ZabConfig

    Raises
    ------
    SettingError
        If a setting is unknown or cannot be, or a single server would be a quorum.
    QuorumError
        If the quorums cannot be, or do not meet.

    Examples
    --------
    >>> config = configure(["n1", "n2", "n3", "n4"], {"observers": "n4"})
    >>> sorted(config.voters)
    ['n1', 'n2', 'n3']
    """
    given = Settings("zab", settings, SETTINGS)
    observers = given.some("observers", nodes, all_by_default=False)
    voters = [name for name in nodes if name not in observers]
    if not voters:
        raise SettingError(
            "setting observers leaves no server that votes", hint=SETTINGS["observers"]
        )
    quorum = given.text("quorum", "majority")
    if quorum.partition(":")[0] not in ("majority", "weighted"):
        raise SettingError(f"setting quorum={quorum!r} cannot be", hint=SETTINGS["quorum"])
    quorums = parse_quorums(quorum, voters).phase1
    alone = next((name for name in voters if quorums.is_quorum({name})), None)
    if alone is not None:
        raise SettingError(
            f"{alone!r} alone would be a quorum: it has nobody to broadcast to",
            hint="give at least two servers that vote, and none of them the majority of weights",
        )
    return ZabConfig(
        servers=tuple(nodes),
        observers=observers,
        quorums=quorums,
        patience=given.span("patience", "0.15-0.3"),
        heartbeat=given.number("heartbeat", "0.05"),
        wait=given.number("wait", "0.02"),
        notify=given.number("notify", "0.06"),
        connect=given.number("connect", "0.02"),
        window=given.whole("window", "100", 0),
        reads=given.choice("reads", ("log", "sync", "local")),
        snapshot=given.whole("snapshot", "0", 0),
        machine=get_machine(given.text("machine", "kv")).factory,
    )
