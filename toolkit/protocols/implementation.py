"""An implementation: everything that a host needs to run a protocol's nodes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import SettingError
from toolkit.machines import MachineSpec, get_machine, text_as_json
from toolkit.protocols.base import NodeFactory
from toolkit.protocols.codec import MessageCodec

__all__ = ["Implementation"]


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """A protocol's node class with its configuration, messages, timers and durability.

    Parameters
    ----------
    configure : callable
        ``configure(nodes, settings) -> config``: check the settings (``KEY=VALUE`` texts) and
        build the protocol's own configuration object; raises
        :class:`~toolkit.errors.SettingError`.
    settings : mapping of str to str
        The settings: name to a line of help that states the default.
    make_node : callable
        ``make_node(name, config) -> Node``.
    variables : callable
        ``variables(node) -> dict``: the view, this node's specification variables,
        ITF-encoded.  A recording host calls it after every step; if it is a
        :class:`~toolkit.protocols.views.View`, the host asks only for changed variables.
    durable_variables : callable
        ``durable_variables(durable) -> dict``: the same for the content of a disk.
    constants : callable
        ``constants(config) -> dict``: the specification's constants, ITF-encoded, for a
        trace's header.
    messages : MessageCodec
        The codec for its messages.
    random_operation : callable
        ``random_operation(config, rng, node) -> operation``: draw a client's operation for a
        random workload; ``None`` for a node that takes no commands.
    final_value : callable
        ``final_value(node) -> JSON``: the node's result for the end record, or ``None``.
    timers : tuple of str
        The names of its timers, which a scenario can make run out.
    connected : bool
        Whether some of its messages travel on connections.
    apply_write : callable
        ``apply_write(durable, write)``: apply a durable write to the disk's content, in place.
    replicates : str or None
        Name of the machine (:mod:`toolkit.machines`) that it replicates by default; ``None`` if
        it defines its own operations.  If the protocol has a setting ``machine``, the setting can
        name another machine (:meth:`machine`).
    timing : callable
        ``timing(low, high) -> dict``: the settings that draw a node's timeouts from
        ``[low, high]``, in seconds; an empty dict if timeouts cannot be set.
    typed_operation : callable or None
        ``typed_operation(text) -> operation``: the operation for a text typed into a playground.
        By default the machine decides; without a machine it is the text as JSON, or else the text
        itself.
    typed_prompt : str or None
        A short prompt before the input box; by default the machine's prompt.
    scenarios : pathlib.Path or None
        A folder of scenarios that come with the protocol, each ``NAME.scenario``; names should
        start with the protocol's name, because they must be unique among all protocols.
    """

    configure: Callable[[Sequence[str], Mapping[str, str]], Any]
    settings: Mapping[str, str]
    make_node: NodeFactory
    variables: Callable[[Any], dict[str, Any]]
    durable_variables: Callable[[Mapping[str, Any]], dict[str, Any]]
    constants: Callable[[Any], dict[str, Any]]
    messages: MessageCodec
    random_operation: Callable[[Any, random.Random, str], Any]
    final_value: Callable[[Any], Any] = field(default=lambda node: None)
    timers: tuple[str, ...] = ()
    connected: bool = False
    apply_write: Callable[[dict[str, Any], Mapping[str, Any]], None] = field(
        default=lambda durable, write: durable.update(write)
    )
    replicates: str | None = None
    timing: Callable[[float, float], dict[str, str]] = field(default=lambda low, high: {})
    typed_operation: Callable[[str], Any] | None = None
    typed_prompt: str | None = None
    scenarios: Path | None = None

    def machine(self, settings: Mapping[str, str]) -> MachineSpec | None:
        """Return the machine that a run replicates.

        Parameters
        ----------
        settings : mapping of str to str
            The run's settings.

        Returns
        -------
        MachineSpec or None
            ``None`` if the protocol defines its own operations.

        Raises
        ------
        UnknownNameError
            If the machine is not registered.
        """
        if self.replicates is None:
            return None
        return get_machine(settings.get("machine", self.replicates))

    def can_replicate(self, machine: str) -> bool:
        """Return whether the protocol can replicate a machine, by default or by a setting.

        Parameters
        ----------
        machine : str
            The machine's name.
        """
        return self.replicates is not None and (
            "machine" in self.settings or self.replicates == machine
        )

    def with_machine(self, settings: Mapping[str, str], machine: str | None) -> dict[str, str]:
        """Return the settings of a run that replicates a machine.

        Parameters
        ----------
        settings : mapping of str to str
            The run's other settings.
        machine : str or None
            The machine's name; ``None`` changes nothing.

        Returns
        -------
        dict of str to str

        Raises
        ------
        UnknownNameError
            If the machine is not registered.
        SettingError
            If the protocol cannot replicate the machine, or `settings` also give a machine.
        """
        result = dict(settings)
        if machine is None:
            return result
        get_machine(machine)
        if "machine" in result:
            raise SettingError(
                f"the machine is given twice: {machine!r} and the setting "
                f"machine={result['machine']}",
                hint="give it once",
            )
        if not self.can_replicate(machine):
            raise SettingError(
                f"the protocol cannot replicate the machine {machine!r}",
                hint=f"it replicates only {self.replicates!r}"
                if self.replicates is not None
                else "it defines its own operations: do not give a machine",
            )
        return result | ({"machine": machine} if "machine" in self.settings else {})

    def typing(self, settings: Mapping[str, str]) -> tuple[Callable[[str], Any], str]:
        """Return the conversion of typed text to operations, and a prompt for the text.

        Parameters
        ----------
        settings : mapping of str to str
            The run's settings.

        Returns
        -------
        operation : callable
            ``operation(text) -> operation``.
        prompt : str
            A short prompt before the input box.
        """
        machine = self.machine(settings)
        operation, prompt = (
            (text_as_json, "ask") if machine is None else (machine.typed, machine.typed_prompt)
        )
        return self.typed_operation or operation, self.typed_prompt or prompt

    def typing_example(self, settings: Mapping[str, str]) -> str:
        """Return an example of a text to type into a playground.

        Parameters
        ----------
        settings : mapping of str to str
            The run's settings.
        """
        machine = self.machine(settings)
        return "1" if machine is None or self.typed_operation is not None else machine.typed_example
