"""A machine as commands, checks and pictures see it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from toolkit.machines.base import MachineFactory
from toolkit.machines.model import SequentialModel, model_of

__all__ = ["MachineSpec", "text_as_json"]


def text_as_json(text: str) -> Any:
    """Return a text as JSON, or else the text itself.

    Examples
    --------
    >>> text_as_json('{"op": "next"}'), text_as_json("next")
    ({'op': 'next'}, 'next')
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _short(operation: Any) -> str:
    if not isinstance(operation, dict) or "op" not in operation:
        return str(operation)
    return " ".join(
        [str(operation["op"]), *(str(value) for name, value in operation.items() if name != "op")]
    )


@dataclass(frozen=True, kw_only=True)
class MachineSpec:
    """A replicated state machine with its operations and its sequential model.

    Register one under the entry-point group ``toolkit.machines`` (name to an object of this
    class), or at run time with :func:`toolkit.machines.register_machine`.

    Parameters
    ----------
    name : str
        The name that people type, as the setting ``machine`` of a protocol.
    title : str
        A line for people.
    factory : callable
        ``factory() -> Machine``: a machine in its first state.
    operations : mapping of str to str
        Operation to a line on what it does.
    sequential : SequentialModel or None
        What clients' histories are held against; by default the machine itself, by
        :func:`toolkit.machines.model.model_of`.
    accepts : callable or None
        ``accepts(operation) -> bool``: whether an operation is one of the machine's; by default
        one that a machine in its first state does not answer with an error.
    label : callable
        ``label(operation) -> str``: a few characters for pictures; by default its values.
    typed_operation : callable
        ``typed_operation(text) -> operation``: the operation that a person asks for by typing a
        text into a playground; by default the text as JSON, or else the text itself.
    typed_prompt : str
        A few characters before the box for that text.
    """

    name: str
    title: str
    factory: MachineFactory
    operations: Mapping[str, str] = field(default_factory=dict)
    sequential: SequentialModel | None = None
    accepts: Callable[[Any], bool] | None = None
    label: Callable[[Any], str] = _short
    typed_operation: Callable[[str], Any] = text_as_json
    typed_prompt: str = "ask"

    @cached_property
    def model(self) -> SequentialModel:
        """The sequential object that histories are held against."""
        return self.sequential or model_of(self.name, self.factory)

    def understands(self, operation: Any) -> bool:
        """Return whether an operation is one of the machine's."""
        if self.accepts is not None:
            return self.accepts(operation)
        result = self.factory().apply(operation)
        return not (isinstance(result, dict) and "error" in result)

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation for a workload."""
        return self.factory().random_operation(rng)
