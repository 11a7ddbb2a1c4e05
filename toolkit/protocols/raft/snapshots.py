"""Snapshots: log compaction, and snapshots sent in chunks to servers that need them.

Source: Ongaro and Ousterhout 2014 (extended version), section 7 and Figure 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from toolkit.machines import Sessions
from toolkit.protocols.actions import action
from toolkit.protocols.base import Effects, Message, Send, SetTimer
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.log import Snapshot
from toolkit.protocols.raft.messages import (
    Configuration,
    InstallSnapshot,
    InstallSnapshotResponse,
)
from toolkit.protocols.raft.option import Option

if TYPE_CHECKING:
    from toolkit.protocols.raft.core import RaftCore

__all__ = ["SNAPSHOT_TIMER", "Snapshots"]

SNAPSHOT_TIMER = "snapshot"
"""Name of the snapshot timer: set to run out at once when the log should be compacted."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class _Content(msgspec.Struct):
    """Content of a snapshot: the latest configuration, and the machine with the sessions."""

    config: Configuration | None
    state: Any


class Snapshots(Option):
    """Compaction of the log into snapshots (section 7).

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.

    Attributes
    ----------
    incoming : tuple
        The snapshot being received: the term of the leader that sends it, its index, and the
        chunks received so far.
    offset : dict of str to int
        Leader: for every other server, the number of the snapshot chunk that was sent to it last.
    """

    messages: ClassVar[Mapping[type[Message], str]] = {
        InstallSnapshot: "on_chunk",
        InstallSnapshotResponse: "on_chunk_response",
    }
    timers: ClassVar[Mapping[str, str]] = {SNAPSHOT_TIMER: "on_snapshot_timeout"}

    def __init__(self, server: RaftCore) -> None:
        super().__init__(server)
        self.incoming: tuple[int, int, tuple[str, ...]] = (0, 0, ())
        self.offset: dict[str, int] = {}
        self._timer_is_set = False

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on."""
        return config.snapshot > 0

    def reset(self) -> None:
        """Start every snapshot that this server sends from its first chunk."""
        self.offset = dict.fromkeys(self.server.others, 0)

    def after(self, effects: Effects) -> None:
        """Set the snapshot timer when the log should be compacted."""
        if not self._timer_is_set and self.is_due():
            self._timer_is_set = True
            effects.timers = [*effects.timers, SetTimer(SNAPSHOT_TIMER, 0.0, 0.0)]

    def on_snapshot_timeout(self) -> Effects:
        """Take a snapshot when the snapshot timer runs out (section 7)."""
        self._timer_is_set = False
        return self.take_snapshot() if self.is_due() else Effects()

    # Compaction (section 7) --------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether the log should be compacted: enough entries were applied."""
        server = self.server
        return server.lastApplied - server.log.snapshot.index >= server.config.snapshot

    def _compact(self, snapshot: Snapshot, *, keep: bool) -> dict[str, Any]:
        write = self.server.written()
        self.server.log.compact(snapshot, keep=keep)
        return {**write, "snapshot": snapshot, "keep": keep}

    def content(self) -> Any:
        """Return the state of machine and sessions for a snapshot, in JSON's types."""
        return self.server.sessions.snapshot()

    @action("TakeSnapshot", section="7", options=("snapshots",))
    def take_snapshot(self) -> Effects:
        """Replace all applied entries by a snapshot (section 7)."""
        index = self.server.lastApplied
        config = self.server.log.config_before(index + 1)
        text = _ENCODER.encode(_Content(config, self.content())).decode()
        size = self.server.config.chunk
        chunks = tuple(text[start : start + size] for start in range(0, len(text), size))
        self.offset = dict.fromkeys(self.server.others, 0)
        snapshot = Snapshot(index, self.server.log.term_at(index), chunks, config)
        return Effects(
            action="TakeSnapshot",
            params={"parts": len(chunks)},
            write=self._compact(snapshot, keep=True),
        )

    def _load(self, snapshot: Snapshot) -> None:
        """Set the machine, sessions and indices to the state of a snapshot."""
        content = msgspec.json.decode("".join(snapshot.chunks), type=_Content)
        self.server.sessions = Sessions(self.server.config.machine())
        self.server.sessions.restore(content.state)
        self.server.commitIndex = self.server.lastApplied = snapshot.index

    def restarted(self) -> None:
        """Continue from the snapshot after a restart (section 7)."""
        if self.server.log.snapshot.index:
            self._load(self.server.log.snapshot)

    # Sending (Figure 13) -----------------------------------------------------------------

    def needs_snapshot(self, other: str) -> bool:
        """Return whether the next entry for a server was compacted away (section 7)."""
        return self.server.nextIndex[other] <= self.server.log.snapshot.index

    def next_message(self, other: str) -> Message | None:
        """Return a chunk of the snapshot for a server that needs it (Figure 13)."""
        snapshot = self.server.log.snapshot
        if not snapshot.index or not self.needs_snapshot(other):
            return None
        number = self.offset[other]
        return InstallSnapshot(
            self.server.currentTerm,
            self.server.name,
            snapshot.index,
            snapshot.term,
            number,
            number == len(snapshot.chunks) - 1,
            snapshot.chunks[number],
        )

    def on_chunk_response(self, message: InstallSnapshotResponse) -> Effects:
        """Handle a response to a chunk: send another, or record that the server has them all."""
        if message.term > self.server.currentTerm:
            return self.server.step_down(message)
        if message.term < self.server.currentTerm or self.server.role != "leader":
            return self.server.ignore()
        self.server.note_response(message.sender)
        if message.done:
            return self.record_snapshot(message)
        if (
            message.lastIncludedIndex == self.server.log.snapshot.index
            and self.needs_snapshot(message.sender)
            and message.received != self.offset[message.sender]
        ):
            return self.send_chunk(message)
        return self.server.ignore()

    @action("SendChunk", section="7", options=("snapshots",))
    def send_chunk(self, message: InstallSnapshotResponse) -> Effects:
        """Send a server the next chunk that it needs (Figure 13)."""
        self.offset[message.sender] = message.received
        return Effects(action="SendChunk", sends=self.server.replicate((message.sender,)))

    @action("RecordSnapshot", section="7", options=("snapshots",))
    def record_snapshot(self, message: InstallSnapshotResponse) -> Effects:
        """Record that a server has all entries up to the snapshot's index (Figure 13)."""
        effects = self.server.record_match(message.sender, message.lastIncludedIndex)
        effects.action = "RecordSnapshot"
        return effects

    # Receiving (Figure 13) ---------------------------------------------------------------

    def on_chunk(self, message: InstallSnapshot) -> Effects:
        """Handle a chunk: reject or accept it, or install the snapshot that it completes."""
        if message.term < self.server.currentTerm:
            return self.reject_chunk(message)
        if message.term == self.server.currentTerm and self.server.role == "leader":
            return self.server.ignore()
        if (
            message.lastIncludedIndex > self.server.commitIndex
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
        stop = self.server.stop_heartbeats(message.term)
        adopted = self.server.adopt_term(message.term)
        self.server.become_follower(message.leader)
        return adopted, [*stop, self.server.election_timer()]

    def _reply_chunk(self, message: InstallSnapshot, received: int, *, done: bool) -> list[Send]:
        reply = InstallSnapshotResponse(
            self.server.currentTerm,
            self.server.name,
            message.leader,
            message.lastIncludedIndex,
            received,
            done,
        )
        return [Send(message.leader, reply)]

    @action("AcceptChunk", section="7", options=("snapshots",))
    def accept_chunk(self, message: InstallSnapshot) -> Effects:
        """Store a chunk if it is the next one, and reply with the number received (Figure 13).

        A snapshot whose entries are all known to be committed is not needed and is dropped.
        """
        chunks = self.received(message)
        known = message.lastIncludedIndex <= self.server.commitIndex
        if message.offset == len(chunks):
            chunks = (*chunks, message.data)
        adopted, timers = self._follow_sender(message)
        if known:
            self.incoming = (0, 0, ())
        else:
            self.incoming = (message.term, message.lastIncludedIndex, chunks)
        return Effects(
            action="AcceptChunk",
            write=self.server.written() if adopted else None,
            sends=self._reply_chunk(message, 0 if known else len(chunks), done=known),
            timers=timers,
        )

    @action("InstallSnapshot", section="7", options=("snapshots",))
    def install_snapshot(self, message: InstallSnapshot) -> Effects:
        """Replace the log by the snapshot; keep later entries that agree with it (Figure 13)."""
        chunks = (*self.received(message), message.data)
        _, timers = self._follow_sender(message)
        index, term = message.lastIncludedIndex, message.lastIncludedTerm
        agrees = index <= self.server.log.last_index and self.server.log.term_at(index) == term
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
        """Return the specification variables that this option adds, ITF-encoded."""
        term, index, chunks = self.incoming
        snapshot = self.server.log.snapshot
        return {
            "snapshot": {"index": snapshot.index, "parts": len(snapshot.chunks)},
            "incoming": {"term": term, "index": index, "got": len(chunks)},
            "offset": {
                "#map": [[other, self.offset[other]] for other in sorted(self.server.others)]
            },
        }
