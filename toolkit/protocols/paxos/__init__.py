"""Single-decree Paxos (Lamport, *Paxos Made Simple*, 2001)."""

from __future__ import annotations

import random
from pathlib import Path

from toolkit.protocols.actions import declared_actions
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.paxos.bugs import BUGS
from toolkit.protocols.paxos.config import SETTINGS, PaxosConfig, configure
from toolkit.protocols.paxos.messages import CODEC
from toolkit.protocols.paxos.node import BALLOT_TIMER, RESEND_TIMER, PaxosNode
from toolkit.protocols.paxos.view import (
    LOG_VIEW,
    constants,
    durable_variables,
    final_value,
    variables,
)
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root

__all__ = ["PROTOCOL", "PaxosConfig", "PaxosNode", "configure"]

ACTIONS = declared_actions(PaxosNode)
"""The actions of PaxosNode, by name, as declared on its handlers."""


def _random_operation(config: PaxosConfig, rng: random.Random, node: str) -> str | None:
    return rng.choice(config.values) if node in config.proposers else None


def _timing(low: float, high: float) -> dict[str, str]:
    # A proposer waits between 1 and 1.5 times this timeout.
    return {"timeout": f"{low:g}"}


PROTOCOL = Protocol(
    title="Single-decree Paxos (Lamport 2001)",
    specification=Specification(
        name="paxos",
        actions=tuple(ACTIONS),
        hidden=("requested", "disk"),
        folder=specs_root() / "paxos",
        module="Paxos",
        trace_module="PaxosTrace",
        invariants=(
            "TypeOK",
            "Agreement",
            "Validity",
            "LearnedIsChosen",
            "OneValuePerBallot",
            "AcceptorConsistent",
            "SaidIsDurable",
            "PromiseKept",
        ),
        replayable_variables=(
            "phase",
            "pBal",
            "pVal",
            "maxBal",
            "maxVBal",
            "maxVal",
            "up",
            "durable",
        ),
    ),
    implementation=Implementation(
        configure=configure,
        settings=SETTINGS,
        make_node=PaxosNode,
        variables=variables,
        durable_variables=durable_variables,
        constants=constants,
        messages=CODEC,
        random_operation=_random_operation,
        final_value=final_value,
        timers=(BALLOT_TIMER, RESEND_TIMER),
        timing=_timing,
        scenarios=Path(__file__).parent / "scenarios",
        typed_operation=lambda text: f"v{text.removeprefix('v')}",
        typed_prompt="value v",
    ),
    bugs=BUGS,
    log=LOG_VIEW,
)
"""The registered protocol."""
