"""Multi-Paxos: a log of Paxos instances under a stable leader."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.protocols.actions import available, declared_actions, options_on
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.multipaxos.bugs import BUG_SETUPS, BUGS
from toolkit.protocols.multipaxos.config import SETTINGS, MultiPaxosConfig, configure
from toolkit.protocols.multipaxos.messages import CODEC
from toolkit.protocols.multipaxos.node import TIMERS, MultiPaxosNode, apply_write
from toolkit.protocols.multipaxos.view import (
    LOG_VIEW,
    constants,
    durable_variables,
    final_value,
    variables,
)
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root

__all__ = ["PROTOCOL", "MultiPaxosConfig", "MultiPaxosNode", "configure"]

ACTIONS = declared_actions(MultiPaxosNode)
"""The actions of MultiPaxosNode, by name, as declared on its handlers."""


def _expected_actions(constants: Mapping[str, Any]) -> tuple[str, ...]:
    off: set[str] = set()
    servers = constants["Servers"]["#tup"]
    members = constants.get("Members", {"#set": servers})["#set"]
    largest = len(members) // 2 + 1
    if "Quorum2" in constants:
        largest = max(len(quorum["#set"]) for quorum in constants["Quorum2"]["#set"])
    if largest <= 2 and "membership" not in options_on(constants):
        # The leader's own vote and the first vote that it receives are a quorum.
        off.add("RecordVote")
    if len(servers) <= 2:
        off.add("CountPromise")
    if len(servers) == 1:
        off |= {"Promise", "Nack", "StepDown", "Accept", "HandleHeartbeat", "Share", "Learn"}
        off |= {"FallBehind", "InstallSnapshot"}
    return available(ACTIONS, constants, off)


def _random_operation(config: MultiPaxosConfig, rng: random.Random, node: str) -> Any:
    if not config.membership or rng.random() < 0.6:
        return config.machine().random_operation(rng)
    name = rng.choice(("add", "remove", "configure"))
    if name == "configure":
        size = rng.randint(1, len(config.servers))
        return {"op": "configure", "members": sorted(rng.sample(config.servers, size))}
    return {"op": name, "server": rng.choice(config.servers)}


def _timing(low: float, high: float) -> dict[str, str]:
    return {
        "election-timeout": f"{low:g}-{high:g}",
        "heartbeat": f"{min(0.05, low / 3):.4g}",
    }


PROTOCOL = Protocol(
    title="Multi-Paxos (Lamport 1998, 2001)",
    specification=Specification(
        name="multipaxos",
        actions=tuple(ACTIONS),
        expected_actions=_expected_actions,
        hidden=("disk",),
        folder=specs_root() / "multipaxos",
        module="MultiPaxos",
        trace_module="MultiPaxosTrace",
        invariants=(
            "TypeOK",
            "Agreement",
            "VotesBelowPromise",
            "OneValuePerBallot",
            "SaidIsDurable",
        ),
        claims={
            "LocalPrimaryOrder": "a server with a value proposed by a primary also has all values "
            "that the primary proposed before",
            "GlobalPrimaryOrder": "values of an earlier primary come before values of a later one",
            "PrimaryOrder": "local and global primary order: required by primary-backup systems, "
            "and not promised by Paxos",
        },
        unchecked={
            "Reply": "the answer: the specification has no clients or sessions",
            "TakeSnapshot": "the content of the snapshot: the specification has no machine",
            "InstallSnapshot": "the content of the snapshot: the specification has no machine",
        },
        replayable_variables=(
            "maxBal",
            "votes",
            "log",
            "snapshot",
            "phase",
            "bal",
            "up",
            "durable",
        ),
    ),
    implementation=Implementation(
        configure=configure,
        settings=SETTINGS,
        make_node=MultiPaxosNode,
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
    ),
    bug_setups=BUG_SETUPS,
    bugs=BUGS,
    log=LOG_VIEW,
)
"""The registered protocol."""
