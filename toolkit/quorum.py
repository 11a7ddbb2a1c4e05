"""Quorum systems for protocols with one phase or two.

A quorum system is given by its *minimal* quorums; a set of nodes is a quorum if it contains a
minimal quorum.  A :class:`QuorumPair` holds the quorums of a protocol's two phases.  It checks the
condition for safety when it is created: every quorum of phase 1 intersects every quorum of phase 2
(H. Howard, D. Malkhi, A. Spiegelman, *Flexible Paxos*, OPODIS 2016).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations, product

from toolkit.errors import QuorumError

__all__ = [
    "QuorumPair",
    "QuorumSystem",
    "flexible",
    "grid",
    "majority",
    "parse_quorums",
    "threshold",
    "weighted",
]


class QuorumSystem:
    """A set of quorums over a set of members.

    Parameters
    ----------
    members : iterable of str
        All members.
    quorums : iterable of collections of str
        The quorums.  Those that contain another quorum are dropped.

    Attributes
    ----------
    members : tuple of str
        All members, sorted.
    minimal : tuple of frozenset of str
        The minimal quorums, sorted.

    Raises
    ------
    QuorumError
        If there is no quorum, or a quorum is empty or contains a node that is not a member.

    Examples
    --------
    >>> system = QuorumSystem("abc", ["ab", "bc", "abc"])
    >>> system.is_quorum({"a", "b"}), system.is_quorum({"a", "c"}), len(system.minimal)
    (True, False, 2)
    """

    def __init__(self, members: Iterable[str], quorums: Iterable[Collection[str]]) -> None:
        self.members: tuple[str, ...] = tuple(sorted(set(members)))
        known = frozenset(self.members)
        distinct = {frozenset(quorum) for quorum in quorums}
        if not distinct:
            raise QuorumError("a quorum system needs a quorum", hint="give at least one")
        for quorum in distinct:
            if not quorum:
                raise QuorumError(
                    "a quorum must not be empty", hint="it would not intersect the others"
                )
            if not quorum <= known:
                unknown = ", ".join(map(repr, sorted(quorum - known)))
                raise QuorumError(
                    f"a quorum contains the unknown member {unknown}",
                    hint=f"known: {', '.join(self.members)}",
                )
        minimal: list[frozenset[str]] = []
        for quorum in sorted(distinct, key=lambda q: (len(q), sorted(q))):
            if not any(smaller <= quorum for smaller in minimal):
                minimal.append(quorum)
        self.minimal: tuple[frozenset[str], ...] = tuple(minimal)

    def is_quorum(self, nodes: Collection[str]) -> bool:
        """Return True if the nodes contain a quorum.

        Parameters
        ----------
        nodes : collection of str
            Any nodes; those that are not members do not count.

        Returns
        -------
        bool
        """
        present = nodes if isinstance(nodes, (set, frozenset)) else frozenset(nodes)
        # The smallest quorum comes first.
        if len(present) < len(self.minimal[0]):
            return False
        return any(map(present.issuperset, self.minimal))

    def is_majority(self) -> bool:
        """Return True if the quorums are known to be all majorities of the members.

        Returns
        -------
        bool
        """
        return False

    def meets(self, other: QuorumSystem) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return a quorum of this system and a quorum of the other that do not intersect.

        Parameters
        ----------
        other : QuorumSystem
            The other system, or this system, to test whether its quorums intersect each other.

        Returns
        -------
        tuple of frozenset, or None
            Two disjoint quorums; ``None`` if every pair intersects.
        """
        for mine, theirs in product(self.minimal, other.minimal):
            if not mine & theirs:
                return mine, theirs
        return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuorumSystem):
            return NotImplemented
        return (self.members, self.minimal) == (other.members, other.minimal)

    def __hash__(self) -> int:
        return hash((self.members, self.minimal))

    def __repr__(self) -> str:
        shown = " ".join("{" + ",".join(sorted(quorum)) + "}" for quorum in self.minimal)
        return f"QuorumSystem({shown})"


