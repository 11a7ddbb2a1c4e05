"""View of a Zab server: its state in the variables of ``specs/zab``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from toolkit.protocols.log_entries import entry_label, entry_requests
from toolkit.protocols.views import Attribute, Encoded, Growing, RecordView, View
from toolkit.protocols.zab.config import ZabConfig
from toolkit.protocols.zab.election import Outside
from toolkit.protocols.zab.history import NO_SNAPSHOT, Snapshot
from toolkit.protocols.zab.leading import LearnerProgress
from toolkit.protocols.zab.messages import Txn, Vote
from toolkit.protocols.zab.node import ZabNode
from toolkit.trace.logview import LogView, NodeState

__all__ = [
    "LOG_VIEW",
    "constants",
    "durable_variables",
    "final_value",
    "variables",
]


@lru_cache(maxsize=50_000)
def _txn(txn: Txn) -> Any:
    """Return a transaction as the specification's record; cached, because they recur often."""
    return msgspec.to_builtins(txn)


@lru_cache(maxsize=50_000)
def _learner(name: str, progress: LearnerProgress) -> dict[str, Any]:
    return {"name": name, **msgspec.to_builtins(progress)}


@lru_cache(maxsize=50_000)
def _ballot(name: str, vote: Vote) -> dict[str, Any]:
    return {"from": name, "vote": msgspec.to_builtins(vote)}


@lru_cache(maxsize=50_000)
def _outside(name: str, known: Outside) -> dict[str, Any]:
    return {"from": name, **msgspec.to_builtins(known)}


def _by_name(encode: Callable[[str, Any], dict[str, Any]]) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that encodes a mapping of servers as a set of records."""
    return lambda values: {"#set": [encode(name, values[name]) for name in sorted(values)]}


def _snapshot_index(durable: Mapping[str, Any]) -> int:
    snapshot: Snapshot = durable.get("snapshot", NO_SNAPSHOT)
    return snapshot.index


variables = View(
    Attribute("acceptedEpoch"),
    Attribute("currentEpoch"),
    Growing("history", _txn),
    Attribute("snapshot", "snapshot.index"),
    Attribute("committed"),
    Attribute("mode"),
    Attribute("phase"),
    Attribute("leader"),
    Attribute("epoch"),
    Encoded("learners", _by_name(_learner), "leading.learners"),
    Attribute("round", "election.round"),
    Encoded("vote", msgspec.to_builtins, "election.vote"),
    Encoded("tally", _by_name(_ballot), "election.tally"),
    Encoded("outside", _by_name(_outside), "election.outside"),
)
"""The specification's variables at a server, ITF-encoded.

Examples
--------
>>> from toolkit.protocols.zab import configure
>>> node = ZabNode("n1", configure(["n1", "n2", "n3"], {}))
>>> variables(node)["mode"], variables(node)["history"]
('looking', {'#tup': []})
"""

_NO_TXNS: list[Txn] = []

durable_variables = RecordView(
    "durable",
    Attribute("acceptedEpoch", lambda durable: durable.get("acceptedEpoch", 0)),
    Attribute("currentEpoch", lambda durable: durable.get("currentEpoch", 0)),
    Growing("history", _txn, lambda durable: durable.get("history", _NO_TXNS)),
    Attribute("snapshot", _snapshot_index),
)
"""The specification's variable ``durable``, read from a disk's content."""


def constants(config: ZabConfig) -> dict[str, Any]:
    """Return the specification's constants for a trace's header, ITF-encoded.

    Parameters
    ----------
    config : ZabConfig
        The configuration of the run.

    Returns
    -------
    dict
        ``Servers`` (a sequence in the order of their numbers), ``Observers``, ``Window``,
        ``Options``, ``DiskQueue`` (maximum number of writes that wait for a disk); ``Quorums`` (the
        minimal quorums), unless they are the majorities of the voters.
    """
    quorums = {} if config.quorums.is_majority() else {
        "Quorums": {"#set": [{"#set": sorted(quorum)} for quorum in config.quorums.minimal]},
    }  # fmt: skip
    return {
        "Servers": {"#tup": list(config.servers)},
        "Observers": {"#set": sorted(config.observers)},
        **quorums,
        "Window": config.window,
        "Options": {"#set": sorted(config.options)},
        "DiskQueue": 1_000_000,
    }


def final_value(node: ZabNode) -> Any:
    """Return the number of delivered transactions, or ``None`` for none."""
    return node.committed or None


def _entries(view: NodeState) -> dict[int, Any]:
    return dict(enumerate(view["history"]["#tup"], view["snapshot"] + 1))


def _durable(view: NodeState) -> frozenset[int] | None:
    if "durable" not in view:
        return None
    disk = _entries(view["durable"])
    return frozenset(index for index, entry in _entries(view).items() if disk.get(index) == entry)


def _from_specification(state: NodeState) -> NodeState:
    """Return a state of the specification with each history cut to the part after its snapshot."""
    view = {**state, "history": {"#tup": state["history"]["#tup"][state["snapshot"] :]}}
    if "durable" in state:
        view["durable"] = _from_specification(state["durable"])
    return view


LOG_VIEW = LogView(
    role=lambda view: str(view["mode"]),
    roles={
        "looking": "seeking",
        "following": "following",
        "observing": "following",
        "leading": "leading",
    },
    leads=lambda view: bool(view["mode"] == "leading" and view["phase"] == "broadcast"),
    round=lambda view: int(view["acceptedEpoch"]),
    round_name="epoch",
    entries=_entries,
    entry_rounds=lambda view: {
        index: entry["zxid"]["epoch"] for index, entry in _entries(view).items()
    },
    committed=lambda view: int(view["committed"]),
    snapshot=lambda view: int(view["snapshot"]),
    durable=_durable,
    variables=frozenset({"history", "snapshot", "committed"}),
    label=entry_label,
    identity=lambda entry: f"zxid ({entry['zxid']['epoch']}, {entry['zxid']['counter']})",
    requests=entry_requests,
    message_round=lambda message: message.get("epoch"),
    from_specification=_from_specification,
)
"""The log view of a Zab server: the round is the epoch, the index is a position in the history."""
