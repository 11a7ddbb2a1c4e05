"""A protocol: a specification and an implementation under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.errors import SettingError
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.specification import Specification
from toolkit.trace.logview import LogView

__all__ = ["BugSetup", "Protocol"]


@dataclass(frozen=True, kw_only=True)
class BugSetup:
    """The setup in which a seeded bug becomes visible.

    Parameters
    ----------
    nodes : int
        The number of nodes.
    settings : mapping of str to str
        The protocol's settings.
    runs : int
        The number of runs with random faults in which it is expected to show.
    scenario : str or None
        A bundled scenario, used instead of random runs.

    Examples
    --------
    >>> str(BugSetup(nodes=5, settings={"membership": "single"}))
    '5 nodes, membership=single'
    """

    nodes: int = 3
    settings: Mapping[str, str] = field(default_factory=dict)
    runs: int = 1
    scenario: str | None = None

    def __str__(self) -> str:
        if self.scenario is not None:
            return f"scenario {self.scenario}"
        return ", ".join(
            [f"{self.nodes} nodes", *[f"{name}={value}" for name, value in self.settings.items()]]
        )


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A protocol as commands and pictures use it; registered by an entry point.

    Register one under the entry-point group ``toolkit.protocols`` (name to an object of this
    class), or at run time with :func:`toolkit.protocols.register`.

    Parameters
    ----------
    title : str
        A one-line title.
    specification : Specification
        The specification that its traces are validated against.
    implementation : Implementation or None
        The implementation that hosts run; ``None`` if there is only a specification.
    log : LogView or None
        The view of a node's replicated log in its recorded variables; ``None`` if it has no log.
    bugs : mapping of str to callable
        Seeded bugs, for tests and lessons only: name to a ``make_node`` whose nodes have the bug.
    bug_setups : mapping of str to BugSetup
        Setups in which seeded bugs become visible, for bugs that need more than the defaults.
    showcase : bool
        Whether ``toolkit demo`` may use it if no protocol is given.
    """

    title: str
    specification: Specification
    implementation: Implementation | None = None
    log: LogView | None = None
    bugs: Mapping[str, NodeFactory] = field(default_factory=dict)
    bug_setups: Mapping[str, BugSetup] = field(default_factory=dict)
    showcase: bool = False

    def __post_init__(self) -> None:
        for name in self.bug_setups:
            if name not in self.bugs:
                raise SettingError(
                    f"bug_setups of the protocol {self.name!r}: unknown seeded bug {name!r}",
                    hint=f"known: {', '.join(self.bugs) or 'none'}",
                )

    @property
    def name(self) -> str:
        """The name of the protocol: the specification's name."""
        return self.specification.name

    @property
    def runnable(self) -> Implementation:
        """The implementation, for a host that runs the protocol.

        Raises
        ------
        SettingError
            If the protocol has only a specification.
        """
        if self.implementation is None:
            raise SettingError(
                f"protocol {self.name!r} cannot be run: it has a specification but no "
                "implementation",
                hint="validate its traces, or register it with an implementation",
            )
        return self.implementation

    def altered(self, **changes: Any) -> Protocol:
        """Return a copy of the protocol with a changed implementation.

        Parameters
        ----------
        **changes
            Fields of :class:`~toolkit.protocols.implementation.Implementation`, for instance
            ``make_node``.

        Returns
        -------
        Protocol

        Raises
        ------
        SettingError
            If the protocol has only a specification.
        """
        return replace(self, implementation=replace(self.runnable, **changes))
