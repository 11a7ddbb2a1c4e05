"""Registry of machines: entry points of the group ``toolkit.machines``, and this process's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from toolkit.machines.kv import SPEC
from toolkit.machines.spec import MachineSpec
from toolkit.registry import Registry

__all__ = [
    "MACHINES",
    "get_machine",
    "machine_names",
    "operation_label",
    "register_machine",
    "unregister_machine",
]

MACHINES: Registry[MachineSpec] = Registry(
    "machine",
    "toolkit.machines",
    lambda plugin: isinstance(plugin, MachineSpec),
    "an object of toolkit.machines.MachineSpec",
    lambda machine: machine.name,
)
"""All machines, by name."""


def register_machine(machine: MachineSpec) -> None:
    """Register a machine for this process.

    Parameters
    ----------
    machine : MachineSpec

    Raises
    ------
    SettingError
        If another machine has its name.
    """
    MACHINES.register(machine)


def unregister_machine(name: str) -> None:
    """Forget a machine that :func:`register_machine` made known; unknown names are ignored."""
    MACHINES.unregister(name)


def machine_names() -> tuple[str, ...]:
    """Return the names of all machines, sorted."""
    return tuple(MACHINES.names())


def get_machine(name: str) -> MachineSpec:
    """Return the machine with a name.

    Parameters
    ----------
    name : str
        For instance ``"kv"``.

    Raises
    ------
    UnknownNameError
        If no machine has the name.
    SettingError
        If its entry point cannot be loaded.

    Examples
    --------
    >>> get_machine("kv").factory().apply({"op": "put", "key": "k", "value": 1})
    {'ok': True}
    """
    return MACHINES.get(name)


def operation_label(operation: Any) -> str:
    """Return a few characters for what a client asked, for pictures.

    Parameters
    ----------
    operation : JSON
        An operation of a machine, or of something else that names it by ``op``.

    Returns
    -------
    str
        The label of the key-value store, or else of the first machine, by name, that has such an
        operation; its name or its text if there is none.

    Examples
    --------
    >>> operation_label({"op": "put", "key": "k", "value": 1}), operation_label({"op": "leave"})
    ('k=1', 'leave')
    """
    if not isinstance(operation, dict):
        return str(operation)
    if SPEC.understands(operation):
        return SPEC.label(operation)
    for machine in MACHINES.loadable():
        # A machine that fails on what is not its own must not spoil the pictures of others.
        with suppress(Exception):
            if machine.understands(operation):
                return machine.label(operation)
    return str(operation.get("op", "?"))
