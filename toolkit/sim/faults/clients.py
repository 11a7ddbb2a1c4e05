"""Commands of clients."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.errors import ScenarioError
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.words import Line, check_word, format_operation

if TYPE_CHECKING:
    from toolkit.sim.host import Simulation

__all__ = ["ClientCommand"]


@dataclass(frozen=True)
class ClientCommand(ScenarioEvent):
    """A client sends a command to a node.

    The command arrives without delay, unless the node is down.  Random scenarios draw commands
    with the protocol's ``random_operation``.

    Parameters
    ----------
    time : float
        Seconds since the start.
    client : str
        The client.
    operation : JSON
        The requested operation.
    node : str
        The node that receives the command.
    """

    keyword = "client"
    nodes_in = ("node",)

    client: str
    operation: Any
    node: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("a client", self.client)
        try:
            json.dumps(self.operation, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ScenarioError(
                f"an operation must be JSON data: {error}",
                hint="use strings, finite numbers, true, false, null, lists and objects",
            ) from error

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        """Parse ``c1 sends OPERATION to n1``."""
        client = line.name("a client")
        line.keyword("sends")
        operation = line.operation()
        if line.peek() not in ("to", None):
            raise ScenarioError(
                f"an operation must be a single word or JSON, got {line.peek()!r} after it",
                hint='for instance {"op": "get", "key": "a"}, then "to" and a node',
            )
        line.keyword("to")
        return [cls(time, client, operation, line.name("a node"))]

    def format(self) -> str:
        """Return the statement in a scenario's text."""
        return f"client {self.client} sends {format_operation(self.operation)} to {self.node}"

    def apply(self, run: Simulation) -> None:
        """Send the client's command."""
        clients = run.clients
        clients.ask(clients.request(self.client, self.operation, self.node))

    def describe(self) -> str:
        """Describe the event in a few words."""
        return f"{self.client} asks {self.node}: {json.dumps(self.operation)}"
