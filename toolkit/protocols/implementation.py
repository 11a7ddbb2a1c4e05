"""An implementation: all that a host needs to run a protocol's nodes."""

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
        Setting to a line of help with its default.
    make_node : callable
        ``make_node(name, config) -> Node``.
    variables : callable
        ``variables(node) -> dict``: the view, this node's specification variables,
        ITF-encoded.  Called after every step while recording, unless it is a
        :class:`~toolkit.protocols.views.View`, which is asked for what has changed instead.
    durable_variables : callable
        ``durable_variables(durable) -> dict``: the same for what its disk holds.
    constants : callable
        ``constants(config) -> dict``: the specification's constants, ITF-encoded, for a
        trace's header.
    messages : MessageCodec
        Encodes and decodes its messages, made from their classes.
    random_operation : callable
        ``random_operation(config, rng, node) -> operation``: a client's operation for a
        random workload; ``None`` for a node that takes no commands.
    final_value : callable
        ``final_value(node) -> JSON``: what the node ended with, for an end record (``None``:
        nothing).
    timers : tuple of str
        The names that its timers have: those that a scenario can let run out.
    connected : bool
        Whether it has messages that travel on connections.
    apply_write : callable
        ``apply_write(durable, write)``: merge a write that became durable into the disk's
        content, in place.
    replicates : str or None
        Name of the machine (:mod:`toolkit.machines`) whose operations its clients ask for by
        default; ``None`` if its operations are its own.  A protocol that has the setting
        ``machine`` replicates the machine that it names instead (:meth:`machine`).
    timing : callable
        ``timing(low, high) -> dict``: the settings with which a node's time-outs are drawn from
        ``[low, high]``, in seconds; none if they cannot be set.
    typed_operation : callable or None
        ``typed_operation(text) -> operation``: the operation that a person asks for by typing a
        text into a playground; by default what the machine says, or else the text as JSON, or the
        text itself.
    typed_prompt : str or None
        A few characters before the box for that text; by default what the machine says.
    scenarios : pathlib.Path or None
        A folder of scenarios that come with the protocol, ``NAME.scenario`` each; a name should
        begin with the protocol's, for it must be unique among all protocols.
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
            ``None`` if the protocol's operations are its own.

        Raises
        ------
        UnknownNameError
            If no machine has the name.
        """
        if self.replicates is None:
            return None
        return get_machine(settings.get("machine", self.replicates))

    def can_replicate(self, machine: str) -> bool:
        """Return whether a machine can be replicated, by default or with a setting.

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
            If no machine has the name.
        SettingError
            If the protocol cannot replicate that machine, or `settings` name a machine too.
        """
        chosen = dict(settings)
        if machine is None:
            return chosen
        get_machine(machine)
        if "machine" in chosen:
            raise SettingError(
                f"the machine is given twice: {machine!r} and the setting "
                f"machine={chosen['machine']}",
                hint="give it once",
            )
        if not self.can_replicate(machine):
            raise SettingError(
                f"the protocol cannot replicate the machine {machine!r}",
                hint=f"it replicates {self.replicates!r} only"
                if self.replicates is not None
                else "its operations are its own: leave the machine out",
            )
        return chosen | ({"machine": machine} if "machine" in self.settings else {})

    def typing(self, settings: Mapping[str, str]) -> tuple[Callable[[str], Any], str]:
        """Return how a person asks for an operation by typing a text.

        Parameters
        ----------
        settings : mapping of str to str
            The run's settings.

        Returns
        -------
        operation : callable
            ``operation(text) -> operation``.
        prompt : str
            A few characters before the box for the text.
        """
        machine = self.machine(settings)
        operation, prompt = (
            (text_as_json, "ask") if machine is None else (machine.typed, machine.typed_prompt)
        )
        return self.typed_operation or operation, self.typed_prompt or prompt

    def typing_example(self, settings: Mapping[str, str]) -> str:
        """Return a text that a person may type, for a start.

        Parameters
        ----------
        settings : mapping of str to str
            The run's settings.
        """
        machine = self.machine(settings)
        return "1" if machine is None or self.typed_operation is not None else machine.typed_example
