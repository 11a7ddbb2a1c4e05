"""Replicated state machines: what people build on a log that all replicas share.

A machine is deterministic and knows nothing of logs, networks or time: it is handed operations in
the log's order and returns their results.  The same machine runs on every protocol.
"""

from __future__ import annotations

from toolkit.machines.base import Machine, MachineFactory, get_machine, machine_names
from toolkit.machines.kv import KeyValueStore, operation_label, typed_operation
from toolkit.machines.sessions import Sessions

__all__ = [
    "KeyValueStore",
    "Machine",
    "MachineFactory",
    "Sessions",
    "get_machine",
    "machine_names",
    "operation_label",
    "typed_operation",
]
