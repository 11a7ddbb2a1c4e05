"""The learner in a Multi-Paxos server: log, catch-up and snapshots.

Each handler is named after the action of ``specs/multipaxos/MultiPaxos.tla`` that it performs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from toolkit.machines import Sessions
from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Output, Redirect, Send
from toolkit.protocols.multipaxos.config import MultiPaxosConfig
from toolkit.protocols.multipaxos.messages import Ask, Learn, Phase2a, SnapshotOffer, Value, Vote

__all__ = ["NO_SNAPSHOT", "Learner", "Snapshot"]

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot that replaces the first slots of a log.

    Parameters
    ----------
    index : int
        The last slot that it replaces; 0 for an empty snapshot.
    data : str
        The configurations chosen so far, and the machine with the clients' sessions, as JSON.
    """

    index: int
    data: str


NO_SNAPSHOT = Snapshot(0, "")
"""The empty snapshot."""


class _Content(msgspec.Struct):
    """Content of a snapshot."""

    configs: list[tuple[int, tuple[str, ...]]]
    state: Any


class Learner:
    """The learner of a server: the values that it knows to be chosen.

    Parameters
    ----------
    name : str
        The name of this server.
    config : MultiPaxosConfig
        The configuration of the run.

    Attributes
    ----------
    log : list of Value
        The chosen values after the snapshot, without a gap; all are applied.
    early : dict of int to Value
        The chosen values after a gap, by slot.
    snapshot : Snapshot
        The snapshot that replaces the first slots.  Durable.
    votes : dict of int to Vote
        The acceptor's votes, by slot.  Durable.
    configs : list of tuple
        Slot and acceptors of each chosen configuration.
    sessions : Sessions
        The machine together with the clients' sessions.
    """

    def __init__(self, name: str, config: MultiPaxosConfig) -> None:
        self.name = name
        self.config = config
        self.others = config.others[name]
        self.phase = "idle"
        self.votes: dict[int, Vote] = {}
        self.log: list[Value] = []
        self.early: dict[int, Value] = {}
        self.snapshot = NO_SNAPSHOT
        # The rest are not variables of the specification: they follow from the log, or steer
        # answers to clients.
        self.configs: list[tuple[int, tuple[str, ...]]] = []
        self.sessions = Sessions(config.machine())
        self.last = 0
        self._waiting: set[tuple[str, int]] = set()
        self._change_clients: dict[int, tuple[str, int]] = {}

    # Configurations (Lamport, Malkhi and Zhou 2010, section 3) ---------------------------

    def config_at(self, slot: int) -> tuple[str, ...]:
        """Return a slot's acceptors: the last configuration chosen at least alpha slots before."""
        for chosen_at, members in reversed(self.configs):
            if chosen_at <= slot - self.config.alpha:
                return members
        return self.config.members

    # Learning ----------------------------------------------------------------------------

    def know(self, news: Mapping[int, Value]) -> list[Output | Redirect]:
        """Record chosen values, and apply those without a gap before them.

        Parameters
        ----------
        news : mapping of int to Value
            The newly known chosen values, by slot.

        Returns
        -------
        list
            The answers to clients.
        """
        outputs: list[Output | Redirect] = []
        self.early.update(news)
        while (value := self.early.pop(self.last + 1, None)) is not None:
            self.last += 1
            self.log.append(value)
            outputs += self._apply(self.last, value)
        return outputs

    def _apply(self, slot: int, value: Value) -> list[Output | Redirect]:
        if value.kind == "config":
            self.configs.append((slot, value.members))
            client_request = self._change_clients.pop(slot, None)
            return [] if client_request is None else [Output(*client_request, {"ok": True})]
        if value.kind == "noop":
            return []
        outputs: list[Output | Redirect] = []
        for client, request, operation in _DECODER.decode(value.val):
            result = self.sessions.apply(client, request, operation)
            if (client, request) in self._waiting:
                self._waiting.remove((client, request))
                outputs.append(Output(client, request, result))
        return outputs

    def is_news(self, slot: int) -> bool:
        """Return whether the chosen value of a slot is not yet known."""
        return slot > self.last and slot not in self.early

    def _learn(self, message: Learn) -> Effects:
        if self.phase == "leading":
            return self.ignore()
        news = {
            slot: value
            for slot, value in enumerate(message.vals, message.first)
            if self.is_news(slot)
        }
        return self.learn(news) if news else self.ignore()

    @action("Learn")
    def learn(self, news: Mapping[int, Value]) -> Effects:
        """Learn chosen values that this server missed."""
        return Effects(action="Learn", outputs=self.know(news))

    # Catch-up of other servers -----------------------------------------------------------

    def _ask(self, message: Ask) -> Effects:
        return self.share(message) if message.first <= self.last else self.ignore()

    @action("Share")
    def share(self, message: Ask | Phase2a) -> Effects:
        """Send the requested values, or the snapshot that replaces them.

        A leader that proposes in a slot that this server has compacted needs the snapshot, too.
        """
        base = self.snapshot.index
        answer: Message = SnapshotOffer(self.name, base, self.snapshot.data)
        if isinstance(message, Phase2a):
            return Effects(action="Share", sends=[Send(self.config.owner(message.bal), answer)])
        if message.first > base:
            start = message.first - base - 1
            answer = Learn.of(message.first, self.log[start : start + self.config.most])
        return Effects(action="Share", sends=[Send(message.sender, answer)])

    # Snapshots (Paxos Made Live, section 5.5) --------------------------------------------

    def is_due(self) -> bool:
        """Return whether the log should be compacted: enough slots were applied."""
        return 0 < self.config.snapshot <= self.last - self.snapshot.index

    def _drop_votes(self, index: int) -> None:
        """Drop the votes in slots that a snapshot replaces."""
        self.votes = {slot: vote for slot, vote in self.votes.items() if slot > index}

    def content(self) -> Any:
        """Return the state of machine and sessions for a snapshot, in JSON's types."""
        return self.sessions.snapshot()

    @action("TakeSnapshot", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Replace all applied slots by a snapshot (Paxos Made Live, section 5.5)."""
        data = _ENCODER.encode(_Content(self.configs, self.content())).decode()
        self.snapshot = Snapshot(self.last, data)
        self.log = []
        self._drop_votes(self.last)
        return Effects(action="TakeSnapshot", write={"snapshot": self.snapshot})

    def _offer(self, message: SnapshotOffer) -> Effects:
        if self.phase == "leading" or message.index <= self.last:
            return self.ignore()
        return self.install_snapshot(message)

    @action("InstallSnapshot", options=("snapshots",))
    def install_snapshot(self, message: SnapshotOffer) -> Effects:
        """Replace the log by a snapshot (Paxos Made Live, section 5.5)."""
        snapshot = Snapshot(message.index, message.data)
        self.load(snapshot)
        outputs = self.know({})
        self._drop_votes(message.index)
        return Effects(action="InstallSnapshot", write={"snapshot": snapshot}, outputs=outputs)

    def load(self, snapshot: Snapshot) -> None:
        """Set the log, machine and sessions to the state of a snapshot."""
        self.snapshot = snapshot
        self.last = snapshot.index
        self.log = []
        self.early = {slot: value for slot, value in self.early.items() if slot > self.last}
        self.sessions = Sessions(self.config.machine())
        self.configs = []
        if snapshot.index:
            content = msgspec.json.decode(snapshot.data, type=_Content)
            self.configs = content.configs
            self.sessions.restore(content.state)

    @action("Ignore")
    def ignore(self) -> Effects:
        """Ignore a message that is late or repeated."""
        return Effects(action="Ignore")
