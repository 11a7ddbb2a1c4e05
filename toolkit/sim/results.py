"""What came out of a run."""

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
        Who answered.
    client : str
        Whom.
    request : int
        The client's number for its request.
    result : JSON
        The answer.
    """

    time: float
    node: str
    client: str
    request: int
    result: Any


class Call(msgspec.Struct, frozen=True, gc=False):
    """What a client asked for, and what it was told.

    Parameters
    ----------
    client : str
    request : int
        The client's number for it.
    operation : JSON
    called : float
        When it asked first, in seconds since the start.
    returned : float or None
        When it was answered; ``None`` if it never was.
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
    """A step as an experiment is shown it (``until`` of :func:`toolkit.sim.simulate`).

    Attributes
    ----------
    time : float
        Seconds since the start.
    node : str
        Whose step it is.
    action : str
        The step.
    received : Message or None
        What it received, if it received something.
    state : object
        The node itself, to be looked at and not to be changed; ``None`` if it is down.
    sent : int
        Messages that have left any node so far.
    """

    time: float
    node: str
    action: str
    received: Message | None
    state: Any
    sent: int


@dataclass(frozen=True, kw_only=True)
class RunResult(Shown):
    """What came out of a run.

    Parameters
    ----------
    seed : int
        The run's seed.
    reason : str
        Why it ended: ``"quiet"`` (nothing was left to happen), ``"time limit"``,
        ``"step limit"`` or ``"stopped"`` (by who looked on).
    steps : int
        Number of steps, that is of the specification's actions.
    time : float
        Seconds at which it ended.
    sent, delivered, lost, duplicated : int
        Messages that left a node; copies that were handled; copies that were lost; extra
        copies made.  Copies still on their way at the end are in none of the last three.
    actions : dict of str to int
        Steps by action, sorted by name.
    expected : tuple of str
        The actions that a run with its settings can have.
    faults : dict of str to int
        Faults by kind, sorted by name; ``"crash"`` and ``"restart"`` among them.
    answers : tuple of Answer
        Everything that clients were told, in order.
    calls : tuple of Call
        What clients asked for and were told first, in the order of asking.
    requests, unanswered : int
        How much clients asked for, and how much of it was never answered.
    final_values : dict of str to JSON
        Node to what it ended with, as the protocol says; nodes with nothing are left out.
    nodes : dict of str to object
        The nodes as they ended; ``None`` for one that was down.
    machine : str or None
        The name of the machine (:mod:`toolkit.machines`) that was replicated; ``None`` if the
        operations are the protocol's own.
    sink_error : str or None
        Why recording stopped early, if it did; the run itself went on as if it had not.
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
        """Return all fields but the nodes, in JSON's types, and ``decided``."""
        names = [one.name for one in fields(self) if one.name != "nodes"]
        found = {name: msgspec.to_builtins(getattr(self, name)) for name in names}
        return found | {"decided": self.decided}
