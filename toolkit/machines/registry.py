"""Registry of machines: installed machines, and machines registered in this process."""

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
"""Registry of machines, by name."""


def register_machine(machine: MachineSpec) -> None:
    """Register a machine for this process.

    Parameters
    ----------
    machine : MachineSpec
        The machine.

    Raises
    ------
    SettingError
        If another machine has the same name.
    """
    MACHINES.register(machine)


def unregister_machine(name: str) -> None:
    """Remove a machine that :func:`register_machine` registered; unknown names are ignored.

    Parameters
    ----------
    name : str
        The machine's name.
    """
    MACHINES.unregister(name)


def machine_names() -> tuple[str, ...]:
    """Return the sorted names of all machines."""
    return tuple(MACHINES.names())


def get_machine(name: str) -> MachineSpec:
    """Return the machine with a name.

    Parameters
    ----------
    name : str
        The machine's name, for instance ``"kv"``.

    Returns
    -------
    MachineSpec
        The machine.

    Raises
    ------
    UnknownNameError
        If no machine has that name.
    SettingError
        If its entry point cannot be loaded.

    Examples
    --------
    >>> get_machine("kv").factory().apply({"op": "put", "key": "k", "value": 1})
    {'ok': True}
    """
    return MACHINES.get(name)


def operation_label(operation: Any) -> str:
    """Return a short label of a client's operation, for diagrams.

    Parameters
    ----------
    operation : JSON
        An operation of a machine, or another object whose field ``op`` is its name.

    Returns
    -------
    str
        The label from the key-value store, or from the first machine in the order of names that
        has such an operation; otherwise the operation's name or text.

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
        # A machine that fails on a foreign operation must not prevent other diagrams.
        with suppress(Exception):
            if machine.understands(operation):
                return machine.label(operation)
    return str(operation.get("op", "?"))