class _Threshold(QuorumSystem):
    """The system in which any `size` members are a quorum; counted instead of enumerated."""

    def __init__(self, members: tuple[str, ...], size: int) -> None:
        self.members = members
        self.size = size
        self._known = frozenset(members)

    @cached_property
    def minimal(self) -> tuple[frozenset[str], ...]:  # type: ignore[override]
        return tuple(map(frozenset, combinations(self.members, self.size)))

    def is_quorum(self, nodes: Collection[str]) -> bool:
        present = nodes if isinstance(nodes, (set, frozenset)) else frozenset(nodes)
        return len(present) >= self.size and len(present & self._known) >= self.size

    def meets(self, other: QuorumSystem) -> tuple[frozenset[str], frozenset[str]] | None:
        if (
            isinstance(other, _Threshold)
            and self.members == other.members
            and self.size + other.size > len(self.members)
        ):
            return None
        return super().meets(other)

    def is_majority(self) -> bool:
        return self.size == len(self.members) // 2 + 1

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Threshold):
            return (self.members, self.size) == (other.members, other.size)
        return super().__eq__(other)

    __hash__ = QuorumSystem.__hash__


class QuorumPair:
    """The quorums of a protocol's two phases.

    Parameters
    ----------
    phase1 : QuorumSystem
        Quorums that must promise (elect).
    phase2 : QuorumSystem, optional
        Quorums that must accept (replicate); by default those of phase 1.
    checked : bool
        Whether to require that every quorum of phase 1 intersects every quorum of phase 2.
        ``False`` is only for demonstrations of unsafe quorums.

    Raises
    ------
    QuorumError
        If the two systems have different members, or two quorums do not intersect; the message
        names both quorums.

    Examples
    --------
    >>> pair = QuorumPair(threshold("abcd", 3), threshold("abcd", 2))
    >>> QuorumPair(threshold("abcd", 2))
    Traceback (most recent call last):
        ...
    toolkit.errors.QuorumError: the phase-1 quorum {a,b} and the phase-2 quorum {c,d} do not \
intersect (two values could be chosen; make the quorums larger)
    """

    def __init__(
        self, phase1: QuorumSystem, phase2: QuorumSystem | None = None, *, checked: bool = True
    ) -> None:
        self.phase1 = phase1
        self.phase2 = phase1 if phase2 is None else phase2
        if self.phase1.members != self.phase2.members:
            raise QuorumError(
                "the two phases have different members",
                hint="build both over all acceptors",
            )
        if checked and (apart := self.phase1.meets(self.phase2)):
            first, second = ("{" + ",".join(sorted(quorum)) + "}" for quorum in apart)
            raise QuorumError(
                f"the phase-1 quorum {first} and the phase-2 quorum {second} do not intersect",
                hint="two values could be chosen; make the quorums larger",
            )


def threshold(members: Iterable[str], size: int) -> QuorumSystem:
    """Return the system in which any ``size`` members are a quorum.

    Parameters
    ----------
    members : iterable of str
    size : int
        From 1 to the number of members.

    Returns
    -------
    QuorumSystem

    Raises
    ------
    QuorumError
        If the size is out of range.

    Examples
    --------
    >>> len(threshold("abcde", 3).minimal)
    10
    """
    names = tuple(sorted(set(members)))
    if not 1 <= size <= len(names):
        raise QuorumError(
            f"quorum size {size} is out of range for {len(names)} members",
            hint=f"choose a size from 1 to {len(names)}",
        )
    return _Threshold(names, size)


