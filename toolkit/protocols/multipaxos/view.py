"""View of a Multi-Paxos server: its state in the variables of ``MultiPaxos.tla``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from toolkit.protocols.log_entries import entry_label, entry_requests
from toolkit.protocols.multipaxos.config import MultiPaxosConfig
from toolkit.protocols.multipaxos.learning import NO_SNAPSHOT, Snapshot
from toolkit.protocols.multipaxos.messages import Value, Vote
from toolkit.protocols.multipaxos.node import MultiPaxosNode
from toolkit.protocols.views import Attribute, Encoded, Growing, RecordView, View
from toolkit.trace.logview import LogView, NodeState

__all__ = [
    "LOG_VIEW",
    "constants",
    "durable_variables",
    "final_value",
    "variables",
]


@lru_cache(maxsize=50_000)
def _value(value: Value) -> dict[str, Any]:
    """Return a value as the specification's record; cached, because values recur often."""
    record: dict[str, Any] = msgspec.to_builtins(value)
    if value.names is not None:
        record["members"] = {"#set": list(value.members)}
    return record


@lru_cache(maxsize=50_000)
def _vote(vote: Vote) -> dict[str, Any]:
    return {"slot": vote.slot, "bal": vote.bal, "val": _value(vote.val)}


def _votes(votes: Mapping[int, Vote]) -> dict[str, Any]:
    return {"#set": [_vote(votes[slot]) for slot in sorted(votes)]}


def _values(values: Mapping[int, Value]) -> dict[str, Any]:
    return {"#set": [{"slot": slot, "val": _value(values[slot])} for slot in sorted(values)]}


def _acks(acks: Mapping[int, Collection[str]]) -> dict[str, Any]:
    return {"#set": [{"slot": slot, "acks": _servers(acks[slot])} for slot in sorted(acks)]}


def _servers(servers: Collection[str]) -> dict[str, Any]:
    return {"#set": sorted(servers)}


def _snapshot_index(durable: Mapping[str, Any]) -> int:
    snapshot: Snapshot = durable.get("snapshot", NO_SNAPSHOT)
    return snapshot.index


variables = View(
    Attribute("maxBal"),
    Growing("votes", _vote),
    Growing("log", _value),
    Encoded("early", _values),
    Attribute("snapshot", "snapshot.index"),
    Attribute("phase"),
    Attribute("bal"),
    Encoded("promised", _servers),
    Encoded("told", _votes),
    Encoded("proposed", _values),
    Encoded("acks", _acks),
)
"""The specification's variables at a server, ITF-encoded.

Examples
--------
>>> from toolkit.protocols.multipaxos import configure
>>> node = MultiPaxosNode("n1", configure(["n1", "n2", "n3"], {}))
>>> variables(node)["phase"], variables(node)["log"]
('idle', {'#tup': []})
"""

_NO_VOTES: Mapping[int, Vote] = {}

durable_variables = RecordView(
    "durable",
    Attribute("maxBal", lambda durable: durable.get("maxBal", -1)),
    Growing("votes", _vote, lambda durable: durable.get("votes", _NO_VOTES)),
    Attribute("snapshot", _snapshot_index),
)
"""The specification's variable ``durable``, read from a disk's content."""


def constants(config: MultiPaxosConfig) -> dict[str, Any]:
    """Return the specification's constants for a trace's header, ITF-encoded.

    Parameters
    ----------
    config : MultiPaxosConfig
        The configuration of the run.

    Returns
    -------
    dict
        ``Servers`` (a sequence: the owner of ballot b is at position b modulo its length),
        ``Members``, ``Alpha``, ``Most``, ``Options``, ``DiskQueue`` (maximum number of writes that
        wait for a disk); ``Quorum1`` and ``Quorum2`` (the minimal quorums), unless they are the
        majorities of the members.
    """
    first, second = config.quorums.phase1, config.quorums.phase2
    quorums = {} if first.is_majority() and second.is_majority() else {
        "Quorum1": {"#set": [{"#set": sorted(quorum)} for quorum in first.minimal]},
        "Quorum2": {"#set": [{"#set": sorted(quorum)} for quorum in second.minimal]},
    }  # fmt: skip
    return {
        "Servers": {"#tup": list(config.servers)},
        "Members": {"#set": sorted(config.members)},
        **quorums,
        "Alpha": config.alpha,
        "Most": config.most,
        "Options": {"#set": sorted(config.options)},
        "DiskQueue": 1_000_000,
    }


def final_value(node: MultiPaxosNode) -> Any:
    """Return the last applied slot, or ``None`` if no slot was applied."""
    return node.last or None


def _entries(view: NodeState) -> dict[int, Any]:
    """Return the chosen values, and in other slots the values that the server voted for."""
    stored = {vote["slot"]: vote["val"] for vote in view["votes"]["#set"]}
    stored |= {item["slot"]: item["val"] for item in view["early"]["#set"]}
    return stored | dict(enumerate(view["log"]["#tup"], view["snapshot"] + 1))


def _entry_rounds(view: NodeState) -> dict[int, int]:
    """Return the ballots in which the server voted for the values that it stores."""
    entries = _entries(view)
    return {
        vote["slot"]: vote["bal"]
        for vote in view["votes"]["#set"]
        if entries.get(vote["slot"]) == vote["val"]
    }


def _durable(view: NodeState) -> frozenset[int] | None:
    """Return the slots in which the disk holds a vote for the value that the server stores."""
    if "durable" not in view:
        return None
    entries = _entries(view)
    return frozenset(
        vote["slot"]
        for vote in view["durable"]["votes"]["#set"]
        if entries.get(vote["slot"]) == vote["val"]
    )


def _pairs(function: Any) -> list[tuple[int, Any]]:
    """Return (slot, value) pairs of a function, which TLC shows as a sequence if it starts at 1."""
    if "#tup" in function:
        return list(enumerate(function["#tup"], 1))
    return [(slot, value) for slot, value in function["#map"]]


def _from_specification(state: NodeState) -> NodeState:
    """Return a state of the specification in the form of recorded states."""

    def votes(function: Any) -> dict[str, Any]:
        return {"#set": [{"slot": slot, **vote} for slot, vote in _pairs(function)]}

    early = [{"slot": slot, "val": value} for slot, value in _pairs(state["early"])]
    view = {
        **state,
        "votes": votes(state["votes"]),
        "early": {"#set": early},
        "log": {"#tup": state["log"]["#tup"][state["snapshot"] :]},
    }
    if "durable" in state:
        view["durable"] = {**state["durable"], "votes": votes(state["durable"]["votes"])}
    return view


LOG_VIEW = LogView(
    role=lambda view: str(view["phase"]),
    roles={"idle": "following", "preparing": "seeking", "leading": "leading"},
    leads=lambda view: bool(view["phase"] == "leading"),
    round=lambda view: int(view["maxBal"]),
    round_name="ballot",
    entries=_entries,
    entry_rounds=_entry_rounds,
    committed=lambda view: int(view["snapshot"]) + len(view["log"]["#tup"]),
    snapshot=lambda view: int(view["snapshot"]),
    durable=_durable,
    variables=frozenset({"votes", "early", "log", "snapshot"}),
    label=entry_label,
    requests=entry_requests,
    message_round=lambda message: message.get("bal"),
    from_specification=_from_specification,
)
"""The log view of a Multi-Paxos server: the round is the ballot, the index is the slot."""
