"""Configuration of Raft: servers, quorums, timeouts, options and the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolkit.errors import SettingError
from toolkit.machines import MachineFactory, get_machine
from toolkit.protocols.raft.messages import Configuration
from toolkit.protocols.settings import Settings
from toolkit.quorum import QuorumSystem, parse_quorums

__all__ = ["SETTINGS", "RaftConfig", "configure"]

SETTINGS: dict[str, str] = {
    "election": "range of election timeouts in seconds, LOW-HIGH (default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's heartbeats (default: 0.05)",
    "batch": "maximum number of entries in one AppendEntries (default: 16)",
    "quorum": "majority, grid:RxC, weighted:NAME=W,... (default: majority)",
    "window": "maximum number of unacknowledged entries per server before new ones wait "
    "(default: 1000)",
    "machine": "the replicated state machine, by its registered name (default: kv)",
    "pre-vote": "yes or no: request pre-votes before raising the term (default: no)",
    "check-quorum": "yes or no: a leader that hears from no quorum steps down (default: no)",
    "transfer": "yes or no: clients may request a leadership transfer (default: no)",
    "snapshot": "number of entries after which the log is compacted; 0: never (default: 0)",
    "chunk": "maximum number of characters of a snapshot in one message (default: 256)",
    "membership": "no, single or joint: how voters may be changed; use check-quorum=yes so that "
    "removed servers do not disturb the cluster (default: no)",
    "learners": "yes or no: allow servers that do not vote (default: no)",
    "voters": "the initial voters, NAME,NAME,... (default: all)",
    "reads": "log, index or lease: how reads are answered (default: log)",
    "drift-bound": "maximum clock drift as a fraction, for leases (default: 0.05)",
}
"""The settings of Raft, name to a line of help."""


@dataclass(frozen=True)
class RaftConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
        All servers.
    quorums : QuorumSystem
        The quorums for votes and for commits: any two intersect.
    election : tuple of float
        Minimum and maximum of election timeouts, in seconds (section 5.2).
    heartbeat : float
        Seconds between a leader's heartbeats.
    batch : int
        Maximum number of entries in one message.
    window : int
        Maximum number of unacknowledged entries per server; further entries are appended, and sent
        when it responds.
    machine : callable
        Returns a new replicated state machine.
    pre_vote : bool
        Whether a server requests pre-votes before it raises its term (dissertation, section 9.6).
    check_quorum : bool
        Whether a leader that hears from no quorum steps down, and a server that has recently heard
        from a leader ignores vote requests (dissertation, sections 6.2 and 4.2.3).
    transfer : bool
        Whether clients may request a leadership transfer (dissertation, section 3.10).
    snapshot : int
        The number of applied entries after which the log is compacted (section 7); 0: never.
    chunk : int
        Maximum number of characters of a snapshot in one message.
    membership : str
        How voters are changed: ``"no"`` (not at all), ``"single"`` (one at a time; dissertation,
        section 4.1) or ``"joint"`` (joint consensus; section 6).
    learners : bool
        Whether servers may receive the log without a vote (dissertation, section 4.2.1).
    voters : tuple of str
        The initial voters.
    reads : str
        How a leader answers reads.  ``"log"``: through a log entry, like any command;
        ``"index"``: after a round of heartbeats confirms that it still leads (dissertation,
        section 6.4); ``"lease"``: at once, as long as no other server can become leader
        (dissertation, section 6.4.1), which requires clocks within ``drift``.
    drift : float
        Maximum clock drift, fast or slow, as a fraction.
    """

    servers: tuple[str, ...]
    quorums: QuorumSystem
    election: tuple[float, float]
    heartbeat: float
    batch: int
    window: int
    machine: MachineFactory
    pre_vote: bool
    check_quorum: bool
    transfer: bool
    snapshot: int
    chunk: int
    membership: str
    learners: bool
    voters: tuple[str, ...]
    reads: str
    drift: float

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the enabled options in the specification."""
        on = {
            "pre-vote": self.pre_vote,
            "check-quorum": self.check_quorum,
            "transfer": self.transfer,
            "snapshots": self.snapshot > 0,
            "single": self.membership == "single",
            "joint": self.membership == "joint",
            "learners": self.learners,
            "read-index": self.reads == "index",
            "lease": self.reads == "lease",
        }
        return tuple(name for name, is_on in on.items() if is_on)

    @cached_property
    def first(self) -> Configuration:
        """The initial configuration."""
        return Configuration.of(self.voters)

    @cached_property
    def peers(self) -> dict[str, tuple[str, ...]]:
        """For each server, the other servers of the initial configuration."""
        return {
            name: tuple(voter for voter in self.voters if voter != name) for name in self.servers
        }

    @property
    def lease(self) -> float:
        """Duration of a leader's lease, in seconds of its own clock.

        The other servers wait at least the minimum election timeout before they vote for another
        server.  Their clocks may run fast while the leader's runs slow.
        """
        return self.election[0] * (1 - self.drift) / (1 + self.drift)


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> RaftConfig:
    """Check the settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        The settings that were given; see :data:`SETTINGS`.

    Returns
    -------
    RaftConfig

    Raises
    ------
    SettingError
        If a setting is unknown or its value is not allowed.
    QuorumError
        If the quorums are invalid, or two of them do not intersect.

    Examples
    --------
    >>> configure(["n1", "n2", "n3"], {"election": "0.3-0.6"}).election
    (0.3, 0.6)
    """
    given = Settings("raft", settings, SETTINGS)
    voters = given.some("voters", nodes)
    pair = parse_quorums(settings.get("quorum", "majority"), voters)
    if pair.phase1 != pair.phase2:
        raise SettingError(
            "Raft needs the same quorums for votes and for commits", hint=SETTINGS["quorum"]
        )
    membership = given.choice("membership", ("no", "single", "joint"))
    if membership != "no" and settings.get("quorum", "majority") != "majority":
        raise SettingError(
            f"setting membership={membership} requires quorum=majority",
            hint="remove the setting quorum",
        )
    reads = given.choice("reads", ("log", "index", "lease"))
    check_quorum = given.choice("check-quorum", ("no", "yes")) == "yes"
    if reads == "lease" and not check_quorum:
        raise SettingError(
            "setting reads=lease requires check-quorum=yes: a lease is safe only if servers that "
            "have heard from the leader do not vote",
            hint="add the setting check-quorum=yes",
        )
    drift = given.text("drift-bound", "0.05")
    bound = given.number("drift-bound", "0.05") if drift != "0" else 0.0
    if bound >= 1:
        raise SettingError(
            f"setting drift-bound must be below 1, not {drift}", hint=SETTINGS["drift-bound"]
        )
    return RaftConfig(
        servers=tuple(nodes),
        quorums=pair.phase1,
        election=given.span("election", "0.15-0.3"),
        heartbeat=given.number("heartbeat", "0.05"),
        batch=given.whole("batch", "16", 1),
        window=given.whole("window", "1000", 1),
        machine=get_machine(given.text("machine", "kv")).factory,
        pre_vote=given.choice("pre-vote", ("no", "yes")) == "yes",
        check_quorum=check_quorum,
        transfer=given.choice("transfer", ("no", "yes")) == "yes",
        snapshot=given.whole("snapshot", "0", 0),
        chunk=given.whole("chunk", "256", 1),
        membership=membership,
        learners=given.choice("learners", ("no", "yes")) == "yes",
        voters=voters,
        reads=reads,
        drift=bound,
    )
