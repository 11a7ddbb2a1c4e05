"""A server's log, in memory and on disk (sections 5.3 and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from toolkit.protocols.raft.messages import Configuration, Entry

__all__ = ["NO_SNAPSHOT", "Log", "Snapshot", "apply_write"]


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot that replaces the first entries of a log (section 7).

    Parameters
    ----------
    index, term : int
        Index and term of the last entry that it replaces; 0 for an empty snapshot.
    chunks : tuple of str
        The state of the machine and of the clients' sessions, and the configuration: JSON, split
        into chunks.
    config : Configuration or None
        The latest configuration in those entries; ``None`` for the initial configuration.
    """

    index: int
    term: int
    chunks: tuple[str, ...]
    config: Configuration | None


NO_SNAPSHOT = Snapshot(0, 0, (), None)
"""The empty snapshot."""


class Log:
    """The log entries after a snapshot, with the indices of the whole log, from 1.

    It records where it has changed since the last call of :meth:`changes`, so that only the changes
    are written to disk.

    Parameters
    ----------
    entries : iterable of Entry
        The entries after the snapshot.
    snapshot : Snapshot
        The snapshot that precedes them.

    Attributes
    ----------
    entries : list of Entry
        The entries after the snapshot.  Appending changes the list in place; truncation replaces
        it by a new list (see ``view.py``).
    snapshot : Snapshot
        The snapshot that replaces the compacted entries.
    last_index : int
        The index of the last entry, 0 for none.
    configs : list of tuple
        Index and configuration of each configuration entry.

    Examples
    --------
    >>> log = Log([Entry(1, "noop", ""), Entry(2, "noop", "")])
    >>> log.last_index, log.term_at(2), log.changes()
    (2, 2, None)
    >>> log.replace(1, [Entry(3, "noop", "")])
    >>> log.changes()
    (1, (Entry(term=3, kind='noop', val='', config=None),))
    """

    __slots__ = ("_changed_after", "configs", "entries", "last_index", "snapshot")

    def __init__(self, entries: Iterable[Entry] = (), snapshot: Snapshot = NO_SNAPSHOT) -> None:
        self.entries = list(entries)
        self.snapshot = snapshot
        self.last_index = snapshot.index + len(self.entries)
        self._changed_after: int | None = None
        self.configs: list[tuple[int, Configuration]] = [
            (index, entry.config)
            for index, entry in enumerate(self.entries, snapshot.index + 1)
            if entry.config is not None
        ]

    def copy(self) -> Log:
        """Return a copy of the log."""
        return Log(self.entries, self.snapshot)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Log):
            return self.snapshot == other.snapshot and self.entries == other.entries
        return isinstance(other, tuple) and not self.snapshot.index and (*self,) == other

    __hash__ = None  # type: ignore[assignment]

    def term_at(self, index: int) -> int:
        """Return the term of an entry, -1 for entries before the snapshot's last one.

        Parameters
        ----------
        index : int
            An index of the log, or 0 for the start of a log.
        """
        position = index - self.snapshot.index
        if position > 0:
            return self.entries[position - 1].term
        return self.snapshot.term if position == 0 else -1

    def entry(self, index: int) -> Entry:
        """Return the entry at an index after the snapshot."""
        return self.entries[index - self.snapshot.index - 1]

    def after(self, prev: int, most: int) -> tuple[Entry, ...]:
        """Return the entries after index ``prev``, at most ``most`` of them."""
        start = prev - self.snapshot.index
        return tuple(self.entries[start : start + most])

    def append(self, entry: Entry) -> None:
        """Append an entry."""
        self._changed_after = (
            self.last_index if self._changed_after is None else self._changed_after
        )
        self.entries.append(entry)
        self.last_index += 1
        if entry.config is not None:
            self.configs.append((self.last_index, entry.config))

    def replace(self, keep: int, entries: Iterable[Entry]) -> None:
        """Truncate the log after an index and append entries.

        Parameters
        ----------
        keep : int
            The last index to keep.
        entries : iterable of Entry
            The entries to append after it.
        """
        count = keep - self.snapshot.index
        if count < len(self.entries):
            self.entries = self.entries[:count]
            while self.configs and self.configs[-1][0] > keep:
                self.configs.pop()
        self._changed_after = (
            keep if self._changed_after is None else min(keep, self._changed_after)
        )
        for index, entry in enumerate(entries, keep + 1):
            self.entries.append(entry)
            if entry.config is not None:
                self.configs.append((index, entry.config))
        self.last_index = self.snapshot.index + len(self.entries)

    def compact(self, snapshot: Snapshot, *, keep: bool) -> None:
        """Replace all entries up to a snapshot's index by the snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            The new snapshot.
        keep : bool
            Whether the entries after it are kept.
        """
        removed = snapshot.index - self.snapshot.index
        self.entries = self.entries[removed:] if keep else []
        self.configs = [item for item in self.configs if item[0] > snapshot.index] if keep else []
        self.snapshot = snapshot
        self.last_index = snapshot.index + len(self.entries)
        if self._changed_after is not None:
            self._changed_after = max(self._changed_after, snapshot.index) if keep else None

    def config(self) -> Configuration | None:
        """Return the latest configuration, or ``None`` for the initial configuration."""
        return self.configs[-1][1] if self.configs else self.snapshot.config

    def config_before(self, index: int) -> Configuration | None:
        """Return the latest configuration before an index, or ``None`` for the initial one."""
        for position, config in reversed(self.configs):
            if position < index:
                return config
        return self.snapshot.config

    def changes(self) -> tuple[int, tuple[Entry, ...]] | None:
        """Return the changes since the last call.

        Returns
        -------
        tuple or None
            The last unchanged index, and all entries after it; ``None`` if nothing has changed.
        """
        if self._changed_after is None:
            return None
        keep, self._changed_after = self._changed_after, None
        return keep, self.after(keep, len(self.entries))


def apply_write(durable: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Apply a write to a disk's content.

    Parameters
    ----------
    durable : dict
        ``currentTerm``, ``votedFor``, and ``log``, a :class:`Log`; changed in place.
    write : mapping
        ``currentTerm`` and ``votedFor``; ``snapshot`` and ``keep`` if the log was compacted;
        ``log``, the result of :meth:`Log.changes`, if the log changed.
    """
    durable["currentTerm"], durable["votedFor"] = write["currentTerm"], write["votedFor"]
    log: Log | None = durable.get("log")
    if log is None:
        log = durable["log"] = Log()
    if "snapshot" in write:
        log.compact(write["snapshot"], keep=write["keep"])
    if "log" in write:
        log.replace(*write["log"])
