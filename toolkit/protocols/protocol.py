"""A protocol: its specification, its implementation, and what they have in common."""

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
    """Where a planted bug shows itself.

    Parameters
    ----------
    nodes : int
        How many nodes there are.
    settings : mapping of str to str
        The protocol's settings.
    runs : int
        In so many runs with random faults it is expected to show.
    scenario : str or None
        A scenario that travels with the package, instead of all that.

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
    """A protocol as commands and pictures see it; registered by an entry point.

    Register one under the entry-point group ``toolkit.protocols`` (name to an object of this
    class), or at run time with :func:`toolkit.protocols.register`.

    Parameters
    ----------
    title : str
        A line for people.
    specification : Specification
        What its traces are validated against.
    implementation : Implementation or None
        What hosts run; ``None`` if there is only a specification.
    log : LogView or None
        What a node's recorded variables say of its replicated log; ``None`` if it keeps none.
    bugs : mapping of str to callable
        Seeded bugs: name to a ``make_node`` that has the bug.  For tests and lessons only.
    bug_setups : mapping of str to BugSetup
        Where seeded bugs show themselves, for those that need more than the defaults.
    showcase : bool
        Whether ``toolkit demo`` may take it where no protocol is named.
    """

    title: str
    specification: Specification
    implementation: Implementation | None = None
    log: LogView | None = None
    bugs: Mapping[str, NodeFactory] = field(default_factory=dict)
    bug_setups: Mapping[str, BugSetup] = field(default_factory=dict)
    showcase: bool = False

    @property
    def name(self) -> str:
        """The name people type: the specification's."""
        return self.specification.name

    @property
    def runnable(self) -> Implementation:
        """The implementation, for a host that is to run it.

        Raises
        ------
        SettingError
            If the protocol has only a specification.
        """
        if self.implementation is None:
            raise SettingError(
                f"the protocol {self.name!r} has a specification but no implementation, "
                "so that it cannot be run",
                hint="validate traces of it, or register it with an implementation",
            )
        return self.implementation

    def altered(self, **changes: Any) -> Protocol:
        """Return the same protocol with a changed implementation.

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
