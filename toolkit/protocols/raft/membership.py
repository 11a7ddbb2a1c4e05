"""Membership changes: one voter at a time or by joint consensus, and learners.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, chapter 4; Ongaro and
Ousterhout 2014 (extended version), section 6.  A leader does not change the configuration before it
has committed an entry of its own term: otherwise two leaders could change the configuration at the
same time (D. Ongaro, "bug in single-server membership changes", raft-dev mailing list, July 2015).

A removed server is not told that it was removed and keeps requesting votes (section 4.2.3): without
check-quorum or pre-votes it may depose one leader after another.  Changes are not recorded in the
clients' sessions: a repeated request is carried out again if it was undone in the meantime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import Configuration, Entry
from toolkit.protocols.raft.option import Option

if TYPE_CHECKING:
    from toolkit.protocols.raft.core import RaftCore

__all__ = ["OPERATIONS", "Membership"]

OPERATIONS = ("add", "remove", "learn", "configure")
"""Operations of clients: ``{"op": "add", "server": NAME}`` (as a voter), ``remove``, ``learn``
(as a learner), or ``{"op": "configure", "voters": [...], "learners": [...]}``."""


class Membership(Option):
    """Membership changes (dissertation, chapter 4; section 6).

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.
    """

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self._client_of_change: tuple[str, int] | None = None

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.membership != "no" or config.learners

    def reset(self) -> None:
        """Forget the client of a change that a former leader has started."""
        self._client_of_change = None

    def on_command(self, event: Command) -> Effects | None:
        """Change the configuration if a client requests it (dissertation, chapter 4)."""
        operation = event.operation
        if (
            self.server.role != "leader"
            or not isinstance(operation, dict)
            or operation.get("op") not in OPERATIONS
        ):
            return None
        now = self.server.configuration()
        requested, problem = self._requested(operation, now)
        if requested is None:
            return self.server.reply([Output(event.client, event.request, {"error": problem})])
        if not self.may_change():
            return self.server.send_on(event, None)
        if requested == now:
            return self.server.reply([Output(event.client, event.request, {"ok": True})])
        return self.change_configuration(event, requested)

    def _requested(
        self, operation: dict[str, Any], now: Configuration
    ) -> tuple[Configuration | None, str]:
        """Return the requested configuration, or ``None`` with an error message."""
        voters, learners = set(now.voters), set(now.learners)
        if operation["op"] == "configure":
            names = [operation.get("voters", []), operation.get("learners", [])]
            if not all(isinstance(group, list) for group in names):
                return None, "voters and learners must be lists of servers"
            voters, learners = ({str(name) for name in group} for group in names)
        else:
            server = str(operation.get("server"))
            voters.discard(server)
            learners.discard(server)
            if operation["op"] == "add":
                voters.add(server)
            elif operation["op"] == "learn":
                learners.add(server)
        unknown = sorted((voters | learners) - set(self.server.config.servers))
        if unknown:
            return None, f"unknown server {unknown[0]!r}"
        if not voters or voters & learners:
            return None, "at least one server must vote, and a learner cannot be a voter"
        if learners != set(now.learners) and not self.server.config.learners:
            return None, "learners are switched off"
        if voters == set(now.voters):
            return Configuration.of(voters, (), learners), ""
        if self.server.config.membership == "joint":
            return Configuration.of(voters, now.voters, learners), ""
        if self.server.config.membership == "single" and len(voters ^ set(now.voters)) == 1:
            return Configuration.of(voters, (), learners), ""
        return (
            None,
            "voters must be changed one at a time"
            if self.server.config.membership != "no"
            else ("changes of voters are switched off"),
        )

    def _config_index(self) -> int:
        """Return the index of the latest configuration entry, 0 if the log has none."""
        return self.server.log.configs[-1][0] if self.server.log.configs else 0

    def may_change(self) -> bool:
        """Return whether the last change is complete and this leader has committed in its term."""
        return (
            self._config_index() <= self.server.commitIndex
            and not self.server.configuration().old
            and self.server.knows_committed()
        )

    @action(
        "ChangeConfiguration",
        section="dissertation 4.1",
        options=("single", "joint", "learners"),
    )
    def change_configuration(self, event: Command, config: Configuration) -> Effects:
        """Append a configuration entry, which takes effect at once (section 4.1)."""
        self._client_of_change = (event.client, event.request)
        return self.server.append_entry(
            Entry(self.server.currentTerm, "config", "", config),
            Effects(action="ChangeConfiguration", params={"c": _record(config)}),
        )

    def applied(self, entry: Entry) -> list[Output | Redirect]:
        """Answer the client of a change after the new configuration was applied."""
        outputs: list[Output | Redirect] = []
        if entry.config is not None and not entry.config.old and self._client_of_change is not None:
            outputs.append(Output(*self._client_of_change, {"ok": True}))
            self._client_of_change = None
        return outputs

    def on_heartbeat_timeout(self) -> Effects | None:
        """Leave a joint configuration, resign, or send heartbeats (sections 4.2.2 and 6)."""
        if self.server.log.config() is None or self._config_index() > self.server.commitIndex:
            return None
        if self.server.configuration().old:
            effects = self.leave_joint()
            effects.timers = [self.server.heartbeat_timer()]
            return effects
        if not self.server.configuration().has_vote(self.server.name):
            return self.resign()
        return None

    @action("LeaveJoint", section="6", options=("joint",))
    def leave_joint(self) -> Effects:
        """Append the new configuration after the joint one is committed (section 6)."""
        now = self.server.configuration()
        new = Configuration.of(now.voters, (), now.learners)
        return self.server.append_entry(
            Entry(self.server.currentTerm, "config", "", new), Effects(action="LeaveJoint")
        )

    @action("Resign", section="dissertation 4.2.2", options=("single", "joint"))
    def resign(self) -> Effects:
        """Stop leading a cluster whose committed configuration excludes it (section 4.2.2)."""
        return self.server.abdicate("Resign")


def _record(config: Configuration) -> dict[str, Any]:
    return {
        name: {"#set": list(servers)}
        for name, servers in (
            ("voters", config.voters), ("old", config.old), ("learners", config.learners)
        )
    }  # fmt: skip
