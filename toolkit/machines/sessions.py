"""Sessions: a client's request takes effect once, however often it comes.

After D. Ongaro, *Consensus: Bridging Theory and Practice* (2014), section 6.3.  The sessions are
part of the replicated state: every replica decides alike which requests are repetitions, and
which sessions are given up.
"""

from __future__ import annotations

from typing import Any

from toolkit.machines.base import Machine

__all__ = ["Sessions"]


class Sessions:
    """A machine behind a table of clients.

    A client numbers its requests and has one outstanding at a time.  The result of its last
    one is kept.  When there are more clients than the limit, the one whose last request was
    applied longest ago is forgotten, on every replica at the same place of the log.  A first
    request that comes again after that is taken for a new client's and applied again: the limit
    is to be above the number of clients that may be at work at once.

    Parameters
    ----------
    machine : Machine
    limit : int
        Most sessions.

    Attributes
    ----------
    machine : Machine
    expired : bool
        Whether a session was ever given up: from then on a client without a session that sends
        a request other than its first is refused, for it may have been applied before.

    Examples
    --------
    >>> from toolkit.machines import KeyValueStore
    >>> store = Sessions(KeyValueStore())
    >>> put = {"op": "cas", "key": "k", "expected": None, "value": 1}
    >>> store.apply("c1", 0, put), store.apply("c1", 0, put)
    ({'ok': True, 'value': None}, {'ok': True, 'value': None})
    """

    def __init__(self, machine: Machine, *, limit: int = 10_000) -> None:
        self.machine = machine
        self.limit = limit
        self.expired = False
        self._last: dict[str, tuple[int, Any]] = {}

    def apply(self, client: str, request: int, operation: Any) -> Any:
        """Apply an operation, unless the client's session says that it was.

        Parameters
        ----------
        client : str
        request : int
            The client's number for it, from 0, growing.
        operation : JSON

        Returns
        -------
        JSON
            The machine's result, or the one that was kept; ``{"error": ...}`` for a request
            that is older than the client's last, or whose session was given up.
        """
        last = self._last.get(client)
        if last is not None and request <= last[0]:
            return last[1] if request == last[0] else {"error": "this request is an old one"}
        if last is None and self.expired and request > 0:
            return {"error": "the session was given up: whether this was applied is not known"}
        result = self.machine.apply(operation)
        # The order of the table is that of the last application.
        self._last.pop(client, None)
        self._last[client] = (request, result)
        if len(self._last) > self.limit:
            self._last.pop(next(iter(self._last)))
            self.expired = True
        return result

    def cached(self, client: str, request: int) -> Any:
        """Return the kept result of a client's last request, or ``None`` if this is another."""
        last = self._last.get(client)
        return last[1] if last is not None and last[0] == request else None

    def snapshot(self) -> Any:
        """Return the machine's state and the table, in JSON's types."""
        return {
            "machine": self.machine.snapshot(),
            "expired": self.expired,
            "sessions": [
                [client, request, result] for client, (request, result) in self._last.items()
            ],
        }

    def restore(self, state: Any) -> None:
        """Take the place of the sessions that a snapshot was taken of."""
        self.machine.restore(state["machine"])
        self.expired = state["expired"]
        self._last = {client: (request, result) for client, request, result in state["sessions"]}
