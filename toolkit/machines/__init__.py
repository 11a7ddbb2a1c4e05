"""Replicated state machines, which apply the committed commands of a log.

A machine is deterministic and does not depend on logs, networks or time: it receives operations in
the log's order and returns their results.  The same machine runs on every protocol.
"""

from __future__ import annotations

from toolkit.machines.base import Machine, MachineFactory
from toolkit.machines.kv import KeyValueStore
from toolkit.machines.model import SequentialModel, model_of
from toolkit.machines.registry import (
    MACHINES,
    get_machine,
    machine_names,
    operation_label,
    register_machine,
    unregister_machine,
)
from toolkit.machines.sessions import Sessions
from toolkit.machines.spec import MachineSpec
from toolkit.machines.words import OperationSpec, text_as_json

__all__ = [
    "MACHINES",
    "KeyValueStore",
    "Machine",
    "MachineFactory",
    "MachineSpec",
    "OperationSpec",
    "SequentialModel",
    "Sessions",
    "get_machine",
    "machine_names",
    "model_of",
    "operation_label",
    "register_machine",
    "text_as_json",
    "unregister_machine",
]
