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
"""What the handlers of ZabNode declare: action to section and options."""


def _expected_actions(constants: Mapping[str, Any]) -> tuple[str, ...]:
    off: set[str] = set()
    observers = constants.get("Observers", {"#set": []})["#set"]
    voters = len(constants["Servers"]["#tup"]) - len(observers)
    most = voters // 2 + 1
    if "Quorums" in constants:
        most = max(len(quorum["#set"]) for quorum in constants["Quorums"]["#set"])
    if not observers:
        off.add("Inform")
        if most <= 2:
            # The leader and the first that connects, or acknowledges, are a quorum.
            off |= {"CountCEpoch", "CountAckLeader"}
        if voters == 2:
            # Who looks for a leader finds no quorum that has one.
            off |= {"JoinEnsemble", "StepDownStaleHistory"}
    return available(ACTIONS, constants, off)


def _random_operation(config: ZabConfig, rng: random.Random, node: str) -> Any:
    del node
    return config.machine().random_operation(rng)


def _timing(low: float, high: float) -> dict[str, str]:
    return {
        "patience": f"{low:g}-{high:g}",
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
            "LocalPrimaryOrder": "who delivers what a primary broadcast has all that it did before",
            "GlobalPrimaryOrder": "what an earlier primary broadcast comes before what a later one "
            "did",
            "PrimaryOrder": "both (section III of the paper, as the next one)",
            "PrimaryIntegrity": "a primary has what anybody delivers of earlier ones",
            "DeliveredIsDurable": "what is delivered is on the disks of a quorum",
            "SameZxidSamePrefix": "histories with the same last zxid are the same",
        },
        unchecked={
            "Reply": "clients and their sessions are left out: what was answered",
            "TakeSnapshot": "the machine is left out: what the snapshot holds",
            "Synchronize": "the machine is left out: what a snapshot that was sent holds",
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
"""The protocol, as registered."""
