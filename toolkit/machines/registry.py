"""Registry of machines: installed machines, and machines registered in this process."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

from toolkit.machines.kv import SPEC
from toolkit.machines.spec import MachineSpec
from toolkit.machines.words import OperationSpec
from toolkit.registry import Registry

__all__ = [
    "MACHINES",
    "get_machine",
    "machine_names",
    "operation_label",
    "register_machine",
    "unregister_machine",
]

_METHODS = ("apply", "reads", "snapshot", "restore", "random_operation")


def _flaw(machine: Any) -> str | None:
    """Return why a machine cannot be used; ``None`` if it can.

    A few random operations are applied to a new machine.
    """
    if not callable(machine.factory):
        return f"factory is not callable: {machine.factory!r}"
    initial = machine.factory()
    missing = [name for name in _METHODS if not callable(getattr(initial, name, None))]
    if missing:
        return (
            f"factory returned {initial!r}, which lacks "
            f"{' and '.join(f'{name}()' for name in missing)}"
        )
    for name, operation in machine.operations.items():
        if not isinstance(operation, OperationSpec):
            return f"operations[{name!r}] must be an OperationSpec, got {operation!r}"
    rng = random.Random(0)
    for _ in range(10):
        operation = initial.random_operation(rng)
        if not _is_json(operation):
            return f"random_operation() returned {operation!r}, which is not JSON"
        result = initial.apply(operation)
        if not _is_json(result):
            return f"apply({operation!r}) returned {result!r}, which is not JSON"
    state = initial.snapshot()
    return None if _is_json(state) else f"snapshot() returned {state!r}, which is not JSON"


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


MACHINES: Registry[MachineSpec] = Registry(
    "machine",
    "toolkit.machines",
    lambda plugin: isinstance(plugin, MachineSpec),
    "an object of toolkit.machines.MachineSpec",
    lambda machine: machine.name,
    flaw_of=_flaw,
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
