"""Configuration of Multi-Paxos: servers, quorums, timeouts, options and the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolkit.errors import SettingError
from toolkit.machines import MachineFactory, get_machine
from toolkit.protocols.settings import Settings
from toolkit.quorum import QuorumPair, parse_quorums

__all__ = ["SETTINGS", "MultiPaxosConfig", "configure"]

SETTINGS: dict[str, str] = {
    "election-timeout": "range of election timeouts in seconds, LOW-HIGH: without a leader for so "
    "long, a server starts a ballot (default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's heartbeats (default: 0.05)",
    "alpha": "maximum number of open slots; a new configuration takes effect this many slots later "
    "(default: 16)",
    "batch": "maximum number of client requests in one slot (default: 16)",
    "most": "maximum number of values in one catch-up message (default: 16)",
    "quorum": "majority, grid:RxC, weighted:NAME=W,..., flexible:Q1,Q2 (default: majority)",
    "members": "the initial acceptors, NAME,NAME,... (default: all)",
    "membership": "yes or no: clients may change the set of acceptors (default: no)",
    "snapshot": "number of slots after which the log is compacted; 0: never (default: 0)",
    "machine": "the replicated state machine, by its registered name (default: kv)",
}
"""The settings of Multi-Paxos, name to a line of help."""


@dataclass(frozen=True)
class MultiPaxosConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
        All servers; the owner of ballot b is at position b modulo their number.
    members : tuple of str
        The initial acceptors.
    quorums : QuorumPair
        The quorums of initial acceptors for phase 1 and phase 2: every phase-1 quorum intersects
        every phase-2 quorum.
    election_timeout : tuple of float
        Minimum and maximum of election timeouts, in seconds: without a leader for that long, a
        server starts a ballot.
    heartbeat : float
        Seconds between a leader's heartbeats.
    alpha : int
        Maximum number of open slots.
    batch : int
        Maximum number of client requests in one slot.
    most : int
        Maximum number of values in one catch-up message.
    membership : bool
        Whether clients may change the set of acceptors.
    snapshot : int
        The number of applied slots after which the log is compacted; 0: never.
    machine : callable
        Returns a new replicated state machine.
    """

    servers: tuple[str, ...]
    members: tuple[str, ...]
    quorums: QuorumPair
    election_timeout: tuple[float, float]
    heartbeat: float
    alpha: int
    batch: int
    most: int
    membership: bool
    snapshot: int
    machine: MachineFactory

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the enabled options in the specification."""
        on = {"snapshots": self.snapshot > 0, "membership": self.membership}
        return tuple(name for name, is_on in on.items() if is_on)

    @cached_property
    def others(self) -> dict[str, tuple[str, ...]]:
        """For each server, the other servers."""
        return {
            name: tuple(other for other in self.servers if other != name) for name in self.servers
        }

    def owner(self, ballot: int) -> str:
        """Return the server that owns a ballot; each ballot has exactly one owner.

        Parameters
        ----------
        ballot : int
            The ballot, 0 or more.
        """
        return self.servers[ballot % len(self.servers)]

    def next_ballot(self, server: str, above: int) -> int:
        """Return the server's lowest ballot above a given one.

        Parameters
        ----------
        server : str
            The server.
        above : int
            A ballot, or -1 for none.

        Examples
        --------
        >>> config = configure(["n1", "n2", "n3"], {})
        >>> config.next_ballot("n2", -1), config.next_ballot("n2", 1), config.owner(4)
        (1, 4, 'n2')
        """
        ballot = above + 1
        return ballot + (self.servers.index(server) - ballot) % len(self.servers)


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> MultiPaxosConfig:
    """Check the settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        The settings that were given; see :data:`SETTINGS`.

    Returns
    -------
    MultiPaxosConfig

    Raises
    ------
    SettingError
        If a setting is unknown or its value is not allowed.
    QuorumError
        If the quorums are invalid or do not intersect.

    Examples
    --------
    >>> configure(["n1", "n2", "n3"], {"alpha": "3"}).alpha
    3
    """
    given = Settings("multipaxos", settings, SETTINGS)
    members = given.some("members", nodes)
    membership = given.choice("membership", ("no", "yes")) == "yes"
    quorum = given.text("quorum", "majority")
    if membership and quorum != "majority":
        raise SettingError(
            "setting membership=yes requires quorum=majority", hint="remove the setting quorum"
        )
    return MultiPaxosConfig(
        servers=tuple(nodes),
        members=members,
        quorums=parse_quorums(quorum, members),
        election_timeout=given.span("election-timeout", "0.15-0.3"),
        heartbeat=given.number("heartbeat", "0.05"),
        alpha=given.whole("alpha", "16", 1),
        batch=given.whole("batch", "16", 1),
        most=given.whole("most", "16", 1),
        membership=membership,
        snapshot=given.whole("snapshot", "0", 0),
        machine=get_machine(given.text("machine", "kv")).factory,
    )
