"""Changes of the configuration: one voter at a time, by joint consensus, and learners.

Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, 2014, chapter 4; Ongaro and
Ousterhout 2014 (extended version), section 6.  A leader changes nothing before it has committed
an entry of its own term: without that two leaders could change the configuration side by side
(D. Ongaro, "bug in single-server membership changes", raft-dev mailing list, July 2015).

A server that was left out is not told so, and goes on asking for votes (section 4.2.3): without
check-quorum or pre-votes it may depose one leader after the other.  Changes are not kept in the
clients' sessions: one that is asked for again is made again, if it has been undone meanwhile.
"""

from __future__ import annotations

from typing import Any

from toolkit.protocols.actions import action
from toolkit.protocols.base import Command, Effects, Output, Redirect
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import RaftCore
from toolkit.protocols.raft.messages import Configuration, Entry

__all__ = ["OPERATIONS", "Membership"]

OPERATIONS = ("add", "remove", "learn", "configure")
"""What clients may ask for: ``{"op": "add", "server": NAME}`` (as a voter), ``remove``, ``learn``
(as a learner), or ``{"op": "configure", "voters": [...], "learners": [...]}``."""


class Membership(RaftCore):
    """A server whose cluster may change."""

    def __init__(self, name: str, config: RaftConfig) -> None:
        self._asker: tuple[str, int] | None = None
        super().__init__(name, config)

    def _reset(self) -> None:
        super()._reset()
        self._asker = None

    def on_command(self, event: Command) -> Effects:
        """Change the configuration when asked to; otherwise as without membership changes."""
        operation = event.operation
        if (
            self.role != "leader"
            or (self.config.membership == "no" and not self.config.learners)
            or not isinstance(operation, dict)
            or operation.get("op") not in OPERATIONS
        ):
            return super().on_command(event)
        now = self.configuration()
        wanted, problem = self._wanted(operation, now)
        if wanted is None:
            return self.reply([Output(event.client, event.request, {"error": problem})])
        if not self.may_change():
            return self.send_on(event, None)
        if wanted == now:
            return self.reply([Output(event.client, event.request, {"ok": True})])
        return self.change_configuration(event, wanted)

    def _wanted(
        self, operation: dict[str, Any], now: Configuration
    ) -> tuple[Configuration | None, str]:
        """Return the configuration that is asked for, or ``None`` and what is wrong with it."""
        voters, learners = set(now.voters), set(now.learners)
        if operation["op"] == "configure":
            names = [operation.get("voters", []), operation.get("learners", [])]
            if not all(isinstance(one, list) for one in names):
                return None, "voters and learners are lists of servers"
            voters, learners = ({str(name) for name in one} for one in names)
        else:
            server = str(operation.get("server"))
            voters.discard(server)
            learners.discard(server)
            if operation["op"] == "add":
                voters.add(server)
            elif operation["op"] == "learn":
                learners.add(server)
        strange = sorted((voters | learners) - set(self.config.servers))
        if strange:
            return None, f"{strange[0]} is no server"
        if not voters or voters & learners:
            return None, "some server must vote, and a learner does not"
        if learners != set(now.learners) and not self.config.learners:
            return None, "learners are switched off"
        if voters == set(now.voters):
            return Configuration.of(voters, (), learners), ""
        if self.config.membership == "joint":
            return Configuration.of(voters, now.voters, learners), ""
        if self.config.membership == "single" and len(voters ^ set(now.voters)) == 1:
            return Configuration.of(voters, (), learners), ""
        return None, "voters are changed one at a time" if self.config.membership != "no" else (
            "changes of voters are switched off"
        )

    def _config_index(self) -> int:
        """Return where the latest configuration stands, 0 if it is no entry (any more)."""
        return self.log.configs[-1][0] if self.log.configs else 0

    def may_change(self) -> bool:
        """Return whether the last change is through, and this leader has committed in its term."""
        return (
            self._config_index() <= self.commitIndex
            and not self.configuration().old
            and self.knows_committed()
        )

    @action(
        "ChangeConfiguration",
        section="dissertation 4.1",
        options=("single", "joint", "learners"),
    )
    def change_configuration(self, event: Command, config: Configuration) -> Effects:
        """Append a configuration, which holds from now on (section 4.1)."""
        self._asker = (event.client, event.request)
        return self._append(
            Entry(self.currentTerm, "config", "", config),
            Effects(action="ChangeConfiguration", params={"c": _record(config)}),
        )

    def _applied(self, entry: Entry) -> list[Output | Redirect]:
        outputs = super()._applied(entry)
        if entry.config is not None and not entry.config.old and self._asker is not None:
            outputs.append(Output(*self._asker, {"ok": True}))
            self._asker = None
        return outputs

    def on_heartbeat_timeout(self) -> Effects:
        """Leave a joint configuration or resign when it is time, then send heartbeats."""
        if self.log.config() is None or self._config_index() > self.commitIndex:
            return super().on_heartbeat_timeout()
        if self.configuration().old:
            effects = self.leave_joint()
            effects.timers = [self.heartbeat_timer()]
            return effects
        if not self.configuration().has_vote(self.name):
            return self.resign()
        return super().on_heartbeat_timeout()

    @action("LeaveJoint", section="6", options=("joint",))
    def leave_joint(self) -> Effects:
        """Append the new configuration alone, once the joint one is committed (section 6)."""
        now = self.configuration()
        alone = Configuration.of(now.voters, (), now.learners)
        return self._append(
            Entry(self.currentTerm, "config", "", alone), Effects(action="LeaveJoint")
        )

    @action("Resign", section="dissertation 4.2.2", options=("single", "joint"))
    def resign(self) -> Effects:
        """Stop leading a cluster whose committed configuration leaves it out (section 4.2.2)."""
        return self.abdicate("Resign")


def _record(config: Configuration) -> dict[str, Any]:
    return {
        name: {"#set": list(of)}
        for name, of in (
            ("voters", config.voters), ("old", config.old), ("learners", config.learners)
        )
    }  # fmt: skip
