"""A server's log, and what its disk holds of it (sections 5.3 and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from toolkit.protocols.raft.messages import Configuration, Entry

__all__ = ["NO_SNAPSHOT", "Log", "Snapshot", "apply_write"]


class Snapshot(msgspec.Struct, frozen=True):
    """What stands for the first entries of a log (section 7).

    Parameters
    ----------
    index, term : int
        Of the last entry that it stands for; 0 for none.
    chunks : tuple of str
        The state of the machine and of the clients' sessions, and the configuration, as JSON in
        pieces.
    config : Configuration or None
        The latest configuration in those entries; ``None`` for the first one.
    """

    index: int
    term: int
    chunks: tuple[str, ...]
    config: Configuration | None


NO_SNAPSHOT = Snapshot(0, 0, (), None)
"""Stands for nothing."""


class Log:
    """The entries behind a snapshot, with the indices of the whole log, from 1.

    It remembers from where on it has changed since :meth:`changes` was asked last, so that no
    more than that is written.

    Parameters
    ----------
    entries : iterable of Entry
    snapshot : Snapshot

    Attributes
    ----------
    entries : list of Entry
        The entries behind the snapshot.  It is added to; what shortens it replaces it by another
        list (see ``view.py``).
    snapshot : Snapshot
        What stands for the entries that are gone.
    last_index : int
        The index of the last entry, 0 for none.
    configs : list of tuple
        Index and configuration of each entry of that kind.

    Examples
    --------
    >>> log = Log([Entry(1, "noop", ""), Entry(2, "noop", "")])
    >>> log.last_index, log.term_at(2), log.changes()
    (2, 2, None)
    >>> log.replace(1, [Entry(3, "noop", "")])
    >>> log.changes()
    (1, (Entry(term=3, kind='noop', val='', config=None),))
    """

    __slots__ = ("_from", "configs", "entries", "last_index", "snapshot")

    def __init__(self, entries: Iterable[Entry] = (), snapshot: Snapshot = NO_SNAPSHOT) -> None:
        self.entries = list(entries)
        self.snapshot = snapshot
        self.last_index = snapshot.index + len(self.entries)
        self._from: int | None = None
        self.configs: list[tuple[int, Configuration]] = [
            (index, entry.config)
            for index, entry in enumerate(self.entries, snapshot.index + 1)
            if entry.config is not None
        ]

    def copy(self) -> Log:
        """Return another log with the same entries."""
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
        """Return the term of an entry; that of the snapshot's last one is known as well.

        Of the entries before that one nothing is known: the answer is -1.
        """
        behind = index - self.snapshot.index
        if behind > 0:
            return self.entries[behind - 1].term
        return self.snapshot.term if behind == 0 else -1

    def entry(self, index: int) -> Entry:
        """Return the entry at an index behind the snapshot."""
        return self.entries[index - self.snapshot.index - 1]

    def after(self, prev: int, most: int) -> tuple[Entry, ...]:
        """Return at most so many entries, from the one behind ``prev``."""
        at = prev - self.snapshot.index
        return tuple(self.entries[at : at + most])

    def append(self, entry: Entry) -> None:
        """Put an entry at the end."""
        self._from = self.last_index if self._from is None else self._from
        self.entries.append(entry)
        self.last_index += 1
        if entry.config is not None:
            self.configs.append((self.last_index, entry.config))

    def replace(self, keep: int, entries: Iterable[Entry]) -> None:
        """Keep the log up to an index and put entries behind it."""
        at = keep - self.snapshot.index
        if at < len(self.entries):
            self.entries = self.entries[:at]
            while self.configs and self.configs[-1][0] > keep:
                self.configs.pop()
        self._from = keep if self._from is None else min(keep, self._from)
        for index, entry in enumerate(entries, keep + 1):
            self.entries.append(entry)
            if entry.config is not None:
                self.configs.append((index, entry.config))
        self.last_index = self.snapshot.index + len(self.entries)

    def compact(self, snapshot: Snapshot, *, keep: bool) -> None:
        """Let a snapshot stand for all entries up to its index.

        Parameters
        ----------
        snapshot : Snapshot
        keep : bool
            Whether the entries behind it stay.
        """
        gone = snapshot.index - self.snapshot.index
        self.entries = self.entries[gone:] if keep else []
        self.configs = [one for one in self.configs if one[0] > snapshot.index] if keep else []
        self.snapshot = snapshot
        self.last_index = snapshot.index + len(self.entries)
        if self._from is not None:
            self._from = max(self._from, snapshot.index) if keep else None

    def config(self) -> Configuration | None:
        """Return the latest configuration, ``None`` for the first one."""
        return self.configs[-1][1] if self.configs else self.snapshot.config

    def config_before(self, index: int) -> Configuration | None:
        """Return the latest configuration before an index."""
        for at, config in reversed(self.configs):
            if at < index:
                return config
        return self.snapshot.config

    def changes(self) -> tuple[int, tuple[Entry, ...]] | None:
        """Return what has changed since this was asked last.

        Returns
        -------
        tuple or None
            Up to where the log is the same, and all entries behind that; ``None`` for nothing.
        """
        if self._from is None:
            return None
        keep, self._from = self._from, None
        return keep, self.after(keep, len(self.entries))


def apply_write(durable: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Bring a disk's content up to date with a write.

    Parameters
    ----------
    durable : dict
        ``currentTerm``, ``votedFor``, and ``log``, a :class:`Log`; changed in place.
    write : mapping
        ``currentTerm`` and ``votedFor``; ``snapshot`` with ``keep`` where the log was
        compacted; ``log``, what :meth:`Log.changes` gave, where it changed.
    """
    durable["currentTerm"], durable["votedFor"] = write["currentTerm"], write["votedFor"]
    log: Log | None = durable.get("log")
    if log is None:
        log = durable["log"] = Log()
    if "snapshot" in write:
        log.compact(write["snapshot"], keep=write["keep"])
    if "log" in write:
        log.replace(*write["log"])
