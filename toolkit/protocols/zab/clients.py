"""Clients of a Zab server: requests are proposed or forwarded, reads are answered.

As in ZooKeeper, a client may use any server.  A request that changes the state is forwarded to the
leader; the server that received it answers the client after it has delivered the transaction.
"""

from __future__ import annotations

import msgspec

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect
from toolkit.protocols.zab.role import Role

__all__ = ["Clients"]

_ENCODER = msgspec.json.Encoder(order="sorted")


class Clients(Role):
    """The part of a server that handles the requests of clients."""

    name = "clients"

    def on_command(self, event: Command) -> Effects:
        """Handle a client's request."""
        server = self.server
        key = (event.client, event.request)
        if server.phase != "broadcast":
            return self.reply([Redirect(*key, None)])
        if server.config.reads != "log" and server.sessions.machine.reads(event.operation):
            return self._read_locally(event)
        result = server.sessions.cached(*key)
        if result is not None:
            return self.reply([Output(*key, result)])
        if key in server.waiting:
            return self.reply([])
        server.waiting.add(key)
        value = _ENCODER.encode([event.client, event.request, event.operation]).decode()
        leads = server.mode == "leading"
        return server.leading.propose(value) if leads else server.learning.forward(value)

    def _read_locally(self, event: Command) -> Effects:
        """Answer a read from local state, at once or after the leader's proposals are delivered."""
        server = self.server
        if server.config.reads == "local":
            return self.reply([server.read(event)])
        if server.mode != "leading":
            return server.learning.ask_sync(event)
        server.reads.append((server.length, event))
        return self.reply(server.ready_reads())

    @action("Reply")
    def reply(self, outputs: list[Output | Redirect]) -> Effects:
        """Answer a client, or let it wait, without sending to other servers."""
        return Effects(action="Reply", outputs=outputs)
