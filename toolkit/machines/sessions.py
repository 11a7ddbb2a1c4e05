"""Client sessions, with which a repeated request takes effect only once.

Based on D. Ongaro, *Consensus: Bridging Theory and Practice* (2014), section 6.3.  The sessions
are part of the replicated state: every replica makes the same decisions about which requests are
repetitions and which sessions expire.
"""

from __future__ import annotations

from typing import Any

from toolkit.machines.base import Machine

__all__ = ["Sessions"]


class Sessions:
    """A machine with a table of client sessions.

    A client numbers its requests and sends the next one only after the answer to the last.  The
    result of its last request is stored.  If there are more sessions than the limit, the session
    whose last request was applied first expires, on every replica at the same log index.  If a
    client repeats its request number 0 after its session expired, the request is applied again as
    that of a new client.  The limit should therefore exceed the number of concurrent clients.

    Parameters
    ----------
    machine : Machine
        The machine that applies the operations.
    limit : int
        Maximum number of sessions.

    Attributes
    ----------
    machine : Machine
        The machine.
    expired : bool
        Whether a session has ever expired.  From then on, a client without a session is refused
        unless it sends its first request, because its request may have been applied before.

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
        """Apply a client's operation, unless it was applied before.

        Parameters
        ----------
        client : str
            The client.
        request : int
            The client's number of the request; the numbers start at 0 and increase.
        operation : JSON
            The operation.

        Returns
        -------
        JSON
            The machine's result, or the stored result of a repeated request; ``{"error": ...}``
            for a request that is older than the client's last request or whose session expired.
        """
        last = self._last.get(client)
        if last is not None and request <= last[0]:
            return last[1] if request == last[0] else {"error": "this request is an old one"}
        if last is None and self.expired and request > 0:
            return {"error": "the session was given up: whether this was applied is not known"}
        result = self.machine.apply(operation)
        # The table is in the order of each client's last applied request.
        self._last.pop(client, None)
        self._last[client] = (request, result)
        if len(self._last) > self.limit:
            self._last.pop(next(iter(self._last)))
            self.expired = True
        return result

    def cached(self, client: str, request: int) -> Any:
        """Return the stored result of a request if it is the client's last, otherwise ``None``.

        Parameters
        ----------
        client : str
            The client.
        request : int
            The client's number of the request.
        """
        last = self._last.get(client)
        return last[1] if last is not None and last[0] == request else None

    def snapshot(self) -> Any:
        """Return the machine's state and the sessions as JSON data."""
        return {
            "machine": self.machine.snapshot(),
            "expired": self.expired,
            "sessions": [
                [client, request, result] for client, (request, result) in self._last.items()
            ],
        }

    def restore(self, state: Any) -> None:
        """Replace the machine's state and the sessions by those of a snapshot.

        Parameters
        ----------
        state : JSON
            A result of :meth:`snapshot`.
        """
        self.machine.restore(state["machine"])
        self.expired = state["expired"]
        self._last = {client: (request, result) for client, request, result in state["sessions"]}
