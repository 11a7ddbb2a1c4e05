"""What a run of Raft is configured with: servers, quorums, time-outs, the machine."""

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
    "election": "seconds LOW-HIGH that an election time-out is drawn from (default: 0.15-0.3)",
    "heartbeat": "seconds between a leader's heartbeats (default: 0.05)",
    "batch": "most entries in one AppendEntries (default: 16)",
    "quorum": "majority, grid:RxC, weighted:NAME=W,... (default: majority)",
    "window": "most entries under way to a server before new ones wait (default: 1000)",
    "machine": "what the log drives: a registered machine (default: kv)",
    "pre-vote": "yes or no: ask before raising the term (default: no)",
    "check-quorum": "yes or no: a leader without a quorum gives up (default: no)",
    "transfer": "yes or no: clients may ask a leader to hand over (default: no)",
    "snapshot": "compact the log after so many entries; 0: never (default: 0)",
    "chunk": "most characters of a snapshot in one message (default: 256)",
    "membership": "no, single or joint: how voters may be changed; check-quorum=yes keeps those "
    "who were removed from disturbing (default: no)",
    "learners": "yes or no: servers that do not vote (default: no)",
    "voters": "the servers that vote at first, NAME,NAME,... (default: all)",
    "reads": "log, index or lease: how reads are answered (default: log)",
    "drift-bound": "most that a clock runs fast or slow, for leases (default: 0.05)",
}
"""The settings of Raft, name to a line of help."""


@dataclass(frozen=True)
class RaftConfig:
    """The configuration that all servers of a run share.

    Parameters
    ----------
    servers : tuple of str
    quorums : QuorumSystem
        For votes and for commits alike: any two of its quorums meet.
    election : tuple of float
        Seconds, least and greatest, of an election time-out (section 5.2).
    heartbeat : float
        Seconds between heartbeats.
    batch : int
        Most entries in one message.
    window : int
        Most entries under way to a server: more are appended, and sent when it answers.
    machine : callable
        Makes a replicated state machine.
    pre_vote : bool
        A server asks before it raises its term (dissertation, section 9.6).
    check_quorum : bool
        A leader that hears from no quorum gives up, and who has heard from a leader lately
        votes for nobody (dissertation, sections 6.2 and 4.2.3).
    transfer : bool
        Clients may ask a leader to hand over (dissertation, section 3.10).
    snapshot : int
        The log is compacted when so many entries can go (section 7); 0: never.
    chunk : int
        Most characters of a snapshot in one message.
    membership : str
        How voters are changed: ``"no"``, ``"single"`` (one at a time; dissertation, section
        4.1) or ``"joint"`` (joint consensus; section 6).
    learners : bool
        Whether there may be servers that get the log and do not vote (dissertation, section
        4.2.1).
    voters : tuple of str
        Who votes at first.
    reads : str
        ``"log"``: as an entry like any command; ``"index"``: by asking around whether it still
        leads (dissertation, section 6.4); ``"lease"``: without asking as long as nobody else
        can lead (its section 6.4.1), which needs clocks that keep to ``drift``.
    drift : float
        Most that a clock may run fast or slow, as a fraction.
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
        """The options that are on, by their names in the specification."""
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
        """The configuration that a run begins with."""
        return Configuration.of(self.voters)

    @cached_property
    def peers(self) -> dict[str, tuple[str, ...]]:
        """For each server the others of that configuration."""
        return {name: tuple(one for one in self.voters if one != name) for name in self.servers}

    @property
    def lease(self) -> float:
        """How long a leader that a quorum has heard from can be sure that it leads, in seconds.

        The others wait at least the least election time-out before they vote for somebody
        else: by clocks that may run fast, while the leader's may run slow.
        """
        return self.election[0] * (1 - self.drift) / (1 + self.drift)


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> RaftConfig:
    """Check settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All servers.
    settings : mapping of str to str
        See :data:`SETTINGS`.

    Returns
    -------
    RaftConfig

    Raises
    ------
    SettingError
        If a setting is unknown or cannot be.
    QuorumError
        If the quorums cannot be, or two of them do not meet.

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
            "Raft has one kind of quorum, for votes and for commits", hint=SETTINGS["quorum"]
        )
    membership = given.choice("membership", ("no", "single", "joint"))
    if membership != "no" and settings.get("quorum", "majority") != "majority":
        raise SettingError(
            f"setting membership={membership} goes with quorum=majority alone",
            hint="leave quorum out",
        )
    reads = given.choice("reads", ("log", "index", "lease"))
    check_quorum = given.choice("check-quorum", ("no", "yes")) == "yes"
    if reads == "lease" and not check_quorum:
        raise SettingError(
            "setting reads=lease needs check-quorum=yes: a lease lasts only if nobody votes "
            "who has heard from the leader",
            hint="set check-quorum=yes too",
        )
    drift = given.text("drift-bound", "0.05")
    bound = given.number("drift-bound", "0.05") if drift != "0" else 0.0
    if bound >= 1:
        raise SettingError(
            f"setting drift-bound={drift} is not below 1", hint=SETTINGS["drift-bound"]
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
