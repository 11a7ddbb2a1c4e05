"""Single-decree Paxos after *Paxos Made Simple* (Lamport 2001)."""

from __future__ import annotations

import random

from toolkit.protocols.base import Protocol
from toolkit.protocols.paxos.bugs import BUGS
from toolkit.protocols.paxos.config import SETTINGS, PaxosConfig, configure
from toolkit.protocols.paxos.messages import decode_message
from toolkit.protocols.paxos.node import BALLOT_TIMER, RESEND_TIMER, PaxosNode
from toolkit.protocols.paxos.view import (
    constants,
    durable_variables,
    final_value,
    trace_constants,
    variables,
)
from toolkit.resources import specs_root

__all__ = ["PROTOCOL", "PaxosConfig", "PaxosNode", "configure"]


def _random_operation(config: PaxosConfig, rng: random.Random, node: str) -> str | None:
    return rng.choice(config.values) if node in config.proposers else None


PROTOCOL = Protocol(
    name="paxos",
    title="Single-decree Paxos (Lamport 2001)",
    configure=configure,
    settings=SETTINGS,
    make_node=PaxosNode,
    variables=variables,
    durable_variables=durable_variables,
    constants=constants,
    trace_constants=trace_constants,
    decode_message=decode_message,
    random_operation=_random_operation,
    final_value=final_value,
    actions=(
        "Request",
        "Phase1a",
        "Promise",
        "Phase2a",
        "Rejected",
        "Resend",
        "Phase1b",
        "Phase2b",
        "Nack",
        "Vote",
        "Learn",
        "Remind",
        "Chosen",
        "Ignore",
        "Flush",
        "Crash",
        "Restart",
    ),
    trace_variables=(
        "want",
        "phase",
        "pBal",
        "pVal",
        "promises",
        "maxBal",
        "maxVBal",
        "maxVal",
        "votes",
        "learned",
        "up",
        "durable",
    ),
    spec_folder=specs_root() / "paxos",
    spec_module="Paxos",
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
    replayable_variables=("phase", "pBal", "pVal", "maxBal", "maxVBal", "maxVal", "up", "durable"),
    bugs=BUGS,
    timers=(BALLOT_TIMER, RESEND_TIMER),
)
"""The protocol, as registered."""
