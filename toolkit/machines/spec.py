"""Descriptions of machines for commands, checks and diagrams."""

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

    Register a machine under the entry-point group ``toolkit.machines`` (name to an object of this
    class), or at run time with :func:`toolkit.machines.register_machine`.

    Parameters
    ----------
    name : str
        The name that users type, as the setting ``machine`` of a protocol.
    title : str
        A description in one line.
    factory : callable
        ``factory() -> Machine``: a machine in its initial state.
    operations : mapping of str to OperationSpec
        The operations, by name.
    sequential : SequentialModel or None
        The model with which clients' histories are checked; by default a model derived from the
        machine with :func:`toolkit.machines.model.model_of`.
    accepts : callable or None
        ``accepts(operation) -> bool``: whether the machine has an operation; by default, whether
        a machine in its initial state answers without an error.
    label : callable
        ``label(operation) -> str``: the operation in a few characters, for diagrams; by default
        its name and values.
    describe : callable
        ``describe(operation) -> str``: the operation in a few words; by default its name and
        values.
    describe_result : callable
        ``describe_result(operation, result) -> str``: the result in a few words; by default its
        only value, or JSON.
    typed_operation : callable or None
        ``typed_operation(text) -> operation``: parses text that a user types into a playground; by
        default :func:`~toolkit.machines.words.read_operation`, which reads the operation's name and
        a value for each parameter.
    typed_prompt : str
        The label of the input box for that text.
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
        """The sequential model with which histories are checked."""
        model = self.sequential or model_of(self.name, self.factory)
        return replace(model, describe=self.describe, describe_result=self.describe_result)

    def understands(self, operation: Any) -> bool:
        """Return True if the machine has an operation.

        Parameters
        ----------
        operation : JSON
            The operation.
        """
        if self.accepts is not None:
            return self.accepts(operation)
        result = self.factory().apply(operation)
        return not (isinstance(result, dict) and "error" in result)

    def typed(self, text: str) -> Any:
        """Parse an operation that a user typed.

        Parameters
        ----------
        text : str
            The text.

        Returns
        -------
        JSON
            The operation.

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
        """An example text for :meth:`typed`."""
        if self.typed_operation is not None or not self.operations:
            return "1"
        name, operation = next(iter(self.operations.items()))
        return " ".join([name, *operation.parameters])

    def random_operation(self, rng: random.Random) -> Any:
        """Draw an operation for a workload.

        Parameters
        ----------
        rng : random.Random
            The random generator.
        """
        return self.factory().random_operation(rng)
