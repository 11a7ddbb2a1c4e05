"""Configuration of Paxos: roles, quorums, ballots and timeouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from toolkit.errors import SettingError
from toolkit.protocols.base import unique
from toolkit.quorum import QuorumPair, parse_quorums

__all__ = ["SETTINGS", "PaxosConfig", "configure"]

SETTINGS: dict[str, str] = {
    "proposers": "the proposers, NAME,NAME,... (default: all nodes)",
    "acceptors": "the acceptors, NAME,NAME,... (default: all nodes)",
    "learners": "the learners, NAME,NAME,... (default: all nodes)",
    "quorum": "majority, grid:RxC, weighted:NAME=W,..., flexible:Q1,Q2 (default: majority)",
    "values": "values that clients may propose (default: v1,v2,v3)",
    "timeout": "seconds until a proposer resends its messages (default: 0.1)",
    "resends": "number of resends before a proposer starts a new ballot (default: 4)",
    "backoff": "maximum seconds that a rejected proposer waits, doubled with each rejection "
    "(default: 0.05)",
}
"""The settings of Paxos, name to a line of help."""

MAX_DOUBLINGS = 6
"""The number of rejections in a row after which the back-off stops growing."""


@dataclass(frozen=True)
class PaxosConfig:
    """The configuration that all nodes of a run share.

    Parameters
    ----------
    proposers, acceptors, learners : tuple of str
        The nodes in each role; a node may have several roles.
    quorums : QuorumPair
        The quorums of acceptors for phase 1 and for phase 2.
    values : tuple of str
        The values that clients may propose.
    timeout : float
        Seconds until a proposer resends its messages.
    resends : int
        Number of resends before a proposer starts a new ballot.
    backoff : float
        Maximum of the first back-off, in seconds.
    """

    proposers: tuple[str, ...]
    acceptors: tuple[str, ...]
    learners: tuple[str, ...]
    quorums: QuorumPair
    values: tuple[str, ...]
    timeout: float
    resends: int
    backoff: float

    def owner(self, ballot: int) -> str:
        """Return the proposer that owns a ballot; each ballot has exactly one owner.

        Parameters
        ----------
        ballot : int
            The ballot, 0 or more.
        """
        return self.proposers[ballot % len(self.proposers)]

    def next_ballot(self, proposer: str, above: int) -> int:
        """Return the proposer's lowest ballot above a given one.

        Parameters
        ----------
        proposer : str
            The proposer.
        above : int
            A ballot, or -1 for none.

        Examples
        --------
        >>> config = configure(["n1", "n2", "n3"], {})
        >>> config.next_ballot("n2", -1), config.next_ballot("n2", 1), config.owner(4)
        (1, 4, 'n2')
        """
        count = len(self.proposers)
        ballot = above + 1
        return ballot + (self.proposers.index(proposer) - ballot) % count


def _names(setting: str, text: str, nodes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or len(unique(names)) != len(names):
        raise SettingError(
            f"setting {setting} must list at least one node, each once, not {text!r}",
            hint=f"nodes: {', '.join(nodes)}",
        )
    for name in names:
        if name not in nodes:
            raise SettingError(
                f"setting {setting}={text!r}: unknown node {name!r}",
                hint=f"nodes: {', '.join(nodes)}",
            )
    return names


def _number(setting: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingError(
            f"setting {setting} must be a number of at least 0, not {text!r}",
            hint=SETTINGS[setting],
        )
    return number


def configure(nodes: Sequence[str], settings: Mapping[str, str]) -> PaxosConfig:
    """Check the settings and build the configuration.

    Parameters
    ----------
    nodes : sequence of str
        All nodes of the run.
    settings : mapping of str to str
        The settings that were given; see :data:`SETTINGS`.

    Returns
    -------
    PaxosConfig

    Raises
    ------
    SettingError
        If a setting is unknown or its value is not allowed.
    QuorumError
        If the quorums are invalid or do not intersect.

    Examples
    --------
    >>> configure(["n1", "n2", "n3"], {"proposers": "n1"}).acceptors
    ('n1', 'n2', 'n3')
    """
    for name in settings:
        if name not in SETTINGS:
            close = get_close_matches(name, SETTINGS, n=1)
            raise SettingError(
                f"unknown setting {name!r} of paxos",
                hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(SETTINGS)}",
            )
    everyone = ",".join(nodes)
    roles = {
        role: _names(role, settings.get(role, everyone), nodes)
        for role in ("proposers", "acceptors", "learners")
    }
    values = unique(v.strip() for v in settings.get("values", "v1,v2,v3").split(",") if v.strip())
    if not values:
        raise SettingError(
            "setting values must list at least one value", hint="for instance values=v1,v2"
        )
    resends = _number("resends", settings.get("resends", "4"))
    timeout = _number("timeout", settings.get("timeout", "0.1"))
    if timeout == 0:
        raise SettingError("setting timeout must be above 0", hint=SETTINGS["timeout"])
    if resends != int(resends):
        raise SettingError(
            f"setting resends must be a whole number, not {resends}", hint=SETTINGS["resends"]
        )
    return PaxosConfig(
        proposers=roles["proposers"],
        acceptors=roles["acceptors"],
        learners=roles["learners"],
        quorums=parse_quorums(settings.get("quorum", "majority"), roles["acceptors"]),
        values=values,
        timeout=timeout,
        resends=int(resends),
        backoff=_number("backoff", settings.get("backoff", "0.05")),
    )
