"""Results of runs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import msgspec

from toolkit.faces import Shown
from toolkit.protocols.base import Message

__all__ = ["Answer", "Call", "RunResult", "StepView"]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A node's answer to a client.

    Parameters
    ----------
    time : float
        Seconds since the start.
    node : str
        The node that answered.
    client : str
        The client.
    request : int
        The client's number of the request.
    result : JSON
        The answer.
    """

    time: float
    node: str
    client: str
    request: int
    result: Any


class Call(msgspec.Struct, frozen=True, gc=False):
    """A client's request with its first answer.

    Parameters
    ----------
    client : str
        The client.
    request : int
        The client's number of the request.
    operation : JSON
        The requested operation.
    called : float
        Time of the request, in seconds since the start.
    returned : float or None
        Time of the first answer, in seconds since the start; ``None`` if there was none.
    result : JSON
        The first answer.
    """

    client: str
    request: int
    operation: Any
    called: float
    returned: float | None
    result: Any


class StepView(NamedTuple):
    """A step as passed to ``stop_when`` of :func:`toolkit.sim.simulate`.

    Attributes
    ----------
    time : float
        Seconds since the start.
    node : str
        The node that took the step.
    action : str
        The step's action.
    received : Message or None
        The message received, if any.
    state : object
        The node object, which must not be changed; ``None`` if the node is down.
    sent : int
        Number of messages that all nodes have sent so far.
    """

    time: float
    node: str
    action: str
    received: Message | None
    state: Any
    sent: int


@dataclass(frozen=True, kw_only=True)
class RunResult(Shown):
    """The result of a run.

    Parameters
    ----------
    seed : int
        The run's seed.
    reason : str
        Why the run ended: ``"quiet"`` (no events left), ``"time limit"``, ``"step limit"`` or
        ``"stopped"`` (by ``stop_when``).
    steps : int
        Number of steps, each an action of the specification.
    time : float
        Time in seconds at which the run ended.
    sent, delivered, lost, duplicated : int
        Number of messages that nodes sent; of copies that were handled; of copies that were lost;
        of extra copies made.  Copies under way at the end are neither delivered nor lost.
    actions : dict of str to int
        Number of steps by action, sorted by name.
    expected : tuple of str
        The actions that a run with these settings can have.
    faults : dict of str to int
        Number of faults by kind, sorted by name, including ``"crash"`` and ``"restart"``.
    answers : tuple of Answer
        All answers to clients, in order.
    calls : tuple of Call
        The clients' requests with their first answers, in the order of the requests.
    requests, unanswered : int
        Number of requests, and of those that were never answered.
    final_values : dict of str to JSON
        Node to its final value, as defined by the protocol; nodes without a value are left out.
    nodes : dict of str to object
        The nodes in their final state; ``None`` for a node that was down.
    machine : str or None
        The name of the replicated machine (:mod:`toolkit.machines`); ``None`` if the protocol
        does not replicate a machine.
    sink_error : str or None
        Why recording stopped early, if it did; the run itself continued unchanged.
    """

    face: ClassVar[str] = "run"

    seed: int
    reason: str
    steps: int
    time: float
    sent: int
    delivered: int
    lost: int
    duplicated: int
    actions: dict[str, int]
    expected: tuple[str, ...]
    faults: dict[str, int]
    answers: tuple[Answer, ...]
    calls: tuple[Call, ...]
    requests: int
    unanswered: int
    final_values: dict[str, Any]
    nodes: dict[str, Any]
    machine: str | None = None
    sink_error: str | None = None

    @property
    def decided(self) -> bool:
        """Whether a client was answered, or a node knows the outcome at the end."""
        return bool(self.answers or self.final_values)

    def to_json(self) -> dict[str, Any]:
        """Return all fields except ``nodes`` as JSON data, and ``decided``."""
        names = [field.name for field in fields(self) if field.name != "nodes"]
        data = {name: msgspec.to_builtins(getattr(self, name)) for name in names}
        return data | {"decided": self.decided}
