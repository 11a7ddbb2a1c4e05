"""Zab: the atomic broadcast of ZooKeeper."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.protocols.actions import available, declared_actions
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.specification import Specification
from toolkit.protocols.zab.bugs import BUG_SETUPS, BUGS
from toolkit.protocols.zab.config import SETTINGS, ZabConfig, configure
from toolkit.protocols.zab.history import apply_write
from toolkit.protocols.zab.messages import CODEC
from toolkit.protocols.zab.node import TIMERS, ZabNode
from toolkit.protocols.zab.view import (
    LOG_VIEW,
    constants,
    durable_variables,
    final_value,
    variables,
)
from toolkit.resources import specs_root

__all__ = ["PROTOCOL", "ZabConfig", "ZabNode", "configure"]


ACTIONS = declared_actions(ZabNode)
"""The actions of ZabNode, by name, as declared on its handlers."""


def _expected_actions(constants: Mapping[str, Any]) -> tuple[str, ...]:
    off: set[str] = set()
    observers = constants.get("Observers", {"#set": []})["#set"]
    voters = len(constants["Servers"]["#tup"]) - len(observers)
    largest = voters // 2 + 1
    if "Quorums" in constants:
        largest = max(len(quorum["#set"]) for quorum in constants["Quorums"]["#set"])
    if not observers:
        off.add("Inform")
        if largest <= 2:
            # The leader and the first server that connects, or acknowledges, are a quorum.
            off |= {"CountCEpoch", "CountAckLeader"}
        if voters == 2:
            # A server that looks for a leader cannot find a quorum of others that has one.
            off |= {"JoinEnsemble", "StepDownStaleHistory"}
    return available(ACTIONS, constants, off)


def _random_operation(config: ZabConfig, rng: random.Random, node: str) -> Any:
    del node
    return config.machine().random_operation(rng)


def _timing(low: float, high: float) -> dict[str, str]:
    return {
        "election-timeout": f"{low:g}-{high:g}",
        "heartbeat": f"{min(0.05, low / 3):.4g}",
    }


PROTOCOL = Protocol(
    title="Zab (Junqueira, Reed and Serafini 2011)",
    specification=Specification(
        name="zab",
        actions=tuple(ACTIONS),
        expected_actions=_expected_actions,
        messages=("msgs", "wire"),
        hidden=("disk", "link"),
        ghosts=("broadcast", "established"),
        action_names={"LoseAll": "Crash"},
        folder=specs_root() / "zab",
        module="FastLeaderElection",
        trace_module="ZabTrace",
        invariants=(
            "ElectionTypeOK",
            "EpochsInOrder",
            "OneLeaderPerEpoch",
            "TotalOrder",
            "SaidIsDurable",
        ),
        claims={
            "LocalPrimaryOrder": "a server that delivers a broadcast of a primary has delivered "
            "all its earlier broadcasts",
            "GlobalPrimaryOrder": "broadcasts of an earlier primary come before broadcasts of a "
            "later one",
            "PrimaryOrder": "local and global primary order (section III of the paper)",
            "PrimaryIntegrity": "a primary has all broadcasts of earlier primaries that any server "
            "delivers (section III of the paper)",
            "DeliveredIsDurable": "every delivered transaction is on the disks of a quorum",
            "SameZxidSamePrefix": "histories with the same last zxid are equal",
        },
        unchecked={
            "Reply": "the answer: the specification has no clients or sessions",
            "TakeSnapshot": "the content of the snapshot: the specification has no machine",
            "Synchronize": "the content of the snapshot: the specification has no machine",
        },
    ),
    implementation=Implementation(
        configure=configure,
        settings=SETTINGS,
        make_node=ZabNode,
        variables=variables,
        durable_variables=durable_variables,
        constants=constants,
        messages=CODEC,
        random_operation=_random_operation,
        final_value=final_value,
        apply_write=apply_write,
        replicates="kv",
        timing=_timing,
        scenarios=Path(__file__).parent / "scenarios",
        timers=TIMERS,
        connected=True,
    ),
    bug_setups=BUG_SETUPS,
    bugs=BUGS,
    log=LOG_VIEW,
)
"""The registered protocol."""
