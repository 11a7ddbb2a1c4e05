"""The records of a trace: what every producer writes and every consumer reads.

A *trace* is a header, then steps and faults in the order in which they happened, then an end
record, unless the producer was interrupted.  In a file, each record is one line of JSON (NDJSON).
A file may contain many traces, each of which begins with its own header.

Values of specification variables have the same form in memory and in the file: JSON in the ITF
encoding (``{"#set": [...]}``, ``{"#tup": [...]}``, ``{"#map": [[k, v]]}``, an object for a
record, and ``null`` for the specification's constant ``None``).  Recording therefore converts
nothing, and a trace that is written and read again is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

__all__ = [
    "SCHEMA_VERSION",
    "End",
    "Fault",
    "Header",
    "Json",
    "Received",
    "Record",
    "Sent",
    "Step",
    "Trace",
]

SCHEMA_VERSION = 1
"""The version of the schema that this package writes, and the only one that it reads."""

Json: TypeAlias = Any
"""A JSON value in the ITF encoding (see :mod:`toolkit.values`)."""


class Header(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="header",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The first record of a trace: protocol, nodes, constants, and how to replay the run.

    Parameters
    ----------
    schema : int
        Version of the record format, :data:`SCHEMA_VERSION`.
    protocol : str
        Registered name of the protocol.
    trace : str
        Name of the trace, unique in its file.
    nodes : tuple of str
        All nodes, in the order in which they are drawn.
    constants : dict of str to JSON
        The specification's constants (roles, quorums, values, ...), ITF-encoded.
    observed : tuple of str
        Specification variables that the producer records *completely*: if one is absent from a
        step's ``state``, it did not change in that step.  A variable that is not listed is
        checked only in steps that contain it.
    initial : dict of str to dict, optional
        Node to its observed variables at the start of the trace, ITF-encoded.
    origin : str, optional
        Program that produced the trace, for instance ``"toolkit 0.1.0 simulator"``.
    seed : int, optional
        Seed of the run.
    replay : str, optional
        The command that produces the same trace again.
    meta : dict, optional
        Further data of the producer, such as settings and scenario.
    """

    schema: int
    protocol: str
    trace: str
    nodes: tuple[str, ...]
    constants: dict[str, Json] = {}
    observed: tuple[str, ...] = ()
    initial: dict[str, dict[str, Json]] = {}
    origin: str | None = None
    seed: int | None = None
    replay: str | None = None
    meta: dict[str, Json] = {}


class Received(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """The message that a step handled.

    Parameters
    ----------
    message : dict
        The message as a record of the specification (ITF-encoded).
    sender : str, optional
        The node that sent it.
    id : int, optional
        The number of its :class:`Sent` record; a duplicated message arrives several times with
        the same number.
    """

    message: dict[str, Json]
    sender: str | None = None
    id: int | None = None


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A message that a node sent in a step.

    Parameters
    ----------
    message : dict
        The message as a record of the specification (ITF-encoded).
    to : str, optional
        The receiver.
    id : int, optional
        Its number, unique in the trace.
    """

    message: dict[str, Json]
    to: str | None = None
    id: int | None = None


class Step(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="step",
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """One atomic action of one node.

    An absent field was not recorded and is not checked.

    Parameters
    ----------
    index : int
        0, 1, 2, ... within the trace, without gaps.
    time : float
        Seconds since the start of the trace; never decreasing.
    node : str
        The node that took the step.
    action : str, optional
        Name of the specification's action.
    params : dict, optional
        The action's parameters other than the node and the message, ITF-encoded.
    received : Received, optional
        The message that was handled; ``None`` means only that no message was recorded.
    sent : tuple of Sent, optional
        The messages that the node sent in this step; an empty tuple means that it sent none.
    state : dict, optional
        The node's specification variables that changed, with their values after the step,
        ITF-encoded.
    """

    index: int
    time: float
    node: str
    action: str | None = None
    params: dict[str, Json] | None = None
    received: Received | None = None
    sent: tuple[Sent, ...] | None = None
    state: dict[str, Json] | None = None


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="fault",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Something that the environment did and that is not an action of the specification.

    Lost and duplicated messages, partitions and slow links are faults.  Crashes and restarts are
    steps, because they change a node's state.

    Parameters
    ----------
    time : float
        Seconds since the start of the trace.
    fault : str
        Kind of fault, for instance ``"lose"``, ``"duplicate"``, ``"partition"``, ``"heal"``.
    params : dict
        What was affected, for instance ``{"id": 17}`` for a message.
    """

    time: float
    fault: str
    params: dict[str, Json] = {}


class End(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="end",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The last record of a complete trace.

    Parameters
    ----------
    reason : str
        Why the run ended: ``"quiet"`` (nothing left to happen), ``"time limit"``,
        ``"step limit"``, or another word of the producer.
    steps : int
        Number of steps that were recorded.
    time : float
        Time in seconds at which the run ended.
    results : dict, optional
        Results of the run, for instance the values learned by each learner.
    """

    reason: str
    steps: int
    time: float
    results: dict[str, Json] = {}


Record: TypeAlias = Header | Step | Fault | End
"""Any line of a trace file."""


class Trace(msgspec.Struct, kw_only=True):
    """A whole trace in memory.

    Parameters
    ----------
    header : Header
        The first record.
    records : list of Step or Fault
        Steps and faults, in order.
    end : End or None
        The last record; ``None`` if the trace is not complete.

    Examples
    --------
    >>> header = Header(schema=1, protocol="paxos", trace="t", nodes=("n1",))
    >>> trace = Trace(header=header, records=[Step(index=0, time=0.0, node="n1")], end=None)
    >>> len(trace.steps), trace.complete
    (1, False)
    """

    header: Header
    records: list[Step | Fault]
    end: End | None = None

    @property
    def steps(self) -> list[Step]:
        """The steps, in order, without faults."""
        return [record for record in self.records if isinstance(record, Step)]

    @property
    def faults(self) -> list[Fault]:
        """The faults, in order, without steps."""
        return [record for record in self.records if isinstance(record, Fault)]

    @property
    def complete(self) -> bool:
        """Whether the trace has an end record."""
        return self.end is not None

    def states(self) -> Iterator[tuple[Step, dict[str, dict[str, Json]]]]:
        """Yield each step with the recorded state of every node after the step.

        Yields
        ------
        step : Step
            The step.
        state : dict of str to dict
            Node to variable to ITF-encoded value.  The same object is updated at each step; copy
            it to keep it.
        """
        state = {node: dict(self.header.initial.get(node, {})) for node in self.header.nodes}
        for step in self.steps:
            if step.state:
                state.setdefault(step.node, {}).update(step.state)
            yield step, state
