"""Configuration of Zab: servers, quorums, timeouts, options and the machine."""

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
    "election-timeout": "range of election timeouts in seconds, LOW-HIGH: without a leader, or "
    "without a quorum, for so long, a server starts an election (default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's pings (default: 0.05)",
    "wait": "seconds to wait for a higher vote after a quorum agrees (default: 0.02)",
    "notify": "seconds until a server in an election resends its vote (default: 0.06)",
    "connect": "seconds until a failed connection is retried (default: 0.02)",
    "window": "maximum number of transactions sent to synchronize a learner; a learner that lacks "
    "more gets a snapshot (default: 100)",
    "observers": "the servers that do not vote, NAME,NAME,... (default: none)",
    "quorum": "majority or weighted:NAME=W,... of the voters (default: majority)",
    "reads": "log: like writes; sync: at any server, after it has delivered what the leader had "
    "proposed; local: at any server, at once (default: log)",
    "snapshot": "number of transactions after which the history is compacted; 0: never "
    "(default: 0)",
    "machine": "the replicated state machine, by its registered name (default: kv)",
}
"""The settings of Zab, name to a line of help."""


@dataclass(frozen=True)
class ZabConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
        All servers in the order of their numbers: of otherwise equal votes, the vote for the server
        with the higher number is higher.
    observers : tuple of str
        The servers that do not vote.
    quorums : QuorumSystem
        The quorums of voters: any two intersect, and each has at least two servers.
    election_timeout : tuple of float
        Minimum and maximum of election timeouts, in seconds: without messages from its leader for
        that long, a learner starts an election.  A leader that hears from no quorum for the maximum
        does, too.
    heartbeat, wait, notify, connect : float
        Timing in seconds; see :data:`SETTINGS`.
    window : int
        Maximum number of transactions sent to synchronize a learner.
    reads : str
        How reads are answered: ``"log"``, ``"sync"`` or ``"local"``.
    snapshot : int
        The number of delivered transactions after which the history is compacted; 0: never.
    machine : callable
        Returns a new replicated state machine.
    """

    servers: tuple[str, ...]
    observers: tuple[str, ...]
    quorums: QuorumSystem
    election_timeout: tuple[float, float]
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
        """The names of the enabled options in the specification."""
        on = {"snapshots": self.snapshot > 0, "sync": self.reads == "sync"}
        return tuple(name for name, is_on in on.items() if is_on)

    @cached_property
    def voters(self) -> frozenset[str]:
        """The servers that vote."""
        return frozenset(self.servers) - frozenset(self.observers)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The number of each server, from 1; 0 for the empty name."""
        return {"": 0} | {name: number for number, name in enumerate(self.servers, 1)}

    @cached_property
    def others(self) -> dict[str, tuple[str, ...]]:
        """For each server, the other servers."""
        return {
            name: tuple(other for other in self.servers if other != name) for name in self.servers
        }


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> ZabConfig:
    """Check the settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        The settings that were given; see :data:`SETTINGS`.

    Returns
    -------
    ZabConfig

    Raises
    ------
    SettingError
        If a setting is unknown or its value is not allowed, or a single server would be a quorum.
    QuorumError
        If the quorums are invalid or do not intersect.

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
            "setting observers must leave at least one voter", hint=SETTINGS["observers"]
        )
    quorum = given.text("quorum", "majority")
    if quorum.partition(":")[0] not in ("majority", "weighted"):
        raise SettingError(
            f"setting quorum must be majority or weighted:..., not {quorum!r}",
            hint=SETTINGS["quorum"],
        )
    quorums = parse_quorums(quorum, voters).phase1
    single = next((name for name in voters if quorums.is_quorum({name})), None)
    if single is not None:
        raise SettingError(
            f"a quorum must have at least two servers, but {single!r} alone would be a quorum",
            hint="use at least two voters, and give none of them a majority of the weights",
        )
    return ZabConfig(
        servers=tuple(nodes),
        observers=observers,
        quorums=quorums,
        election_timeout=given.span("election-timeout", "0.15-0.3"),
        heartbeat=given.number("heartbeat", "0.05"),
        wait=given.number("wait", "0.02"),
        notify=given.number("notify", "0.06"),
        connect=given.number("connect", "0.02"),
        window=given.whole("window", "100", 0),
        reads=given.choice("reads", ("log", "sync", "local")),
        snapshot=given.whole("snapshot", "0", 0),
        machine=get_machine(given.text("machine", "kv")).factory,
    )
