"""A machine as commands, checks and pictures see it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from toolkit.machines.base import MachineFactory
from toolkit.machines.model import SequentialModel, model_of
from toolkit.machines.words import OperationSpec, operation_words, read_operation, result_words

__all__ = ["MachineSpec"]


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
    operations : mapping of str to OperationSpec
        Name of an operation to what it does and its parameters.
    sequential : SequentialModel or None
        What clients' histories are held against; by default the machine itself, by
        :func:`toolkit.machines.model.model_of`.
    accepts : callable or None
        ``accepts(operation) -> bool``: whether an operation is one of the machine's; by default
        one that a machine in its first state does not answer with an error.
    label : callable
        ``label(operation) -> str``: a few characters for pictures; by default its values.
    describe : callable
        ``describe(operation) -> str``: the operation in a few words, for people; by default its
        name and its values.
    describe_result : callable
        ``describe_result(operation, result) -> str``: its result in a few words; by default its
        only value, or else JSON.
    typed_operation : callable or None
        ``typed_operation(text) -> operation``: the operation that a person asks for by typing a
        text into a playground; by default :func:`~toolkit.machines.words.read_operation`: its name,
        then a value for each parameter.
    typed_prompt : str
        A few characters before the box for that text.
    """

    name: str
    title: str
    factory: MachineFactory
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    sequential: SequentialModel | None = None
    accepts: Callable[[Any], bool] | None = None
    label: Callable[[Any], str] = operation_words
    describe: Callable[[Any], str] = operation_words
    describe_result: Callable[[Any, Any], str] = result_words
    typed_operation: Callable[[str], Any] | None = None
    typed_prompt: str = "ask"

    @cached_property
    def model(self) -> SequentialModel:
        """The sequential object that histories are held against."""
        model = self.sequential or model_of(self.name, self.factory)
        return replace(model, describe=self.describe, describe_result=self.describe_result)

    def understands(self, operation: Any) -> bool:
        """Return whether an operation is one of the machine's."""
        if self.accepts is not None:
            return self.accepts(operation)
        result = self.factory().apply(operation)
        return not (isinstance(result, dict) and "error" in result)

    def typed(self, text: str) -> Any:
        """Return the operation that a person asks for by typing a text.

        Raises
        ------
        SettingError
            If the text cannot be read.
        """
        if self.typed_operation is not None:
            return self.typed_operation(text)
        return read_operation(text, self.operations)

    @property
    def typed_example(self) -> str:
        """A text that :meth:`typed` reads, for a start."""
        if self.typed_operation is not None or not self.operations:
            return "1"
        name, operation = next(iter(self.operations.items()))
        return " ".join([name, *operation.parameters])

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation for a workload."""
        return self.factory().random_operation(rng)
