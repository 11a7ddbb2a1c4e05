"""Events that a caller of the controlled host can choose."""

from __future__ import annotations

from typing import Any

import msgspec

from toolkit.errors import SettingError
from toolkit.sim import faults

__all__ = ["KINDS", "Choice"]

KINDS: dict[str, str] = {
    "deliver": "a message arrives",
    "lose": "a message is lost; if it was sent on a connection, that breaks",
    "duplicate": "a datagram can arrive once more",
    "timeout": "a timer runs out",
    "flush": "a node's first waiting write becomes durable",
    "crash": "a node crashes, and the given number of its waiting writes becomes durable",
    "restart": "a node that is down restarts",
    "notice": "a node learns that its connection to another has ended",
    "cut": "messages from one node to another are lost until the link is healed",
    "heal": "messages from one node to another get through again",
    "command": "a client sends a command to a node",
}
"""Kinds of choices, each with a description."""


class Choice(msgspec.Struct, frozen=True, gc=False):
    """An event that can be chosen; hashable, and equal if all fields are.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    node : str or None
        The node of a timeout, flush, crash, restart, notice or command, or the sender of a link
        that is cut or healed.
    number : int or None
        The number of a message that is delivered, lost or duplicated.
    timer : str or None
        The timer that runs out.
    keep : int or None
        Number of waiting writes that still become durable in a crash.
    peer : str or None
        The other end of a connection, or the receiver of a link.
    client : str or None
        The client of a command.
    operation : str or None
        The operation of a command, as JSON text.

    Examples
    --------
    >>> str(Choice("deliver", number=3)), str(Choice("crash", node="n1", keep=0))
    ('deliver 3', 'crash n1 keep 0')
    """

    kind: str
    node: str | None = None
    number: int | None = None
    timer: str | None = None
    keep: int | None = None
    peer: str | None = None
    client: str | None = None
    operation: str | None = None

    @classmethod
    def command(cls, client: str, operation: Any, node: str) -> Choice:
        """Create the choice of a client's command to a node.

        Parameters
        ----------
        client : str
            The client.
        operation : JSON
            The operation.
        node : str
            The node that receives the command.
        """
        text = msgspec.json.encode(operation).decode()
        return cls("command", node=node, client=client, operation=text)

    def event(self, time: float) -> faults.ScenarioEvent:
        """Return the choice as an event of a manual scenario.

        Parameters
        ----------
        time : float
            Time of the event, in seconds.

        Raises
        ------
        SettingError
            If the kind is unknown, or a field that it needs is missing.
        """
        build = _EVENTS.get(self.kind)
        if build is None:
            raise SettingError(
                f"unknown kind of choice {self.kind!r}", hint=f"known: {', '.join(KINDS)}"
            )
        names = [name for name in build[1] if getattr(self, name) is None]
        if names:
            raise SettingError(
                f"the choice {self.kind!r} needs {' and '.join(names)}",
                hint="take choices from ControlledHost.possible()",
            )
        values = [getattr(self, name) for name in build[1]]
        if self.kind == "command":
            node, client, operation = values
            return faults.ClientCommand(time, client, msgspec.json.decode(operation), node)
        event: faults.ScenarioEvent = build[0](time, *values)
        return event

    def __str__(self) -> str:
        if self.kind == "command":
            return f"client {self.client} sends {self.operation} to {self.node}"
        if self.kind in ("cut", "heal"):
            return f"{self.kind} {self.node} -> {self.peer}"
        words = [self.kind, self.node, self.number, self.timer]
        if self.peer is not None:
            words += ["of", self.peer]
        if self.keep is not None:
            words += ["keep", self.keep]
        return " ".join(str(word) for word in words if word is not None)


_EVENTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "deliver": (faults.Deliver, ("number",)),
    "lose": (faults.Lose, ("number",)),
    "duplicate": (faults.Duplicate, ("number",)),
    "timeout": (faults.Timeout, ("node", "timer")),
    "flush": (faults.Flush, ("node",)),
    "crash": (faults.Crash, ("node", "keep")),
    "restart": (faults.Restart, ("node",)),
    "notice": (faults.Notice, ("node", "peer")),
    "cut": (faults.Cut, ("node", "peer")),
    "heal": (faults.Heal, ("node", "peer")),
    "command": (None, ("node", "client", "operation")),
}
