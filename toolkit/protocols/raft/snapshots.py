"""Snapshots: log compaction, and snapshots sent in chunks to servers that need them.

Source: Ongaro and Ousterhout 2014 (extended version), section 7 and Figure 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from toolkit.machines import Sessions
from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Event, Message, Send, SetTimer
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import RaftCore
from toolkit.protocols.raft.log import Snapshot
from toolkit.protocols.raft.messages import (
    Configuration,
    InstallSnapshot,
    InstallSnapshotResponse,
)

__all__ = ["SNAPSHOT_TIMER", "Snapshots"]

SNAPSHOT_TIMER = "snapshot"
"""Name of the snapshot timer: set to run out at once when the log should be compacted."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class _Content(msgspec.Struct):
    """Content of a snapshot: the latest configuration, and the machine with the sessions."""

    config: Configuration | None
    state: Any


class Snapshots(RaftCore):
    """A server that compacts its log into snapshots (section 7).

    Attributes
    ----------
    incoming : tuple
        The snapshot being received: the term of the leader that sends it, its index, and the
        chunks received so far.
    offset : dict of str to int
        Leader: for every other server, the number of the snapshot chunk that was sent to it last.
    """

    def __init__(self, name: str, config: RaftConfig) -> None:
        self.incoming: tuple[int, int, tuple[str, ...]] = (0, 0, ())
        self.offset: dict[str, int] = {}
        self._timer_is_set = False
        super().__init__(name, config)
        self._handlers[InstallSnapshot] = self._on_chunk
        self._handlers[InstallSnapshotResponse] = self._on_chunk_response

    def _reset(self) -> None:
        super()._reset()
        self.offset = dict.fromkeys(self.others, 0)

    def handle(self, event: Event, now: float) -> Effects:
        """Handle one event (see :class:`toolkit.protocols.base.Node`)."""
        effects = super().handle(event, now)
        if self.config.snapshot and self.is_due() and not self._timer_is_set:
            self._timer_is_set = True
            effects.timers = [*effects.timers, SetTimer(SNAPSHOT_TIMER, 0.0, 0.0)]
        return effects

    def on_timeout(self, timer: str) -> Effects:
        """Take a snapshot when the snapshot timer runs out (section 7)."""
        if timer != SNAPSHOT_TIMER:
            return super().on_timeout(timer)
        self._timer_is_set = False
        return self.take_snapshot() if self.is_due() else Effects()

    # Compaction (section 7) --------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether the log should be compacted: enough entries were applied."""
        count = self.config.snapshot
        return count > 0 and self.lastApplied - self.log.snapshot.index >= count

    def _compact(self, snapshot: Snapshot, *, keep: bool) -> dict[str, Any]:
        write = self._written()
        self.log.compact(snapshot, keep=keep)
        return {**write, "snapshot": snapshot, "keep": keep}

    def content(self) -> Any:
        """Return the state of machine and sessions for a snapshot, in JSON's types."""
        return self.sessions.snapshot()

    @action("TakeSnapshot", section="7", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Replace all applied entries by a snapshot (section 7)."""
        index = self.lastApplied
        config = self.log.config_before(index + 1)
        text = _ENCODER.encode(_Content(config, self.content())).decode()
        size = self.config.chunk
        chunks = tuple(text[start : start + size] for start in range(0, len(text), size))
        self.offset = dict.fromkeys(self.others, 0)
        snapshot = Snapshot(index, self.log.term_at(index), chunks, config)
        return Effects(
            action="TakeSnapshot",
            params={"parts": len(chunks)},
            write=self._compact(snapshot, keep=True),
        )

    def _load(self, snapshot: Snapshot) -> None:
        """Set the machine, sessions and indices to the state of a snapshot."""
        content = msgspec.json.decode("".join(snapshot.chunks), type=_Content)
        self.sessions = Sessions(self.config.machine())
        self.sessions.restore(content.state)
        self.commitIndex = self.lastApplied = snapshot.index

    def restart(self, durable: Mapping[str, Any]) -> Effects:
        """Restart as a follower with the durable state, starting from its snapshot (section 7)."""
        effects = super().restart(durable)
        if self.log.snapshot.index:
            self._load(self.log.snapshot)
        return effects

    # Sending (Figure 13) -----------------------------------------------------------------

    def needs_snapshot(self, other: str) -> bool:
        """Return whether the next entry for a server was compacted away (section 7)."""
        return self.nextIndex[other] <= self.log.snapshot.index

    def _next(self, other: str) -> Message:
        snapshot = self.log.snapshot
        if not snapshot.index or not self.needs_snapshot(other):
            return super()._next(other)
        number = self.offset[other]
        return InstallSnapshot(
            self.currentTerm,
            self.name,
            snapshot.index,
            snapshot.term,
            number,
            number == len(snapshot.chunks) - 1,
            snapshot.chunks[number],
        )

    def _on_chunk_response(self, message: InstallSnapshotResponse) -> Effects:
        if message.term > self.currentTerm:
            return self.step_down(message)
        if message.term < self.currentTerm or self.role != "leader":
            return self.ignore()
        if message.done:
            return self.record_snapshot(message)
        if (
            message.lastIncludedIndex == self.log.snapshot.index
            and self.needs_snapshot(message.sender)
            and message.received != self.offset[message.sender]
        ):
            return self.send_chunk(message)
        return self.ignore()

    @action("SendChunk", section="7", options=("snapshots",))
    def send_chunk(self, message: InstallSnapshotResponse) -> Effects:
        """Send a server the next chunk that it needs (Figure 13)."""
        self.offset[message.sender] = message.received
        return Effects(action="SendChunk", sends=self._replicate((message.sender,)))

    @action("RecordSnapshot", section="7", options=("snapshots",))
    def record_snapshot(self, message: InstallSnapshotResponse) -> Effects:
        """Record that a server has all entries up to the snapshot's index (Figure 13)."""
        effects = self.record_match(message.sender, message.lastIncludedIndex)
        effects.action = "RecordSnapshot"
        return effects

    # Receiving (Figure 13) ---------------------------------------------------------------

    def _on_chunk(self, message: InstallSnapshot) -> Effects:
        if message.term < self.currentTerm:
            return self.reject_chunk(message)
        if message.term == self.currentTerm and self.role == "leader":
            return self.ignore()
        if (
            message.lastIncludedIndex > self.commitIndex
            and message.done
            and message.offset == len(self.received(message))
        ):
            return self.install_snapshot(message)
        return self.accept_chunk(message)

    def received(self, message: InstallSnapshot) -> tuple[str, ...]:
        """Return the chunks received so far of the snapshot that a message belongs to."""
        term, index, chunks = self.incoming
        return chunks if (term, index) == (message.term, message.lastIncludedIndex) else ()

    def _follow_sender(self, message: InstallSnapshot) -> tuple[bool, list[SetTimer]]:
        """Follow the sender of a chunk; return whether the term is new, and the timers to set."""
        stop = self._stop_heartbeats(message.term)
        adopted = self.adopt_term(message.term)
        self.become_follower(message.leader)
        return adopted, [*stop, self.election_timer()]

    def _reply_chunk(self, message: InstallSnapshot, received: int, *, done: bool) -> list[Send]:
        reply = InstallSnapshotResponse(
            self.currentTerm, self.name, message.leader, message.lastIncludedIndex, received, done
        )
        return [Send(message.leader, reply)]

    @action("AcceptChunk", section="7", options=("snapshots",))
    def accept_chunk(self, message: InstallSnapshot) -> Effects:
        """Store a chunk if it is the next one, and reply with the number received (Figure 13).

        A snapshot whose entries are all known to be committed is not needed and is dropped.
        """
        chunks = self.received(message)
        known = message.lastIncludedIndex <= self.commitIndex
        if message.offset == len(chunks):
            chunks = (*chunks, message.data)
        adopted, timers = self._follow_sender(message)
        if known:
            self.incoming = (0, 0, ())
        else:
            self.incoming = (message.term, message.lastIncludedIndex, chunks)
        return Effects(
            action="AcceptChunk",
            write=self._written() if adopted else None,
            sends=self._reply_chunk(message, 0 if known else len(chunks), done=known),
            timers=timers,
        )

    @action("InstallSnapshot", section="7", options=("snapshots",))
    def install_snapshot(self, message: InstallSnapshot) -> Effects:
        """Replace the log by the snapshot; keep later entries that agree with it (Figure 13)."""
        chunks = (*self.received(message), message.data)
        _, timers = self._follow_sender(message)
        index, term = message.lastIncludedIndex, message.lastIncludedTerm
        agrees = index <= self.log.last_index and self.log.term_at(index) == term
        config = msgspec.json.decode("".join(chunks), type=_Content).config
        snapshot = Snapshot(index, term, chunks, config)
        write = self._compact(snapshot, keep=agrees)
        self._load(snapshot)
        self.incoming = (0, 0, ())
        return Effects(
            action="InstallSnapshot",
            write=write,
            sends=self._reply_chunk(message, 0, done=True),
            timers=timers,
        )

    @action("RejectChunk", section="7", options=("snapshots",))
    def reject_chunk(self, message: InstallSnapshot) -> Effects:
        """Reject a chunk of an old term, and reply with the current term (Figure 13)."""
        return Effects(action="RejectChunk", sends=self._reply_chunk(message, 0, done=False))

    def shown(self) -> dict[str, Any]:
        """Return the specification variables that options add, ITF-encoded."""
        if not self.config.snapshot:
            return super().shown()
        term, index, chunks = self.incoming
        snapshot = self.log.snapshot
        return super().shown() | {
            "snapshot": {"index": snapshot.index, "parts": len(snapshot.chunks)},
            "incoming": {"term": term, "index": index, "got": len(chunks)},
            "offset": {"#map": [[other, self.offset[other]] for other in sorted(self.others)]},
        }
