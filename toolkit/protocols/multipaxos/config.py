"""What a run of Multi-Paxos is configured with: servers, quorums, time-outs, the machine."""

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
    "patience": "seconds LOW-HIGH without a leader until a server tries to lead "
    "(default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's heartbeats (default: 0.05)",
    "alpha": "most slots open at a time; a new configuration holds so many slots later "
    "(default: 16)",
    "batch": "most clients' requests in one slot (default: 16)",
    "most": "most values in one message to a server that missed them (default: 16)",
    "quorum": "majority, grid:RxC, weighted:NAME=W,..., flexible:Q1,Q2 (default: majority)",
    "members": "the servers that are acceptors at first, NAME,NAME,... (default: all)",
    "membership": "yes or no: clients may change who the acceptors are (default: no)",
    "snapshot": "compact the log after so many slots; 0: never (default: 0)",
    "machine": "what the log drives: a registered machine (default: kv)",
}
"""The settings of Multi-Paxos, name to a line of help."""


@dataclass(frozen=True)
class MultiPaxosConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
        All of them; ballot b belongs to the one at b modulo their number.
    members : tuple of str
        The acceptors at first.
    quorums : QuorumPair
        Over those, for phase 1 and for phase 2: any of the former meets any of the latter.
    patience : tuple of float
        Seconds, least and greatest, without a leader until a server tries to lead.
    heartbeat : float
        Seconds between heartbeats.
    alpha : int
        Most slots that may be open at a time.
    batch : int
        Most clients' requests in one slot.
    most : int
        Most values in one message to a server that missed them.
    membership : bool
        Whether the acceptors may be changed.
    snapshot : int
        So many slots are compacted at least; 0: none ever.
    machine : callable
        Makes a replicated state machine.
    """

    servers: tuple[str, ...]
    members: tuple[str, ...]
    quorums: QuorumPair
    patience: tuple[float, float]
    heartbeat: float
    alpha: int
    batch: int
    most: int
    membership: bool
    snapshot: int
    machine: MachineFactory

    @property
    def options(self) -> tuple[str, ...]:
        """The options that are on, by their names in the specification."""
        on = {"snapshots": self.snapshot > 0, "membership": self.membership}
        return tuple(name for name, is_on in on.items() if is_on)

    @cached_property
    def others(self) -> dict[str, tuple[str, ...]]:
        """For each server the others."""
        return {name: tuple(one for one in self.servers if one != name) for name in self.servers}

    def owner(self, ballot: int) -> str:
        """Return the server whose own a ballot is: no two share one.

        Parameters
        ----------
        ballot : int
            0 or more.
        """
        return self.servers[ballot % len(self.servers)]

    def next_ballot(self, server: str, above: int) -> int:
        """Return the server's lowest ballot above a given one.

        Examples
        --------
        >>> config = configure(["n1", "n2", "n3"], {})
        >>> config.next_ballot("n2", -1), config.next_ballot("n2", 1), config.owner(4)
        (1, 4, 'n2')
        """
        ballot = above + 1
        return ballot + (self.servers.index(server) - ballot) % len(self.servers)


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> MultiPaxosConfig:
    """Check settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        See :data:`SETTINGS`.

    Returns
    -------
    MultiPaxosConfig

    Raises
    ------
    SettingError
        If a setting is unknown or cannot be.
    QuorumError
        If the quorums cannot be, or do not meet.

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
            "setting membership=yes goes with quorum=majority alone", hint="leave quorum out"
        )
    return MultiPaxosConfig(
        servers=tuple(nodes),
        members=members,
        quorums=parse_quorums(quorum, members),
        patience=given.span("patience", "0.15-0.3"),
        heartbeat=given.number("heartbeat", "0.05"),
        alpha=given.whole("alpha", "16", 1),
        batch=given.whole("batch", "16", 1),
        most=given.whole("most", "16", 1),
        membership=membership,
        snapshot=given.whole("snapshot", "0", 0),
        machine=get_machine(given.text("machine", "kv")).factory,
    )
