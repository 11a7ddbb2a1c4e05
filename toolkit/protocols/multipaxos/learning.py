"""The learner in a Multi-Paxos server: the log, catching up, snapshots.

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
    """What stands for the first slots.

    Parameters
    ----------
    index : int
        The last slot that it stands for; 0 for none.
    data : str
        The configurations chosen so far, and the machine with the clients' sessions, as JSON.
    """

    index: int
    data: str


NO_SNAPSHOT = Snapshot(0, "")
"""Stands for nothing."""


class _Content(msgspec.Struct):
    """What a snapshot holds."""

    configs: list[tuple[int, tuple[str, ...]]]
    state: Any


class Learner:
    """What a server knows to be chosen.

    Parameters
    ----------
    name : str
        This server.
    config : MultiPaxosConfig

    Attributes
    ----------
    log : list of Value
        What is chosen without a gap, behind the snapshot; all of it is applied.
    early : dict of int to Value
        What is chosen behind a gap, by slot.
    snapshot : Snapshot
        Durable.
    votes : dict of int to Vote
        The acceptor's votes, by slot.  Durable.
    configs : list of tuple
        Slot and acceptors of each configuration that is chosen.
    sessions : Sessions
        The machine, behind the clients' sessions.
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
        # What follows is no variable of the specification: it follows from the log, or steers
        # answers to clients.
        self.configs: list[tuple[int, tuple[str, ...]]] = []
        self.sessions = Sessions(config.machine())
        self.last = 0
        self._waiting: set[tuple[str, int]] = set()
        self._askers: dict[int, tuple[str, int]] = {}

    # Configurations (Lamport, Malkhi and Zhou 2010, section 3) ---------------------------

    def config_at(self, slot: int) -> tuple[str, ...]:
        """Return a slot's acceptors: the last that were chosen at least alpha slots before."""
        for at, members in reversed(self.configs):
            if at <= slot - self.config.alpha:
                return members
        return self.config.members

    # Learning ----------------------------------------------------------------------------

    def know(self, news: Mapping[int, Value]) -> list[Output | Redirect]:
        """Take note of what is chosen; apply what has no gap before it.

        Parameters
        ----------
        news : mapping of int to Value
            By slot; what is known already is not among it.

        Returns
        -------
        list
            What clients are told.
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
            asker = self._askers.pop(slot, None)
            return [Output(*asker, {"ok": True})] if asker is not None else []
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
        """Return whether it is not known what is chosen in a slot."""
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
        """Learn what was missed."""
        return Effects(action="Learn", outputs=self.know(news))

    # Helping others ----------------------------------------------------------------------

    def _ask(self, message: Ask) -> Effects:
        return self.share(message) if message.first <= self.last else self.ignore()

    @action("Share")
    def share(self, message: Ask | Phase2a) -> Effects:
        """Send what was asked for, or the snapshot that stands for it.

        A leader that proposes what is chosen and compacted here needs the snapshot as well.
        """
        base = self.snapshot.index
        answer: Message = SnapshotOffer(self.name, base, self.snapshot.data)
        if isinstance(message, Phase2a):
            return Effects(action="Share", sends=[Send(self.config.owner(message.bal), answer)])
        if message.first > base:
            at = message.first - base - 1
            answer = Learn.of(message.first, self.log[at : at + self.config.most])
        return Effects(action="Share", sends=[Send(message.sender, answer)])

    # Snapshots (Paxos Made Live, section 5.5) --------------------------------------------

    def is_due(self) -> bool:
        """Return whether enough is chosen to be compacted."""
        return 0 < self.config.snapshot <= self.last - self.snapshot.index

    def _forget(self, index: int) -> None:
        """Keep no votes on what a snapshot stands for."""
        self.votes = {slot: vote for slot, vote in self.votes.items() if slot > index}

    def content(self) -> Any:
        """Return what a snapshot holds of the machine, in JSON's types."""
        return self.sessions.snapshot()

    @action("TakeSnapshot", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Let a snapshot stand for all that is applied."""
        data = _ENCODER.encode(_Content(self.configs, self.content())).decode()
        self.snapshot = Snapshot(self.last, data)
        self.log = []
        self._forget(self.last)
        return Effects(action="TakeSnapshot", write={"snapshot": self.snapshot})

    def _offer(self, message: SnapshotOffer) -> Effects:
        if self.phase == "leading" or message.index <= self.last:
            return self.ignore()
        return self.install_snapshot(message)

    @action("InstallSnapshot", options=("snapshots",))
    def install_snapshot(self, message: SnapshotOffer) -> Effects:
        """Put a snapshot in the place of the log."""
        snapshot = Snapshot(message.index, message.data)
        self.load(snapshot)
        outputs = self.know({})
        self._forget(message.index)
        return Effects(action="InstallSnapshot", write={"snapshot": snapshot}, outputs=outputs)

    def load(self, snapshot: Snapshot) -> None:
        """Go on from where a snapshot was taken."""
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
        """Drop a message that is late or repeated."""
        return Effects(action="Ignore")