def majority(members: Iterable[str]) -> QuorumSystem:
    """Return the system of all majorities.

    Parameters
    ----------
    members : iterable of str

    Returns
    -------
    QuorumSystem

    Examples
    --------
    >>> majority("abc").is_quorum("ac")
    True
    """
    names = sorted(set(members))
    return threshold(names, len(names) // 2 + 1)


def weighted(weights: Mapping[str, int]) -> QuorumSystem:
    """Return the system in which members with more than half of the total weight are a quorum.

    Parameters
    ----------
    weights : mapping of str to int
        Map from a member to its weight, 0 or more.

    Returns
    -------
    QuorumSystem

    Raises
    ------
    QuorumError
        If a weight is negative or all are 0.

    Examples
    --------
    >>> weighted({"a": 3, "b": 1, "c": 1}).is_quorum({"a"})
    True
    """
    if any(weight < 0 for weight in weights.values()) or not sum(weights.values()):
        raise QuorumError(
            "weights must be 0 or more, and not all 0", hint=f"given: {dict(weights)}"
        )
    names = sorted(weights)
    half = sum(weights.values()) / 2
    return QuorumSystem(
        names,
        (
            frozenset(chosen)
            for size in range(1, len(names) + 1)
            for chosen in combinations(names, size)
            if sum(weights[name] for name in chosen) > half
        ),
    )


def grid(members: Sequence[str], rows: int, columns: int) -> QuorumPair:
    """Return grid quorums: a full row in phase 1, a full column in phase 2.

    Parameters
    ----------
    members : sequence of str
        The members, row by row.
    rows, columns : int
        Their product is the number of members.

    Returns
    -------
    QuorumPair

    Raises
    ------
    QuorumError
        If the members do not fill the grid.

    Notes
    -----
    Every row intersects every column, so that either phase may use the smaller sets although two
    rows are disjoint (*Flexible Paxos*, section 4.2).

    Examples
    --------
    >>> pair = grid(["a", "b", "c", "d"], 2, 2)
    >>> pair.phase1.is_quorum({"a", "b"}), pair.phase2.is_quorum({"a", "c"})
    (True, True)
    """
    names = list(members)
    if (
        rows < 1
        or columns < 1
        or rows * columns != len(set(names))
        or len(set(names)) != len(names)
    ):
        raise QuorumError(
            f"{len(names)} members do not fill a grid of {rows} x {columns}",
            hint="rows times columns must be the number of members",
        )
    lines = [names[row * columns : (row + 1) * columns] for row in range(rows)]
    return QuorumPair(
        QuorumSystem(names, lines),
        QuorumSystem(names, [list(column) for column in zip(*lines, strict=True)]),
    )


def flexible(
    members: Iterable[str], phase1: int, phase2: int, *, checked: bool = True
) -> QuorumPair:
    """Return quorums of any ``phase1`` members in phase 1 and any ``phase2`` in phase 2.

    Parameters
    ----------
    members : iterable of str
    phase1, phase2 : int
        Sizes of the quorums; they intersect if the sum exceeds the number of members.
    checked : bool
        See :class:`QuorumPair`.

    Returns
    -------
    QuorumPair

    Examples
    --------
    >>> flexible("abcd", 3, 2).phase2.is_quorum("cd")
    True
    """
    names = sorted(set(members))
    return QuorumPair(threshold(names, phase1), threshold(names, phase2), checked=checked)


def parse_quorums(text: str, members: Sequence[str]) -> QuorumPair:
    """Parse the description of quorums in a setting.

    Parameters
    ----------
    text : str
        ``majority``; ``grid:RxC``; ``weighted:NAME=W,NAME=W,...`` (members that are not named
        have weight 1); ``flexible:Q1,Q2``; or ``unsafe:Q1,Q2``, which is ``flexible`` without
        the check that the quorums intersect.
    members : sequence of str
        The members, in order.

    Returns
    -------
    QuorumPair

    Raises
    ------
    QuorumError
        If the text has another form, or describes invalid quorums.

    Examples
    --------
    >>> parse_quorums("flexible:2,2", ["a", "b", "c"]).phase1.is_quorum("ab")
    True
    """
    kind, _, rest = text.partition(":")
    try:
        if kind == "majority" and not rest:
            return QuorumPair(majority(members))
        if kind == "grid":
            rows, columns = rest.split("x")
            return grid(members, int(rows), int(columns))
        if kind in {"flexible", "unsafe"}:
            first, second = rest.split(",")
            return flexible(members, int(first), int(second), checked=kind == "flexible")
        if kind == "weighted":
            weights = dict.fromkeys(members, 1)
            for item in rest.split(","):
                name, weight = item.split("=")
                if name not in weights:
                    raise QuorumError(
                        f"unknown member {name!r} in the weights",
                        hint=f"known: {', '.join(members)}",
                    )
                weights[name] = int(weight)
            return QuorumPair(weighted(weights))
    except ValueError:
        pass
    raise QuorumError(
        f"{text!r} is not a description of quorums",
        hint="use majority, grid:2x3, weighted:n1=2,n2=1, flexible:3,2 or unsafe:2,1",
    )
