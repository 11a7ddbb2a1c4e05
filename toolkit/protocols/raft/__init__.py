"""Raft (Ongaro and Ousterhout, USENIX ATC 2014, extended version)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.protocols.actions import available, declared_actions, options_on
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.raft.bugs import BUG_SETUPS, BUGS
from toolkit.protocols.raft.config import SETTINGS, RaftConfig, configure
from toolkit.protocols.raft.log import apply_write
from toolkit.protocols.raft.messages import CODEC
from toolkit.protocols.raft.node import (
    ELECTION_TIMER,
    HEARTBEAT_TIMER,
    SNAPSHOT_TIMER,
    RaftNode,
)
from toolkit.protocols.raft.view import (
    LOG_VIEW,
    constants,
    durable_variables,
    final_value,
    variables,
)
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root

__all__ = ["PROTOCOL", "RaftConfig", "RaftNode", "configure"]


ACTIONS = declared_actions(RaftNode)
"""The actions of RaftNode, by name, as declared on its handlers."""


def _expected_actions(constants: Mapping[str, Any]) -> tuple[str, ...]:
    off: set[str] = set()
    changing = options_on(constants) & {"single", "joint"}
    voting = constants["Servers"] if changing else constants.get("Voters", constants["Servers"])
    if len(voting["#set"]) <= 3:
        # A candidate's own vote and the first vote that it receives are a quorum.
        off |= {"CountVote", "CountPreVote"}
    return available(ACTIONS, constants, off)


def _random_operation(config: RaftConfig, rng: random.Random, node: str) -> Any:
    operations = [
        *(["transfer"] if config.transfer else []),
        *(["add", "remove"] if config.membership != "no" else []),
        *(["learn"] if config.learners else []),
        *(["configure"] if config.membership == "joint" else []),
    ]
    if not operations or rng.random() < 0.6:
        return config.machine().random_operation(rng)
    name = rng.choice(operations)
    if name == "transfer":
        return {"op": "transfer", "to": rng.choice(config.servers)}
    if name == "configure":
        size = rng.randint(1, len(config.servers))
        return {"op": "configure", "voters": sorted(rng.sample(config.servers, size))}
    return {"op": name, "server": rng.choice(config.servers)}


def _timing(low: float, high: float) -> dict[str, str]:
    return {
        "election": f"{low:g}-{high:g}",
        "heartbeat": f"{min(0.05, low / 3):.4g}",
    }


PROTOCOL = Protocol(
    title="Raft (Ongaro and Ousterhout 2014)",
    specification=Specification(
        name="raft",
        actions=tuple(ACTIONS),
        expected_actions=_expected_actions,
        hidden=("disk",),
        folder=specs_root() / "raft",
        module="Raft",
        trace_module="RaftTrace",
        invariants=(
            "TypeOK",
            "ElectionSafety",
            "VotesOnce",
            "LogMatching",
            "StateMachineSafety",
            "LeaderCompleteness",
            "CommittedIsDurable",
            "SaidIsDurable",
        ),
        unchecked={
            "Reply": "the answer: the specification has no clients or sessions",
            "CheckQuorum": "whether a quorum was silent for long enough: the specification has no "
            "clocks",
            "GrantPreVote": "whether no leader was heard recently: the specification has no clocks",
            "DenyPreVote": "whether a leader was heard recently: the specification has no clocks",
            "LeaseRead": "whether the lease was valid: the specification has no clocks",
            "TakeSnapshot": "the content of the snapshot: the specification has no machine",
            "InstallSnapshot": "the content of the snapshot: the specification has no machine",
        },
        replayable_variables=(
            "role",
            "currentTerm",
            "votedFor",
            "log",
            "commitIndex",
            "up",
            "durable",
        ),
    ),
    implementation=Implementation(
        configure=configure,
        settings=SETTINGS,
        make_node=RaftNode,
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
        timers=(ELECTION_TIMER, HEARTBEAT_TIMER, SNAPSHOT_TIMER),
    ),
    bug_setups=BUG_SETUPS,
    bugs=BUGS,
    log=LOG_VIEW,
    showcase=True,
)
"""The registered protocol."""
