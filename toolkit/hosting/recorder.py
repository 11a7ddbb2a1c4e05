"""Recorder of traces for any host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.protocols.base import Message, message_record
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.views import SharedLists, ViewTracker, track
from toolkit.trace import SCHEMA_VERSION, End, Fault, Header, Received, Sent, Sink, Step

__all__ = ["Recorder"]


class Recorder:
    """Recorder that builds records and passes them to a sink.

    An error in a view or in the sink stops the recording, but not the run.

    Parameters
    ----------
    sink : Sink
        The receiver of the records.
    protocol : Protocol
        The protocol, whose views are recorded.

    Attributes
    ----------
    error : str or None
        Why recording stopped, if it did.
    """

    def __init__(self, sink: Sink, protocol: Protocol) -> None:
        self.error: str | None = None
        self._sink = sink
        self._protocol = protocol
        # For each node: the trackers of its variables and of its disk's content, and whether it
        # was up.
        self._trackers: dict[str, tuple[ViewTracker, ViewTracker]] = {}
        self._up: dict[str, bool] = {}
        self._index = 0
        # The same message object can be sent to several nodes, with the same record.  The cache
        # keeps the object, so that its id stays unique.
        self._records: dict[int, tuple[Message, dict[str, Any]]] = {}

    def _run_guarded(self, observe: Callable[[], None]) -> None:
        if self.error is not None:
            return
        try:
            observe()
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def _changes(
        self, name: str, node: Any | None, durable: Mapping[str, Any] | None, up: bool
    ) -> dict[str, Any]:
        """Return a node's changed variables, including the host's ``up``."""
        variables, of_disk = self._trackers[name]
        changed = {} if node is None else variables.changes(node)
        if durable is not None:
            changed |= of_disk.changes(durable)
        if self._up.get(name) is not up:
            self._up[name] = changed["up"] = up
        return changed

    def begin(
        self,
        *,
        trace: str,
        nodes: Mapping[str, Any],
        constants: Mapping[str, Any],
        durable: Mapping[str, Mapping[str, Any]],
        origin: str,
        seed: int | None,
        replay: str | None,
        meta: Mapping[str, Any],
    ) -> None:
        """Record the header, with the present view of every node.

        Parameters
        ----------
        trace, constants, origin, seed, replay, meta
            Fields of the header (see :class:`toolkit.trace.Header`).
        nodes : mapping of str to Node
            The nodes, by name.
        durable : mapping of str to mapping
            The content of each node's disk.
        """
        runs = self._protocol.runnable

        def observe() -> None:
            variables, of_disk = runs.variables, runs.durable_variables
            shared = SharedLists()
            self._trackers = {
                name: (track(variables, shared), track(of_disk, shared)) for name in nodes
            }
            initial = {
                name: self._changes(name, node, durable[name], True) for name, node in nodes.items()
            }
            _check_no_sets("constants", constants)
            for name, view in initial.items():
                _check_no_sets(f"the variables of {name}", view)
            observed = sorted({name for view in initial.values() for name in view})
            self._sink.begin(
                Header(
                    schema=SCHEMA_VERSION,
                    protocol=self._protocol.name,
                    trace=trace,
                    nodes=tuple(nodes),
                    constants=dict(constants),
                    observed=tuple(observed),
                    initial=initial,
                    origin=origin,
                    seed=seed,
                    replay=replay,
                    meta=dict(meta),
                )
            )

        self._run_guarded(observe)

    def message(self, message: Message) -> dict[str, Any]:
        """Return the record of a message, from a cache if possible.

        Parameters
        ----------
        message : Message
            The message.
        """
        cached = self._records.get(id(message))
        if cached is None:
            if len(self._records) >= _MAX_RECORDS:
                self._records.clear()
            cached = self._records[id(message)] = (message, message_record(message))
        return cached[1]

    def _sent(self, sent: list[tuple[int, str, Message]]) -> tuple[Sent, ...]:
        """Return the records of sent messages; a broadcast repeats the same message object."""
        records: list[Sent] = []
        last: Message | None = None
        record: dict[str, Any] = {}
        for number, to, message in sent:
            if message is not last:
                last, record = message, self.message(message)
            records.append(Sent(record, to, number))
        return tuple(records)

    def step(
        self,
        time: float,
        name: str,
        action: str,
        params: dict[str, Any],
        received: tuple[str, int, Message] | None,
        sent: list[tuple[int, str, Message]],
        node: Any | None,
        durable: Mapping[str, Any] | None,
        up: bool,
    ) -> None:
        """Record a step: its action, its messages, and the changed variables of its node.

        Parameters
        ----------
        time : float
            Seconds since the start.
        name : str
            The node.
        action, params
            The specification's action and its parameters.
        received : tuple or None
            Sender, number and message of the message received.
        sent : list of tuple
            Number, receiver and message of each message sent.
        node : Node or None
            The node after the step; ``None`` if it is unchanged.
        durable : mapping or None
            The content of the node's disk after the step; ``None`` if it is unchanged.
        up : bool
            Whether the node is up after the step.
        """
        if self.error is not None:
            return
        try:
            changed = self._changes(name, node, durable, up)
            self._sink.step(
                Step(
                    index=self._index,
                    time=time,
                    node=name,
                    action=action,
                    params=params,
                    received=None
                    if received is None
                    else Received(self.message(received[2]), received[0], received[1]),
                    sent=self._sent(sent) if sent else (),
                    state=changed,
                )
            )
            self._index += 1
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def fault(self, time: float, kind: str, params: dict[str, Any]) -> None:
        """Record a fault.

        Parameters
        ----------
        time : float
            Seconds since the start.
        kind : str
            The kind of fault.
        params : dict
            The fault's parameters.
        """
        self._run_guarded(lambda: self._sink.fault(Fault(time=time, fault=kind, params=params)))

    def end(self, reason: str, time: float, results: dict[str, Any]) -> None:
        """Record the end of the run.

        Parameters
        ----------
        reason : str
            Why the run ended.
        time : float
            Seconds since the start.
        results : dict
            The final values, by node.
        """
        self._run_guarded(
            lambda: self._sink.end(
                End(reason=reason, steps=self._index, time=time, results=results)
            )
        )


def _check_no_sets(what: str, data: Any) -> None:
    """Refuse Python sets, which JSON encoders write as lists."""
    if isinstance(data, set | frozenset):
        raise TypeError(f'{what} contain a Python set {data!r}: write {{"#set": [...]}}, sorted')
    if isinstance(data, Mapping):
        for item in data.values():
            _check_no_sets(what, item)
    elif isinstance(data, list | tuple):
        for item in data:
            _check_no_sets(what, item)


_MAX_RECORDS = 2000
"""Maximum number of message records in the cache."""
